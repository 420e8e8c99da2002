//! The request log: one line a message, and never anything personal.
//!
//! Errors of the service, refusals and slow messages always have their line. Answered and shed
//! ones have it up to a rate; how many were left out stands in the next line of their kind and in
//! the metrics. A line names the request by the same keyed hash under which the ledger keeps it:
//! a caller's own id could hold somebody's number.

mod install;
mod rate;

use std::fmt;
use std::time::{Duration, Instant};

use dancu_domain::{AgencyCode, ErrorClass, Outcome, Reason, Source};
use tonic::Code;

pub(crate) use install::lost;
pub use install::{LogForm, LogGuard, check, install, install_to};

use crate::config::LogConfig;
use crate::grpc::method::Method;
use crate::log::rate::Rate;
use crate::numbers::Numbers;

/// How many items of a message ended each way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcomes([u32; Outcome::ALL.len()]);

impl Outcomes {
    /// Adds one.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.0[usize::from(outcome.code()) - 1] += 1;
    }

    /// Those that occurred.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Outcome, u32)> {
        Outcome::ALL
            .iter()
            .map(|outcome| (*outcome, self.0[usize::from(outcome.code()) - 1]))
            .filter(|(_, n)| *n > 0)
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (outcome, n)) in self.iter().enumerate() {
            write!(f, "{}{outcome}={n}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// What is told of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Which method.
    pub(crate) method: Method,
    /// Who asked, where that was found out.
    pub(crate) agency: Option<AgencyCode>,
    /// The status code.
    pub(crate) code: Code,
    /// Why it was not answered.
    pub(crate) reason: Option<Reason>,
    /// How many items it had.
    pub(crate) items: usize,
    /// How they ended.
    pub(crate) outcomes: Outcomes,
    /// How long it took.
    pub(crate) took: Duration,
    /// The slowest source that was needed.
    pub(crate) source: Option<Source>,
    /// The keyed hash of the request's id.
    pub(crate) request: Option<u64>,
}

/// One core's request log.
#[derive(Debug)]
pub(crate) struct RequestLog {
    slow: Duration,
    answered: Rate,
    shed: Rate,
}

impl RequestLog {
    /// A log with one core's part of the rates.
    pub(crate) fn part(config: &LogConfig, slow: Duration, cores: usize, began: Instant) -> Self {
        let part = |all: u32| all.div_ceil(u32::try_from(cores).unwrap_or(u32::MAX).max(1));
        Self {
            slow,
            answered: Rate::new(part(config.answered_per_second), began),
            shed: Rate::new(part(config.shed_per_second), began),
        }
    }

    /// Writes the line of a message, unless the rate leaves it out.
    pub(crate) fn write(&self, numbers: &Numbers, now: Instant, line: &Line) {
        let rate = match line.reason.map(Reason::class) {
            _ if line.took >= self.slow => None,
            None if line.code == Code::Ok => Some(&self.answered),
            Some(ErrorClass::Exhausted) => Some(&self.shed),
            _ => None,
        };
        let omitted = match rate.map(|rate| rate.take(now)) {
            Some(None) => return numbers.lines_omitted.add(1),
            Some(Some(omitted)) => omitted,
            None => 0,
        };
        write(line, omitted);
    }
}

fn write(line: &Line, omitted: u64) {
    let reason = line.reason.map_or("", Reason::word);
    let verb = line.method.verb().map_or("", |verb| verb.word());
    let agency = line.agency.as_ref().map_or("", AgencyCode::text);
    let source = match line.source {
        Some(Source::Memory) => "memory",
        Some(Source::Redis) => "redis",
        Some(Source::Registry) => "registry",
        None => "",
    };
    let request = line
        .request
        .map_or_else(String::new, |hash| format!("{hash:016x}"));
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                target: "dancu::request",
                verb,
                service = line.method.service(),
                method = line.method.name(),
                agency,
                code = ?line.code,
                reason,
                items = line.items,
                outcomes = %line.outcomes,
                micros = line.took.as_micros() as u64,
                source,
                request,
                omitted,
                "request"
            )
        };
    }
    match line.reason.map(Reason::class) {
        Some(ErrorClass::Internal) => event!(error),
        Some(ErrorClass::Unavailable) => event!(warn),
        _ => event!(info),
    }
}
