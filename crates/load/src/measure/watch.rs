//! How a run goes, for whoever shows it: intervals as the threads finish them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::absence::Absences;
use super::interval::{Interval, widened};

/// How many intervals are kept at most.
const MOST: usize = 3_600;

/// How many of the last seconds are always kept one by one, for whoever looks on.
const RECENT: u64 = 600;

/// The intervals of a run, added up over its threads, and the wish to end it early.
///
/// However long it lasts, no more than an hour of intervals is kept: where there would be more, what is
/// over for long is kept in intervals twice as long.
#[derive(Debug, Default)]
pub struct Watch {
    intervals: Mutex<Kept>,
    absences: Mutex<Absences>,
    wrong: AtomicU64,
    stopped: AtomicBool,
}

/// Intervals by their beginning.
#[derive(Debug)]
struct Kept {
    intervals: BTreeMap<u64, Interval>,
    /// How many seconds those have that are over for long.
    seconds: u64,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            intervals: BTreeMap::new(),
            seconds: 1,
        }
    }
}

impl Kept {
    fn add(&mut self, interval: &Interval) {
        let second = interval.second;
        let before = self.intervals.range_mut(..=second).next_back();
        if let Some((_, mine)) = before.filter(|(_, mine)| second < mine.end()) {
            mine.add(interval);
            return;
        }
        self.intervals.insert(second, interval.clone());
        if self.intervals.len() > MOST {
            self.widen(second);
            // Not so that it has to be done again the next second.
            if self.intervals.len() > MOST - RECENT as usize {
                self.seconds *= 2;
                self.widen(second);
            }
        }
    }

    /// Makes the intervals that are over for long as wide as they are to be.
    fn widen(&mut self, last: u64) {
        let recent = last.saturating_sub(RECENT) / self.seconds * self.seconds;
        let recent = self.intervals.split_off(&recent);
        let over = std::mem::take(&mut self.intervals);
        self.intervals = widened(over.into_values(), self.seconds);
        self.intervals.extend(recent);
    }
}

impl Watch {
    /// Adds what a thread found in a second.
    pub(crate) fn add(&self, interval: &Interval) {
        self.wrong.fetch_add(interval.wrong, Ordering::Relaxed);
        self.kept().add(interval);
    }

    /// Tells the others what one thread has seen of the service's absences, and it what they have.
    pub(crate) fn share(&self, seen: &mut Absences) {
        let mut all = self.absences.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(seen);
        *seen = *all;
    }

    /// Every interval from a second on, in order. The last one may still grow.
    pub fn intervals(&self, from: u64) -> Vec<Interval> {
        let kept = self.kept();
        kept.intervals
            .range(from..)
            .map(|(_, i)| i.clone())
            .collect()
    }

    /// The whole run in intervals of one length, in order.
    pub(crate) fn whole(&self) -> Vec<Interval> {
        let kept = std::mem::take(&mut *self.kept());
        let wide = widened(kept.intervals.into_values(), kept.seconds);
        wide.into_values().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.intervals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Wrong replies so far.
    pub fn wrong(&self) -> u64 {
        self.wrong.load(Ordering::Relaxed)
    }

    /// Asks the run to send no more; what is out is waited for.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_a_run_of_days_no_more_than_an_hour_of_intervals_is_kept_and_nothing_is_lost() {
        let watch = Watch::default();
        let second = |second| {
            let mut interval = Interval::new(second);
            interval.verbs[0].answered = 3;
            interval
        };
        const LAST: u64 = 100_000;
        let mut widened = 0;
        for at in 0..=LAST {
            // Two threads, one of which is late.
            watch.add(&second(at));
            watch.add(&second(at.saturating_sub(7)));
            let kept = watch.kept();
            assert!(kept.intervals.len() <= MOST);
            // A run of a day is still seen in thousands of intervals.
            widened = kept.seconds;
            assert!(at < 3_600 || at / widened > 1_000, "{at}: {widened}");
        }
        let recent = watch.intervals(LAST + 1 - RECENT);
        assert_eq!(recent.len() as u64, RECENT);
        assert!(recent.iter().all(|interval| interval.seconds == 1));
        let whole = watch.whole();
        let answered: u64 = whole.iter().map(|interval| interval.all().answered).sum();
        assert_eq!(answered, 6 * (LAST + 1));
        assert!(whole.len() <= MOST);
        for (nth, interval) in (0..).zip(&whole) {
            let begins = (interval.second, interval.seconds);
            assert_eq!(begins, (nth * widened, widened));
            if nth > 0 && interval.end() < LAST - 100 {
                assert_eq!(interval.all().answered, 6 * widened);
            }
        }
    }

    #[test]
    fn a_thread_that_is_answered_nothing_hears_from_the_others_that_the_service_is_there() {
        let watch = Watch::default();
        let at = Duration::from_secs;
        let (mut one, mut two) = (Absences::default(), Absences::default());
        one.failed.goes_on(at(1));
        watch.share(&mut one);
        two.end(at(20));
        watch.share(&mut two);
        watch.share(&mut one);
        // It asks again after a long silence: that is its first failure since the answer.
        one.failed.goes_on(at(60));
        assert_eq!(one.failed.lasted(), Some(at(0)));
        watch.share(&mut one);
        watch.share(&mut two);
        two.failed.goes_on(at(70));
        assert_eq!(two.failed.lasted(), Some(at(10)));
    }

    #[test]
    fn of_a_run_of_less_than_an_hour_each_second_is_kept() {
        let watch = Watch::default();
        (0..3_600).for_each(|second| watch.add(&Interval::new(second)));
        let whole = watch.whole();
        assert_eq!(whole.len(), 3_600);
        assert!(whole.iter().all(|interval| interval.seconds == 1));
    }
}
