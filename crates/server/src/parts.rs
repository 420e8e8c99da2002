//! How the parts of the service are: what health, readiness and metrics tell.
//!
//! | part away | what becomes of calls | told as |
//! | --- | --- | --- |
//! | registry, ledger, directory | UNAVAILABLE | not serving |
//! | what the durable limits stand at | UNAVAILABLE | not serving |
//! | the confirmation of the feed | read through to the registry | degraded |
//! | Redis | answered from the registry | degraded |
//! | live volumes, shared quotas | answered; counted in this process meanwhile | degraded |
//! | the recording of traffic | answered; dropped and counted | degraded |
//! | a synchronous standby | answered; a failover is not promised to lose nothing | degraded |
//! | the standby that commits of the ledger wait for | UNAVAILABLE | not serving |
//! | the standby that changes wait for | lookups answered, syncs UNAVAILABLE | degraded |
//! | the replica for reads | answered by the primary | degraded |

use std::fmt;

use dancu_store::{Durability, ReplicaState};
use tokio::sync::watch;

macro_rules! parts {
    ($($(#[$meta:meta])* $variant:ident, $word:literal;)*) => {
        /// A part of the service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Part { $($(#[$meta])* $variant,)* }

        impl Part {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its word in readiness, metrics and log.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

parts! {
    /// The registry answers.
    Registry, "registry";
    /// The ledger takes entries.
    Ledger, "ledger";
    /// What was used of daily quotas and how often claims failed is known.
    Limits, "limits";
    /// The directory of agencies, credentials and licences is fresh.
    Directory, "directory";
    /// No drain has begun.
    Open, "open";
    /// The head of the change feed was confirmed within the bound of freshness.
    Feed, "feed";
    /// The level that instances share.
    Redis, "redis";
    /// The live volumes that instances share.
    LiveVolumes, "live_volumes";
    /// The quotas that instances share.
    Quotas, "quotas";
    /// The recording of traffic.
    Recording, "recording";
    /// What an acknowledged change survives.
    RegistryStandby, "registry_standby";
    /// What an acknowledged entry survives.
    LedgerStandby, "ledger_standby";
    /// The replica that reads may go to.
    RegistryReplica, "registry_replica";
}

/// How a part is. The words are ours, each of a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It works.
    Up,
    /// It does not, and calls are answered without it.
    Degraded(&'static str),
    /// It does not, and calls that need it are UNAVAILABLE.
    Away(&'static str),
    /// There is none, by configuration.
    Absent(&'static str),
}

impl PartState {
    /// Whether calls can be answered as far as this part goes.
    pub const fn serves(self) -> bool {
        !matches!(self, Self::Away(_))
    }
}

impl From<Durability> for PartState {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Synchronous => Self::Up,
            Durability::Stalled => Self::Away("commits wait for a standby, and none is connected"),
            Durability::Asynchronous => {
                Self::Degraded("asynchronous, a failover may lose what was acknowledged")
            }
            Durability::Alone => Self::Absent("alone, a failover is not promised"),
        }
    }
}

impl From<ReplicaState> for PartState {
    fn from(replica: ReplicaState) -> Self {
        match replica {
            ReplicaState::InService => Self::Up,
            ReplicaState::Starting => Self::Degraded("starting"),
            ReplicaState::Behind => Self::Degraded("behind, read from the primary"),
            ReplicaState::Away => Self::Degraded("away, read from the primary"),
            ReplicaState::AnotherNation => {
                Self::Degraded("has another nation, read from the primary")
            }
        }
    }
}

impl fmt::Display for PartState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("ok"),
            Self::Degraded(why) => write!(f, "degraded: {why}"),
            Self::Away(why) => write!(f, "not ok: {why}"),
            Self::Absent(why) => write!(f, "none: {why}"),
        }
    }
}

/// The parts, each as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts([PartState; Part::ALL.len()]);

impl Parts {
    /// Every part works, and those that an embedded service has not got are absent.
    pub const EMBEDDED: Self = Self([PartState::Up; Part::ALL.len()])
        .with(Part::Limits, PartState::Absent("not configured"))
        .with(Part::Redis, PartState::Absent("not configured"))
        .with(Part::LiveVolumes, PartState::Absent("in this process"))
        .with(Part::Quotas, PartState::Absent("not configured"))
        .with(Part::Recording, PartState::Absent("not configured"))
        .with(
            Part::RegistryStandby,
            PartState::Absent("no database server"),
        )
        .with(Part::LedgerStandby, PartState::Absent("no database server"))
        .with(Part::RegistryReplica, PartState::Absent("not configured"));

    /// The same with one part in this state.
    #[must_use]
    pub const fn with(mut self, part: Part, state: PartState) -> Self {
        self.0[part as usize] = state;
        self
    }

    /// How one part is.
    pub const fn of(self, part: Part) -> PartState {
        self.0[part as usize]
    }

    /// Whether verbs can be answered.
    pub fn serving(self) -> bool {
        self.0.iter().all(|state| state.serves())
    }

    /// Whether something is missing that calls are answered without.
    pub fn degraded(self) -> bool {
        let degraded = |state: &PartState| matches!(state, PartState::Degraded(_));
        self.0.iter().any(degraded)
    }

    /// Whether no drain has begun.
    pub const fn open(self) -> bool {
        self.of(Part::Open).serves()
    }

    /// Each part with its state.
    pub fn each(self) -> impl Iterator<Item = (Part, PartState)> {
        Part::ALL.iter().map(move |part| (*part, self.of(*part)))
    }
}

/// Where the parts report.
#[derive(Debug)]
pub(crate) struct Board(watch::Sender<Parts>);

impl Board {
    /// A board on which the parts stand like this.
    pub(crate) fn new(parts: &Parts) -> Self {
        Self(watch::Sender::new(*parts))
    }

    /// Who watches.
    pub(crate) fn watch(&self) -> watch::Receiver<Parts> {
        self.0.subscribe()
    }

    /// How the parts are.
    pub(crate) fn now(&self) -> Parts {
        *self.0.borrow()
    }

    /// Notes how one part is. Whoever watches is woken, and the log told, only if that is new.
    pub(crate) fn report(&self, part: Part, state: PartState) {
        let mut before = state;
        self.0.send_if_modified(|parts| {
            before = parts.of(part);
            *parts = parts.with(part, state);
            before != state
        });
        if before == state {
            return;
        }
        let (part, was) = (part.word(), before);
        match state {
            PartState::Up | PartState::Absent(_) => {
                tracing::info!(part, %was, now = %state, "a part changed");
            }
            PartState::Degraded(_) => tracing::warn!(part, %was, now = %state, "a part changed"),
            // A drain ends one part after another, as it was told to.
            PartState::Away(_) if !self.now().open() => {
                tracing::info!(part, %was, now = %state, "a part changed");
            }
            PartState::Away(_) => tracing::error!(part, %was, now = %state, "a part changed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_that_calls_cannot_do_without_end_the_serving() {
        let all = Parts::EMBEDDED;
        assert!(all.serving() && !all.degraded() && all.open());
        for &part in Part::ALL {
            let worse = all.with(part, PartState::Degraded("slow"));
            assert!(worse.serving() && worse.degraded());
            let away = all.with(part, PartState::Away("gone"));
            assert!(!away.serving() && !away.degraded());
            assert_eq!(away.open(), part != Part::Open);
        }
    }

    #[test]
    fn who_watches_is_woken_by_changes_only() {
        let board = Board::new(&Parts::EMBEDDED);
        let mut watching = board.watch();
        board.report(Part::Redis, PartState::Absent("not configured"));
        assert!(!watching.has_changed().unwrap());
        board.report(Part::Redis, PartState::Degraded("slow"));
        assert!(watching.has_changed().unwrap());
        assert_eq!(
            watching.borrow_and_update().of(Part::Redis).to_string(),
            "degraded: slow"
        );
        assert_eq!(board.now().of(Part::Ledger), PartState::Up);
    }
}
