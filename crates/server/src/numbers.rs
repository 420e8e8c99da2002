//! Plain numbers that one core counts and the scrape adds up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use dancu_domain::{Outcome, Reason, Verb};
use tonic::Code;

use crate::grpc::method::Method;

/// A number that one thread writes and any thread reads: no locked instruction is needed.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds to it; only ever called by the core that it belongs to.
    pub(crate) fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// What has been added up.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The upper bounds of the buckets of durations, in microseconds.
pub(crate) const BOUNDS_US: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// How many status codes there are.
pub(crate) const CODES: usize = 17;

/// The calls of one method.
#[derive(Debug, Default)]
pub(crate) struct MethodNumbers {
    /// Begun.
    pub(crate) started: Count,
    /// Ended, by code.
    pub(crate) handled: [Count; CODES],
    /// Ended within each bound, and beyond the last.
    pub(crate) buckets: [Count; BOUNDS_US.len() + 1],
    /// Their durations together, in microseconds.
    pub(crate) micros: Count,
}

impl MethodNumbers {
    /// Counts the end of a call.
    pub(crate) fn end(&self, code: Code, took: Duration) {
        let micros = took.as_micros() as u64;
        self.handled[code as usize].add(1);
        self.buckets[BOUNDS_US.partition_point(|bound| *bound < micros)].add(1);
        self.micros.add(micros);
    }
}

/// What one core counts.
#[derive(Debug)]
pub(crate) struct Numbers {
    methods: [MethodNumbers; Method::COUNT],
    answers: [[Count; Outcome::ALL.len()]; Verb::ALL.len()],
    failures: [Count; Reason::ALL.len()],
    /// Calls and messages that were shed.
    pub(crate) shed: Count,
    /// Times that a connection had to wait for its turn because too many calls were shed.
    pub(crate) slowed: Count,
    /// Lines of the request log that the rate did not allow.
    pub(crate) lines_omitted: Count,
    /// Connections that ended because no preface came.
    pub(crate) silent: Count,
    /// Connections that ended because their peers did not take what they had asked for.
    pub(crate) unread: Count,
    /// Connections that broke the protocol or whose socket failed.
    pub(crate) broken: Count,
    /// Connections begun.
    pub(crate) opened: Count,
    /// Connections ended.
    pub(crate) closed: Count,
}

impl Numbers {
    /// The numbers of a method.
    pub(crate) fn method(&self, method: Method) -> &MethodNumbers {
        &self.methods[method as usize]
    }

    /// How many items of a verb ended like this.
    pub(crate) fn answers(&self, verb: Verb, outcome: Outcome) -> &Count {
        &self.answers[usize::from(verb.code()) - 1][usize::from(outcome.code()) - 1]
    }

    /// How many messages failed as a whole for a reason.
    pub(crate) fn failures(&self, reason: Reason) -> &Count {
        &self.failures[reason as usize]
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            methods: Default::default(),
            answers: Default::default(),
            failures: std::array::from_fn(|_| Count::default()),
            shed: Count::default(),
            slowed: Count::default(),
            lines_omitted: Count::default(),
            silent: Count::default(),
            unread: Count::default(),
            broken: Count::default(),
            opened: Count::default(),
            closed: Count::default(),
        }
    }
}
