//! Instances of the shared level, for tests.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dancu_cache::{
    Bounds, Link, LinkConfig, RecordForm, RedisState, SealKeys, Shared, SharedConfig, Watermark,
    follow,
};
use dancu_domain::{ChangeFeed, Clock as _, NationId, Registry, Timestamp};
use dancu_store::{decode_citizen, encode_citizen};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::TestClock;

/// Long enough for a crowded machine; tests of the limit itself set their own.
pub(crate) const PATIENT: Duration = Duration::from_secs(5);

/// One instance: its level, and what runs behind it.
pub(crate) struct Instance<R> {
    pub(crate) shared: Arc<Shared<R>>,
    pub(crate) link: Link,
    pub(crate) watermark: Arc<Watermark>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) back: JoinSet<()>,
}

pub(crate) fn form() -> RecordForm {
    RecordForm {
        encode: encode_citizen,
        decode: |bytes| decode_citizen(bytes).ok(),
    }
}

/// Keys that no other test has: its values are its own, whoever else uses the same Redis.
pub(crate) fn seal_keys() -> SealKeys {
    static TURN: AtomicU64 = AtomicU64::new(1);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let mut names = [0; 16];
    names[..8].copy_from_slice(&turn.to_le_bytes());
    SealKeys {
        names,
        current: [3; 32],
        previous: Vec::new(),
    }
}

pub(crate) fn config(seal: &SealKeys) -> SharedConfig {
    SharedConfig {
        // Who follows nobody has heard of the registry when it began, and never again.
        bounds: Bounds {
            away_ms: i64::MAX,
            ..Bounds::default()
        },
        ..SharedConfig::new(seal.clone(), form())
    }
}

/// A link with its keeper, for the length of `back`.
pub(crate) fn link(url: &str, limit: Duration, back: &mut JoinSet<()>) -> Link {
    let config = LinkConfig {
        url: url.to_owned(),
        timeout: limit,
    };
    let (link, keeper) = Link::new(&config).expect("an address");
    back.spawn(keeper);
    link
}

pub(crate) async fn until(link: &Link, what: impl Fn(RedisState) -> bool) {
    let mut state = link.state();
    let reached = timeout(
        Duration::from_secs(20),
        state.wait_for(|state| what(*state)),
    )
    .await;
    let seen = *link.state().borrow();
    reached
        .unwrap_or_else(|_| panic!("the link stays {seen:?}"))
        .expect("the link lives");
}

pub(crate) async fn until_up(link: &Link) {
    until(link, RedisState::is_up).await;
}

impl<R: Registry + ChangeFeed> Instance<R> {
    /// An instance at `head` that follows nobody, and heard of the registry long ago: answers
    /// without a token go through.
    pub(crate) fn alone(
        registry: Arc<R>,
        nation: NationId,
        head: u64,
        url: &str,
        limit: Duration,
        config: SharedConfig,
    ) -> Self {
        let mut back = JoinSet::new();
        let watermark = Watermark::new(nation, head);
        let clock = TestClock::start();
        watermark.confirm(head, Timestamp(clock.now().0 - 3_600_000));
        let link = link(url, limit, &mut back);
        let (shared, driver) = Shared::new(
            registry,
            watermark.clone(),
            clock.clone(),
            link.clone(),
            config,
        );
        back.spawn(driver);
        Self {
            shared: Arc::new(shared),
            link,
            watermark,
            clock,
            back,
        }
    }

    /// The same with a follower.
    pub(crate) fn following(mut self, every: Duration) -> Self {
        let feed = self.shared.inner().clone();
        let (watermark, clock) = (self.watermark.clone(), self.clock.clone());
        self.back
            .spawn(follow(feed, watermark, clock, every, pending()));
        self
    }

    /// Waits until so many values were handed to Redis.
    pub(crate) async fn filled(&self, least: u64) {
        let filled = async {
            while self.shared.counters().filled < least {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let counts = || self.shared.counters();
        timeout(Duration::from_secs(20), filled)
            .await
            .unwrap_or_else(|_| panic!("not filled: {:?}", counts()));
    }
}
