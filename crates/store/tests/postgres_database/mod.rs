//! Registries in databases that tests make.
#![expect(
    clippy::unwrap_used,
    reason = "the lint knows tests, and not what tests are set up by"
)]
#![expect(unreachable_pub, reason = "each test file takes what it needs")]

use dancu_store::conformance::Fixture;
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresOptions, PostgresRegistry, PostgresSeeding};

pub async fn seed(url: &str, fixture: &Fixture) {
    let options = PostgresOptions::new(url);
    let seeding = PostgresSeeding::begin(&options, &fixture.meta).await;
    let mut seeding = seeding.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding.finish(&[], &[], &[]).await.unwrap();
}

/// A seeded database of its own.
pub async fn seeded(parts: &Parts) -> (String, Fixture) {
    let url = parts.fresh_database();
    let fixture = Fixture::new();
    seed(&url, &fixture).await;
    (url, fixture)
}

pub async fn open(options: PostgresOptions) -> PostgresRegistry {
    PostgresRegistry::open(options).await.unwrap().0
}
