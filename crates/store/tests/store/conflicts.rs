//! PostgreSQL says that two transactions stood in each other's way (40001, 40P01): what was asked
//! for is tried again, and takes place once.

use std::time::Duration;

use dancu_domain::{
    AgencyCode, ChangeFeed as _, ChangeOutcome, Day, Outcome, Registry as _, ServiceCode,
    Timestamp, Verb, VolumeKey, VolumeRow,
};
use dancu_ledger::{Block, BlockStore as _, Claim};
use dancu_store::conformance::Event;
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresBlocks, PostgresBlocksOptions, PostgresOptions};
use sqlx::{Connection as _, PgConnection};

use crate::registry::database::{open, seeded};

/// Of those who come past, the first meets 40001 and the second 40P01. A sequence is not set back
/// with the transaction that drew from it.
const STUMBLE: &str = "
    CREATE SEQUENCE stumbles;
    CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        CASE nextval('stumbles')
            WHEN 1 THEN RAISE serialization_failure;
            WHEN 2 THEN RAISE deadlock_detected;
            ELSE RETURN NULL;
        END CASE;
    END
    $$;
";

/// Runs statements as the owner of the tables.
async fn run(url: &str, statements: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements))
        .execute(&mut connection)
        .await
        .unwrap();
}

async fn passed(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT last_value FROM stumbles")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_change_that_meets_conflicts_is_applied_once() {
    for trigger in [
        "CREATE TRIGGER stumble AFTER INSERT ON changes EXECUTE FUNCTION stumble()",
        // The same, found when it commits.
        "CREATE CONSTRAINT TRIGGER stumble AFTER INSERT ON changes
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stumble()",
    ] {
        let (url, fixture) = seeded(Parts::shared()).await;
        run(&url, format!("{STUMBLE}{trigger}")).await;
        let registry = open(PostgresOptions::new(&url)).await;
        let record = fixture.event(10, Event::residence("1".to_owned(), 1));
        let done = registry.apply(vec![record.clone()]).await.unwrap();
        let (number, version) = (1, 1);
        assert_eq!(done.outcomes, [ChangeOutcome::Applied { number, version }]);
        assert_eq!(registry.counters().retries, 2, "{trigger}");
        assert_eq!(passed(&url).await, 3);
        assert_eq!(registry.changes(0, 10).await.unwrap().len(), 1);
        let again = registry.apply(vec![record]).await.unwrap();
        let before = ChangeOutcome::AlreadyApplied { number, version };
        assert_eq!(again.outcomes, [before]);
    }
}

fn block(claim: &Claim) -> (Block, [VolumeRow; 1]) {
    let block = Block {
        writer: claim.writer,
        first: claim.next,
        count: 3,
        at: Timestamp(1_700_000_000_000),
        previous: claim.hash,
        hash: [claim.next as u8 + 1; 32],
        entries: b"entries".to_vec(),
    };
    let counted = VolumeRow {
        key: VolumeKey {
            agency: AgencyCode::parse("H26", "").unwrap(),
            verb: Verb::Lookup,
            service: ServiceCode::LOOKUP_CITIZEN,
            outcome: Outcome::Match,
            day: Day(19_600),
        },
        count: 3,
    };
    (block, [counted])
}

async fn counted(store: &mut PostgresBlocks) -> u64 {
    let standing = store.standing().await.unwrap();
    standing.counts.iter().map(|row| row.row.count).sum()
}

#[tokio::test]
async fn an_append_that_meets_conflicts_is_appended_and_counted_once() {
    let url = Parts::shared().fresh_database();
    let opened = PostgresBlocks::open(PostgresBlocksOptions::new(&url));
    let mut store = opened.await.unwrap();
    let trigger = "CREATE TRIGGER stumble AFTER INSERT ON blocks EXECUTE FUNCTION stumble()";
    run(&url, format!("{STUMBLE}{trigger}")).await;
    let claim = store.claim_writer("one").await.unwrap();
    let (block, counts) = block(&claim);
    store.append(&block, &counts, &[]).await.unwrap();
    assert_eq!(passed(&url).await, 3);
    assert_eq!(store.blocks(claim.writer, 0, 10).await.unwrap(), [block]);
    assert_eq!(counted(&mut store).await, 3);
}

/// Locks a row of the counts, waits until somebody waits for that, and asks for the writer's, which
/// the append holds by then. Whoever has less patience is the one to find out; that is the append.
const CROSSING: &str = "
    BEGIN;
    SET LOCAL deadlock_timeout = '1min';
    UPDATE counts SET entry_count = entry_count;
    DO $$
    BEGIN
        FOR turn IN 1..1000 LOOP
            EXIT WHEN EXISTS (
                SELECT FROM pg_locks AS l
                INNER JOIN pg_stat_activity AS a ON a.pid = l.pid
                WHERE NOT l.granted AND a.datname = current_database()
            );
            PERFORM pg_sleep(0.01);
        END LOOP;
    END
    $$;
    UPDATE writers SET epoch = epoch;
    ROLLBACK;
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_the_victim_of_a_deadlock_is_appended_once() {
    let url = Parts::shared().fresh_database();
    let opened = PostgresBlocks::open(PostgresBlocksOptions {
        within: Duration::from_secs(30),
        ..PostgresBlocksOptions::new(&url)
    });
    let mut store = opened.await.unwrap();
    let mut claim = store.claim_writer("one").await.unwrap();
    let (first, counts) = block(&claim);
    store.append(&first, &counts, &[]).await.unwrap();
    (claim.next, claim.hash) = (first.end(), first.hash);
    let (second, counts) = block(&claim);
    let crossing = {
        let url = url.clone();
        tokio::task::spawn_blocking(move || Parts::shared().sql_in(&url, CROSSING))
    };
    let mut looking = PgConnection::connect(&url).await.unwrap();
    for _ in 0..1_000 {
        let locked = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'counts'::regclass
            AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid())";
        let locked = sqlx::query_scalar(locked).fetch_one(&mut looking).await;
        if locked.unwrap() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    store.append(&second, &counts, &[]).await.unwrap();
    crossing.await.unwrap();
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let mut seen: i64 = 0;
    for _ in 0..300 {
        // The figures come a moment later.
        seen = sqlx::query_scalar(deadlocks)
            .fetch_one(&mut looking)
            .await
            .unwrap();
        if seen > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(seen, 1, "nobody stood in anybody's way");
    let blocks = store.blocks(claim.writer, 0, 10).await.unwrap();
    assert_eq!(blocks, [first, second]);
    assert_eq!(counted(&mut store).await, 6);
}
