//! What a ledger looks at before it is gone on with, and what its followers are told.

use crate::shelf::{Shelf, StillClock, config, keys, message};
use dancu_domain::{NationId, Recorder as _, VolumeRow};
use dancu_ledger::{BlockStoreError, Committed, Ledger, LedgerConfig, OpenError, audit};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Opens the ledger and records as many messages of three items.
async fn record(shelf: &Shelf, config: LedgerConfig, messages: u64) -> Ledger {
    let opened = Ledger::open(shelf.clone(), StillClock::new(), keys(), config);
    let (ledger, writer) = opened.await.unwrap();
    tokio::spawn(writer);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    for n in 0..messages {
        desk.record(message(n, 3)).await.unwrap();
    }
    ledger
}

/// A closed ledger of three blocks, and its folder.
async fn left() -> (Shelf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    record(&shelf, config(folder.path()), 3).await.close().await;
    (shelf, folder)
}

async fn refused(shelf: &Shelf, config: LedgerConfig) -> OpenError {
    let opened = Ledger::open(shelf.clone(), StillClock::new(), keys(), config).await;
    opened.map(drop).expect_err("the ledger was opened")
}

#[tokio::test]
async fn a_ledger_is_of_the_nation_that_used_it_first() {
    let (shelf, folder) = left().await;
    let mut other = config(folder.path());
    other.nation = NationId([45; 16]);
    let told = refused(&shelf, other).await;
    let OpenError::Store(BlockStoreError::AnotherNation { bound }) = told else {
        panic!("refused for another reason: {told}");
    };
    assert_eq!(bound, config(folder.path()).nation);
    record(&shelf, config(folder.path()), 1).await.close().await;
}

#[tokio::test]
async fn who_is_refused_has_claimed_nothing() {
    type Spoil = fn(&Shelf, &std::path::Path, &mut LedgerConfig);
    let spoils: [Spoil; 6] = [
        |_, _, config| config.nation = NationId([45; 16]),
        |_, path, _| std::fs::remove_file(path).unwrap(),
        |_, path, _| std::fs::write(path, "not a checkpoint\n").unwrap(),
        |shelf, _, _| shelf.rows().blocks.last_mut().unwrap().hash[0] ^= 1,
        |shelf, _, _| drop(shelf.rows().blocks.pop()),
        |_, path, config| config.checkpoints = path.join("below a file"),
    ];
    for (place, spoil) in spoils.into_iter().enumerate() {
        let (shelf, folder) = left().await;
        let mut config = config(folder.path());
        let path = config.checkpoints.clone();
        spoil(&shelf, &path, &mut config);
        let claimed = shelf.rows().epoch;
        refused(&shelf, config).await;
        assert_eq!(shelf.rows().epoch, claimed, "spoil {place}");
    }
}

#[tokio::test]
async fn a_lost_file_of_checkpoints_is_made_anew_only_when_that_is_asked_for() {
    let (mut shelf, folder) = left().await;
    let path = folder.path().join("checkpoints");
    std::fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        // Twice: the first refusal leaves nothing that the second could take for the file.
        let told = refused(&shelf, config(folder.path())).await;
        let OpenError::CheckpointsMissing { entries, .. } = told else {
            panic!("refused for another reason: {told}");
        };
        assert_eq!(entries, 9);
        assert!(!path.exists(), "a file was left");
    }
    let mut asked = config(folder.path());
    asked.new_checkpoints = true;
    record(&shelf, asked, 1).await.close().await;
    let report = audit::verify(&mut shelf, Some(&path), &keys().public_key()).await;
    let report = report.unwrap();
    assert!(report.ok() && report.vouched());
    assert_eq!(report.begun_at, 9, "the report tells where the file begins");
    // From now on it is there.
    record(&shelf, config(folder.path()), 1).await.close().await;
}

#[tokio::test]
async fn an_emptied_file_of_checkpoints_is_as_good_as_none() {
    let (shelf, folder) = left().await;
    std::fs::write(folder.path().join("checkpoints"), "").unwrap();
    let told = refused(&shelf, config(folder.path())).await;
    assert!(matches!(told, OpenError::CheckpointsMissing { .. }));
}

#[tokio::test]
async fn a_file_of_checkpoints_that_this_key_did_not_sign_is_not_gone_on_with() {
    let edits: [fn(&mut String); 4] = [
        |text| *text = text.replace("sequence=1", "sequence=3"),
        |text| text.push_str("not a checkpoint\n"),
        |text| text.insert(text.len() - 2, '0'),
        |text| *text = "\n".to_owned(),
    ];
    for (place, edit) in edits.into_iter().enumerate() {
        let (shelf, folder) = left().await;
        let path = folder.path().join("checkpoints");
        let before = std::fs::read_to_string(&path).unwrap();
        let mut text = before.clone();
        edit(&mut text);
        assert_ne!(text, before, "edit {place} changes nothing");
        std::fs::write(&path, &text).unwrap();
        // That a new file may begin does not mean that this one may be gone on with.
        for new_checkpoints in [false, true] {
            let mut config = config(folder.path());
            config.new_checkpoints = new_checkpoints;
            let told = refused(&shelf, config).await;
            assert!(
                matches!(told, OpenError::ForeignCheckpoints),
                "{place}: {told}"
            );
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    // Nor does a file go over to another key.
    let (shelf, folder) = left().await;
    let mut others = keys();
    others.checkpoint = [34; 32];
    let opened = Ledger::open(shelf, StillClock::new(), others, config(folder.path())).await;
    let told = opened.map(drop).expect_err("the ledger was opened");
    assert!(matches!(told, OpenError::ForeignCheckpoints), "{told}");
}

#[tokio::test]
async fn a_last_block_that_was_edited_is_not_gone_on_from() {
    let edits: [fn(&mut dancu_ledger::Block); 4] = [
        |block| block.hash[0] ^= 1,
        |block| block.count += 1,
        |block| block.entries[10] ^= 1,
        |block| block.at.0 += 1,
    ];
    for (place, edit) in edits.into_iter().enumerate() {
        let (shelf, folder) = left().await;
        edit(shelf.rows().blocks.last_mut().unwrap());
        let told = refused(&shelf, config(folder.path())).await;
        let OpenError::Edited { first, .. } = told else {
            panic!("edit {place} was refused for another reason: {told}");
        };
        assert_eq!(first, 6, "edit {place}");
    }
}

#[tokio::test]
async fn a_last_block_that_was_written_anew_contradicts_its_checkpoint() {
    let (shelf, folder) = left().await;
    {
        let mut rows = shelf.rows();
        let block = rows.blocks.last_mut().unwrap();
        block.at.0 += 1;
        let counts = block.counts().unwrap();
        block.hash = block.digest(&counts);
    }
    let told = refused(&shelf, config(folder.path())).await;
    assert!(matches!(told, OpenError::Edited { first: 6, .. }), "{told}");
}

#[tokio::test]
async fn followers_are_told_of_every_commit_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut told) = mpsc::channel(100);
    let mut config = config(folder.path());
    config.committed = Some(sender);
    let shelf = Shelf::default();
    let ledger = record(&shelf, config, 50).await;
    let writer = ledger.writer();
    ledger.close().await;
    let (mut next, mut sums) = (0, std::collections::BTreeMap::<_, u64>::new());
    while let Some(commit) = told.recv().await {
        let Committed { first, counts, .. } = commit;
        assert_eq!((commit.writer, first), (writer, next));
        let added: u64 = counts.iter().map(|row| row.count).sum();
        assert_eq!(added, commit.next - first);
        next = commit.next;
        for VolumeRow { key, count } in counts {
            *sums.entry(key).or_default() += count;
        }
        if next == 150 {
            break;
        }
    }
    assert_eq!(sums, shelf.rows().counts);
    assert_eq!(ledger.counters().untold, 0);
}

#[tokio::test]
async fn nobody_waits_for_a_follower_and_the_gap_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut told) = mpsc::channel(2);
    let mut config = config(folder.path());
    config.committed = Some(sender);
    let shelf = Shelf::default();
    let ledger = record(&shelf, config, 10).await;
    assert_eq!(ledger.counters().untold, 8);
    assert_eq!(told.recv().await.unwrap().first, 0);
    assert_eq!(told.recv().await.unwrap().next, 6);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    desk.record(message(10, 3)).await.unwrap();
    assert_eq!(told.recv().await.unwrap().first, 30, "after a gap");
    ledger.close().await;
}
