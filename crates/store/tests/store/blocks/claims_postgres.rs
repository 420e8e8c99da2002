//! Claims of write messages in PostgreSQL when a session, a claim or a message on the wire is lost.

use std::time::Duration;

use super::backends::{block, claim, kept};
use crate::cut_wire::{Cut, Wire};
use dancu_domain::Timestamp;
use dancu_ledger::{Block, BlockStore as _, BlockStoreError, KeptRow, WriteClaim};
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresBlocks, PostgresBlocksOptions};
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::sync::oneshot;

async fn open(url: &str) -> PostgresBlocks {
    let options = PostgresBlocksOptions::new(url);
    PostgresBlocks::open(options).await.unwrap()
}

/// Two instances, each with its writer and its first block with the answer to the same message.
struct Two {
    url: String,
    one: PostgresBlocks,
    two: PostgresBlocks,
    mine: (Block, KeptRow),
    theirs: (Block, KeptRow),
}

async fn two() -> Two {
    let url = Parts::shared().fresh_database();
    let (mut one, mut two) = (open(&url).await, open(&url).await);
    let first = one.claim_writer("one").await.unwrap();
    let second = two.claim_writer("two").await.unwrap();
    Two {
        url,
        one,
        two,
        mine: (
            block(first.writer, 0, 7, first.hash),
            kept("H26", 1, first.writer, 0, 100),
        ),
        theirs: (
            block(second.writer, 0, 7, second.hash),
            kept("H26", 1, second.writer, 0, 100),
        ),
    }
}

/// Whose the message is for this instance.
async fn whose(store: &mut PostgresBlocks, (_, row): &(Block, KeptRow)) -> WriteClaim {
    let mut told = claim(store, std::slice::from_ref(row)).await;
    told.pop().unwrap()
}

async fn append(
    store: &mut PostgresBlocks,
    (block, row): &(Block, KeptRow),
) -> Result<(), BlockStoreError> {
    store.append(block, &[], std::slice::from_ref(row)).await
}

async fn run(url: &str, sql: &'static str) -> u64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let ran = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    ran.rows_affected()
}

/// Ends the session of the first instance, which has claimed something.
async fn end_session_of_one(url: &str) {
    let ending = "SELECT pg_terminate_backend(l.pid, 10000)
                  FROM pg_locks AS l
                  INNER JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
                  INNER JOIN writers AS w ON w.id = l.objid::bigint AND w.name = 'one'
                  WHERE l.locktype = 'advisory' AND l.objsubid = 2";
    assert_eq!(run(url, ending).await, 1);
}

#[tokio::test]
async fn whoever_lost_its_session_may_be_overtaken_and_is_given_the_others_answer() {
    let Two {
        url,
        mut one,
        mut two,
        mine,
        theirs,
    } = two().await;
    assert_eq!(whose(&mut one, &mine).await, WriteClaim::Ours);
    assert_eq!(whose(&mut two, &theirs).await, WriteClaim::Elsewhere);
    end_session_of_one(&url).await;
    // It is still at work, and does not know.
    assert_eq!(whose(&mut two, &theirs).await, WriteClaim::Ours);
    assert_eq!(one.heads().await.unwrap().len(), 2);
    let refused = append(&mut one, &mine).await;
    assert_eq!(refused, Err(BlockStoreError::NotOurs(vec![mine.1.key])));
    assert_eq!(whose(&mut one, &mine).await, WriteClaim::Elsewhere);
    append(&mut two, &theirs).await.unwrap();
    let answered = WriteClaim::Answered(theirs.1);
    assert_eq!(whose(&mut one, &mine).await, answered);
    let refused = append(&mut one, &mine).await;
    assert_eq!(refused, Err(BlockStoreError::NotOurs(vec![mine.1.key])));
}

#[tokio::test]
async fn whoever_lost_its_session_and_was_not_overtaken_goes_on() {
    let Two {
        url,
        mut one,
        mut two,
        mine,
        theirs,
    } = two().await;
    assert_eq!(whose(&mut one, &mine).await, WriteClaim::Ours);
    end_session_of_one(&url).await;
    assert_eq!(one.heads().await.unwrap().len(), 2);
    append(&mut one, &mine).await.unwrap();
    let answered = WriteClaim::Answered(mine.1);
    assert_eq!(whose(&mut two, &theirs).await, answered);
}

#[tokio::test]
async fn a_claim_that_got_lost_with_the_database_is_made_again_by_whoever_is_first() {
    for other_first in [false, true] {
        let Two {
            url,
            mut one,
            mut two,
            mine,
            theirs,
        } = two().await;
        assert_eq!(whose(&mut one, &mine).await, WriteClaim::Ours);
        // What a crash leaves of a claim that the disk had not.
        assert_eq!(run(&url, "DELETE FROM kept").await, 1);
        let refused = append(&mut one, &mine).await;
        assert_eq!(refused, Err(BlockStoreError::NotOurs(vec![mine.1.key])));
        if other_first {
            assert_eq!(whose(&mut two, &theirs).await, WriteClaim::Ours);
            assert_eq!(whose(&mut one, &mine).await, WriteClaim::Elsewhere);
            append(&mut two, &theirs).await.unwrap();
            assert!(append(&mut one, &mine).await.is_err());
        } else {
            assert_eq!(whose(&mut one, &mine).await, WriteClaim::Ours);
            append(&mut one, &mine).await.unwrap();
            let answered = WriteClaim::Answered(mine.1);
            assert_eq!(whose(&mut two, &theirs).await, answered);
        }
    }
}

#[tokio::test]
async fn an_append_that_arrives_after_its_claim_was_taken_over_is_refused() {
    let url = Parts::shared().fresh_database();
    let wire = Wire::to(&url).await;
    let (mut one, mut two) = (open(&wire.url).await, open(&url).await);
    let first = one.claim_writer("one").await.unwrap();
    let second = two.claim_writer("two").await.unwrap();
    let mine = kept("H26", 1, first.writer, 7, 100);
    let theirs = kept("H26", 1, second.writer, 0, 100);
    // Known to the connection, so that the message that is held is the append itself.
    let begun = block(first.writer, 0, 7, first.hash);
    one.append(&begun, &[], &[]).await.unwrap();
    assert_eq!(
        claim(&mut one, std::slice::from_ref(&mine)).await,
        [WriteClaim::Ours]
    );
    let mut late = block(first.writer, 7, 7, begun.hash);
    late.entries = MARK.to_vec();
    let (release, released) = oneshot::channel();
    wire.cut_at(MARK, Cut::Hold(released));
    let failed = one.append(&late, &[], std::slice::from_ref(&mine)).await;
    assert!(
        matches!(failed, Err(BlockStoreError::Failed(_))),
        "{failed:?}"
    );

    // Half a minute later nobody takes it for alive, and the epoch of its writer is as it was.
    assert_eq!(run(&url, "UPDATE kept SET at = at - 31000").await, 1);
    assert_eq!(
        claim(&mut two, std::slice::from_ref(&theirs)).await,
        [WriteClaim::Ours]
    );
    release.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(two.blocks(first.writer, 0, 10).await.unwrap(), [begun]);
    let next = block(second.writer, 0, 7, second.hash);
    two.append(&next, &[], std::slice::from_ref(&theirs))
        .await
        .unwrap();
    let told = claim(&mut two, std::slice::from_ref(&theirs)).await;
    assert_eq!(told, [WriteClaim::Answered(theirs)]);
}

/// What the entries of the block that is held back hold, and nothing else on the wire.
const MARK: &[u8] = b"the block that is held";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_want_the_same_messages_neither_stop_nor_double_each_other() {
    const TURNS: u64 = 40;
    let url = Parts::shared().fresh_database();
    let mut tasks = Vec::new();
    for name in ["one", "two", "three"] {
        let mut store = open(&url).await;
        tasks.push(tokio::spawn(async move {
            let held = store.claim_writer(name).await.unwrap();
            let (mut first, mut previous, mut answered) = (0, held.hash, 0);
            for turn in 0..TURNS {
                // Each turn has twenty messages of its own, in another order with each instance.
                let requests = turn * 20..(turn + 1) * 20;
                let row = |request| kept("H26", request, held.writer, 1, 100);
                let mut left: Vec<_> = requests.map(row).collect();
                left.rotate_left(held.writer.0 as usize * 5);
                if held.writer.0 % 2 == 0 {
                    left.reverse();
                }
                while !left.is_empty() {
                    let told = claim(&mut store, &left).await;
                    let told = |wanted: fn(&WriteClaim) -> bool| {
                        let rows = left.iter().zip(&told).filter(move |(_, told)| wanted(told));
                        rows.map(|(row, _)| row.clone()).collect::<Vec<_>>()
                    };
                    let ours = told(|told| *told == WriteClaim::Ours);
                    let next = told(|told| *told == WriteClaim::Elsewhere);
                    let block = block(held.writer, first, ours.len().max(1) as u32, previous);
                    store.append(&block, &[], &ours).await.unwrap();
                    (first, previous) = (block.end(), block.hash);
                    answered += ours.len() as u64;
                    left = next;
                }
            }
            answered
        }));
    }
    let mut answered = 0;
    for task in tasks {
        answered += task.await.unwrap();
    }
    assert_eq!(answered, TURNS * 20);
}

/// Where the log of the database is written to, and up to where the disk has it.
async fn log(watcher: &mut PgConnection) -> (i64, i64) {
    let asked = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint, \
                 (pg_current_wal_flush_lsn() - '0/0')::bigint";
    let told = sqlx::query(asked).fetch_one(watcher).await.unwrap();
    (told.get(0), told.get(1))
}

#[tokio::test]
async fn a_claim_does_not_wait_for_the_disk_and_an_append_does() {
    const TIMES: u64 = 200;
    let url = Parts::shared().fresh_database();
    let mut watcher = PgConnection::connect(&url).await.unwrap();
    let mut store = open(&url).await;
    let held = store.claim_writer("one").await.unwrap();
    let row = |request| [kept("H26", request, held.writer, 1, 100)];
    // What is written behind this place and returns from the disk brings what lies before with it.
    let mut not_on_disk = 0;
    for request in 0..TIMES {
        let (before, _) = log(&mut watcher).await;
        assert_eq!(claim(&mut store, &row(request)).await, [WriteClaim::Ours]);
        not_on_disk += u64::from(log(&mut watcher).await.1 < before);
    }
    assert!(not_on_disk > 0, "every claim waited for the disk");
    let mut previous = held.hash;
    for request in 0..TIMES / 10 {
        let next = block(held.writer, request, 1, previous);
        let (before, _) = log(&mut watcher).await;
        store.append(&next, &[], &row(request)).await.unwrap();
        assert!(log(&mut watcher).await.1 > before, "an append did not wait");
        previous = next.hash;
    }
    let forgotten = store.purge_kept(Timestamp(101)).await.unwrap();
    assert_eq!(forgotten, TIMES / 10);
}
