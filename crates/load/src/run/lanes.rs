//! Who of several generators pushes about whom.

use super::plan::LoadPlan;
use crate::events::is_pushed;
use dancu_domain::Verb;

/// How many lanes of pushes a thread has at most. Each owns a part of the nation, and has one
/// message on its way at a time, because events take effect in their order.
const PUSHERS: u64 = 64;
/// How many citizens a lane of pushes should have to itself.
const OWNED: u64 = 256;

/// The lanes of a run. Its citizens are split up by generator first and by thread then: generators need
/// not have as many threads as each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    /// Lanes of pushes that a thread has.
    pub(crate) pushing: u64,
    /// All lanes there were if all generators were like this one.
    pub(crate) all: u64,
    threads: u64,
    /// Which of how many generators this is.
    part: u64,
    parts: u64,
}

impl Lanes {
    /// Of a run with so many threads.
    pub(crate) fn of(plan: &LoadPlan, threads: u64) -> Self {
        let parts = u64::from(plan.part.1);
        let pushing = (plan.nation.len() / OWNED / (threads * parts)).clamp(1, PUSHERS);
        Self {
            pushing,
            // Lanes beyond those of the pushes draw what is only read.
            all: (pushing + Verb::ALL.len() as u64) * threads * parts,
            threads,
            part: u64::from(plan.part.0),
            parts,
        }
    }

    /// A lane of one of this generator's threads.
    pub(crate) const fn lane(&self, nth: u64, thread: u64) -> u64 {
        (nth * self.threads + thread) * self.parts + self.part
    }

    /// Whether another generator may push about this citizen, whatever lanes it has.
    pub(crate) fn is_of_others(&self, citizen: u64) -> bool {
        citizen % self.parts != self.part && is_pushed(citizen)
    }
}

#[cfg(test)]
mod tests {
    use dancu_domain::NationId;
    use dancu_population::Nation;

    use super::*;
    use crate::events::Register;

    #[test]
    fn nobody_is_pushed_about_by_two_generators_however_many_threads_each_has() {
        let nation = Nation::new(1, 4_000);
        let address = "127.0.0.1:1".parse().unwrap();
        let threads = [1, 4, 3];
        let lanes = [0, 1, 2].map(|part| {
            let mut plan = LoadPlan::new("r".to_owned(), address, nation, NationId([0; 16]));
            plan.part = (part, 3);
            Lanes::of(&plan, threads[part as usize])
        });
        let pushes = |at: usize, citizen: u64| {
            let lanes = &lanes[at];
            let nths = 0..lanes.pushing;
            let mut own = nths.flat_map(|nth| (0..threads[at]).map(move |t| lanes.lane(nth, t)));
            own.any(|lane| Register::new(lane, lanes.all, 0).owns(citizen))
        };
        let mut pushed = 0;
        for citizen in 0..4_000 {
            let who: Vec<usize> = (0..3).filter(|at| pushes(*at, citizen)).collect();
            assert!(who.len() <= 1, "{citizen}: {who:?}");
            pushed += who.len();
            for (at, lanes) in lanes.iter().enumerate() {
                // Each knows what the others may push, and never takes its own for theirs.
                let others = who.iter().any(|who| *who != at);
                assert!(!others || lanes.is_of_others(citizen), "{citizen}");
                assert!(!(who.contains(&at) && lanes.is_of_others(citizen)));
            }
        }
        assert!(pushed > 400, "{pushed}");
        // Whom nobody pushes about everybody may ask about.
        let shared = (0..4_000).filter(|citizen| lanes.iter().all(|l| !l.is_of_others(*citizen)));
        assert!(shared.count() > 800);
    }
}
