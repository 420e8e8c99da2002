//! A scene: a country under callers, something happens to a part, and what was seen is judged.

pub mod callers;
pub mod seen;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dancu_cache::{Link, LinkConfig, LiveVolumes};
use dancu_domain::{NationId, WriterId};
use dancu_ledger::BlockStore as _;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tonic::transport::Endpoint;

use self::callers::{Caller, Shared};
use self::seen::{Kind, Log, Seen, Tally};
use crate::balance::{Balance, balance};
use crate::country::signals::within;
use crate::country::{Country, Plan};
use crate::ledger;
use crate::witness::Witness;

/// How long anything that should come may take to come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A moment of a scene.
pub type Moment = Duration;

/// A country with callers in it.
pub struct Scene {
    /// The country.
    pub country: Country,
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<()>>,
    runtime: Runtime,
}

impl Scene {
    /// Raises a country and lets callers in; returns when every kind of call was answered by
    /// every instance.
    #[expect(clippy::disallowed_methods, reason = "a scene has a clock")]
    pub fn raise(plan: &Plan) -> Self {
        let country = Country::raise(plan);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let shared = Arc::new(Shared {
            nation: country.nation,
            witness: Arc::new(Witness::default()),
            log: Log::default(),
            stop: AtomicBool::new(false),
            in_flight: AtomicU64::new(0),
            nation_id: OnceLock::new(),
            began: Instant::now(),
        });
        let mut callers = Vec::new();
        for (at, instance) in country.instances.iter().enumerate() {
            let endpoint = Endpoint::from_shared(format!("http://{}", instance.address()))
                .expect("an address makes a URI")
                .connect_timeout(Duration::from_secs(2));
            for (number, kind) in (0_u64..).zip(KINDS) {
                let caller = {
                    let _inside = runtime.enter();
                    Caller {
                        shared: Arc::clone(&shared),
                        channel: endpoint.connect_lazy(),
                        instance: at,
                        number,
                    }
                };
                callers.push(runtime.spawn(caller.run(kind)));
            }
        }
        let scene = Self {
            country,
            shared,
            callers,
            runtime,
        };
        scene.flows(PATIENCE);
        scene
    }

    /// This moment.
    pub fn now(&self) -> Moment {
        self.shared.began.elapsed()
    }

    /// Calls under way at this moment.
    pub fn in_flight(&self) -> u64 {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Lets the scene go on for a while; returns when that was.
    pub fn go_on(&self, time: Duration) -> (Moment, Moment) {
        let from = self.now();
        std::thread::sleep(time);
        (from, self.now())
    }

    /// Waits until, from now on, every kind of call was answered by every instance, three times.
    pub fn flows(&self, time: Duration) -> Moment {
        let from = self.now();
        let mut last = Tally::default();
        let flows = within(time, || {
            (0..self.country.instances.len()).all(|instance| {
                last = self.tally(|seen| seen.began >= from && seen.instance == instance);
                KINDS.iter().all(|kind| last.answered.get(kind) >= Some(&3))
            })
        });
        assert!(
            flows,
            "calls are not answered (again): {last:#?}\n{:#?}",
            self.country
                .instances
                .iter()
                .map(|instance| (instance.readiness(), instance.log()))
                .collect::<Vec<_>>()
        );
        self.now()
    }

    /// Runs a future where the callers run.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Which nation it is, as its answers say.
    pub fn nation_id(&self) -> NationId {
        let told = self.shared.nation_id.get();
        *told.expect("answers were read, and each names its nation")
    }

    /// The sum of the ledger's counters.
    pub fn counted(&self) -> u64 {
        ledger::with_postgres(&self.country.ledger, async |store| {
            let standing = store.standing().await.expect("the ledger can be read");
            standing
                .counts
                .iter()
                .map(|counted| counted.row.count)
                .sum()
        })
    }

    /// The sum of the live volumes in Redis, once they have settled at what the ledger counts; what
    /// they last were where they never do.
    pub fn live_volumes(&self) -> u64 {
        let counted = self.counted();
        let redis = LinkConfig {
            url: self.country.parts.told("REDIS").to_owned(),
            timeout: Duration::from_secs(1),
        };
        let nation = self.nation_id();
        self.block_on(async {
            let (link, keeper) = Link::new(&redis).expect("the parts tell a right address");
            tokio::spawn(keeper);
            let live = LiveVolumes::shared(link, nation, WriterId(u32::MAX), 0);
            let mut last = 0;
            for _ in 0..200 {
                if let Ok(rows) = live.totals().await {
                    last = rows.iter().map(|row| row.count).sum();
                    if last == counted {
                        break;
                    }
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            last
        })
    }

    /// What was seen of calls that `which` takes.
    pub fn tally(&self, which: impl Fn(&Seen) -> bool) -> Tally {
        self.shared.log.tally(which)
    }

    /// What was seen of calls that began and ended within these moments.
    pub fn between(&self, from: Moment, to: Moment) -> Tally {
        self.tally(|seen| seen.began >= from && seen.ended <= to)
    }

    /// What was seen of calls that were under way at some moment between these.
    pub fn around(&self, from: Moment, to: Moment) -> Tally {
        self.tally(|seen| seen.ended >= from && seen.began <= to)
    }

    /// Ends the callers, once their calls have ended.
    pub fn stop_callers(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for caller in self.callers.drain(..) {
            self.runtime
                .block_on(caller)
                .expect("a caller does not panic");
        }
    }

    /// Ends the callers, then the instances in order, and holds what was told against what is
    /// recorded: no answer was wrong, and acknowledged = audited = counted.
    pub fn end(mut self) -> Balance {
        self.stop_callers();
        for instance in &mut self.country.instances {
            let ended = instance.terminate();
            assert!(
                ended.success(),
                "{}: {ended}\n{}",
                instance.name(),
                instance.log()
            );
        }
        let told = self.shared.witness.told();
        let url = self.country.ledger.clone();
        let found = ledger::with_postgres(&url, async |store| balance(store, &told).await);
        assert!(found.differences.is_empty(), "{found:#?}");
        let ledger = self.country.ledger.clone();
        for instance in &self.country.instances {
            instance.audit(&ledger).expect("the audit finds nothing");
        }
        found
    }
}

const KINDS: [Kind; 4] = [
    Kind::LookUpKnown,
    Kind::LookUpOthers,
    Kind::Authenticate,
    Kind::Push,
];
