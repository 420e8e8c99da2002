//! A running service over a small nation, and callers of it.
#![expect(
    dead_code,
    reason = "every test file takes what it needs of what stands here"
)]

use std::path::Path;
use std::time::Duration;

use dancu_domain::{AgencyCode, Claims, IdKey};
use dancu_population::{KeyState, Nation, Persona, SandboxKey};
use dancu_server::{Config, Running, quietly, start};
use dancu_wire::pb;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

/// A service and its data directory.
pub struct Service {
    pub running: Running,
    pub dir: TempDir,
}

pub const CITIZENS: u64 = 640;

/// A configuration for tests: any ports, two cores, a small nation.
pub fn config(dir: &Path) -> Config {
    Config {
        data: dir.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        ops: Some("127.0.0.1:0".parse().unwrap()),
        citizens: Some(CITIZENS),
        seed: Some(7),
        cores: Some(2),
        ..Config::default()
    }
}

impl Service {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path());
        change(&mut config);
        let running = start(config, quietly()).unwrap();
        Self { running, dir }
    }

    pub fn nation(&self) -> Nation {
        let meta = self.running.meta();
        Nation::new(meta.seed, meta.citizens)
    }

    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.running.grpc_addr()))
            .unwrap()
            .connect_timeout(Duration::from_secs(5))
            .connect()
            .await
            .unwrap()
    }

    /// A key of an agency that may look citizens up.
    pub fn key(&self, state: KeyState) -> SandboxKey {
        self.nation()
            .sandbox_keys()
            .into_iter()
            .find(|key| key.state == state)
            .unwrap()
    }

    /// A valid key of one agency.
    pub fn key_of(&self, agency: &str) -> SandboxKey {
        let agency = AgencyCode::parse(agency, "agency").unwrap();
        self.nation()
            .sandbox_keys()
            .into_iter()
            .find(|key| key.agency == agency && key.state == KeyState::Valid)
            .unwrap()
    }

    pub fn persona(&self, key: &str) -> Persona {
        let mut personas = self.nation().personas().into_iter();
        personas.find(|p| p.key == key).unwrap()
    }
}

pub fn bearer(key: &SandboxKey) -> MetadataValue<Ascii> {
    format!("Bearer {}", key.key).parse().unwrap()
}

pub fn request<T>(key: &SandboxKey, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", bearer(key));
    request
}

/// The envelope of a clerk's call.
pub fn context(key: &SandboxKey, id: &str) -> pb::RequestContext {
    pb::RequestContext {
        request_id: id.to_owned(),
        officer: key.officer.clone(),
        procedure: key.procedure.clone(),
        dossier: "000.00.00.H26-231012-0001".to_owned(),
        purpose: pb::Purpose::AdministrativeProcedure.into(),
        unit: String::new(),
    }
}

pub fn claims(claims: &Claims) -> pb::Claims {
    let number = match claims.key {
        IdKey::Personal(id) => pb::claims::Number::PersonalNumber(id.text()),
        IdKey::Legacy(id) => pb::claims::Number::LegacyNumber(id.text()),
    };
    let (year, month, day) = claims.birth.map_or((0, 0, 0), |birth| birth.parts());
    pb::Claims {
        number: Some(number),
        full_name: claims
            .name
            .as_ref()
            .map_or(String::new(), |name| name.text().to_owned()),
        birth_date: Some(pb::Date {
            year: year.into(),
            month: month.into(),
            day: day.into(),
        }),
    }
}

pub fn item(asked: &Claims) -> pb::LookupItem {
    pb::LookupItem {
        item_id: "one".to_owned(),
        dossier: String::new(),
        claims: Some(claims(asked)),
    }
}
