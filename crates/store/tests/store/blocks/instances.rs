//! Two ledgers over one store: the same write message at both at the same moment is carried out,
//! recorded and counted once, and both are told the same.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dancu_domain::{
    AgencyCode, AttributeSet, Clock, ItemRecord, KeptAnswer, MessageRecord, NationId, Outcome,
    Purpose, Receipt, RecordError, Recorder as _, RequestContext, RequestId, ServiceCode,
    Timestamp, Verb, WriteSlot,
};
use dancu_ledger::{BlockStore, Desk, Ledger, LedgerConfig, LedgerKeys, audit};
use dancu_store::conformance::parts::Parts;
use dancu_store::{MemoryBlocks, PostgresBlocks, PostgresBlocksOptions};
use tokio::task::JoinHandle;

/// How many are under way at the same time.
const AT_ONCE: usize = 20;
const MESSAGES: usize = 300;

struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }
}

fn keys() -> LedgerKeys {
    LedgerKeys {
        pseudonym: [11; 16],
        request: [22; 16],
        checkpoint: [33; 32],
    }
}

async fn instance(store: impl BlockStore, name: &str, folder: &Path) -> (Ledger, Desk) {
    let mut config = LedgerConfig::new(NationId([44; 16]), folder.join(name));
    name.clone_into(&mut config.writer);
    let opened = Ledger::open(store, Arc::new(StillClock), keys(), config).await;
    let (ledger, task) = opened.unwrap();
    tokio::spawn(async move { task.await.unwrap() });
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    (ledger, desk)
}

fn agency() -> AgencyCode {
    AgencyCode::parse("H26", "").unwrap()
}

fn request(n: usize) -> RequestId {
    RequestId::parse(&format!("request-{n}"), "").unwrap()
}

fn message(n: usize, body: u8) -> MessageRecord {
    let item = ItemRecord {
        subject: None,
        outcome: Outcome::Applied,
        given: AttributeSet::NONE,
        dossier: None,
    };
    MessageRecord {
        agency: agency(),
        verb: Verb::Push,
        service: ServiceCode(903),
        context: RequestContext {
            request_id: request(n),
            officer: None,
            procedure: None,
            dossier: None,
            purpose: Purpose::LifeEvent,
            unit: None,
            event_day: None,
        },
        granted: AttributeSet::NONE,
        items: vec![item; 1 + n % 3],
        kept: Some(KeptAnswer {
            digest: [body; 32],
            body: vec![body, n as u8],
        }),
    }
}

/// How a message ended: with the receipt and the body of its answer, or refused.
type Told = Option<(Receipt, Vec<u8>)>;

/// What the two instances did.
#[derive(Default)]
struct Done {
    /// Which message was carried out with which body.
    carried_out: Mutex<HashSet<(usize, u8)>>,
    more_than_once: AtomicUsize,
}

/// What a verb does with a write message.
async fn write(desk: &Desk, n: usize, body: u8, done: &Done) -> Told {
    loop {
        let begun = desk.begin_write(agency(), &request(n), [body; 32]).await;
        let guard = match begun.unwrap() {
            WriteSlot::Fresh(guard) => guard,
            WriteSlot::Kept(kept) => return Some((kept.receipt, kept.answer.body)),
            WriteSlot::Reused => return None,
        };
        if !done.carried_out.lock().unwrap().insert((n, body)) {
            done.more_than_once.fetch_add(1, Ordering::Relaxed);
        }
        tokio::task::yield_now().await;
        let sent = message(n, body);
        let answer = sent.kept.clone().unwrap().body;
        let recorded = desk.record(sent).await;
        drop(guard);
        match recorded {
            Ok(receipt) => return Some((receipt, answer)),
            Err(RecordError::TakenOver) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Holds what both instances said of a message against each other.
async fn check(n: usize, pair: Vec<JoinHandle<Told>>, done: &Done) {
    let mut told = Vec::new();
    for task in pair {
        told.push(task.await.unwrap());
    }
    let told: [Told; 2] = told.try_into().unwrap();
    match told {
        [Some(first), Some(second)] if !n.is_multiple_of(5) => assert_eq!(first, second),
        [Some((receipt, body)), None] | [None, Some((receipt, body))] if n.is_multiple_of(5) => {
            assert_eq!(receipt.count as usize, 1 + n % 3);
            let ran = done.carried_out.lock().unwrap();
            assert!(ran.contains(&(n, body[0])) && !ran.contains(&(n, 3 - body[0])));
        }
        told => panic!("message {n}: {told:?}"),
    }
}

async fn both_at_once<S: BlockStore>(one: S, two: S, mut reader: S) {
    let folder = tempfile::tempdir().unwrap();
    let (first, one) = instance(one, "one", folder.path()).await;
    let (second, two) = instance(two, "two", folder.path()).await;
    let done = Arc::new(Done::default());
    let mut entries = 0;
    // Each has one of its own: which of them is first with the others is chance.
    for (n, desk) in [(MESSAGES, &one), (MESSAGES + 1, &two)] {
        entries += 1 + n as u64 % 3;
        write(desk, n, 1, &done).await.unwrap();
    }
    // A few at a time, and in turn to either of them first: so neither takes all of them before
    // the other has begun.
    for beginning in (0..MESSAGES).step_by(AT_ONCE) {
        let mut desks = [&one, &two];
        if beginning / AT_ONCE % 2 == 1 {
            desks.reverse();
        }
        let these = beginning..MESSAGES.min(beginning + AT_ONCE);
        let pairs = these.map(|n| (n, desks.map(|desk| (desk.clone(), Arc::clone(&done)))));
        let tasks: Vec<_> = pairs
            .map(|(n, pair)| {
                // Every fifth comes with another body to the second instance.
                let bodies = if n % 5 == 0 { [1, 2] } else { [1, 1] };
                let sent = pair.into_iter().zip(bodies).map(|((desk, done), body)| {
                    tokio::spawn(async move { write(&desk, n, body, &done).await })
                });
                (n, sent.collect::<Vec<_>>())
            })
            .collect();
        for (n, pair) in tasks {
            entries += 1 + n as u64 % 3;
            check(n, pair, &done).await;
        }
    }
    assert_eq!(done.more_than_once.load(Ordering::Relaxed), 0);
    let recounted = audit::recount(&mut reader).await.unwrap();
    assert_eq!(recounted.values().sum::<u64>(), entries);
    let standing = reader.standing().await.unwrap();
    let counted = standing.counts.iter().map(|row| row.row.count);
    assert_eq!(counted.sum::<u64>(), entries);
    assert!(
        standing.heads.iter().all(|head| head.next > 0),
        "one of them had nothing to do: {:?}",
        standing.heads
    );
    first.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_at_two_instances_happens_once_in_memory() {
    let all = MemoryBlocks::new();
    both_at_once(all.clone(), all.clone(), all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_at_two_instances_happens_once_in_postgres() {
    let url = Parts::shared().fresh_database();
    let open = || PostgresBlocks::open(PostgresBlocksOptions::new(&url));
    let (one, two) = (open().await.unwrap(), open().await.unwrap());
    both_at_once(one, two, open().await.unwrap()).await;
}
