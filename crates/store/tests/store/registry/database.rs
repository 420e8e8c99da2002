//! Registries in databases that tests make.

use dancu_store::conformance::Fixture;
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresOptions, PostgresRegistry, PostgresSeeding};

pub(crate) async fn seed(url: &str, fixture: &Fixture) {
    let options = PostgresOptions::new(url);
    let seeding = PostgresSeeding::begin(&options, &fixture.meta).await;
    let mut seeding = seeding.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding.finish(&[], &[], &[]).await.unwrap();
}

/// A seeded database of its own.
pub(crate) async fn seeded(parts: &Parts) -> (String, Fixture) {
    let url = parts.fresh_database();
    let fixture = Fixture::new();
    seed(&url, &fixture).await;
    (url, fixture)
}

pub(crate) async fn open(options: PostgresOptions) -> PostgresRegistry {
    PostgresRegistry::open(options).await.unwrap().0
}
