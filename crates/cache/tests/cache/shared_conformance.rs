//! The level that instances share passes the suite of the registries, over a real Redis.

use std::sync::Arc;
use std::time::Duration;

use crate::support::backends::{postgres, sqlite};
use crate::support::over_redis::{Instance, PATIENT, config, seal_keys, until_up};
use crate::support::redis_server::RedisServer;
use dancu_cache::{Bounds, CacheConfig, Cached, CoalesceConfig, Coalesced, Shared, layered};
use dancu_domain::{
    Applied, ChangeFeed, ChangeRecord, Freshness, IdKey, Reading, Registry, RegistryError,
};
use dancu_store::conformance::{Fixture, Subject};
use dancu_store::{MemoryRegistry, PostgresRegistry, SqliteRegistry, registry_conformance};

const EVERY: Duration = Duration::from_millis(5);

async fn instance<R: Registry + ChangeFeed + Clone>(
    registry: &R,
    fixture: &Fixture,
    seal: &dancu_cache::SealKeys,
) -> Instance<R> {
    let url = RedisServer::shared().url();
    let registry = Arc::new(registry.clone());
    let nation = fixture.meta.nation;
    let instance = Instance::alone(registry, nation, 0, &url, PATIENT, config(seal));
    until_up(&instance.link).await;
    instance.following(EVERY)
}

fn behind_all<R: Registry + ChangeFeed>(
    instance: &mut Instance<R>,
    capacity: usize,
) -> Cached<Coalesced<Shared<R>>> {
    let cache = CacheConfig {
        capacity,
        bounds: Bounds::default(),
    };
    let (cached, driver) = layered(
        instance.shared.clone(),
        instance.watermark.clone(),
        instance.clock.clone(),
        cache,
        CoalesceConfig::default(),
    );
    instance.back.spawn(driver);
    cached
}

/// The level by itself.
struct Alone(Arc<Shared<MemoryRegistry>>);

impl Registry for Alone {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        self.0.read(keys, freshness).await
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.0.apply(records).await
    }
}

async fn shared_alone(fixture: Fixture) -> Subject<Alone, MemoryRegistry> {
    let registry = fixture.in_memory();
    let instance = instance(&registry, &fixture, &seal_keys()).await;
    Subject::new(Alone(instance.shared.clone()), registry, instance)
}

/// A level in the process that holds next to nothing: most reads come to Redis.
async fn whole_order(
    fixture: Fixture,
) -> Subject<Cached<Coalesced<Shared<MemoryRegistry>>>, MemoryRegistry> {
    let registry = fixture.in_memory();
    let mut instance = instance(&registry, &fixture, &seal_keys()).await;
    let cached = behind_all(&mut instance, 4);
    Subject::new(cached, registry, instance)
}

/// The same over a file.
async fn whole_order_over_sqlite(
    fixture: Fixture,
) -> Subject<Cached<Coalesced<Shared<SqliteRegistry>>>, SqliteRegistry> {
    let (registry, folder) = sqlite(&fixture).await;
    let mut instance = instance(&registry, &fixture, &seal_keys()).await;
    let cached = behind_all(&mut instance, 4);
    Subject::new(cached, registry, (instance, folder))
}

/// The same over a database.
async fn whole_order_over_postgres(
    fixture: Fixture,
) -> Subject<Cached<Coalesced<Shared<PostgresRegistry>>>, PostgresRegistry> {
    let registry = postgres(&fixture).await;
    let mut instance = instance(&registry, &fixture, &seal_keys()).await;
    let cached = behind_all(&mut instance, 4);
    Subject::new(cached, registry, instance)
}

/// Two instances over one registry and one Redis: one writes, and a read comes to either in turn.
struct Two {
    writes: Cached<Coalesced<Shared<MemoryRegistry>>>,
    reads: Cached<Coalesced<Shared<MemoryRegistry>>>,
    turn: std::sync::atomic::AtomicUsize,
}

impl Registry for Two {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let turn = self.turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // Who asks for nothing may be answered by an instance that is behind; the cases that do
        // ask the one that wrote.
        if freshness == Freshness::MinimizeLatency || turn.is_multiple_of(2) {
            self.writes.read(keys, freshness).await
        } else {
            self.reads.read(keys, freshness).await
        }
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.writes.apply(records).await
    }
}

async fn two_instances(fixture: Fixture) -> Subject<Two, MemoryRegistry> {
    let registry = fixture.in_memory();
    let seal = seal_keys();
    let mut one = instance(&registry, &fixture, &seal).await;
    let mut other = instance(&registry, &fixture, &seal).await;
    let two = Two {
        writes: behind_all(&mut one, 4),
        reads: behind_all(&mut other, 4),
        turn: Default::default(),
    };
    Subject::new(two, registry, (one, other))
}

/// An instance without Redis passes everything on.
async fn without_redis(fixture: Fixture) -> Subject<Shared<MemoryRegistry>, MemoryRegistry> {
    let registry = fixture.in_memory();
    let shared = Shared::without(Arc::new(registry.clone()));
    Subject::new(shared, registry, ())
}

registry_conformance!(the_shared_level_over_memory, shared_alone);
registry_conformance!(all_levels_over_memory, whole_order);
registry_conformance!(all_levels_over_sqlite, whole_order_over_sqlite);
registry_conformance!(all_levels_over_postgres, whole_order_over_postgres);
registry_conformance!(two_instances_over_memory, two_instances);
registry_conformance!(the_shared_level_without_redis, without_redis);
