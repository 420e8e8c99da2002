//! A nation is whole or not there, and what it was made of comes back.

use super::file::{beside, files, open, seed, seeded};
use dancu_domain::{
    Agency, AgencyCode, AgencyKind, AttributeSet, CivilDate, Credential, EventKind, Freshness,
    Licence, NationId, Patterns, Purpose, PurposeSet, Registry as _, ServiceCode, Validity,
};
use dancu_store::conformance::Fixture;
use dancu_store::{RegistryMeta, Seeding, SqliteRegistry, StoreError};

#[tokio::test]
async fn where_there_is_no_file_there_is_no_nation_and_none_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let opened = SqliteRegistry::open(&folder.path().join("registry.db")).await;
    assert!(opened.unwrap().is_none());
    assert_eq!(files(&folder), Vec::<String>::new());
}

#[tokio::test]
async fn a_half_seeded_nation_is_not_there_and_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let fixture = Fixture::new();
    let mut seeding = Seeding::begin(&path, &fixture.meta).await.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    drop(seeding);
    assert!(SqliteRegistry::open(&path).await.unwrap().is_none());
    // The second attempt would stumble over the citizens of the first, had it kept them.
    seed(&path, &fixture).await;
    let registry = open(&path).await;
    let reading = registry
        .read(&[fixture.key(0)], Freshness::FullyConsistent)
        .await
        .unwrap();
    assert_eq!(*reading.candidates[0].citizens()[0], fixture.citizens[0]);
    registry.close().await;
    assert_eq!(files(&folder), ["registry.db"]);
}

#[tokio::test]
async fn who_asks_for_another_nation_than_was_begun_is_told_and_removes_it_only_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let fixture = Fixture::new();
    let larger = RegistryMeta {
        citizens: 10_000_000,
        ..fixture.meta
    };
    let mut seeding = Seeding::begin(&path, &larger).await.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    drop(seeding);
    for _ in 0..2 {
        match Seeding::begin(&path, &fixture.meta).await {
            Err(StoreError::Unfinished { found, taken }) => {
                assert_eq!((found.seed, found.citizens), (larger.seed, 10_000_000));
                assert_eq!((found.generator, taken), (larger.generator, 0));
                assert_eq!(found.reference_date, larger.reference_date);
            }
            other => panic!("{other:?}"),
        }
    }
    // The same nation is begun again under whatever id.
    let again = RegistryMeta {
        nation: NationId([9; 16]),
        ..larger
    };
    drop(Seeding::begin(&path, &again).await.unwrap());
    drop(Seeding::begin_anew(&path, &fixture.meta).await.unwrap());
    // What the note says now is the smaller one, and it goes with the seeding.
    seed(&path, &fixture).await;
    open(&path).await.close().await;
    assert_eq!(files(&folder), ["registry.db"]);
}

#[tokio::test]
async fn a_note_that_says_nothing_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let fixture = Fixture::new();
    for said in [
        &b""[..],
        b"7 8",
        b"a b c d",
        b"1 2 3 99999999\n",
        b"7 \xff\xfe 1 20240101\n",
    ] {
        let note = folder.path().join("registry.db.unfinished-nation");
        std::fs::write(&note, said).unwrap();
        drop(Seeding::begin(&path, &fixture.meta).await.unwrap());
        std::fs::write(note, said).unwrap();
        drop(Seeding::begin_anew(&path, &fixture.meta).await.unwrap());
    }
}

#[tokio::test]
async fn a_file_without_the_row_that_completes_it_is_made_anew() {
    let (_folder, path, fixture) = seeded().await;
    let mut other = beside(&path).await;
    sqlx::query("DELETE FROM meta")
        .execute(&mut other)
        .await
        .unwrap();
    drop(other);
    assert!(SqliteRegistry::open(&path).await.unwrap().is_none());
    seed(&path, &fixture).await;
    open(&path).await.close().await;
}

#[tokio::test]
async fn what_is_complete_or_not_ours_is_never_overwritten() {
    let (folder, path, fixture) = seeded().await;
    let again = Seeding::begin(&path, &fixture.meta).await;
    assert!(matches!(again, Err(StoreError::AlreadyThere)));
    let foreign = folder.path().join("letter.txt");
    std::fs::write(
        &foreign,
        "a letter that is no database, and long enough to be read as one",
    )
    .unwrap();
    let over = Seeding::begin(&foreign, &fixture.meta).await;
    assert!(matches!(over, Err(StoreError::Database { .. })));
    assert!(
        std::fs::read_to_string(&foreign)
            .unwrap()
            .starts_with("a letter")
    );
    assert!(SqliteRegistry::open(&foreign).await.is_err());
}

#[tokio::test]
async fn a_citizen_seeded_twice_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let fixture = Fixture::new();
    let mut seeding = Seeding::begin(&path, &fixture.meta).await.unwrap();
    seeding.load(fixture.citizens.clone()).await.unwrap();
    seeding
        .load(vec![fixture.citizens[0].clone()])
        .await
        .unwrap();
    let finished = seeding.finish(&[], &[], &[]).await;
    assert!(matches!(finished, Err(StoreError::Database { .. })));
    assert!(SqliteRegistry::open(&path).await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_of_a_later_build_is_refused() {
    let (_folder, path, _) = seeded().await;
    let mut other = beside(&path).await;
    sqlx::query("UPDATE meta SET schema = 99")
        .execute(&mut other)
        .await
        .unwrap();
    drop(other);
    let opened = SqliteRegistry::open(&path).await;
    assert!(matches!(
        opened,
        Err(StoreError::SchemaUnknown { found: 99, .. })
    ));
}

#[tokio::test]
async fn the_directory_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let fixture = Fixture::new();
    let code = |text| AgencyCode::parse(text, "agency").unwrap();
    let day = |month, day| CivilDate::new(2023, month, day);
    let validity = Validity {
        from: day(1, 2),
        until: day(3, 4),
    };
    let agencies: Vec<Agency> = ["G01", "H26.1"]
        .map(|text| Agency {
            code: code(text),
            name: format!("Bộ {text} 'và' \"khác\""),
            kind: if text == "G01" {
                AgencyKind::Ministry
            } else {
                AgencyKind::Province
            },
            validity: if text == "G01" {
                validity
            } else {
                Validity::default()
            },
            successor: (text == "G01").then(|| code("H26.1")),
            assumed: text != "G01",
        })
        .to_vec();
    let credential = Credential {
        digest: [7; 32],
        agency: code("G01"),
        validity: Validity {
            from: None,
            ..validity
        },
        revoked: true,
        debug: false,
        sandbox: true,
    };
    let licence = Licence {
        agency: code("G01"),
        services: vec![ServiceCode(37), ServiceCode(901)],
        officers: Patterns(vec!["CB-*".into(), "X 1".into()]),
        procedures: Patterns(vec![]),
        purposes: PurposeSet::of(&[Purpose::DataCleaning, Purpose::Statistics]),
        attributes: AttributeSet::all(),
        number_alone: true,
        explain: false,
        authority: vec![EventKind::Death, EventKind::ResidenceChange],
        validity,
    };
    let bare = Licence {
        services: vec![],
        officers: Patterns(vec!["*".into()]),
        purposes: PurposeSet::default(),
        attributes: AttributeSet::NONE,
        number_alone: false,
        explain: true,
        authority: vec![],
        validity: Validity::default(),
        ..licence.clone()
    };
    let licences = [licence.clone(), bare];
    let seeding = Seeding::begin(&path, &fixture.meta).await.unwrap();
    seeding
        .finish(&agencies, std::slice::from_ref(&credential), &licences)
        .await
        .unwrap();
    let rows = open(&path).await.directory_rows().await.unwrap();
    assert_eq!(rows.agencies, agencies);
    assert_eq!(rows.credentials, [credential]);
    assert_eq!(rows.licences, licences);

    let broken = Licence {
        officers: Patterns(vec!["two\nlines".into()]),
        ..licence
    };
    let path = folder.path().join("broken.db");
    let seeding = Seeding::begin(&path, &fixture.meta).await.unwrap();
    let finished = seeding.finish(&[], &[], &[broken]).await;
    assert!(matches!(finished, Err(StoreError::Unstorable { .. })));
}
