//! The registries that last, filled with the people of a fixture.

use dancu_store::conformance::Fixture;
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresOptions, PostgresRegistry, PostgresSeeding, Seeding, SqliteRegistry};
use tempfile::TempDir;

/// A file, and the folder that goes with it.
pub(crate) async fn sqlite(fixture: &Fixture) -> (SqliteRegistry, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let mut seeding = Seeding::begin(&path, &fixture.meta).await.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding.finish(&[], &[], &[]).await.unwrap();
    let (registry, _) = SqliteRegistry::open(&path).await.unwrap().unwrap();
    (registry, folder)
}

/// A database, by its address.
pub(crate) async fn postgres_seeded(fixture: &Fixture) -> String {
    let url = Parts::shared().fresh_database();
    let options = PostgresOptions::new(url.clone());
    let seeding = PostgresSeeding::begin(&options, &fixture.meta).await;
    let mut seeding = seeding.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding.finish(&[], &[], &[]).await.unwrap();
    url
}

/// A database of its own.
pub(crate) async fn postgres(fixture: &Fixture) -> PostgresRegistry {
    let url = postgres_seeded(fixture).await;
    let (registry, _) = PostgresRegistry::open(PostgresOptions::new(url))
        .await
        .unwrap();
    registry
}
