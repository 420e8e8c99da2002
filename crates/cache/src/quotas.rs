//! How many items a second an agency may ask for, over all instances.
//!
//! Each agency with a limit has a bucket in Redis that holds the items of one second and fills
//! evenly. An instance leases from it: it keeps a quarter of a second's items at hand, so that a
//! [take](Quotas::take) is a subtraction on the spot, and a driver on the back runtime leases what
//! was taken. A message is let through while anything is at hand, however large it is, and what it
//! takes beyond that is owed: so no message is too large for its limit, and the rate over time is
//! the limit all the same.
//!
//! Without Redis, and while it is away, the same bucket is kept in this process. Then each instance
//! gives out the whole limit. That is chosen: a limit a second protects the service from a caller
//! who runs wild, and one instance with its limit is protected; it is no promise to anybody that
//! would be worth a refusal while Redis is away. What must be exact, limits a day, is read out of
//! the ledger instead.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use dancu_domain::{AgencyCode, Clock, NationId, Period, Quota, Timestamp};
use redis::{Pipeline, Value};
use tokio::sync::Notify;

use crate::Link;

const LEASE: &str = include_str!("../lua/lease_quota.lua");
/// How long the driver waits between leases: an agency gets its items in so many portions.
const PORTION: Duration = Duration::from_millis(20);
/// This part of a second's items is kept at hand.
const AT_HAND: u32 = 4;

/// Items a second, by agency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaLimits {
    /// For agencies without a limit of their own; `None` is no limit.
    pub usual: Option<u32>,
    /// For these.
    pub agencies: BTreeMap<AgencyCode, u32>,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaCounts {
    /// Items of messages turned away.
    pub refused: u64,
    /// Items leased from Redis.
    pub leased: u64,
    /// Items given by this instance alone.
    pub alone: u64,
}

/// The limits of all agencies, for the fronts. Cheap to clone.
#[derive(Clone)]
pub struct Quotas(Arc<Desk>);

struct Desk {
    limits: QuotaLimits,
    /// Agencies are those of the directory: there are never more slots than it has rows.
    slots: RwLock<HashMap<AgencyCode, Arc<Slot>>>,
    bell: Notify,
    refused: AtomicU64,
    leased: AtomicU64,
    alone: AtomicU64,
}

/// An agency that has asked for something.
struct Slot {
    agency: AgencyCode,
    limit: u32,
    /// What is at hand; below 0 it is owed.
    at_hand: AtomicI64,
    /// Somebody has taken since the driver looked.
    taken: AtomicBool,
    bucket: Mutex<Bucket>,
}

/// The buckets in Redis.
struct Buckets {
    link: Link,
    prefix: String,
}

/// The twin of such a bucket.
#[derive(Default)]
struct Bucket {
    /// Thousandths of items, and when; `None` is full.
    left: Option<(i64, Timestamp)>,
}

impl Quotas {
    /// Quotas over the instances of a nation that share a Redis, or of this instance alone. The
    /// future leases, on the back runtime, until the last of these is gone.
    pub fn new(
        limits: QuotaLimits,
        shared: Option<(Link, NationId)>,
        clock: Arc<dyn Clock>,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let desk = Arc::new(Desk {
            limits,
            slots: RwLock::default(),
            bell: Notify::new(),
            refused: AtomicU64::new(0),
            leased: AtomicU64::new(0),
            alone: AtomicU64::new(0),
        });
        let shared = shared.map(|(link, nation)| Buckets {
            link,
            prefix: format!("dancu:q:{}:", nation.text()),
        });
        let driver = drive(Arc::downgrade(&desk), shared, clock);
        (Self(desk), driver)
    }

    /// Takes the items of one message, or tells when there will be some.
    pub fn take(&self, agency: AgencyCode, items: u32) -> Result<(), Quota> {
        let Some(limit) = self.0.limits.of(agency) else {
            return Ok(());
        };
        let slot = self.0.slot(agency, limit);
        let at_hand = slot.at_hand.load(Ordering::Relaxed);
        if at_hand <= 0 {
            self.0
                .refused
                .fetch_add(u64::from(items), Ordering::Relaxed);
            self.0.ring(&slot);
            return Err(Quota {
                limit,
                per: Period::Second,
                retry_after: Some(slot.until_some(at_hand)),
            });
        }
        slot.at_hand.fetch_sub(i64::from(items), Ordering::Relaxed);
        self.0.ring(&slot);
        Ok(())
    }

    /// What happened since the start.
    pub fn counters(&self) -> QuotaCounts {
        QuotaCounts {
            refused: self.0.refused.load(Ordering::Relaxed),
            leased: self.0.leased.load(Ordering::Relaxed),
            alone: self.0.alone.load(Ordering::Relaxed),
        }
    }
}

impl QuotaLimits {
    fn of(&self, agency: AgencyCode) -> Option<u32> {
        let own = self.agencies.get(&agency).copied();
        own.or(self.usual)
    }
}

impl Desk {
    fn slot(&self, agency: AgencyCode, limit: u32) -> Arc<Slot> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&agency) {
            return slot.clone();
        }
        drop(slots);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Slot::new(agency, limit));
        slots.entry(agency).or_insert_with(new).clone()
    }

    /// Has the driver look, once for many takes.
    fn ring(&self, slot: &Slot) {
        if !slot.taken.load(Ordering::Relaxed) && !slot.taken.swap(true, Ordering::Relaxed) {
            self.bell.notify_one();
        }
    }

    fn wanting(&self) -> Vec<(Arc<Slot>, u32)> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let wanting = slots.values().filter_map(|slot| {
            slot.taken.store(false, Ordering::Relaxed);
            Some((slot.clone(), slot.wanted()?))
        });
        wanting.collect()
    }
}

impl Slot {
    fn new(agency: AgencyCode, limit: u32) -> Self {
        Self {
            agency,
            limit,
            at_hand: AtomicI64::new(i64::from(kept_at_hand(limit))),
            taken: AtomicBool::new(false),
            bucket: Mutex::default(),
        }
    }

    /// What is missing at hand; never more than a bucket holds.
    fn wanted(&self) -> Option<u32> {
        let at_hand = self.at_hand.load(Ordering::Relaxed);
        let wanted = i64::from(kept_at_hand(self.limit)) - at_hand;
        let wanted = u32::try_from(wanted.min(i64::from(self.limit))).ok()?;
        (wanted > 0).then_some(wanted)
    }

    /// How long it takes until the debt is paid and something is there again.
    fn until_some(&self, at_hand: i64) -> Duration {
        let items = (1 - at_hand).unsigned_abs();
        let ms = items.saturating_mul(1_000) / u64::from(self.limit.max(1));
        Duration::from_millis(ms) + PORTION
    }

    fn alone(&self, wanted: u32, now: Timestamp) -> u32 {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.lease(self.limit, wanted, now)
    }
}

impl Bucket {
    fn lease(&mut self, limit: u32, wanted: u32, now: Timestamp) -> u32 {
        let full = i64::from(limit) * 1_000;
        let left = self.left.map_or(full, |(left, at)| {
            let passed = now.0.saturating_sub(at.0).clamp(0, 1_000);
            full.min(left + passed * i64::from(limit))
        });
        let given = i64::from(wanted).min(left / 1_000).max(0);
        self.left = Some((left - given * 1_000, now));
        given as u32
    }
}

/// Leases what was taken, in portions, while anything is wanted.
async fn drive(desk: std::sync::Weak<Desk>, shared: Option<Buckets>, clock: Arc<dyn Clock>) {
    loop {
        let Some(held) = desk.upgrade() else { return };
        let wanting = held.wanting();
        if wanting.is_empty() {
            drop(held);
            rung_or_gone(&desk).await;
            continue;
        }
        let leased = match &shared {
            Some(buckets) => buckets.lease(&wanting).await,
            None => None,
        };
        match leased {
            Some(given) => give(&wanting, &given, &held.leased),
            None => {
                let now = clock.now();
                let each = wanting
                    .iter()
                    .map(|(slot, wanted)| slot.alone(*wanted, now));
                let given: Vec<_> = each.collect();
                give(&wanting, &given, &held.alone);
            }
        }
        drop(held);
        tokio::time::sleep(PORTION).await;
    }
}

/// Waits for a bell without holding the desk for longer than a moment at a time.
async fn rung_or_gone(desk: &std::sync::Weak<Desk>) {
    while let Some(held) = desk.upgrade() {
        let rung = tokio::time::timeout(Duration::from_secs(1), held.bell.notified());
        if rung.await.is_ok() {
            return;
        }
    }
}

/// Gives to each slot what it got.
fn give(to: &[(Arc<Slot>, u32)], given: &[u32], counter: &AtomicU64) {
    for ((slot, _), given) in to.iter().zip(given) {
        slot.at_hand.fetch_add(i64::from(*given), Ordering::Relaxed);
        counter.fetch_add(u64::from(*given), Ordering::Relaxed);
    }
}

impl Buckets {
    /// One round with Redis: what each gets, or nothing at all while it is away.
    async fn lease(&self, wanting: &[(Arc<Slot>, u32)]) -> Option<Vec<u32>> {
        let mut questions = Pipeline::new();
        for (slot, wanted) in wanting {
            let bucket = format!("{}{}", self.prefix, slot.agency);
            let ask = questions.cmd("EVAL").arg(LEASE).arg(1).arg(bucket);
            ask.arg(slot.limit).arg(*wanted);
        }
        let answers = self.link.ask_all(&questions).await.ok()?;
        let given = |(answer, (_, wanted)): (Value, &(_, u32))| match answer {
            Value::Int(given) => u32::try_from(given).ok().filter(|given| given <= wanted),
            _ => None,
        };
        answers.into_iter().zip(wanting).map(given).collect()
    }
}

const fn kept_at_hand(limit: u32) -> u32 {
    let part = limit / AT_HAND;
    if part == 0 { 1 } else { part }
}

impl std::fmt::Debug for Quotas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quotas").finish_non_exhaustive()
    }
}
