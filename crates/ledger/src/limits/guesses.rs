//! Which claims failed lately, by the pseudonym of the number that was asked for.
//!
//! What is remembered is a set: the same failures in any order, read from any chains, come to the
//! same decision. So nothing takes a failure back but time. A success does not: its entry does not
//! say whether name and birth date were proven, and under a licence for numbers alone they are not,
//! so whoever has one could wipe out what was counted against it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dancu_domain::{AgencyCode, Asking, Day, GuessLimits, Guessed, Timestamp};

use super::found::Failed;

/// Failures of one number that are remembered; the delays keep them far below it.
const OF_ONE: usize = 1_024;

/// The failures of all numbers.
pub(super) struct Guesses {
    limits: GuessLimits,
    remembered: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By the clock, and by days that callers named: two times that have nothing to do with each
    /// other.
    by_clock: Memory,
    by_day: Memory,
    /// Claims that are being judged.
    under_way: HashMap<u64, Vec<AgencyCode>>,
    forgotten: u64,
}

/// The failures in one kind of time.
#[derive(Default)]
struct Memory {
    subjects: HashMap<u64, Vec<(Timestamp, AgencyCode)>>,
    /// When which number had one; several in the same instant stand once.
    order: BTreeSet<(Timestamp, u64)>,
    kept: usize,
    newest: Option<Timestamp>,
}

/// Claims that are counted as under way until this is dropped.
pub struct AskGuard {
    guesses: Arc<Guesses>,
    agency: AgencyCode,
    pseudonyms: Vec<u64>,
}

impl Guesses {
    pub(super) fn new(limits: GuessLimits, remembered: usize) -> Self {
        Self {
            limits,
            remembered: remembered.max(1),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a failure is counted.
    pub(super) fn window(&self) -> Duration {
        self.limits.window
    }

    /// How many failures are remembered, and how many were forgotten within the window.
    pub(super) fn kept(&self) -> (u64, u64) {
        let known = self.known();
        let kept = known.by_clock.kept + known.by_day.kept;
        (kept as u64, known.forgotten)
    }

    /// Which claims about these numbers may be judged; those that may are under way from now on.
    pub(super) fn ask(
        self: &Arc<Self>,
        agency: AgencyCode,
        event_day: Option<Day>,
        pseudonyms: impl Iterator<Item = u64>,
        now: Timestamp,
    ) -> Asking<AskGuard> {
        let now = event_day.map_or(now, |day| now.on(day));
        let since = self.since(now);
        let mut known = self.known();
        let (mut waits, mut let_in) = (Vec::new(), Vec::new());
        for pseudonym in pseudonyms {
            let by_agency = known.guessed(pseudonym, Some(agency), event_day.is_some(), since);
            let by_all = known.guessed(pseudonym, None, event_day.is_some(), since);
            let limits = &self.limits;
            let wait = limits
                .wait(limits.per_agency, &by_agency, now)
                .max(limits.wait(limits.per_subject, &by_all, now));
            if wait.is_none() {
                known.under_way.entry(pseudonym).or_default().push(agency);
                let_in.push(pseudonym);
            }
            waits.push(wait);
        }
        drop(known);
        Asking {
            waits,
            guard: AskGuard {
                guesses: Arc::clone(self),
                agency,
                pseudonyms: let_in,
            },
        }
    }

    /// Remembers failures.
    pub(super) fn note(&self, failed: &[Failed]) {
        let mut known = self.known();
        let mut forgotten = 0;
        for failed in failed {
            let memory = known.memory_mut(failed.event_day);
            memory.note(failed);
            let newest = memory.newest.unwrap_or(failed.at);
            memory.forget_until(self.since(newest));
            forgotten += memory.forget_beyond(self.remembered);
        }
        known.forgotten += forgotten;
    }

    /// Forgets what is no longer counted at this moment of the clock.
    pub(super) fn forget(&self, now: Timestamp) {
        self.known().by_clock.forget_until(self.since(now));
    }

    fn since(&self, now: Timestamp) -> Timestamp {
        let window = i64::try_from(self.limits.window.as_millis()).unwrap_or(i64::MAX);
        Timestamp(now.0.saturating_sub(window))
    }

    fn ended(&self, agency: AgencyCode, pseudonyms: &[u64]) {
        let mut known = self.known();
        for pseudonym in pseudonyms {
            let Some(agencies) = known.under_way.get_mut(pseudonym) else {
                continue;
            };
            if let Some(place) = agencies.iter().position(|of| *of == agency) {
                agencies.swap_remove(place);
            }
            if agencies.is_empty() {
                known.under_way.remove(pseudonym);
            }
        }
    }
}

impl Known {
    fn memory_mut(&mut self, event_day: bool) -> &mut Memory {
        if event_day {
            &mut self.by_day
        } else {
            &mut self.by_clock
        }
    }

    /// What is known of the claims about a number, by this agency or by all.
    fn guessed(
        &self,
        pseudonym: u64,
        agency: Option<AgencyCode>,
        event_day: bool,
        since: Timestamp,
    ) -> Guessed {
        let of = |who: &AgencyCode| agency.is_none_or(|agency| agency == *who);
        let memory = if event_day {
            &self.by_day
        } else {
            &self.by_clock
        };
        let failed = memory
            .subjects
            .get(&pseudonym)
            .map_or(&[][..], Vec::as_slice);
        let failed = failed.iter().filter(|(at, who)| *at > since && of(who));
        let under_way = self.under_way.get(&pseudonym);
        let under_way = under_way.map_or(0, |all| all.iter().filter(|who| of(who)).count());
        let mut guessed = Guessed {
            failed: 0,
            under_way: under_way as u32,
            last: since,
        };
        for (at, _) in failed {
            guessed.failed += 1;
            guessed.last = guessed.last.max(*at);
        }
        guessed
    }
}

impl Memory {
    fn note(&mut self, failed: &Failed) {
        let of_one = self.subjects.entry(failed.pseudonym).or_default();
        if of_one.len() >= OF_ONE {
            of_one.remove(0);
            self.kept -= 1;
        }
        of_one.push((failed.at, failed.agency));
        self.kept += 1;
        self.order.insert((failed.at, failed.pseudonym));
        self.newest = self.newest.max(Some(failed.at));
    }

    /// Forgets what failed at this moment or before.
    fn forget_until(&mut self, since: Timestamp) {
        while self.order.first().is_some_and(|(at, _)| *at <= since) {
            self.forget_first();
        }
    }

    /// Forgets the oldest while there are more than so many; how many.
    fn forget_beyond(&mut self, most: usize) -> u64 {
        let before = self.kept;
        while self.kept > most && self.forget_first() {}
        (before - self.kept) as u64
    }

    fn forget_first(&mut self) -> bool {
        let Some((at, pseudonym)) = self.order.pop_first() else {
            return false;
        };
        if let Some(of_one) = self.subjects.get_mut(&pseudonym) {
            let before = of_one.len();
            of_one.retain(|(failed, _)| *failed != at);
            self.kept -= before - of_one.len();
            if of_one.is_empty() {
                self.subjects.remove(&pseudonym);
            }
        }
        true
    }
}

impl Drop for AskGuard {
    fn drop(&mut self) {
        if !self.pseudonyms.is_empty() {
            self.guesses.ended(self.agency, &self.pseudonyms);
        }
    }
}

impl fmt::Debug for AskGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskGuard")
            .field("claims", &self.pseudonyms.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
