//! A nation in PostgreSQL is whole or not there, and a seeding that was killed goes on.

use super::database::{open, seed, seeded};
use dancu_domain::{Freshness, NationId, Registry as _};
use dancu_store::conformance::Fixture;
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresOptions, PostgresRegistry, PostgresSeeding, RegistryMeta, StoreError};

const NOW: Freshness = Freshness::FullyConsistent;

/// Begins as soon as the attempt before is noticed to be gone.
async fn begin(options: &PostgresOptions, meta: &RegistryMeta, run: usize) -> PostgresSeeding {
    loop {
        match PostgresSeeding::begin_with(options, meta, run).await {
            Err(StoreError::BeingSeeded) => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            begun => return begun.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_killed_seeding_goes_on_where_it_was_and_keeps_its_id() {
    let url = Parts::shared().fresh_database();
    let options = PostgresOptions::new(&url);
    let fixture = Fixture::new();
    let mut attempts = 0;
    let mut last = 0;
    // Each attempt gets two runs further, is dropped in the middle of a third, and was handed
    // all citizens from the first.
    loop {
        let meta = RegistryMeta {
            nation: NationId([attempts + 1; 16]),
            ..fixture.meta
        };
        let mut seeding = begin(&options, &meta, 64).await;
        assert!(seeding.taken() >= last);
        assert_eq!(seeding.taken() % 64, 0);
        assert_eq!(
            seeding.meta().nation,
            NationId([1; 16]),
            "the id of the first"
        );
        last = seeding.taken();
        attempts += 1;
        if last + 64 * 3 > fixture.citizens.len() as u64 {
            // The last one leaves out what is in by itself.
            let left = fixture.citizens[last as usize..].to_vec();
            seeding.begin_after(last);
            seeding.load(left).await.unwrap();
            seeding.finish(&[], &[], &[]).await.unwrap();
            break;
        }
        let some = (last as usize + 64 * 2 + 10).min(fixture.citizens.len());
        for part in fixture.citizens[..some].chunks(50) {
            seeding.load(part.to_vec()).await.unwrap();
        }
        let opened = PostgresRegistry::open(options.clone()).await;
        assert!(matches!(opened, Err(StoreError::NoNation)));
        drop(seeding);
    }
    assert!(attempts >= 3, "{attempts} attempts");
    let registry = open(options).await;
    let keys: Vec<_> = (0..fixture.citizens.len())
        .map(|at| fixture.key(at))
        .collect();
    let reading = registry.read(&keys, NOW).await.unwrap();
    for (candidates, citizen) in reading.candidates.iter().zip(&fixture.citizens) {
        assert_eq!(*candidates.citizens()[0], *citizen);
    }
}

#[tokio::test]
async fn what_an_attempt_at_another_nation_left_is_removed_only_when_that_is_asked_for() {
    let url = Parts::shared().fresh_database();
    let options = PostgresOptions::new(&url);
    let fixture = Fixture::new();
    let other = RegistryMeta {
        seed: 5,
        ..fixture.meta
    };
    let mut seeding = PostgresSeeding::begin_with(&options, &other, 16)
        .await
        .unwrap();
    seeding
        .load(fixture.citizens[..100].to_vec())
        .await
        .unwrap();
    drop(seeding);
    let refused = loop {
        match PostgresSeeding::begin_with(&options, &fixture.meta, 64).await {
            // The one that was dropped still has its connection.
            Err(StoreError::BeingSeeded) => tokio::task::yield_now().await,
            told => break told,
        }
    };
    let Err(StoreError::Unfinished { found, taken }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((found, taken > 0), (other, true), "{taken}");
    // A refusal leaves it as it is.
    let mut seeding = begin(&options, &other, 16).await;
    assert!(seeding.taken() >= taken);
    seeding.begin_after(0);
    drop(seeding);
    let mut seeding = loop {
        match PostgresSeeding::begin_anew(&options, &fixture.meta).await {
            Err(StoreError::BeingSeeded) => tokio::task::yield_now().await,
            told => break told.unwrap(),
        }
    };
    assert_eq!(seeding.taken(), 0);
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding.finish(&[], &[], &[]).await.unwrap();
    assert_eq!(open(options).await.meta(), fixture.meta);
}

#[tokio::test]
async fn what_is_complete_or_being_made_is_not_seeded_over() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let options = PostgresOptions::new(&url);
    let again = PostgresSeeding::begin(&options, &fixture.meta).await;
    assert!(matches!(again, Err(StoreError::AlreadyThere)));
    let options = PostgresOptions::new(Parts::shared().fresh_database());
    let seeding = PostgresSeeding::begin(&options, &fixture.meta)
        .await
        .unwrap();
    let second = PostgresSeeding::begin(&options, &fixture.meta).await;
    assert!(matches!(second, Err(StoreError::BeingSeeded)));
    drop(seeding);
}

#[tokio::test]
async fn a_citizen_seeded_twice_is_an_error_and_no_nation() {
    let options = PostgresOptions::new(Parts::shared().fresh_database());
    let fixture = Fixture::new();
    let mut seeding = PostgresSeeding::begin(&options, &fixture.meta)
        .await
        .unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding
        .load(vec![fixture.citizens[0].clone()])
        .await
        .unwrap();
    let error = seeding.finish(&[], &[], &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }));
    // The driver has the number in what it keeps beside its words.
    let number = fixture.citizens[0].personal_id.digits().to_string();
    let source = std::error::Error::source(&error).unwrap();
    assert!(format!("{source:?}").contains(&number), "{source:?}");
    let told = format!("{error} {error:?} {source}");
    assert!(!told.contains(&number), "{told}");
    let opened = PostgresRegistry::open(options).await;
    assert!(matches!(opened, Err(StoreError::NoNation)));
}

#[tokio::test]
async fn a_database_of_a_later_build_is_refused() {
    let (url, fixture) = seeded(Parts::shared()).await;
    Parts::shared().sql_in(
        &url,
        "INSERT INTO schema_steps (part, step, checksum) VALUES ('registry', 3, 1)",
    );
    let options = PostgresOptions::new(&url);
    let opened = PostgresRegistry::open(options.clone()).await;
    assert!(matches!(
        opened,
        Err(StoreError::SchemaUnknown { found: 3, .. })
    ));
    let begun = PostgresSeeding::begin(&options, &fixture.meta).await;
    assert!(matches!(begun, Err(StoreError::SchemaUnknown { .. })));
}

#[tokio::test]
async fn the_directory_comes_back_as_in_the_embedded_registry() {
    let nation = dancu_population::Nation::new(1, 2_000);
    let (agencies, credentials, licences) = (
        dancu_population::Nation::agencies(),
        nation.credentials(),
        nation.licences(),
    );
    let options = PostgresOptions::new(Parts::shared().fresh_database());
    let seeding = PostgresSeeding::begin(&options, &Fixture::new().meta)
        .await
        .unwrap();
    seeding
        .finish(&agencies, &credentials, &licences)
        .await
        .unwrap();
    let rows = open(options).await.directory_rows().await.unwrap();
    let mut expected = agencies.clone();
    expected.sort_by(|a, b| a.code.text().cmp(b.code.text()));
    assert_eq!(rows.agencies, expected);
    let mut expected = credentials.clone();
    expected.sort_by_key(|credential| credential.digest);
    assert_eq!(rows.credentials, expected);
    assert_eq!(rows.licences, licences);
}

#[tokio::test]
async fn who_reads_what_was_copied_reads_what_was_seeded() {
    let fixture = Fixture::new();
    let url = Parts::shared().fresh_database();
    seed(&url, &fixture).await;
    let registry = open(PostgresOptions::new(&url)).await;
    let (personal, legacy): (Vec<_>, Vec<_>) = (5..400)
        .map(|at| (fixture.key(at), fixture.old_key(at)))
        .unzip();
    for keys in [personal, legacy] {
        let reading = registry.read(&keys, NOW).await.unwrap();
        for (candidates, citizen) in reading.candidates.iter().zip(&fixture.citizens[5..]) {
            assert_eq!(*candidates.citizens()[0], *citizen);
        }
    }
}
