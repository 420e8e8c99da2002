//! What is kept in Redis is served to whom it belongs, while it is true, and never otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::kept::{ALONE, instance, kept_name, read, versions};
use crate::support::over_redis::{Instance, PATIENT, config, seal_keys, until_up};
use crate::support::redis_server::RedisServer;
use crate::support::{Model, NATION, TestClock, at_least, change, legacy_key, personal_key};
use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Freshness, IdKey, NationId, Reading, Registry,
    RegistryError, Revision, Source,
};
use tokio::sync::Notify;

/// A model whose reads can be held after they have seen the state.
struct Held {
    model: Arc<Model>,
    hold: AtomicBool,
    seen: Notify,
    go: Notify,
}

impl Held {
    fn new(people: u64) -> Arc<Self> {
        Arc::new(Self {
            model: Model::new(TestClock::start(), 1, 0, people),
            hold: AtomicBool::new(false),
            seen: Notify::new(),
            go: Notify::new(),
        })
    }
}

impl Registry for Held {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let reading = self.model.read(keys, freshness).await;
        if self.hold.swap(false, Ordering::Relaxed) {
            self.seen.notify_one();
            self.go.notified().await;
        }
        reading
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.model.apply(records).await
    }
}

impl ChangeFeed for Held {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.model.head().await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.model.changes(after, limit).await
    }
}

#[tokio::test]
async fn what_one_instance_read_another_finds() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 4), seal_keys());
    let (one, other) = (
        instance(&model, 0, &seal).await,
        instance(&model, 0, &seal).await,
    );
    let keys = [personal_key(0), legacy_key(1), personal_key(9)];
    let first = read(&one, &keys).await;
    assert_eq!(first.source, Source::Registry);
    one.filled(3).await;
    let second = read(&other, &keys).await;
    assert_eq!(second.source, Source::Redis);
    assert_eq!(second.candidates, first.candidates);
    assert_eq!(versions(&second), [vec![0], vec![0, 0], vec![]]);
    assert_eq!(model.reads(), 1);
    let counts = other.shared.counters();
    assert_eq!((counts.hits, counts.absent_hits), (2, 1));
}

#[tokio::test]
async fn nobody_is_remembered_for_a_shorter_time() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 4), seal_keys());
    let instance = instance(&model, 0, &seal).await;
    let expiry = |name: &[u8]| -> i64 { RedisServer::shared().ask(redis::cmd("PTTL").arg(name)) };
    let somebody = expiry(&kept_name(&instance, personal_key(0)).await);
    let nobody = expiry(&kept_name(&instance, personal_key(9)).await);
    assert!((3_000_000..=3_600_000).contains(&somebody), "{somebody}");
    assert!((30_000..=60_000).contains(&nobody), "{nobody}");
}

#[tokio::test]
async fn a_change_outdates_what_others_keep() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 4), seal_keys());
    let one = instance(&model, 0, &seal).await;
    let other = instance(&model, 0, &seal)
        .await
        .following(Duration::from_millis(2));
    let key = personal_key(0);
    read(&one, &[key]).await;
    one.filled(1).await;
    one.shared.apply(vec![change(0)]).await.unwrap();
    let here = read(&one, &[key]).await;
    assert_eq!((versions(&here), here.revision.number), (vec![vec![1]], 1));
    while other.watermark.revision() < 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let there = read(&other, &[key]).await;
    assert_eq!(versions(&there), [vec![1]]);
    assert!(there.revision.number >= 1);
}

/// The trap: a reader saw the old state, a writer comes, and the reader fills last.
#[tokio::test]
async fn a_slow_fill_with_a_write_in_between_is_never_served() {
    let _alone = ALONE.lock().await;
    let (held, seal) = (Held::new(4), seal_keys());
    let slow = instance(&held, 0, &seal).await;
    let writer = instance(&held, 0, &seal).await;
    let key = personal_key(0);
    held.hold.store(true, Ordering::Relaxed);
    let reading = tokio::spawn({
        let shared = slow.shared.clone();
        async move { shared.read(&[key], at_least(0)).await.unwrap() }
    });
    held.seen.notified().await;
    writer.shared.apply(vec![change(0)]).await.unwrap();
    held.go.notify_one();
    let old = reading.await.unwrap();
    assert_eq!((versions(&old), old.revision.number), (vec![vec![0]], 0));
    slow.filled(1).await;
    // The old value is in Redis now, put there after the change.
    let new = read(&writer, &[key]).await;
    assert_eq!((versions(&new), new.revision.number), (vec![vec![1]], 1));
    assert_eq!(writer.shared.counters().stale, 1);
    // And whoever has not followed, and says what it saw, reads through.
    let told = slow.shared.read(&[key], at_least(1)).await.unwrap();
    assert_eq!(versions(&told), [vec![1]]);
}

/// What an instance read at a state that this one has not followed is not mixed in.
#[tokio::test]
async fn a_value_from_beyond_the_watermark_is_read_again() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 4), seal_keys());
    let behind = instance(&model, 0, &seal).await;
    let ahead = instance(&model, 0, &seal).await;
    read(&behind, &[personal_key(1)]).await;
    behind.filled(1).await;
    ahead.shared.apply(vec![change(0)]).await.unwrap();
    read(&ahead, &[personal_key(0)]).await;
    ahead.filled(1).await;
    let mixed = read(&behind, &[personal_key(0), personal_key(1)]).await;
    assert_eq!(mixed.revision.number, 1);
    assert_eq!(versions(&mixed), [vec![1], vec![0]]);
    assert_eq!(behind.shared.counters().stale, 1);
}

/// A batch of kept and read parts is the truth at one revision, also when the registry has gone
/// on and one of the kept has changed.
#[tokio::test]
async fn kept_and_read_parts_fit_one_revision() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 6), seal_keys());
    let instance = instance(&model, 0, &seal).await;
    let keys = [personal_key(0), personal_key(2), personal_key(4)];
    read(&instance, &keys[..2]).await;
    instance.filled(2).await;
    model.commit(5);
    let reading = read(&instance, &keys).await;
    assert_eq!(reading.revision.number, 1);
    assert_eq!(versions(&reading), [vec![0], vec![0], vec![0]]);
    assert_eq!(
        instance.shared.counters().reread,
        0,
        "nobody of them changed"
    );
    instance.filled(3).await;
    model.commit(2);
    let asked = [keys[0], keys[1], personal_key(1)];
    let reading = read(&instance, &asked).await;
    assert_eq!(reading.revision.number, 2);
    assert_eq!(versions(&reading), [vec![0], vec![1], vec![0]]);
    assert_eq!(instance.shared.counters().reread, 1);
}

/// An instance that begins late knows nothing of earlier changes until it has recalled them.
#[tokio::test]
async fn an_instance_that_begins_late_serves_nothing_that_has_changed_before() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 40), seal_keys());
    let early = instance(&model, 0, &seal).await;
    let keys: Vec<_> = (0..40).map(personal_key).collect();
    read(&early, &keys).await;
    early.filled(40).await;
    for index in 0..20 {
        model.commit(index);
    }
    model.feed_away.store(true, Ordering::Relaxed);
    let late = instance(&model, 20, &seal).await;
    let reading = read(&late, &keys).await;
    let truth: Vec<_> = (0..40).map(|index| vec![u32::from(index < 20)]).collect();
    assert_eq!(versions(&reading), truth);
    assert_eq!(late.shared.counters().hits, 0, "it can judge nothing yet");
    model.feed_away.store(false, Ordering::Relaxed);
    for patience in 1.. {
        RedisServer::shared().flush();
        let filled = early.shared.counters().filled;
        early.shared.read(&keys, at_least(0)).await.unwrap();
        early.filled(filled + 40).await;
        let late = instance(&model, 20, &seal).await;
        tokio::time::sleep(Duration::from_millis(50 * patience)).await;
        assert_eq!(versions(&read(&late, &keys).await), truth);
        // What was read at revision 0 is as good as ever for those who have not changed.
        match late.shared.counters() {
            counts if counts.hits == 20 => return,
            counts => assert!(patience < 20, "nothing was recalled: {counts:?}"),
        }
    }
}

#[tokio::test]
async fn who_asks_for_the_present_passes_redis_by() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 4), seal_keys());
    let instance = instance(&model, 0, &seal).await;
    read(&instance, &[personal_key(0)]).await;
    instance.filled(1).await;
    model.commit(0);
    let now = instance
        .shared
        .read(&[personal_key(0)], Freshness::FullyConsistent)
        .await
        .unwrap();
    assert_eq!((versions(&now), now.revision.number), (vec![vec![1]], 1));
    // And who asks for nothing, while nobody has confirmed the head.
    let now = instance
        .shared
        .read(&[personal_key(0)], Freshness::MinimizeLatency)
        .await
        .unwrap();
    assert_eq!(versions(&now), [vec![1]]);
    assert_eq!(instance.shared.counters().passed, 2);
    let foreign = Freshness::AtLeast(Revision {
        nation: NationId([8; 16]),
        number: 0,
    });
    let refused = instance.shared.read(&[personal_key(0)], foreign).await;
    assert_eq!(refused.err(), Some(RegistryError::AnotherNation));
}

#[tokio::test]
async fn what_waits_to_be_kept_is_bounded() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 100), seal_keys());
    let url = RedisServer::shared().url();
    let mut small = config(&seal);
    small.waiting_fills = 10;
    let instance = Instance::alone(model, NATION, 0, &url, PATIENT, small);
    until_up(&instance.link).await;
    let keys: Vec<_> = (0..50).map(personal_key).collect();
    read(&instance, &keys).await;
    assert_eq!(instance.shared.counters().unkept, 50);
    read(&instance, &keys[..10]).await;
    instance.filled(10).await;
}
