//! Every wrapping passes the suite of the registries that it wraps.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use crate::support::TestClock;
use crate::support::backends::{postgres, sqlite};
use dancu_cache::{
    Bounds, CacheConfig, Cached, CoalesceConfig, Coalesced, Watermark, follow, layered,
};
use dancu_domain::{ChangeFeed, Registry};
use dancu_store::conformance::{Fixture, Subject};
use dancu_store::{MemoryRegistry, PostgresRegistry, SqliteRegistry, registry_conformance};

const EVERY: Duration = Duration::from_millis(5);

/// Only what the level does: a follower, and nobody who coalesces.
async fn cached_memory(fixture: Fixture) -> Subject<Cached<MemoryRegistry>, MemoryRegistry> {
    let (registry, clock) = (fixture.in_memory(), TestClock::start());
    let watermark = Watermark::new(fixture.meta.nation, 0);
    let feed = Arc::new(registry.clone());
    tokio::spawn(follow(
        feed,
        watermark.clone(),
        clock.clone(),
        EVERY,
        pending(),
    ));
    let cached = Cached::new(registry.clone(), watermark, 1_000, clock, Bounds::default());
    Subject::new(cached, registry, ())
}

/// No follower at all: what is not this instance's own is never confirmed.
async fn cached_memory_alone(fixture: Fixture) -> Subject<Cached<MemoryRegistry>, MemoryRegistry> {
    let (registry, clock) = (fixture.in_memory(), TestClock::start());
    let watermark = Watermark::new(fixture.meta.nation, 0);
    let cached = Cached::new(registry.clone(), watermark, 1_000, clock, Bounds::default());
    Subject::new(cached, registry, ())
}

async fn coalesced_memory(
    fixture: Fixture,
) -> Subject<Cached<Coalesced<MemoryRegistry>>, MemoryRegistry> {
    let registry = fixture.in_memory();
    let cached = behind_all(registry.clone(), &fixture, 1_000);
    Subject::new(cached, registry, ())
}

/// A level that holds next to nothing: most reads are misses, and values come and go.
async fn coalesced_memory_small(
    fixture: Fixture,
) -> Subject<Cached<Coalesced<MemoryRegistry>>, MemoryRegistry> {
    let registry = fixture.in_memory();
    let cached = behind_all(registry.clone(), &fixture, 4);
    Subject::new(cached, registry, ())
}

async fn coalesced_sqlite(
    fixture: Fixture,
) -> Subject<Cached<Coalesced<SqliteRegistry>>, SqliteRegistry> {
    let (registry, folder) = sqlite(&fixture).await;
    let cached = behind_all(registry.clone(), &fixture, 1_000);
    Subject::new(cached, registry, folder)
}

async fn coalesced_postgres(
    fixture: Fixture,
) -> Subject<Cached<Coalesced<PostgresRegistry>>, PostgresRegistry> {
    let registry = postgres(&fixture).await;
    let cached = behind_all(registry.clone(), &fixture, 1_000);
    Subject::new(cached, registry, ())
}

/// The usual order of wrappers, with driver and follower running.
fn behind_all<R: Registry + ChangeFeed>(
    registry: R,
    fixture: &Fixture,
    capacity: usize,
) -> Cached<Coalesced<R>> {
    let (registry, clock) = (Arc::new(registry), TestClock::start());
    let watermark = Watermark::new(fixture.meta.nation, 0);
    let feed = registry.clone();
    tokio::spawn(follow(
        feed,
        watermark.clone(),
        clock.clone(),
        EVERY,
        pending(),
    ));
    let cache = CacheConfig {
        capacity,
        bounds: Bounds::default(),
    };
    let (cached, driver) = layered(registry, watermark, clock, cache, CoalesceConfig::default());
    tokio::spawn(driver);
    cached
}

registry_conformance!(the_level_over_memory, cached_memory);
registry_conformance!(the_level_without_a_follower, cached_memory_alone);
registry_conformance!(the_level_over_the_list_over_memory, coalesced_memory);
registry_conformance!(
    a_small_level_over_the_list_over_memory,
    coalesced_memory_small
);
registry_conformance!(the_level_over_the_list_over_sqlite, coalesced_sqlite);
registry_conformance!(the_level_over_the_list_over_postgres, coalesced_postgres);
