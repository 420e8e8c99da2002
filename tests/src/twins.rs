//! Callers who send the same push to two instances at the same moment, and what they were told.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dancu_domain::Verb;
use dancu_ledger::audit;
use dancu_population::{Nation, SandboxKey};
use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_client::LookupServiceClient;
use pb::sync_service_client::SyncServiceClient;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use crate::balance::{Balance, balance};
use crate::callers::{key, signed};
use crate::country::signals::within;
use crate::country::{Country, Plan as CountryPlan};
use crate::scene::PATIENCE;
use crate::witness::{Acknowledged, Witness, lookup_outcome, push_outcome};
use crate::{ledger, messages};

/// How many pairs are under way at once.
const LANES: u64 = 8;
/// The longest that an attempt may take before its caller gives it up.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The pause before a caller tries again.
const PAUSE: Duration = Duration::from_millis(30);

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages, each sent to both instances; every fourth with another body to the second.
    pub messages: u64,
    /// How often an instance is killed meanwhile, in turn.
    pub kills: u64,
    /// The nation's seed.
    pub seed: u64,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Attempts that were cut off or turned away, and tried again.
    pub cut: u64,
    /// Entries of pushes in the ledger.
    pub pushed: u64,
    /// Everything that was not as it should be, in words.
    pub wrong: Vec<String>,
    /// What was told against what was recorded.
    pub balance: Balance,
}

/// What the callers share.
struct Shared {
    nation: Nation,
    clerk: SandboxKey,
    police: SandboxKey,
    channels: [Channel; 2],
    messages: u64,
    witness: Witness,
    cut: AtomicU64,
    settled: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

/// How a push ended for its caller: with an answer, or refused because the request id was used
/// with another body.
type Told = Option<pb::PushChangesResponse>;

/// Raises a country of two instances, sends every message to both at once, and looks at what came
/// of it.
pub fn send_twins(plan: &Plan) -> Seen {
    let mut country = Country::raise(&CountryPlan {
        citizens: 2 * plan.messages,
        seed: plan.seed,
        instances: vec!["a", "b"],
        ..CountryPlan::default()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let addresses = [0, 1].map(|at: usize| country.instances[at].address());
    let shared = {
        let _inside = runtime.enter();
        Arc::new(Shared {
            nation: country.nation,
            clerk: key(&country.nation, "H26"),
            police: key(&country.nation, "G01"),
            channels: addresses.map(connect),
            messages: plan.messages,
            witness: Witness::default(),
            cut: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            wrong: Mutex::default(),
        })
    };
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| runtime.spawn(drive(Arc::clone(&shared), lane)))
        .collect();
    for kill in 0..plan.kills {
        let due = (kill + 1) * plan.messages / (plan.kills + 1);
        let came = within(PATIENCE, || shared.settled.load(Ordering::Relaxed) >= due);
        assert!(came, "the callers got no further: {:?}", shared.wrong());
        let victim = &mut country.instances[kill as usize % 2];
        victim.kill();
        victim.supervise(PATIENCE);
    }
    for lane in lanes {
        runtime.block_on(lane).expect("a caller does not panic");
    }
    for instance in &mut country.instances {
        assert!(instance.terminate().success(), "{}", instance.log());
    }
    let told = shared.witness.told();
    let (balance, pushed) = ledger::with_postgres(&country.ledger, async |store| {
        let counts = audit::recount(store).await.expect("the ledger can be read");
        let pushes = counts.iter().filter(|(key, _)| key.verb == Verb::Push);
        let pushed = pushes.map(|(_, count)| count).sum();
        (balance(store, &told).await, pushed)
    });
    for instance in &country.instances {
        let audited = instance.audit(&country.ledger);
        audited.expect("the audit finds nothing");
    }
    Seen {
        cut: shared.cut.load(Ordering::Relaxed),
        pushed,
        wrong: std::mem::take(&mut *shared.wrong()),
        balance,
    }
}

fn connect(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address makes a URI")
        .connect_timeout(Duration::from_secs(2))
        .connect_lazy()
}

/// Sends every message of a lane, and then looks up who was pushed.
async fn drive(shared: Arc<Shared>, lane: u64) {
    for n in (lane..shared.messages).step_by(LANES as usize) {
        shared.pair(n).await;
        shared.settled.fetch_add(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn wrong(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: String) {
        self.wrong().push(what);
    }

    /// One message at both instances: the citizen at `n` moves, or, where the second body is
    /// another one, there another citizen does.
    async fn pair(&self, n: u64) {
        let other = n + if n % 4 == 3 { self.messages } else { 0 };
        let (first, second) = tokio::join!(self.push(n, n, 0), self.push(n, other, 1));
        let (Some(first), Some(second)) = (first, second) else {
            self.note(format!("message {n} was never answered"));
            return;
        };
        match (first, second) {
            (Some(first), Some(second)) if other == n => {
                if first != second {
                    self.note(format!(
                        "message {n}: two answers, {first:?} and {second:?}"
                    ));
                    self.acknowledged(&second);
                }
                self.acknowledged(&first);
                self.look(n, version(&first)).await;
            }
            (Some(told), None) if other != n => {
                self.acknowledged(&told);
                self.look(n, version(&told)).await;
                self.look(other, 0).await;
            }
            (None, Some(told)) if other != n => {
                self.acknowledged(&told);
                self.look(n, 0).await;
                self.look(other, version(&told)).await;
            }
            (first, second) => {
                self.note(format!("message {n}: {first:?} and {second:?}"));
                for told in [first, second].iter().flatten() {
                    self.acknowledged(told);
                }
            }
        }
    }

    /// Pushes until there is an answer, as callers do who repeat what was not answered; `None`
    /// where that takes too long.
    async fn push(&self, n: u64, index: u64, instance: usize) -> Option<Told> {
        let id = format!("twin-{n}");
        let mut request = messages::push(&self.nation, index, &id, &self.police);
        request.records = vec![messages::move_on(&self.nation, index, 0, "twin")];
        let attempts = async {
            loop {
                let mut service = SyncServiceClient::new(self.channels[instance].clone());
                let call = service.push_changes(signed(&self.police, request.clone()));
                match tokio::time::timeout(ATTEMPT, call).await {
                    Ok(Ok(reply)) => return Some(reply.into_inner()),
                    Ok(Err(status)) if status.code() == Code::AlreadyExists => return None,
                    _ => {
                        self.cut.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, attempts).await.ok()
    }

    /// Looks a citizen up who should have this version, where he may be told of.
    async fn look(&self, index: u64, version: i32) {
        let looking = async {
            loop {
                let id = format!("seen-{index}");
                let request = messages::lookup(&self.nation, index, &id, &self.clerk);
                let instance = (index % 2) as usize;
                let mut service = LookupServiceClient::new(self.channels[instance].clone());
                let call = service.lookup_citizen(signed(&self.clerk, request));
                match tokio::time::timeout(ATTEMPT, call).await {
                    Ok(Ok(reply)) => return reply.into_inner(),
                    _ => {
                        // Its entry may have been written.
                        self.witness.unanswered(1);
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        };
        let Ok(reply) = tokio::time::timeout(PATIENCE, looking).await else {
            self.note(format!("citizen {index} was never looked up"));
            return;
        };
        let result = reply.result.unwrap_or_default();
        self.witness.acknowledged(Acknowledged::new(
            "H26",
            Verb::Lookup,
            reply.header.as_ref(),
            lookup_outcome(&result).into_iter().collect(),
        ));
        let found = result.citizen.map(|citizen| citizen.version);
        if found.is_some_and(|found| found != version) {
            self.note(format!("citizen {index}: {found:?} for version {version}"));
        }
    }

    fn acknowledged(&self, told: &pb::PushChangesResponse) {
        let outcomes = told.results.iter().filter_map(push_outcome).collect();
        let header = told.header.as_ref();
        let acknowledged = Acknowledged::new("G01", Verb::Push, header, outcomes);
        self.witness.acknowledged(acknowledged);
        if !matches!(version(told), 0 | 1) {
            self.note(format!("an effect was doubled: {told:?}"));
        }
    }
}

/// The version that a push says its citizen has; 0 where it was rejected.
fn version(told: &pb::PushChangesResponse) -> i32 {
    told.results.first().map_or(0, |result| result.version)
}
