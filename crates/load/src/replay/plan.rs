//! What a replay is to be.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use dancu_domain::{AgencyCode, Verb};
use dancu_wire::pb::recording::Exchange;

use super::frames::RecordingError;
use super::order::Ordered;
use super::position::PositionError;

/// How fast messages follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As recorded, so many times as fast: from 0.1 to 1,000.
    Times(f64),
    /// As fast as answers come.
    Max,
}

impl Speed {
    /// How long what was recorded in so many seconds takes to be due.
    pub(super) fn lasts(self, recorded: f64) -> f64 {
        match self {
            Self::Times(times) => recorded / times,
            Self::Max => recorded,
        }
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if (0.1..=1_000.0).contains(&times) => Ok(Self::Times(times)),
            _ => Err(format!("`{text}` is no speed: from 0.1 to 1000, or max")),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// What a replay is to be.
#[derive(Clone, Debug)]
pub struct ReplayPlan {
    /// Stands in every request id; another one for every replay: 1 to 12 letters or digits.
    pub run_id: String,
    /// Where the service listens.
    pub server: SocketAddr,
    /// Whether a service beyond loopback may be driven.
    pub beyond_loopback: bool,
    /// The files: any parts of any recordings of one nation.
    pub recordings: Vec<PathBuf>,
    /// How fast.
    pub speed: Speed,
    /// From when on, counted from the beginning of the recording.
    pub from: Duration,
    /// Until when.
    pub until: Option<Duration>,
    /// Which verbs; none for all.
    pub verbs: Vec<Verb>,
    /// Which agencies; none for all.
    pub agencies: Vec<AgencyCode>,
    /// The file that keeps how far the replay has come.
    pub resume: Option<PathBuf>,
    /// Connections.
    pub connections: usize,
    /// Calls in flight on a connection.
    pub in_flight: usize,
    /// The deadline of a call.
    pub deadline: Duration,
    /// For how long a message is asked again while the service does not answer it.
    pub patience: Duration,
    /// The language in which failures are told.
    pub language: &'static str,
}

impl ReplayPlan {
    /// All of some recordings, at their own pace.
    pub fn new(run_id: String, server: SocketAddr, recordings: Vec<PathBuf>) -> Self {
        Self {
            run_id,
            server,
            beyond_loopback: false,
            recordings,
            speed: Speed::Times(1.0),
            from: Duration::ZERO,
            until: None,
            verbs: Vec::new(),
            agencies: Vec::new(),
            resume: None,
            connections: 8,
            in_flight: 32,
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            language: "vi",
        }
    }

    /// Whether a message lies within window and filters.
    pub(super) fn takes(&self, exchange: &Exchange) -> bool {
        let at = Duration::from_micros(exchange.at_micros);
        let verb = |verb: &Verb| i32::from(verb.code()) == exchange.verb;
        let agency = |agency: &AgencyCode| agency.text() == exchange.agency;
        at >= self.from
            && self.until.is_none_or(|until| at < until)
            && (self.verbs.is_empty() || self.verbs.iter().any(verb))
            && (self.agencies.is_empty() || self.agencies.iter().any(agency))
    }

    /// What is replayed, in words: a position is one of these only.
    pub(super) fn identity(&self, ordered: &Ordered) -> String {
        let verbs: Vec<&str> = self.verbs.iter().map(|verb| verb.word()).collect();
        let agencies: Vec<&str> = self.agencies.iter().map(AgencyCode::text).collect();
        format!(
            "recordings {} from {:?} until {:?} verbs {} agencies {}",
            ordered.parts.join(","),
            self.from,
            self.until,
            verbs.join(","),
            agencies.join(","),
        )
    }

    /// Checks every choice by itself.
    pub fn validate(&self) -> Result<(), ReplayError> {
        let id = &self.run_id;
        let rules: [(&'static str, bool, &'static str); 6] = [
            (
                "server",
                self.beyond_loopback || self.server.ip().is_loopback(),
                "on loopback, unless it is said that it may lie beyond",
            ),
            (
                "run_id",
                (1..=12).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()),
                "1 to 12 letters or digits",
            ),
            (
                "until",
                self.until.is_none_or(|until| until > self.from),
                "later than from",
            ),
            (
                "connections",
                (1..=4096).contains(&self.connections),
                "from 1 to 4,096",
            ),
            (
                "in_flight",
                (1..=1024).contains(&self.in_flight),
                "from 1 to 1,024",
            ),
            (
                "deadline",
                !self.deadline.is_zero() && self.deadline <= Duration::from_mins(10),
                "longer than nothing and at most ten minutes",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, must)) => Err(ReplayError::Plan(field, must)),
            None => Ok(()),
        }
    }
}

/// Why a replay could not be made.
#[derive(Debug)]
pub enum ReplayError {
    /// The plan asks for something that cannot be: the field, and what it must be.
    Plan(&'static str, &'static str),
    /// A recording cannot be read.
    Recording(RecordingError),
    /// It was recorded of a nation that another generator made.
    Generator,
    /// No message of the recordings lies within window and filters; so many files were cut off.
    Nothing(u64),
    /// Of so many messages none can be asked again.
    NoneAsked(u64),
    /// The service cannot be reached, or told something unexpected.
    Service(crate::run::LoadError),
    /// The file of positions cannot be used.
    Position(PathBuf, PositionError),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(field, must) => write!(f, "{field} must be {must}"),
            Self::Recording(error) => error.fmt(f),
            Self::Generator => f.write_str(
                "ask again: another version of the generator made the nation that was recorded",
            ),
            Self::Nothing(cut) => {
                f.write_str(
                    "no message of the recordings lies within --from, --until, --verb and --agency",
                )?;
                match cut {
                    0 => Ok(()),
                    cut => write!(f, "; what is behind the cut of {cut} files is lost"),
                }
            }
            Self::NoneAsked(messages) => write!(
                f,
                "none of {messages} messages can be asked again: they failed for another reason \
                 than permission, or the nation has no sandbox key of their agencies"
            ),
            Self::Service(error) => error.fmt(f),
            Self::Position(path, error) => write!(f, "use {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for ReplayError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Plan(..) | Self::Generator | Self::Nothing(_) | Self::NoneAsked(_) => None,
            Self::Recording(error) => error.source(),
            Self::Service(error) => error.source(),
            Self::Position(_, error) => error.source(),
        }
    }
}

impl From<RecordingError> for ReplayError {
    fn from(error: RecordingError) -> Self {
        Self::Recording(error)
    }
}
