//! All backends pass the one suite.

use dancu_store::conformance::parts::Parts;
use dancu_store::conformance::{Fixture, Subject};
use dancu_store::{
    MemoryRegistry, PostgresOptions, PostgresRegistry, Seeding, SqliteOptions, SqliteRegistry,
    registry_conformance,
};

async fn memory(fixture: Fixture) -> Subject<MemoryRegistry, MemoryRegistry> {
    let registry = fixture.in_memory();
    Subject::new(registry.clone(), registry, ())
}

async fn sqlite(fixture: Fixture) -> Subject<SqliteRegistry, SqliteRegistry> {
    sqlite_with(fixture, SqliteOptions::default()).await
}

/// One reader, and transactions of few records: every queue is narrow.
async fn sqlite_narrow(fixture: Fixture) -> Subject<SqliteRegistry, SqliteRegistry> {
    let options = SqliteOptions {
        readers: 1,
        max_records_per_commit: 2,
        ..SqliteOptions::default()
    };
    sqlite_with(fixture, options).await
}

async fn sqlite_with(
    fixture: Fixture,
    options: SqliteOptions,
) -> Subject<SqliteRegistry, SqliteRegistry> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let mut seeding = Seeding::begin(&path, &fixture.meta).await.unwrap();
    seeding.load(fixture.citizens).await.unwrap();
    seeding.finish(&[], &[], &[]).await.unwrap();
    let opened = SqliteRegistry::open_with(&path, options).await.unwrap();
    let (registry, meta) = opened.unwrap();
    assert_eq!(meta, fixture.meta);
    Subject::new(registry.clone(), registry, folder)
}

async fn postgres(fixture: Fixture) -> Subject<PostgresRegistry, PostgresRegistry> {
    postgres_with(fixture, PostgresOptions::default()).await
}

/// One reader, and transactions of few records.
async fn postgres_narrow(fixture: Fixture) -> Subject<PostgresRegistry, PostgresRegistry> {
    let options = PostgresOptions {
        readers: 1,
        max_records_per_commit: 2,
        ..PostgresOptions::default()
    };
    postgres_with(fixture, options).await
}

async fn postgres_with(
    fixture: Fixture,
    options: PostgresOptions,
) -> Subject<PostgresRegistry, PostgresRegistry> {
    let (url, _) = super::database::seeded(Parts::shared()).await;
    let registry = super::database::open(PostgresOptions { url, ..options }).await;
    assert_eq!(registry.meta(), fixture.meta);
    Subject::new(registry.clone(), registry, ())
}

/// Written by one instance and followed by another.
async fn postgres_two(fixture: Fixture) -> Subject<PostgresRegistry, PostgresRegistry> {
    let (url, _) = super::database::seeded(Parts::shared()).await;
    let registry = super::database::open(PostgresOptions::new(&url)).await;
    let feed = super::database::open(PostgresOptions::new(&url)).await;
    assert_eq!(feed.meta(), fixture.meta);
    Subject::new(registry, feed, ())
}

registry_conformance!(memory_registry, memory);
registry_conformance!(sqlite_registry, sqlite);
registry_conformance!(sqlite_registry_narrow, sqlite_narrow);
registry_conformance!(postgres_registry, postgres);
registry_conformance!(postgres_registry_narrow, postgres_narrow);
registry_conformance!(postgres_registry_followed_by_another, postgres_two);
