//! What the ledger in PostgreSQL does when an append is not heard of, comes late, or is fenced off.

use std::time::Duration;

use crate::cut_wire::{Cut, Wire};
use dancu_domain::{
    AgencyCode, Day, NationId, Outcome, ServiceCode, Timestamp, Verb, VolumeKey, VolumeRow,
    WriterId,
};
use dancu_ledger::{Block, BlockStore as _, BlockStoreError, Resolution};
use dancu_store::conformance::parts::Parts;
use dancu_store::{Durability, PostgresBlocks, PostgresBlocksOptions};
use tokio::sync::oneshot;

/// What the entries of a block that is to be cut off hold, and nothing else on the wire.
const MARK: &[u8] = b"the block that is cut off";

async fn open(url: &str) -> PostgresBlocks {
    let options = PostgresBlocksOptions::new(url);
    PostgresBlocks::open(options).await.unwrap()
}

fn block(writer: WriterId, first: u64, previous: [u8; 32], entries: &[u8]) -> Block {
    Block {
        writer,
        first,
        count: 3,
        at: Timestamp(1_700_000_000_000),
        previous,
        hash: [(first as u8).wrapping_add(1); 32],
        entries: entries.to_vec(),
    }
}

fn counts() -> [VolumeRow; 1] {
    [VolumeRow {
        key: VolumeKey {
            agency: AgencyCode::parse("H26", "").unwrap(),
            verb: Verb::Lookup,
            service: ServiceCode::LOOKUP_CITIZEN,
            outcome: Outcome::Match,
            day: Day(19_600),
        },
        count: 3,
    }]
}

async fn counted(store: &mut PostgresBlocks) -> u64 {
    let standing = store.standing().await.unwrap();
    standing.counts.iter().map(|row| row.row.count).sum()
}

#[tokio::test]
async fn an_append_of_which_nobody_heard_is_found_or_is_not_there() {
    let url = Parts::shared().fresh_database();
    let wire = Wire::to(&url).await;
    let mut store = open(&wire.url).await;
    let claim = store.claim_writer("one").await.unwrap();
    let mut first = 0;
    let mut previous = claim.hash;
    for (cut, resolution) in [
        (Cut::After, Resolution::Stored),
        (Cut::Before, Resolution::Absent),
        (Cut::After, Resolution::Stored),
    ] {
        let lost = block(claim.writer, first, previous, MARK);
        wire.cut_at(MARK, cut);
        let failed = store.append(&lost, &counts(), &[]).await;
        assert!(
            matches!(failed, Err(BlockStoreError::Failed(_))),
            "{failed:?}"
        );
        assert!(wire.was_cut());
        assert_eq!(store.resolve(&lost).await, Ok(resolution));
        if resolution == Resolution::Absent {
            store.append(&lost, &counts(), &[]).await.unwrap();
        }
        previous = lost.hash;
        first += 3;
        assert_eq!(counted(&mut store).await, first);
    }
    assert_eq!(store.blocks(claim.writer, 0, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_append_that_arrives_after_it_was_given_up_is_refused() {
    let url = Parts::shared().fresh_database();
    let wire = Wire::to(&url).await;
    let mut store = open(&wire.url).await;
    let claim = store.claim_writer("one").await.unwrap();
    // Known to the connection, so that the message that is held is the append itself.
    let begun = block(claim.writer, 0, claim.hash, b"known");
    store.append(&begun, &counts(), &[]).await.unwrap();
    let (release, released) = oneshot::channel();
    wire.cut_at(MARK, Cut::Hold(released));
    let lost = block(claim.writer, 3, begun.hash, MARK);
    let failed = store.append(&lost, &counts(), &[]).await;
    assert!(matches!(failed, Err(BlockStoreError::Failed(_))));
    assert_eq!(store.resolve(&lost).await, Ok(Resolution::Absent));
    release.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(counted(&mut store).await, 3, "it was appended late");
    let next = block(claim.writer, 3, begun.hash, b"another");
    store.append(&next, &counts(), &[]).await.unwrap();
    assert_eq!(counted(&mut store).await, 6);
}

#[tokio::test]
async fn whoever_was_taken_over_appends_no_more_and_resolves_nothing() {
    let url = Parts::shared().fresh_database();
    let (mut old, mut new) = (open(&url).await, open(&url).await);
    let first = old.claim_writer("one").await.unwrap();
    let mine = block(first.writer, 0, first.hash, b"mine");
    old.append(&mine, &counts(), &[]).await.unwrap();
    let second = new.claim_writer("one").await.unwrap();
    assert_eq!((second.next, second.hash), (3, mine.hash));
    let late = block(first.writer, 3, mine.hash, b"late");
    let refused = old.append(&late, &counts(), &[]).await;
    assert_eq!(refused, Err(BlockStoreError::LeaseLost));
    assert_eq!(old.resolve(&late).await, Err(BlockStoreError::LeaseLost));
    new.append(&late, &counts(), &[]).await.unwrap();
    assert_eq!(counted(&mut new).await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_in_the_middle_of_appends_sees_all_that_were_acknowledged() {
    let url = Parts::shared().fresh_database();
    let mut old = open(&url).await;
    let claim = old.claim_writer("one").await.unwrap();
    let appending = tokio::spawn(async move {
        let (mut first, mut previous) = (0, claim.hash);
        loop {
            let next = block(claim.writer, first, previous, b"next");
            match old.append(&next, &counts(), &[]).await {
                Ok(()) => (first, previous) = (first + 3, next.hash),
                Err(error) => return (first, error),
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut new = open(&url).await;
    let claim = new.claim_writer("one").await.unwrap();
    let (acknowledged, error) = appending.await.unwrap();
    assert_eq!(error, BlockStoreError::LeaseLost);
    assert!(acknowledged > 0);
    assert_eq!(claim.next, acknowledged);
    assert_eq!(counted(&mut new).await, acknowledged);
}

#[tokio::test]
async fn a_ledger_is_read_without_the_right_to_write() {
    let url = Parts::shared().fresh_database();
    let options = PostgresBlocksOptions::new(&url);
    let absent = PostgresBlocks::open_read_only(options.clone()).await;
    assert!(absent.is_err(), "there is none yet");
    let mut store = open(&url).await;
    let claim = store.claim_writer("one").await.unwrap();
    let one = block(claim.writer, 0, claim.hash, b"one");
    store.append(&one, &counts(), &[]).await.unwrap();
    let mut reader = PostgresBlocks::open_read_only(options).await.unwrap();
    assert_eq!(reader.blocks(claim.writer, 0, 10).await.unwrap(), [one]);
    assert!(reader.claim_writer("one").await.is_err());
    assert!(reader.bind(NationId([1; 16])).await.is_err());
    assert_eq!(reader.durability().await.unwrap(), Durability::Alone);
}

#[tokio::test]
async fn a_connection_that_an_operator_ends_is_opened_again() {
    let url = Parts::shared().fresh_database();
    let mut store = open(&url).await;
    let claim = store.claim_writer("one").await.unwrap();
    let name = url.rsplit('/').next().unwrap();
    let end =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    Parts::shared().sql(&end);
    assert_eq!(store.heads().await.unwrap().len(), 1);
    Parts::shared().sql(&end);
    let one = block(claim.writer, 0, claim.hash, b"one");
    let failed = store.append(&one, &counts(), &[]).await;
    assert!(matches!(failed, Err(BlockStoreError::Failed(_))));
    assert_eq!(store.resolve(&one).await, Ok(Resolution::Absent));
    store.append(&one, &counts(), &[]).await.unwrap();
    assert_eq!(counted(&mut store).await, 3);
}
