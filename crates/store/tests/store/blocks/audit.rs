//! Whoever edits a ledger of 101,000 entries in its file is found, and the place is named.

use super::file::{
    A_BLOCK, A_CHECKPOINT, BLOCKS, Editor, FIRST, a_large_ledger, message, verified, verify_with,
    with_ledger,
};
use dancu_domain::{Recorder as _, WriterId};
use dancu_ledger::Block;
use dancu_ledger::audit::{self, BadBlock, Report, Why};
use dancu_store::SqliteBlocks;

/// The block that the tests edit; it does not lie next to a checkpoint.
const PLACE: u64 = 123;

fn bad(block: &Block, why: Why) -> BadBlock {
    BadBlock {
        writer: block.writer,
        first: block.first,
        last: block.last(),
        why,
    }
}

/// Edits the block at [`PLACE`] and verifies.
async fn edited(edit: impl FnOnce(&mut Block)) -> (Block, Report) {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let before = editor.block(PLACE).await;
    let mut after = before.clone();
    edit(&mut after);
    assert_ne!(before, after);
    editor.replace(&before, &after).await;
    let report = verified(folder.path()).await;
    assert!(!report.ok());
    (before, report)
}

#[tokio::test]
async fn an_untouched_ledger_is_good_and_all_of_it_is_looked_at() {
    let folder = a_large_ledger();
    let report = verified(folder.path()).await;
    assert!(report.ok(), "{report:?}");
    assert!(report.counts_agree());
    assert_eq!(report.blocks, BLOCKS + 5);
    assert_eq!(report.entries, 101_000);
    // One at each opening, one after every 50 blocks, one at each end that had unsigned blocks.
    assert_eq!(report.checkpoints, 1 + BLOCKS / A_CHECKPOINT + 2);
}

#[tokio::test]
async fn a_flipped_bit_of_the_entries_is_found_wherever_it_is() {
    // The version, the first message's context and columns, the last byte.
    for place in [0, 1, 2, 20, 40, 500, 900, usize::MAX] {
        let (block, report) = edited(|block| {
            let place = place.min(block.entries.len() - 1);
            block.entries[place] ^= 4;
        })
        .await;
        let found = report.first_bad.unwrap();
        assert_eq!(
            (found.writer, found.first, found.last),
            (FIRST, block.first, block.last()),
            "byte {place}"
        );
        assert!(matches!(found.why, Why::HashMismatch | Why::Undecodable));
    }
}

#[tokio::test]
async fn a_flipped_bit_of_the_hash_is_found() {
    let (block, report) = edited(|block| block.hash[31] ^= 1).await;
    assert_eq!(report.first_bad, Some(bad(&block, Why::HashMismatch)));
}

#[tokio::test]
async fn a_flipped_bit_of_the_previous_hash_is_found() {
    let (block, report) = edited(|block| block.previous[0] ^= 128).await;
    assert_eq!(report.first_bad, Some(bad(&block, Why::Altered)));
}

#[tokio::test]
async fn another_time_is_found() {
    let (block, report) = edited(|block| block.at.0 ^= 1).await;
    assert_eq!(report.first_bad, Some(bad(&block, Why::HashMismatch)));
}

#[tokio::test]
async fn another_number_of_entries_is_found() {
    let (mut block, report) = edited(|block| block.count ^= 1).await;
    block.count ^= 1;
    assert_eq!(report.first_bad, Some(bad(&block, Why::HashMismatch)));
}

#[tokio::test]
async fn a_number_of_entries_that_only_the_hash_agrees_with_is_found() {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let before = editor.block(BLOCKS - 1).await;
    let mut after = before.clone();
    after.count += 1;
    after.hash = after.digest(&after.counts().unwrap());
    editor.replace(&before, &after).await;
    let report = verify_with(folder.path(), None, [0; 32]).await;
    assert_eq!(report.first_bad, Some(bad(&after, Why::CountMismatch)));
}

#[tokio::test]
async fn another_index_is_found_and_the_true_one_is_named() {
    for by in [8, -100] {
        let (block, report) =
            edited(|block| block.first = block.first.checked_add_signed(by).unwrap()).await;
        assert_eq!(report.first_bad, Some(bad(&block, Why::Altered)), "by {by}");
    }
}

#[tokio::test]
async fn an_index_far_away_is_found_where_it_stands_now() {
    let (mut block, report) = edited(|block| block.first = 5).await;
    block.first = 5;
    assert_eq!(report.first_bad, Some(bad(&block, Why::OutOfOrder)));
}

#[tokio::test]
async fn a_row_that_is_no_block_is_found() {
    for (edit, place) in [
        (
            "UPDATE blocks SET hash = x'00' WHERE writer = 1 AND first = 99800",
            99_800,
        ),
        (
            "UPDATE blocks SET hash = x'00' WHERE writer = 1 AND first = 24600",
            24_600,
        ),
        (
            "UPDATE blocks SET entry_count = -1 WHERE writer = 1 AND first = 24600",
            24_600,
        ),
        (
            "UPDATE blocks SET first = -1 WHERE writer = 1 AND first = 24600",
            0,
        ),
    ] {
        let folder = a_large_ledger();
        assert_eq!(Editor::unguarded(folder.path()).await.run(edit).await, 1);
        let found = verified(folder.path()).await.first_bad.unwrap();
        assert_eq!((found.first, found.why), (place, Why::Unreadable), "{edit}");
    }
}

#[tokio::test]
async fn a_dropped_block_is_found() {
    for place in [0, 1, PLACE, BLOCKS - 2] {
        let folder = a_large_ledger();
        let mut editor = Editor::unguarded(folder.path()).await;
        let block = editor.block(place).await;
        editor.remove(&block).await;
        let report = verified(folder.path()).await;
        assert_eq!(
            report.first_bad,
            Some(bad(&block, Why::Missing)),
            "block {place}"
        );
    }
}

#[tokio::test]
async fn an_inserted_block_is_found() {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let before = editor.block(PLACE).await;
    // A copy that goes on from the block and is good in itself, one index further.
    let mut copy = before.clone();
    copy.first += 1;
    copy.previous = before.hash;
    copy.hash = copy.digest(&copy.counts().unwrap());
    editor.insert(&copy).await;
    let report = verified(folder.path()).await;
    assert_eq!(report.first_bad, Some(bad(&copy, Why::OutOfOrder)));

    // A plain copy of an older block.
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let mut copy = editor.block(7).await;
    copy.first = before.first + 1;
    editor.insert(&copy).await;
    let report = verified(folder.path()).await;
    assert_eq!(report.first_bad, Some(bad(&copy, Why::OutOfOrder)));
}

#[tokio::test]
async fn swapped_blocks_are_found() {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let (one, two) = (editor.block(PLACE).await, editor.block(PLACE + 3).await);
    let at = |block: &Block, first| Block {
        first,
        ..block.clone()
    };
    editor.remove(&one).await;
    editor.replace(&two, &at(&one, two.first)).await;
    editor.insert(&at(&two, one.first)).await;
    let report = verified(folder.path()).await;
    assert_eq!(report.first_bad, Some(bad(&one, Why::OutOfOrder)));
}

#[tokio::test]
async fn a_cut_end_is_found_by_the_checkpoints_even_when_the_counters_fit() {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let mut cut = Vec::new();
    for place in BLOCKS - 3..BLOCKS {
        cut.push(editor.block(place).await);
    }
    for block in &cut {
        editor.remove(block).await;
    }
    let without = verify_with(folder.path(), None, [0; 32]).await;
    assert_eq!(without.first_bad, None);
    assert!(without.difference.is_some(), "the counters tell");
    editor.mend_counters(folder.path()).await;
    let without = verify_with(folder.path(), None, [0; 32]).await;
    assert!(
        without.ok(),
        "nothing but a checkpoint can tell: {without:?}"
    );
    let found = verified(folder.path()).await.first_bad;
    let whole = BadBlock {
        writer: FIRST,
        first: cut[0].first,
        last: cut[2].last(),
        why: Why::Cut,
    };
    assert_eq!(found, Some(whole));
}

#[tokio::test]
async fn a_whole_chain_that_is_gone_is_found() {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    editor.run("DELETE FROM blocks WHERE writer = 2").await;
    editor.run("DELETE FROM counts WHERE writer = 2").await;
    editor.run("DELETE FROM writers WHERE id = 2").await;
    let found = verified(folder.path()).await.first_bad.unwrap();
    assert_eq!((found.writer, found.why), (WriterId(2), Why::Cut));
    assert_eq!((found.first, found.last), (0, 5 * A_BLOCK - 1));
}

#[tokio::test]
async fn a_chain_of_nobody_is_found() {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let mut block = editor.block(0).await;
    block.writer = WriterId(7);
    block.hash = block.digest(&block.counts().unwrap());
    editor.insert(&block).await;
    let report = verified(folder.path()).await;
    let difference = report.difference.unwrap();
    assert_eq!((difference.writer, difference.counted), (WriterId(7), 0));
}

#[tokio::test]
async fn a_consistent_rewrite_with_counters_is_found_by_the_checkpoints() {
    let folder = a_large_ledger();
    let mut editor = Editor::unguarded(folder.path()).await;
    let other = editor.block(PLACE + 1).await;
    let mut previous = editor.block(PLACE - 1).await.hash;
    for place in PLACE..BLOCKS {
        let before = editor.block(place).await;
        let mut after = before.clone();
        if place == PLACE {
            after.entries.clone_from(&other.entries);
        }
        after.previous = previous;
        after.hash = after.digest(&after.counts().unwrap());
        previous = after.hash;
        editor.replace(&before, &after).await;
    }
    editor.mend_counters(folder.path()).await;
    let without = verify_with(folder.path(), None, [0; 32]).await;
    assert!(
        without.ok(),
        "nothing but a checkpoint can tell: {without:?}"
    );
    let report = verified(folder.path()).await;
    // Blocks 100 to 149 lie between the last checkpoint that agrees and the first that does not.
    let between = BadBlock {
        writer: FIRST,
        first: 100 * A_BLOCK,
        last: 150 * A_BLOCK - 1,
        why: Why::ContradictsCheckpoint { line: 4 },
    };
    assert_eq!(report.first_bad, Some(between));
}

#[tokio::test]
async fn a_ledger_is_verified_while_it_is_written_to() {
    let folder = a_large_ledger();
    let path = folder.path();
    let report = with_ledger(path, "first", |_, desk| async move {
        let writing = tokio::spawn(async move {
            for n in 0..2_000 {
                desk.record(message(n, 5)).await.unwrap();
            }
        });
        let report = verified(path).await;
        assert!(!writing.is_finished(), "nothing was written meanwhile");
        writing.abort();
        let _ = writing.await;
        report
    });
    let report = report.await;
    assert!(report.ok(), "{report:?}");
    assert!(report.entries >= 101_000);
}

#[tokio::test]
async fn a_recount_needs_nothing_but_the_blocks() {
    let folder = a_large_ledger();
    Editor::open(folder.path())
        .await
        .run("DELETE FROM counts")
        .await;
    let path = folder.path().join("ledger.db");
    let mut store = SqliteBlocks::open_read_only(&path).await.unwrap();
    let counts = audit::recount(&mut store).await.unwrap();
    assert_eq!(counts.values().sum::<u64>(), 101_000);
}
