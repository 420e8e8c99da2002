//! Limits that outlive a restart: how many items an agency may ask a day, and how often claims
//! about a number may fail.
//!
//! Nothing is written for them. What was used of a day is what the ledger counted under it, and a
//! claim that failed is an entry that ended in NO_MATCH, so both are durable in the very act in which
//! they happen and no kill can forget them. This writer's own are known here with each commit; those
//! of the others, and what was before the start, are read from the store by a [follower](follow).

mod days;
mod follow;
mod found;
mod guesses;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dancu_domain::{
    AgencyCode, Asking, Clock, Day, GuessLimits, IdKey, Period, Quota, Timestamp, VolumeRow,
    WriterId,
};
use tokio::sync::watch;

use self::days::Days;
use self::found::Found;
use self::guesses::Guesses;
use crate::{Block, Claim, LedgerKeys, Standing};

pub use days::DayHold;
pub use guesses::AskGuard;

/// What a caller is told to wait where others that are under way hold what is left of a day.
const SOON: Duration = Duration::from_millis(200);

/// The limits of a ledger. By default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitRules {
    /// Items a day, by agency.
    pub days: DayLimits,
    /// How often claims about a number may fail; `None` is as often as anybody likes.
    pub guesses: Option<GuessLimits>,
    /// The most failed matches that are remembered; beyond it the oldest are forgotten.
    pub remembered: usize,
    /// Whether callers name days: then what was used on days long past stays of interest.
    pub event_days: bool,
}

/// Items a day, by agency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayLimits {
    /// For agencies without a limit of their own; `None` is no limit.
    pub usual: Option<u32>,
    /// For these.
    pub agencies: BTreeMap<AgencyCode, u32>,
}

impl DayLimits {
    /// The limit of an agency.
    pub fn of(&self, agency: AgencyCode) -> Option<u32> {
        self.agencies.get(&agency).copied().or(self.usual)
    }

    fn any(&self) -> bool {
        self.usual.is_some() || !self.agencies.is_empty()
    }
}

impl LimitRules {
    /// Whether anything is limited.
    pub fn any(&self) -> bool {
        self.days.any() || self.guess_limits().is_some()
    }

    fn guess_limits(&self) -> Option<GuessLimits> {
        self.guesses.filter(GuessLimits::any)
    }
}

/// How far what is limited is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitsKnown {
    /// What was before the start has not been read yet.
    NotYet,
    /// It is known, that of others as it was a moment ago.
    Known,
    /// It cannot be read: at the start, or what others do for too long.
    Lost,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitCounters {
    /// Items turned away because a day was used up.
    pub day_refused: u64,
    /// Items whose claims were not judged.
    pub withheld: u64,
    /// Failed matches that are remembered now.
    pub remembered: u64,
    /// Failed matches that were forgotten within the window, because there were too many.
    pub forgotten: u64,
}

/// The limits as they stand; clones are the same.
#[derive(Clone)]
pub struct Limits(Arc<Standings>);

struct Standings {
    clock: Arc<dyn Clock>,
    keys: LedgerKeys,
    /// Which writer this is, and where its chain ended when it began.
    own: (WriterId, u64),
    days: Option<Arc<Days>>,
    guesses: Option<Arc<Guesses>>,
    /// The same as the watch says, for those who ask with every message.
    known: AtomicBool,
    told: watch::Sender<LimitsKnown>,
    day_refused: AtomicU64,
    withheld: AtomicU64,
}

impl Limits {
    /// The limits of a writer that goes on behind its claim; `None` where nothing is limited.
    pub(crate) fn new(
        rules: &LimitRules,
        clock: &Arc<dyn Clock>,
        keys: &LedgerKeys,
        claim: &Claim,
        standing: &Standing,
    ) -> Option<Self> {
        if !rules.any() {
            return None;
        }
        let days = rules.days.any().then(|| {
            let days = Days::new(rules.days.clone(), rules.event_days);
            let own = standing.counts.iter().filter(|c| c.writer == claim.writer);
            days.note_own(own.map(|counted| &counted.row), clock.now().day());
            Arc::new(days)
        });
        let guesses = rules.guess_limits();
        let guesses = guesses.map(|limits| Arc::new(Guesses::new(limits, rules.remembered)));
        Some(Self(Arc::new(Standings {
            clock: Arc::clone(clock),
            keys: keys.clone(),
            own: (claim.writer, claim.next),
            days,
            guesses,
            known: AtomicBool::new(false),
            told: watch::Sender::new(LimitsKnown::NotYet),
            day_refused: AtomicU64::new(0),
            withheld: AtomicU64::new(0),
        })))
    }

    /// Whether what is limited is known; while it is not, nothing may be answered.
    pub fn are_known(&self) -> bool {
        self.0.known.load(Ordering::Acquire)
    }

    /// How far it is known, and whoever waits is told when that changes.
    pub fn known(&self) -> watch::Receiver<LimitsKnown> {
        self.0.told.subscribe()
    }

    /// Holds the items of one message against what its agency has left of a day. What is held counts
    /// as used until it is dropped, which is when the message has its entries or gets none.
    pub fn hold(
        &self,
        agency: AgencyCode,
        event_day: Option<Day>,
        items: u32,
    ) -> Result<Option<DayHold>, Quota> {
        let Some(days) = &self.0.days else {
            return Ok(None);
        };
        let now = self.0.clock.now();
        let day = event_day.unwrap_or_else(|| now.day());
        days.hold(agency, day, items).map_err(|full| {
            let refused = u64::from(items);
            self.0.day_refused.fetch_add(refused, Ordering::Relaxed);
            let at_midnight = event_day.is_none().then(|| now.until_midnight());
            Quota {
                limit: full.limit,
                per: Period::Day,
                retry_after: if full.used_up {
                    at_midnight
                } else {
                    Some(SOON)
                },
            }
        })
    }

    /// Holds the entries of a message that gathers for the next commit.
    pub(crate) fn gathered(&self, agency: AgencyCode, day: Day, items: u32) -> Option<DayHold> {
        self.0.days.as_ref()?.gathered(agency, day, items)
    }

    /// Which claims about these numbers may be judged.
    pub(crate) fn ask(
        &self,
        agency: AgencyCode,
        event_day: Option<Day>,
        keys: &[IdKey],
    ) -> Option<Asking<AskGuard>> {
        let guesses = self.0.guesses.as_ref()?;
        let now = self.0.clock.now();
        let each = keys.iter().map(|key| self.0.keys.pseudonym(*key));
        let asking = guesses.ask(agency, event_day, each, now);
        let withheld = asking.waits.iter().flatten().count() as u64;
        self.0.withheld.fetch_add(withheld, Ordering::Relaxed);
        Some(asking)
    }

    /// Takes note of a block that this writer has just committed, before anybody is told of it.
    pub(crate) fn committed(&self, block: &Block, counts: &[VolumeRow]) {
        if let Some(days) = &self.0.days {
            days.note_own(counts, self.0.clock.now().day());
        }
        if let Some(guesses) = &self.0.guesses
            && counts
                .iter()
                .any(|row| GuessLimits::counts(row.key.verb, row.key.outcome))
        {
            let found = Found::in_block(block);
            let found = found.expect("what was written a moment ago is read back");
            guesses.note(&found.failed);
        }
    }

    /// What happened since the start.
    pub fn counters(&self) -> LimitCounters {
        let (remembered, forgotten) = self.0.guesses.as_ref().map_or((0, 0), |g| g.kept());
        LimitCounters {
            day_refused: self.0.day_refused.load(Ordering::Relaxed),
            withheld: self.0.withheld.load(Ordering::Relaxed),
            remembered,
            forgotten,
        }
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn tell(&self, known: LimitsKnown) {
        self.0
            .known
            .store(known == LimitsKnown::Known, Ordering::Release);
        self.0.told.send_if_modified(|told| {
            let changed = *told != known;
            *told = known;
            changed
        });
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("known", &self.are_known())
            .finish_non_exhaustive()
    }
}
