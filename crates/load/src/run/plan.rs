//! What a run is to be.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use dancu_domain::{NationId, PersonalId};
use dancu_population::Nation;

use crate::choice::Choice;
use crate::draw::{Shape, Shares};
use crate::mix::NATIONAL;
use crate::pace::{Arrivals, Pace, Schedule};

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// The run's id, which stands in every request id: 1 to 20 letters or digits.
    pub run_id: String,
    /// Where the service listens.
    pub server: SocketAddr,
    /// Whether a service beyond loopback may be driven.
    pub beyond_loopback: bool,
    /// The nation that answers.
    pub nation: Nation,
    /// The id of that nation, by which its answers are known.
    pub nation_id: NationId,
    /// Citizens whose records were changed by somebody else: they are not drawn.
    pub changed_by_others: Vec<PersonalId>,
    /// What is drawn depends on it.
    pub seed: u64,
    /// Which of how many generators it is that ask at the same time, counted from 0: each of them
    /// pushes about citizens of its own, and reads about others that nobody pushes about.
    pub part: (u32, u32),
    /// When messages are due.
    pub pace: Pace,
    /// From the beginning, what is not measured. It is counted all the same.
    pub warm_up: Duration,
    /// Threads, each with a runtime of its own.
    pub threads: usize,
    /// Connections, over all threads.
    pub connections: usize,
    /// Calls in flight on a connection; of streams, streams open on it.
    pub in_flight: usize,
    /// How messages travel.
    pub shape: Shape,
    /// Items of a message; unary ones have one.
    pub size: usize,
    /// Messages of a stream that may be unanswered at once.
    pub window: usize,
    /// Parts of each verb among the items, in the order of `Verb::ALL`.
    pub mix: [u64; 4],
    /// The shares of what is sent.
    pub shares: Shares,
    /// Whom it asks about.
    pub choice: Choice,
    /// The deadline of a call.
    pub deadline: Duration,
    /// How late a slot may be taken before it is missed.
    pub patience: Duration,
    /// Items prepared for each verb and thread before the run begins, and sent over and over.
    pub stock: usize,
    /// The share of replies that is verified, in a thousand.
    pub verified: u64,
    /// The language in which failures are told.
    pub language: &'static str,
    /// Whether messages of a profile carry their simulated day.
    pub simulated_days: bool,
    /// Of a profile, how many items it has: the run is over once they were sent.
    pub goal: Option<u64>,
    /// For how long everything may fail until a run with a goal gives up.
    pub longest_absence: Duration,
}

impl LoadPlan {
    /// A minute at 1,000 messages a second, in the national mix.
    pub fn new(run_id: String, server: SocketAddr, nation: Nation, nation_id: NationId) -> Self {
        Self {
            run_id,
            server,
            beyond_loopback: false,
            nation,
            nation_id,
            changed_by_others: Vec::new(),
            seed: 1,
            part: (0, 1),
            pace: Pace::Open {
                schedule: Schedule::hold(1000.0, 60.0),
                arrivals: Arrivals::Poisson,
            },
            warm_up: Duration::from_secs(2),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            connections: 8,
            in_flight: 64,
            shape: Shape::Unary,
            size: 1,
            window: 4,
            mix: NATIONAL,
            shares: Shares {
                denied: 0,
                unfit: 0,
                strict: 0,
                consistent: 0,
                ..Shares::default()
            },
            choice: Choice::Uniform,
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(1),
            stock: 16_384,
            verified: 1000,
            language: "vi",
            simulated_days: false,
            goal: None,
            longest_absence: Duration::from_secs(30),
        }
    }

    /// Checks every choice by itself.
    pub fn validate(&self) -> Result<(), LoadError> {
        let rules: [(&'static str, bool, &'static str); 15] = [
            (
                "server",
                self.beyond_loopback || self.server.ip().is_loopback(),
                "on loopback, unless it is said that it may lie beyond",
            ),
            (
                "run_id",
                (1..=20).contains(&self.run_id.len())
                    && self.run_id.bytes().all(|b| b.is_ascii_alphanumeric()),
                "1 to 20 letters or digits",
            ),
            (
                "threads",
                (1..=256).contains(&self.threads),
                "from 1 to 256",
            ),
            (
                "part",
                self.part.0 < self.part.1 && self.part.1 <= 256,
                "one of at most 256",
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
                "size",
                (1..=1000).contains(&self.size) && (self.shape != Shape::Unary || self.size == 1),
                "from 1 to 1,000, and 1 for unary calls",
            ),
            ("window", (1..=64).contains(&self.window), "from 1 to 64"),
            (
                "mix",
                self.mix.iter().any(|parts| *parts > 0),
                "at least one part",
            ),
            (
                "mix",
                self.mix.iter().all(|parts| *parts <= 1_000_000_000),
                "at most 1,000,000,000 parts of each verb",
            ),
            (
                "mistaken, unknown and malformed",
                self.shares.mistaken + self.shares.unknown + self.shares.malformed <= 1000,
                "together at most a thousand in a thousand",
            ),
            (
                "stock",
                (1..=10_000_000).contains(&self.stock),
                "from 1 to 10,000,000",
            ),
            (
                "verified",
                self.verified <= 1000,
                "at most a thousand in a thousand",
            ),
            (
                "deadline",
                !self.deadline.is_zero() && self.deadline <= Duration::from_mins(10),
                "longer than nothing and at most ten minutes",
            ),
            (
                "warm_up",
                self.warm_up < self.pace.duration(),
                "shorter than the run",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, must)) => Err(LoadError::Plan(field, must)),
            None => Ok(()),
        }
    }
}

/// Why a run could not be made.
#[derive(Debug)]
pub enum LoadError {
    /// The plan asks for something that cannot be: the field, and what it must be.
    Plan(&'static str, &'static str),
    /// The service cannot be reached.
    Connect(SocketAddr),
    /// A thread or a runtime could not be started.
    Start(std::io::Error),
    /// Nobody may ask what the mix wants to ask.
    Nobody,
    /// The service was asked something before the run, and this came back.
    Asked(&'static str),
    /// The service does not let in whoever has the sandbox keys of this seed.
    Stranger,
    /// The nation that answers has other people than the one that is asked about.
    Nation {
        /// How many citizens it has.
        citizens: u64,
        /// Whether its personal numbers look real.
        real_looking: bool,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(field, must) => write!(f, "{field} must be {must}"),
            Self::Connect(address) => write!(f, "connect to the service at {address}"),
            Self::Start(_) => f.write_str("start a thread of the load tool"),
            Self::Nobody => f.write_str("find somebody who may ask what the mix wants"),
            Self::Asked(what) => f.write_str(what),
            Self::Stranger => {
                f.write_str("the service does not know the sandbox keys of this seed")
            }
            Self::Nation {
                citizens,
                real_looking,
            } => write!(
                f,
                "the nation that answers has other people: it has {citizens} citizens, and its \
                 personal numbers {}",
                if *real_looking {
                    "look real"
                } else {
                    "do not look real"
                }
            ),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> LoadPlan {
        let server = SocketAddr::from(([127, 0, 0, 1], 1));
        let nation = Nation::new(1, 640);
        LoadPlan::new("one".to_owned(), server, nation, NationId([0; 16]))
    }

    #[test]
    fn a_mix_is_told_the_rule_that_it_breaks() {
        for (mix, words) in [
            ([0; 4], "mix must be at least one part"),
            (
                [u64::MAX, 1, 0, 0],
                "mix must be at most 1,000,000,000 parts of each verb",
            ),
        ] {
            let mut plan = plan();
            plan.mix = mix;
            let refused = plan.validate().map_err(|error| error.to_string());
            assert_eq!(refused, Err(words.to_owned()));
        }
    }

    #[test]
    fn shares_that_are_more_than_all_are_refused() {
        let told = |mistaken, unknown, malformed| {
            let mut plan = plan();
            plan.shares = Shares {
                mistaken,
                unknown,
                malformed,
                ..plan.shares
            };
            plan.validate().map_err(|error| error.to_string())
        };
        for (mistaken, unknown, malformed) in [(1000, 0, 0), (600, 300, 100), (0, 0, 1000)] {
            assert_eq!(told(mistaken, unknown, malformed), Ok(()));
        }
        let words = "mistaken, unknown and malformed must be together at most a thousand in a \
                     thousand";
        for (mistaken, unknown, malformed) in [
            (1001, 0, 0),
            (0, 1001, 0),
            (0, 0, 1001),
            (600, 300, 101),
            (334, 334, 333),
        ] {
            let refused = told(mistaken, unknown, malformed);
            assert_eq!(refused, Err(words.to_owned()));
        }
        let mut more = plan();
        more.verified = 1001;
        assert!(more.validate().is_err());
    }
}
