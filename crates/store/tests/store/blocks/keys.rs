//! A ledger is written with the keys that it was begun with: whoever has others is refused, and has
//! claimed nothing by then.

use std::path::Path;
use std::sync::Arc;

use super::backends::{Backend, Memory, Postgres, Sqlite};
use super::file::{StillClock, keys, message};
use dancu_domain::{NationId, Recorder as _};
use dancu_ledger::{BlockStore as _, Ledger, LedgerConfig, LedgerKeys, OpenError};
use dancu_store::conformance::parts::Parts;

suite! {
    other_keys_are_refused_and_claim_nothing;
    a_signing_key_changes_only_where_its_file_begins_anew;
}

fn config(folder: &Path, writer: &str) -> LedgerConfig {
    let mut config = LedgerConfig::new(NationId([44; 16]), folder.join(writer));
    writer.clone_into(&mut config.writer);
    config
}

/// Opens the ledger as this writer, records a message, closes it.
async fn write(
    backend: &impl Backend,
    keys: LedgerKeys,
    config: LedgerConfig,
) -> Result<(), OpenError> {
    let opened = Ledger::open(backend.open().await, Arc::new(StillClock), keys, config);
    let (ledger, task) = opened.await?;
    let task = tokio::spawn(task);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    desk.record(message(1, 3)).await.unwrap();
    ledger.close().await;
    task.await.unwrap().unwrap();
    Ok(())
}

fn pseudonyms_of_another() -> LedgerKeys {
    LedgerKeys {
        pseudonym: [12; 16],
        ..keys()
    }
}

fn signer_of_another() -> LedgerKeys {
    LedgerKeys {
        checkpoint: [34; 32],
        ..keys()
    }
}

async fn other_keys_are_refused_and_claim_nothing(backend: impl Backend) {
    let folder = tempfile::tempdir().unwrap();
    let of = |writer| config(folder.path(), writer);
    write(&backend, keys(), of("one")).await.unwrap();
    let other_requests = LedgerKeys {
        request: [23; 16],
        ..keys()
    };
    for others in [pseudonyms_of_another(), other_requests, signer_of_another()] {
        for new_checkpoints in [false, true] {
            let new_signer = others.marks().lasting == keys().marks().lasting;
            if new_checkpoints && new_signer {
                continue;
            }
            let mut other = of("two");
            other.new_checkpoints = new_checkpoints;
            let told = write(&backend, others.clone(), other).await.unwrap_err();
            assert!(matches!(told, OpenError::OtherKeys), "{told}");
            assert!(told.to_string().starts_with("`keys`: "), "{told}");
        }
    }
    assert_eq!(backend.open().await.heads().await.unwrap().len(), 1);
    // Who has the same is welcome.
    write(&backend, keys(), of("two")).await.unwrap();
    assert_eq!(backend.open().await.heads().await.unwrap().len(), 2);
}

async fn a_signing_key_changes_only_where_its_file_begins_anew(backend: impl Backend) {
    let folder = tempfile::tempdir().unwrap();
    let of = |writer| config(folder.path(), writer);
    write(&backend, keys(), of("one")).await.unwrap();
    let told = write(&backend, signer_of_another(), of("one")).await;
    assert!(matches!(told, Err(OpenError::ForeignCheckpoints)));
    let aside = folder.path().join("aside");
    std::fs::rename(folder.path().join("one"), &aside).unwrap();
    let mut anew = of("one");
    anew.new_checkpoints = true;
    write(&backend, signer_of_another(), anew).await.unwrap();
    write(&backend, signer_of_another(), of("two"))
        .await
        .unwrap();
    // The old one is not gone back to by whoever has its file.
    std::fs::rename(&aside, folder.path().join("three")).unwrap();
    for new_checkpoints in [false, true] {
        let mut old = of("three");
        old.new_checkpoints = new_checkpoints;
        let told = write(&backend, keys(), old).await;
        assert!(matches!(told, Err(OpenError::OtherKeys)));
    }
}

/// What a ledger of an earlier build has noted of keys.
const FORGET: &str = "UPDATE nation SET lasting_keys = NULL, signing_key = NULL";

async fn forget(backend: &Postgres) {
    let url = backend.0.clone();
    let forgetting = move || Parts::shared().sql_in(&url, FORGET);
    tokio::task::spawn_blocking(forgetting).await.unwrap();
}

#[tokio::test]
async fn a_ledger_of_an_earlier_build_takes_the_keys_that_its_last_checkpoint_shows() {
    let backend = Postgres(Parts::shared().fresh_database());
    let folder = tempfile::tempdir().unwrap();
    let of = |writer| config(folder.path(), writer);
    write(&backend, keys(), of("one")).await.unwrap();
    forget(&backend).await;
    // Nobody who shows nothing is the first, whichever keys he has.
    for keys in [keys(), pseudonyms_of_another(), signer_of_another()] {
        let told = write(&backend, keys, of("two")).await.unwrap_err();
        assert!(matches!(told, OpenError::KeysUnproven), "{told}");
        let told = told.to_string();
        assert!(
            told.contains("`keys`: the ledger is of an earlier build"),
            "{told}"
        );
        assert!(
            told.contains("start an instance first that has its checkpoints"),
            "{told}"
        );
    }
    write(&backend, keys(), of("one")).await.unwrap();
    let told = write(&backend, pseudonyms_of_another(), of("two")).await;
    assert!(matches!(told, Err(OpenError::OtherKeys)));
    write(&backend, keys(), of("two")).await.unwrap();
}

#[tokio::test]
async fn of_two_who_begin_a_ledger_with_keys_of_their_own_one_is_refused() {
    let backend = Postgres(Parts::shared().fresh_database());
    let folder = tempfile::tempdir().unwrap();
    drop(backend.open().await);
    let (one, two) = tokio::join!(
        write(&backend, keys(), config(folder.path(), "one")),
        write(
            &backend,
            pseudonyms_of_another(),
            config(folder.path(), "two")
        )
    );
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    assert!(matches!(one.and(two), Err(OpenError::OtherKeys)));
    assert_eq!(backend.open().await.heads().await.unwrap().len(), 1);
}
