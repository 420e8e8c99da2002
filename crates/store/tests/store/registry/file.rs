//! Registry files that tests make.

use std::path::{Path, PathBuf};

use dancu_store::conformance::Fixture;
use dancu_store::{Seeding, SqliteRegistry};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

pub(crate) async fn seed(path: &Path, fixture: &Fixture) {
    let mut seeding = Seeding::begin(path, &fixture.meta).await.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding.finish(&[], &[], &[]).await.unwrap();
}

pub(crate) async fn open(path: &Path) -> SqliteRegistry {
    SqliteRegistry::open(path).await.unwrap().unwrap().0
}

/// A seeded file in a folder of its own.
pub(crate) async fn seeded() -> (TempDir, PathBuf, Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let fixture = Fixture::new();
    seed(&path, &fixture).await;
    (folder, path, fixture)
}

/// A connection of somebody else's.
pub(crate) async fn beside(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

pub(crate) fn files(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
