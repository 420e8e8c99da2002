//! kill -9 under load, again and again, with the callers' own ledger as the witness.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dancu_population::Nation;

use crate::balance::{Balance, balance};
use crate::bench::processes::Server;
use crate::callers::{Run, drive};
use crate::witness::Witness;
use crate::{ledger, stage};

/// How a loop is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often the server is killed.
    pub cycles: u32,
    /// Where the moments of the kills come from.
    pub seed: u64,
    /// Citizens of the nation.
    pub citizens: u64,
}

/// What a loop found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Kills while calls were under way.
    pub in_flight: u32,
    /// All kills.
    pub kills: u32,
    /// The comparison after the last restart.
    pub balance: Balance,
    /// What `dancu audit verify` finds wrong, if anything.
    pub audit: Option<String>,
}

/// Serves a nation from `data`, kills it `plan.cycles` times under load, and compares.
///
/// `tell` hears of each cycle.
pub fn kill_loop(binary: &Path, data: &Path, plan: Plan, mut tell: impl FnMut(u32)) -> Outcome {
    let witness = Arc::new(Witness::default());
    let nation = Nation::new(plan.seed, plan.citizens);
    let (mut in_flight, mut chance) = (0, plan.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for cycle in 0..plan.cycles {
        let mut server = Server::start(&mut stage::serve_command(
            binary,
            data,
            plan.citizens,
            plan.seed,
        ))
        .expect("the server starts again after a kill");
        let run = Arc::new(Run {
            nation,
            witness: Arc::clone(&witness),
            stop: AtomicBool::new(false),
            in_flight: AtomicU64::new(0),
            number: plan.seed << 32 | u64::from(cycle),
        });
        let (shared, address) = (Arc::clone(&run), server.address);
        let callers = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be built")
                .block_on(drive(shared, address, 4));
        });
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(60 + (chance >> 33) % 240));
        in_flight += u32::from(run.in_flight.load(Ordering::Relaxed) > 0);
        server.kill();
        run.stop.store(true, Ordering::Relaxed);
        callers.join().expect("the callers end with the server");
        tell(cycle + 1);
    }
    let told = witness.told();
    let balance = ledger::with_blocks(data, async |store| balance(store, &told).await);
    Outcome {
        in_flight,
        kills: plan.cycles,
        balance,
        audit: ledger::audit(binary, data).err(),
    }
}
