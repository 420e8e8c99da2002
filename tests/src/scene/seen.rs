//! What callers saw, call by call, to be judged by when it was.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tonic::Code;

/// What a caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Looks up the same few citizens again and again.
    LookUpKnown,
    /// Looks up citizens whom nobody asked about for long.
    LookUpOthers,
    /// Authenticates twenty at once.
    Authenticate,
    /// Pushes a change of residence.
    Push,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With an answer.
    Answered,
    /// With a status, and the reason that it gives.
    Failed(Code, String),
}

/// One call.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it was.
    pub kind: Kind,
    /// Which instance it went to.
    pub instance: usize,
    /// When it began, from the beginning of the scene.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// How.
    pub end: End,
}

/// All calls of a scene.
#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<Seen>>);

/// What was seen of some calls.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Calls that were answered, by kind.
    pub answered: BTreeMap<Kind, u64>,
    /// Calls that were not, by kind, code and reason.
    pub failed: BTreeMap<(Kind, String), u64>,
    /// The longest of all.
    pub slowest: Duration,
}

impl Log {
    /// Notes a call.
    pub fn note(&self, seen: Seen) {
        self.0.lock().expect("no caller panics with it").push(seen);
    }

    /// Those calls that `which` takes.
    pub fn tally(&self, which: impl Fn(&Seen) -> bool) -> Tally {
        let mut tally = Tally::default();
        for seen in self.0.lock().expect("no caller panics with it").iter() {
            if !which(seen) {
                continue;
            }
            tally.slowest = tally.slowest.max(seen.ended.saturating_sub(seen.began));
            match &seen.end {
                End::Answered => *tally.answered.entry(seen.kind).or_default() += 1,
                End::Failed(code, reason) => {
                    let why = format!("{code:?} {reason}");
                    *tally.failed.entry((seen.kind, why)).or_default() += 1;
                }
            }
        }
        tally
    }
}

impl Tally {
    /// Calls that were answered.
    pub fn answers(&self) -> u64 {
        self.answered.values().sum()
    }

    /// Calls that were not.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Failures that do not begin like any of `expected`.
    pub fn unexpected(&self, expected: &[&str]) -> Vec<(&(Kind, String), &u64)> {
        let fits = |why: &str| expected.iter().any(|known| why.starts_with(known));
        self.failed
            .iter()
            .filter(|((_, why), _)| !fits(why))
            .collect()
    }
}
