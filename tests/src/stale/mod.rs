//! The probe for stale answers: a writer pushes a change and tells readers of three instances, who
//! look the citizen up with the revision that the writer was told, and without.
//!
//! Every citizen is looked up on every instance before his change, so that all caches hold what
//! will be old, and readers go on asking while the change is under way, so that fills race with
//! it. Meanwhile the wires to PostgreSQL and Redis are made late, now this one, now that one.

mod lane;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dancu_population::Nation;
use tonic::transport::{Channel, Endpoint};

use crate::country::{Country, Plan as CountryPlan};
use crate::proxy::Mode;

/// How far an answer without a token may be behind: the service's own default.
pub const BOUND: Duration = Duration::from_secs(1);

/// How a probe is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Changes that are pushed and read back everywhere.
    pub probes: u64,
    /// Where choice and weather come from.
    pub seed: u64,
    /// Citizens of the nation.
    pub citizens: u64,
    /// Who works side by side.
    pub lanes: u64,
}

/// What a probe found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Changes that were pushed and read back.
    pub probes: u64,
    /// Answers with a token, one a change and instance.
    pub with_token: u64,
    /// Answers without a token, begun when the change was longer ago than the bound.
    pub beyond_bound: u64,
    /// Answers without a token, begun within the bound.
    pub within_bound: u64,
    /// Of those, how many were older than the change: allowed, and told.
    pub older_within_bound: u64,
    /// Answers with a token that were older than it, in words.
    pub stale_with_token: Vec<String>,
    /// Answers without a token that were older than the bound allows, in words.
    pub stale_beyond_bound: Vec<String>,
    /// The probe at which the first stale answer came.
    pub first_stale: Option<u64>,
    /// Lookups by where their answers came from.
    pub sources: BTreeMap<String, u64>,
    /// Calls that had to be repeated, by code.
    pub repeated: BTreeMap<String, u64>,
    /// Anything else that was wrong, in words.
    pub wrong: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Found {
    /// Whether no answer was staler than it may be.
    pub fn clean(&self) -> bool {
        self.stale_with_token.is_empty()
            && self.stale_beyond_bound.is_empty()
            && self.wrong.is_empty()
    }
}

/// What lanes share.
struct Probe {
    nation: Nation,
    channels: Vec<Channel>,
    left: AtomicU64,
    stop: AtomicBool,
    found: Mutex<Found>,
    began: Instant,
    seed: u64,
}

/// Raises a country of three instances and probes it. `tell` hears how many probes are done.
#[expect(clippy::disallowed_methods, reason = "a probe has a clock")]
pub fn probe(plan: Plan, tell: impl Fn(u64) + Send + 'static) -> Found {
    let country = Country::raise(&CountryPlan {
        citizens: plan.citizens,
        seed: plan.seed,
        instances: vec!["a", "b", "c"],
        ..CountryPlan::default()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let probe = {
        let _inside = runtime.enter();
        Arc::new(Probe {
            nation: country.nation,
            channels: country
                .instances
                .iter()
                .map(|instance| {
                    Endpoint::from_shared(format!("http://{}", instance.address()))
                        .expect("an address makes a URI")
                        .connect_lazy()
                })
                .collect(),
            left: AtomicU64::new(plan.probes),
            stop: AtomicBool::new(false),
            found: Mutex::default(),
            began: Instant::now(),
            seed: plan.seed,
        })
    };
    let lanes: Vec<_> = (0..plan.lanes)
        .map(|lane| runtime.spawn(lane::run(Arc::clone(&probe), lane, plan.lanes)))
        .collect();
    let weather = {
        let probe = Arc::clone(&probe);
        std::thread::spawn(move || {
            let mut chance = Chance::new(plan.seed);
            let mut told = 0;
            while !probe.stop.load(Ordering::Relaxed) {
                one_gust(&country, &mut chance);
                let done = plan.probes - probe.left.load(Ordering::Relaxed).min(plan.probes);
                if done / 10_000 > told {
                    told = done / 10_000;
                    tell(done);
                }
            }
            country
        })
    };
    for lane in lanes {
        runtime.block_on(lane).expect("a lane does not panic");
    }
    probe.stop.store(true, Ordering::Relaxed);
    let mut country = weather.join().expect("the weather does not panic");
    for instance in &mut country.instances {
        let ended = instance.terminate();
        assert!(ended.success(), "{}", instance.log());
    }
    let mut found = std::mem::take(&mut *probe.found.lock().expect("no lane panics with it"));
    found.took = probe.began.elapsed();
    found
}

/// Makes one wire of one instance late for a moment.
fn one_gust(country: &Country, chance: &mut Chance) {
    let instance = &country.instances[chance.below(country.instances.len() as u64) as usize];
    let late = Mode::late(Duration::from_millis(2 + chance.below(30)));
    let wire = match chance.below(5) {
        0 | 1 => Some(&instance.registry),
        2 | 3 => instance.redis.as_ref(),
        _ => None,
    };
    if let Some(wire) = wire {
        match chance.below(3) {
            0 => wire.to_part(late),
            1 => wire.from_part(late),
            _ => wire.both(late),
        }
        std::thread::sleep(Duration::from_millis(20 + chance.below(80)));
        wire.heal();
    }
    std::thread::sleep(Duration::from_millis(chance.below(60)));
}

/// Numbers that look like chance and come from a seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Those of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
