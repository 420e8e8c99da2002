//! What the live view has seen of a run: the sum of what is over for long, and the seconds since.

use dancu_load::measure::Interval;

/// Seconds that are kept one by one: as many as the widest terminal has room for.
const RECENT: usize = 240;

/// What was seen of a run.
pub(super) struct Seen {
    /// The sum of the earlier seconds.
    pub(super) past: Interval,
    /// How many those are.
    pub(super) seconds: u64,
    /// The seconds since.
    pub(super) recent: Vec<Interval>,
}

impl Seen {
    pub(super) fn nothing() -> Self {
        Self {
            past: Interval::new(0),
            seconds: 0,
            recent: Vec::new(),
        }
    }

    /// Looks again at the intervals `from` a second on. What is over for long does not grow any more,
    /// and is not added up with each look.
    pub(super) fn look(&mut self, from: impl FnOnce(u64) -> Vec<Interval>) {
        let first = self.recent.first().map_or(0, |interval| interval.second);
        self.recent = from(first);
        let over = self.recent.len().saturating_sub(RECENT);
        if over >= RECENT / 2 {
            for interval in self.recent.drain(..over) {
                self.past.add(&interval);
                self.seconds += interval.seconds;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_or_counted_twice_however_long_a_run_lasts() {
        let of = |second: u64, sent| {
            let mut interval = Interval::new(second);
            interval.verbs[0].sent = sent;
            interval
        };
        let mut seen = Seen::nothing();
        for second in (1..2_000).step_by(19) {
            // The last second still grows when it is looked at first.
            for last in [3, 7] {
                let sent = |at| if at == second { last } else { 7 };
                seen.look(|from| (from.max(1)..=second).map(|at| of(at, sent(at))).collect());
                let recent: u64 = seen.recent.iter().map(|i| i.all().sent).sum();
                assert_eq!(seen.past.all().sent + recent, 7 * (second - 1) + last);
                assert_eq!(seen.seconds + seen.recent.len() as u64, second);
                assert!(seen.recent.len() < 2 * RECENT);
            }
        }
    }
}
