//! A registry that goes on from an earlier state, because a standby took over that lacks what others
//! had seen: nothing that was kept is served in place of what was acknowledged since.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use crate::support::TestClock;
use crate::support::backends::postgres_seeded;
use dancu_cache::{CacheConfig, Cached, CoalesceConfig, Coalesced, Watermark, follow, layered};
use dancu_domain::{ChangeFeed as _, Freshness, IdKey, Registry as _, Revision, Source};
use dancu_store::conformance::parts::Parts;
use dancu_store::conformance::{Event, Fixture};
use dancu_store::{PostgresOptions, PostgresRegistry};
use tokio::time::{sleep, timeout};

type Instance = Cached<Coalesced<PostgresRegistry>>;

/// Longer than any test: a follower that looks at the start and then never.
const NEVER: Duration = Duration::from_hours(10);
/// As often as in earnest.
const OFTEN: Duration = Duration::from_millis(100);

async fn seeded(fixture: &Fixture) -> String {
    let url = postgres_seeded(fixture).await;
    Parts::shared().sql_in(&url, "CREATE TABLE earlier AS SELECT * FROM citizens");
    url
}

async fn instance(url: &str, fixture: &Fixture, every: Duration) -> Instance {
    let options = PostgresOptions::new(url.to_owned());
    let (registry, _) = PostgresRegistry::open(options).await.unwrap();
    let (registry, clock) = (Arc::new(registry), TestClock::start());
    let head = registry.head().await.unwrap().number;
    let watermark = Watermark::new(fixture.meta.nation, head);
    let following = follow(
        registry.clone(),
        watermark.clone(),
        clock.clone(),
        every,
        pending(),
    );
    tokio::spawn(following);
    let (cached, driver) = layered(
        registry,
        watermark,
        clock,
        CacheConfig::default(),
        CoalesceConfig::default(),
    );
    tokio::spawn(driver);
    cached
}

/// Takes the changes back, as if another server had taken over that never had them.
fn set_back(url: &str, other_server: bool) {
    let name = url.rsplit('/').next().unwrap();
    let line = if other_server {
        "UPDATE line SET history = 'another server/00000001';"
    } else {
        ""
    };
    Parts::shared().sql_in(
        url,
        &format!(
            "DELETE FROM changes; DELETE FROM effects; {line} UPDATE citizens AS c
             SET record = e.record, version = e.version FROM earlier AS e
             WHERE c.personal_id = e.personal_id"
        ),
    );
    Parts::shared().sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    ));
}

async fn version(instance: &Instance, key: IdKey, freshness: Freshness) -> (u32, Source) {
    let reading = instance.read(&[key], freshness).await.unwrap();
    (reading.candidates[0].citizens()[0].version, reading.source)
}

/// Both know a change of somebody else that is lost then, and keep the citizen who is changed next.
async fn two(fixture: &Fixture, every: Duration) -> (String, Instance, Instance, IdKey) {
    let url = seeded(fixture).await;
    let first = instance(&url, fixture, every).await;
    let second = instance(&url, fixture, every).await;
    let lost = first.apply(vec![fixture.event(1, Event::residence("lost", 1))]);
    let token = lost.await.unwrap().revision;
    let key = fixture.key(0);
    for instance in [&first, &second] {
        let fresh = Freshness::AtLeast(token);
        version(instance, fixture.key(1), fresh).await;
        instance.read(&[key, fixture.key(1)], fresh).await.unwrap();
        let seen = async {
            while version(instance, key, fresh).await.1 != Source::Memory {
                sleep(OFTEN / 10).await;
            }
        };
        if every == OFTEN {
            timeout(Duration::from_secs(30), seen).await.unwrap();
        }
    }
    (url, first, second, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_since_is_seen_by_everybody_who_shows_its_revision() {
    let fixture = Fixture::new();
    for every in [NEVER, OFTEN] {
        let (url, first, second, key) = two(&fixture, every).await;
        set_back(&url, true);
        let pushed = vec![fixture.event(0, Event::residence("new", 2))];
        let pushed = first.apply(pushed).await.unwrap();
        assert!(pushed.revision.number >> 32 > 0, "{pushed:?}");
        for instance in [&first, &second] {
            let (version, _) = version(instance, key, Freshness::AtLeast(pushed.revision)).await;
            assert_eq!(version, 1, "followed every {every:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_is_forgotten_by_whoever_follows() {
    let fixture = Fixture::new();
    for other_server in [true, false] {
        let (url, first, second, _) = two(&fixture, OFTEN).await;
        set_back(&url, other_server);
        let lost = fixture.key(1);
        for instance in [&first, &second] {
            let follows = async {
                loop {
                    let head = instance.read(&[lost], Freshness::MinimizeLatency).await;
                    if head.is_ok_and(|read| Revision::begins_line(read.revision.number)) {
                        break;
                    }
                    sleep(OFTEN / 10).await;
                }
            };
            timeout(Duration::from_secs(30), follows).await.unwrap();
            let (version, _) = version(instance, lost, Freshness::MinimizeLatency).await;
            assert_eq!(version, 0, "another server: {other_server}");
        }
    }
}
