//! The slots of a schedule, shared out among the threads of a run.

use std::time::Duration;

use super::schedule::{Schedule, Walk};
use crate::chance::Chance;

/// How the slots of a rate are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// At even distances.
    Constant,
    /// Like callers who know nothing of each other: the gaps are exponential.
    Poisson,
}

/// When messages are due, from the beginning of a run, for one of its threads. Over all threads
/// they make the schedule.
#[derive(Clone, Debug)]
pub struct Slots {
    walk: Walk,
    arrivals: Arrivals,
    chance: Chance,
    threads: f64,
    place: f64,
}

impl Slots {
    /// The slots of one of so many threads.
    pub fn new(
        schedule: Schedule,
        arrivals: Arrivals,
        (thread, threads): (usize, usize),
        seed: u64,
    ) -> Self {
        let mut slots = Self {
            walk: Walk::new(schedule),
            arrivals,
            chance: Chance::new(seed, thread as u64),
            threads: threads as f64,
            place: thread as f64,
        };
        if arrivals == Arrivals::Poisson {
            slots.place = slots.gap();
        }
        slots
    }

    fn gap(&mut self) -> f64 {
        match self.arrivals {
            Arrivals::Constant => self.threads,
            Arrivals::Poisson => {
                // From 2^-53 to 1, so that the logarithm is finite.
                let share = ((self.chance.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
                -share.ln() * self.threads
            }
        }
    }
}

impl Iterator for Slots {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due = self.walk.seconds_to(self.place)?;
        self.place += self.gap();
        Some(Duration::from_secs_f64(due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(arrivals: Arrivals, threads: usize) -> Vec<Duration> {
        let mut all: Vec<_> = (0..threads)
            .flat_map(|t| Slots::new(Schedule::hold(1000.0, 20.0), arrivals, (t, threads), 7))
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn threads_share_the_slots_of_a_constant_rate_without_gap_or_double() {
        assert_eq!(slots(Arrivals::Constant, 1), slots(Arrivals::Constant, 3));
        assert_eq!(slots(Arrivals::Constant, 3).len(), 20_000);
    }

    #[test]
    fn gaps_of_poisson_arrivals_are_exponential() {
        let all = slots(Arrivals::Poisson, 2);
        assert!((19_400..20_600).contains(&all.len()), "{}", all.len());
        let gaps: Vec<f64> = all
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]).as_secs_f64())
            .collect();
        // Of exponential gaps the share below the mean is 1 - 1/e.
        let below = gaps.iter().filter(|gap| **gap < 0.001).count() as f64;
        let share = below / gaps.len() as f64;
        assert!((0.61..0.65).contains(&share), "{share}");
    }
}
