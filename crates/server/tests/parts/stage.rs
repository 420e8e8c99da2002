//! Instances over the parts that all tests of this process share, each test with databases of its
//! own.

use std::path::PathBuf;
use std::time::Duration;

use dancu_population::{KeyState, SandboxKey};
use dancu_server::{
    Config, DEFAULT_REDIS_EXPIRY, DEFAULT_REPLICA_TIMEOUT, LedgerPlace, RedisPlace, RegistryPlace,
    Secret, StartError, quietly, start,
};
use dancu_store::conformance::parts::Parts;
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use dancu_wire::pb::statistics_service_client::StatisticsServiceClient;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::Status;

use crate::common::{Service, config, context, in_bulk, item, request};

/// The longest that a change may take to be seen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Databases of one nation, and the key file that its instances share.
pub(crate) struct Stage {
    pub(crate) registry: String,
    pub(crate) ledger: String,
    keys: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let parts = Parts::shared();
        Self {
            registry: parts.fresh_database(),
            ledger: parts.fresh_database(),
            keys: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.keys.path().join("keys")
    }

    /// Chooses both databases, Redis and the shared keys.
    pub(crate) fn choose(&self, name: &str, config: &mut Config) {
        name.clone_into(&mut config.instance);
        config.keys = Some(self.keys());
        config.cores = Some(1);
        config.registry = self.registry_place();
        config.ledger = self.ledger_place();
        config.redis = Some(RedisPlace {
            url: Secret::new(Parts::shared().redis()),
            timeout: Duration::from_millis(250),
            expiry: DEFAULT_REDIS_EXPIRY,
        });
    }

    pub(crate) fn registry_place(&self) -> RegistryPlace {
        RegistryPlace::Postgres {
            url: Secret::new(&self.registry),
            replica: None,
            replica_timeout: DEFAULT_REPLICA_TIMEOUT,
            readers: 2,
        }
    }

    pub(crate) fn ledger_place(&self) -> LedgerPlace {
        LedgerPlace::Postgres {
            url: Secret::new(&self.ledger),
        }
    }

    /// An instance of this name.
    pub(crate) fn instance(&self, name: &str) -> Service {
        self.try_instance(name, |_| {}).unwrap()
    }

    pub(crate) fn try_instance(
        &self,
        name: &str,
        change: impl FnOnce(&mut Config),
    ) -> Result<Service, StartError> {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path());
        self.choose(name, &mut config);
        change(&mut config);
        let running = start(config, quietly())?;
        Ok(Service { running, dir })
    }
}

/// Looks a persona up, unary.
pub(crate) async fn look_up(
    service: &Service,
    id: &str,
    freshness: Option<pb::Freshness>,
) -> Result<pb::LookupCitizenResponse, Status> {
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let asked = request(
        &key,
        pb::LookupCitizenRequest {
            context: Some(context(&key, id)),
            item: Some(item(&persona.claims)),
            freshness,
            ..Default::default()
        },
    );
    let mut client = LookupServiceClient::new(service.channel().await);
    Ok(client.lookup_citizen(asked).await?.into_inner())
}

/// The sum of lookups and authentications that an instance tells.
pub(crate) async fn lookups(service: &Service, key: &SandboxKey) -> u64 {
    let asked = request(
        key,
        pb::GetVolumesRequest {
            context: Some(in_bulk("volumes", pb::Purpose::Statistics)),
            ..Default::default()
        },
    );
    let mut client = StatisticsServiceClient::new(service.channel().await);
    let told = client.get_volumes(asked).await.unwrap().into_inner();
    told.volumes.iter().map(|v| v.count.cast_unsigned()).sum()
}

/// Body of a path of operators' HTTP.
pub(crate) async fn page(service: &Service, path: &str) -> String {
    let address = service.running.ops_addr().unwrap();
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let asked = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    socket.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

/// Waits until a page has this line.
pub(crate) async fn until_told(service: &Service, path: &str, line: &str) {
    let mut last = String::new();
    let told = tokio::time::timeout(PATIENCE, async {
        loop {
            last = page(service, path).await;
            if last.lines().any(|told| told == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let told = told.await;
    assert!(told.is_ok(), "{path} never tells `{line}`:\n{last}");
}
