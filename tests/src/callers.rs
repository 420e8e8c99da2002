//! Callers that keep a server busy and write down what they were told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dancu_domain::Verb;
use dancu_population::{KeyState, Nation, SandboxKey};
use dancu_wire::pb::dancu::v1 as pb;
use pb::authentication_service_client::AuthenticationServiceClient;
use pb::lookup_service_client::LookupServiceClient;
use pb::sync_service_client::SyncServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::messages;
use crate::witness::{Acknowledged, Witness, authentication_outcome, lookup_outcome, push_outcome};

/// What the callers of one run share.
#[derive(Debug)]
pub struct Run {
    /// The nation that is asked about.
    pub nation: Nation,
    /// What they were told.
    pub witness: Arc<Witness>,
    /// Set to end the run.
    pub stop: AtomicBool,
    /// Calls under way at this moment.
    pub in_flight: AtomicU64,
    /// A number that makes request ids and record ids of this run its own.
    pub number: u64,
}

/// The valid key of an agency.
pub fn key(nation: &Nation, agency: &str) -> SandboxKey {
    nation
        .sandbox_keys()
        .into_iter()
        .find(|key| key.state == KeyState::Valid && key.agency.text() == agency)
        .expect("every agency of the nation has a valid key")
}

/// A message with the bearer key of `key`.
pub fn signed<T>(key: &SandboxKey, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {}", key.key)
        .parse()
        .expect("a key is plain ASCII");
    request.metadata_mut().insert("authorization", bearer);
    request
}

/// Drives the server at `address` with `callers` tasks of each kind until [`Run::stop`] is set or
/// the server is gone.
pub async fn drive(run: Arc<Run>, address: SocketAddr, callers: u64) {
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .expect("an address makes a URI")
            .connect_timeout(Duration::from_secs(5));
        let Ok(channel) = endpoint.connect().await else {
            continue;
        };
        tasks.push(tokio::spawn(look_up(
            Arc::clone(&run),
            channel.clone(),
            caller,
        )));
        tasks.push(tokio::spawn(authenticate(
            Arc::clone(&run),
            channel.clone(),
            caller,
        )));
        tasks.push(tokio::spawn(push(Arc::clone(&run), channel, caller)));
    }
    for task in tasks {
        task.await.expect("a caller does not panic");
    }
}

async fn look_up(run: Arc<Run>, channel: Channel, caller: u64) {
    let key = key(&run.nation, "H26");
    let mut service = LookupServiceClient::new(channel);
    let mut turn = 0;
    while let Some(turn) = run.next(&mut turn) {
        let index = (caller * 7919 + turn * 31) % run.nation.len();
        let request = messages::lookup(&run.nation, index, &run.id("l", caller, turn), &key);
        let reply = run
            .call(service.lookup_citizen(signed(&key, request)))
            .await;
        match reply {
            Ok(reply) => {
                let outcomes = reply.result.iter().filter_map(lookup_outcome).collect();
                run.witness.acknowledged(Acknowledged::new(
                    "H26",
                    Verb::Lookup,
                    reply.header.as_ref(),
                    outcomes,
                ));
            }
            Err(status) => {
                if run.failed(1, &status) {
                    return;
                }
            }
        }
    }
}

async fn authenticate(run: Arc<Run>, channel: Channel, caller: u64) {
    let key = key(&run.nation, "H29");
    let mut service = AuthenticationServiceClient::new(channel);
    let mut turn = 0;
    while let Some(turn) = run.next(&mut turn) {
        let from = (caller * 104_729 + turn * 57) % run.nation.len();
        let request =
            messages::authentications(&run.nation, from, 20, &run.id("a", caller, turn), &key);
        let reply = run
            .call(service.batch_authenticate_citizens(signed(&key, request)))
            .await;
        match reply {
            Ok(reply) => {
                let outcomes = reply
                    .results
                    .iter()
                    .filter_map(authentication_outcome)
                    .collect();
                run.witness.acknowledged(Acknowledged::new(
                    "H29",
                    Verb::Authenticate,
                    reply.header.as_ref(),
                    outcomes,
                ));
            }
            Err(status) => {
                if run.failed(20, &status) {
                    return;
                }
            }
        }
    }
}

async fn push(run: Arc<Run>, channel: Channel, caller: u64) {
    let key = key(&run.nation, "G01");
    let mut service = SyncServiceClient::new(channel);
    let mut turn = 0;
    while let Some(turn) = run.next(&mut turn) {
        let index = (caller * 15_485_863 + turn * 101) % run.nation.len();
        let request = messages::push(&run.nation, index, &run.id("p", caller, turn), &key);
        let reply = run.call(service.push_changes(signed(&key, request))).await;
        match reply {
            Ok(reply) => {
                let outcomes = reply.results.iter().filter_map(push_outcome).collect();
                let message = Acknowledged::new("G01", Verb::Push, reply.header.as_ref(), outcomes);
                run.witness.acknowledged(message.map(|message| {
                    Acknowledged {
                        effects: reply
                            .results
                            .iter()
                            .filter(|result| result.outcome() == pb::PushOutcome::Applied)
                            .filter_map(|result| {
                                let number = result.revision.as_ref()?.number;
                                Some((number.unsigned_abs(), result.version.unsigned_abs()))
                            })
                            .collect(),
                        ..message
                    }
                }));
            }
            Err(status) => {
                if run.failed(1, &status) {
                    return;
                }
            }
        }
    }
}

impl Run {
    fn next(&self, turn: &mut u64) -> Option<u64> {
        *turn += 1;
        (!self.stop.load(Ordering::Relaxed)).then_some(*turn)
    }

    fn id(&self, kind: &str, caller: u64, turn: u64) -> String {
        format!("{kind}-{:x}-{caller}-{turn}", self.number)
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    ) -> Result<T, Status> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let reply = tokio::time::timeout(Duration::from_secs(20), call).await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        match reply {
            Ok(reply) => reply.map(tonic::Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded("no answer in 20 s")),
        }
    }

    /// Notes a failure; whether the caller should end.
    fn failed(&self, items: u64, status: &Status) -> bool {
        self.witness.unanswered(items);
        match status.code() {
            tonic::Code::Unavailable | tonic::Code::Unknown | tonic::Code::Cancelled => true,
            tonic::Code::ResourceExhausted => false,
            _ => {
                self.witness
                    .wrong(format!("{:?}: {}", status.code(), status.message()));
                true
            }
        }
    }
}
