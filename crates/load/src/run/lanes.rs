//! Who of several generators pushes about whom.

use super::plan::LoadPlan;
use crate::events::Register;
use dancu_domain::Verb;

/// How many lanes of pushes a thread has at most. Each owns a part of the nation, and has one
/// message on its way at a time, because events take effect in their order.
const PUSHERS: u64 = 64;
/// How many citizens a lane of pushes should have to itself.
const OWNED: u64 = 256;

/// The lanes of all threads of all generators.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    /// Lanes of pushes that a thread has.
    pub(crate) pushing: u64,
    /// All lanes there are.
    pub(crate) all: u64,
    /// Threads of one generator, and of all.
    own: u64,
    threads: u64,
    part: u64,
}

impl Lanes {
    /// Of a run with so many threads.
    pub(crate) fn of(plan: &LoadPlan, threads: u64) -> Self {
        let own = threads;
        let threads = own * u64::from(plan.part.1);
        let pushing = (plan.nation.len() / OWNED / threads).clamp(1, PUSHERS);
        Self {
            pushing,
            // Lanes beyond those of the pushes draw what is only read.
            all: (pushing + Verb::ALL.len() as u64) * threads,
            own,
            threads,
            part: u64::from(plan.part.0),
        }
    }

    /// A lane of one of this generator's threads.
    pub(crate) const fn lane(&self, nth: u64, thread: u64) -> u64 {
        nth * self.threads + self.part * self.own + thread
    }

    /// Whether another generator may push about this citizen.
    pub(crate) fn is_of_others(&self, citizen: u64) -> bool {
        let lane = citizen % self.all;
        let (nth, thread) = (lane / self.threads, lane % self.threads);
        nth < self.pushing
            && thread / self.own != self.part
            && Register::new(lane, self.all, 0).owns(citizen)
    }
}

#[cfg(test)]
mod tests {
    use dancu_domain::NationId;
    use dancu_population::Nation;

    use super::*;

    #[test]
    fn nobody_is_pushed_about_by_two_generators_and_each_knows_the_others() {
        let nation = Nation::new(1, 2_000);
        let address = "127.0.0.1:1".parse().unwrap();
        let lanes: Vec<Lanes> = (0..3)
            .map(|part| {
                let plan = LoadPlan::new("r".to_owned(), address, nation, NationId([0; 16]));
                Lanes::of(
                    &LoadPlan {
                        part: (part, 3),
                        ..plan
                    },
                    2,
                )
            })
            .collect();
        let pushes = |lanes: &Lanes, citizen: u64| {
            let own = (0..lanes.pushing).flat_map(|nth| [lanes.lane(nth, 0), lanes.lane(nth, 1)]);
            own.into_iter()
                .any(|lane| Register::new(lane, lanes.all, 0).owns(citizen))
        };
        let mut pushed = 0;
        for citizen in 0..2_000 {
            let who: Vec<usize> = (0..3).filter(|at| pushes(&lanes[*at], citizen)).collect();
            assert!(who.len() <= 1, "{citizen}: {who:?}");
            pushed += who.len();
            for (at, lanes) in lanes.iter().enumerate() {
                let others = who.iter().any(|who| *who != at);
                assert_eq!(lanes.is_of_others(citizen), others, "{citizen}");
            }
        }
        assert!(pushed > 200, "{pushed}");
    }
}
