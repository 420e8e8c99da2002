//! The limits of a ledger over every backend: a restart forgets nothing, and instances see what the
//! others do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::backends::{Backend, Memory, Postgres, Sqlite, agency};
use dancu_domain::{
    AttributeSet, Clock, Day, GuessLimits, IdKey, ItemRecord, MessageRecord, NationId, Outcome,
    PersonalId, Purpose, Recorder as _, RequestContext, RequestId, ServiceCode, Timestamp, Verb,
};
use dancu_ledger::{
    BlockStore, DayLimits, Desk, Ledger, LedgerConfig, LedgerKeys, LimitRules, Limits, LimitsKnown,
};

suite! {
    a_restart_forgets_neither_what_was_used_nor_what_failed;
    what_other_instances_do_is_seen_by_itself;
    what_failed_before_the_window_is_not_read_again;
    event_days_have_a_use_and_a_window_of_their_own;
}

/// How long anything that should come may take to come.
const PATIENCE: Duration = Duration::from_mins(1);
const DAY_MS: i64 = 86_400_000;

struct SetClock(AtomicI64);

impl SetClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000_000)))
    }

    fn move_by(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

fn rules() -> LimitRules {
    LimitRules {
        days: DayLimits {
            usual: Some(10),
            ..DayLimits::default()
        },
        guesses: Some(GuessLimits {
            per_agency: Some(2),
            per_subject: Some(3),
            window: Duration::from_hours(3),
            first_delay: Duration::from_mins(1),
            longest_delay: Duration::from_hours(1),
        }),
        remembered: 1_000,
        event_days: true,
    }
}

/// An instance whose limits are followed.
struct Instance {
    ledger: Ledger,
    desk: Desk,
    limits: Limits,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Instance {
    async fn begin<S: BlockStore>(
        (store, reader): (S, S),
        name: &str,
        folder: &Path,
        clock: &Arc<SetClock>,
    ) -> Self {
        let mut config = LedgerConfig::new(NationId([44; 16]), folder.join(name));
        name.clone_into(&mut config.writer);
        config.limits = rules();
        let keys = LedgerKeys {
            pseudonym: [11; 16],
            request: [22; 16],
            checkpoint: [33; 32],
        };
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        let (ledger, writing) = Ledger::open(store, clock, keys, config).await.unwrap();
        let (desk, bell) = ledger.desk();
        let limits = ledger.limits().unwrap();
        assert!(!limits.are_known(), "nothing was read yet");
        let tasks = vec![
            tokio::spawn(async move { writing.await.unwrap() }),
            tokio::spawn(bell),
            tokio::spawn(limits.clone().follow(reader)),
        ];
        let mut known = limits.known();
        let read = known.wait_for(|known| *known == LimitsKnown::Known);
        tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
        Self {
            ledger,
            desk,
            limits,
            tasks,
        }
    }

    /// Ends it without a word to the store, as a kill does.
    async fn end(self) {
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            let _ = task.await;
        }
        drop(self.ledger);
    }

    async fn record(&self, message: MessageRecord) {
        self.desk.record(message).await.unwrap();
    }

    /// How many more items fit into the day of an agency.
    fn room(&self, code: &str, day: Option<Day>) -> u32 {
        let fits = |items: &u32| self.limits.hold(agency(code), day, *items).is_ok();
        (0..=10).rev().find(fits).unwrap()
    }

    fn waits(&self, code: &str, day: Option<Day>, n: u64) -> Option<Duration> {
        let asking = self.desk.begin_asking(agency(code), day, &[subject(n)]);
        asking.unwrap().waits[0]
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waited).await;
    assert!(waited.is_ok(), "{what}");
}

fn subject(n: u64) -> IdKey {
    IdKey::Personal(PersonalId::from_digits(1_099_000_000 + n).unwrap())
}

/// A message of these items, each about its subject and ended so.
fn message(code: &str, verb: Verb, day: Option<Day>, items: &[(u64, Outcome)]) -> MessageRecord {
    let item = |(n, outcome): &(u64, Outcome)| ItemRecord {
        subject: Some(subject(*n)),
        outcome: *outcome,
        given: AttributeSet::NONE,
        dossier: None,
    };
    MessageRecord {
        agency: agency(code),
        verb,
        service: ServiceCode::LOOKUP_CITIZEN,
        context: RequestContext {
            request_id: RequestId::parse("request", "").unwrap(),
            officer: None,
            procedure: None,
            dossier: None,
            purpose: Purpose::DataCleaning,
            unit: None,
            event_day: day,
        },
        granted: AttributeSet::NONE,
        items: items.iter().map(item).collect(),
        kept: None,
    }
}

async fn a_restart_forgets_neither_what_was_used_nor_what_failed<B: Backend>(backend: B) {
    use Outcome::{Found, Match, NoMatch};
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let stores = (backend.open().await, backend.reader().await);
    let one = Instance::begin(stores, "one", folder.path(), &clock).await;
    assert_eq!(
        (one.room("H26", None), one.waits("H26", None, 7)),
        (10, None)
    );
    let failed = [(7, NoMatch), (8, NoMatch), (7, NoMatch), (9, Found)];
    one.record(message("H26", Verb::Lookup, None, &failed))
        .await;
    one.record(message(
        "H29",
        Verb::Authenticate,
        None,
        &[(7, Match), (8, NoMatch)],
    ))
    .await;
    // Not a guess, however it ended.
    one.record(message("H29", Verb::Reconcile, None, &[(9, NoMatch); 5]))
        .await;
    let expected = |one: &Instance, when: &str| {
        let rooms = (one.room("H26", None), one.room("H29", None));
        assert_eq!(rooms, (6, 3), "{when}");
        let minute = Some(Duration::from_mins(1));
        let waits = [
            one.waits("H26", None, 7),
            one.waits("H26", None, 8),
            one.waits("H29", None, 7),
            one.waits("H29", None, 9),
        ];
        assert_eq!(waits, [minute, None, None, None], "{when}");
        assert_eq!(one.limits.counters().remembered, 4, "{when}");
    };
    expected(&one, "while it runs");
    one.end().await;
    for turn in ["after a kill", "after another"] {
        let stores = (backend.open().await, backend.reader().await);
        let again = Instance::begin(stores, "one", folder.path(), &clock).await;
        expected(&again, turn);
        again.end().await;
    }
    // Another writer over the same store knows it as well.
    let stores = (backend.open().await, backend.reader().await);
    let other = Instance::begin(stores, "two", folder.path(), &clock).await;
    expected(&other, "by another writer");
    clock.move_by(DAY_MS);
    assert_eq!(
        (other.room("H26", None), other.waits("H26", None, 7)),
        (10, None)
    );
    other.end().await;
}

async fn what_other_instances_do_is_seen_by_itself<B: Backend>(backend: B) {
    use Outcome::{Applied, NoMatch};
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let stores = (backend.open().await, backend.reader().await);
    let one = Instance::begin(stores, "one", folder.path(), &clock).await;
    // A file is one process's alone.
    let Some(second) = backend.beside().await else {
        one.end().await;
        return;
    };
    one.record(message("H26", Verb::Push, None, &[(1, Applied); 3]))
        .await;
    let stores = (second, backend.reader().await);
    let two = Instance::begin(stores, "two", folder.path(), &clock).await;
    assert_eq!(two.room("H26", None), 7, "what was before its start");
    for turn in 0..3 {
        one.record(message("H26", Verb::Lookup, None, &[(7, NoMatch)]))
            .await;
        two.record(message("H29", Verb::Lookup, None, &[(8, NoMatch)]))
            .await;
        let room = 7 - turn - 1;
        until("two sees what one used", || two.room("H26", None) == room).await;
        let room = 10 - turn - 1;
        until("one sees what two used", || one.room("H29", None) == room).await;
        assert_eq!(one.room("H26", None), 7 - turn - 1, "its own to the item");
    }
    let minute = Some(Duration::from_mins(1));
    until("two sees what failed at one", || {
        two.waits("G01", None, 7) == minute
    })
    .await;
    until("one sees what failed at two", || {
        one.waits("G01", None, 8) == minute
    })
    .await;
    // Nothing is taken twice, however often it is looked at.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(one.limits.counters().remembered, 6);
    assert_eq!((one.room("H26", None), two.room("H26", None)), (4, 4));
    one.end().await;
    two.end().await;
}

async fn what_failed_before_the_window_is_not_read_again<B: Backend>(backend: B) {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let stores = (backend.open().await, backend.reader().await);
    let one = Instance::begin(stores, "one", folder.path(), &clock).await;
    // A day and a half, a block each ten minutes.
    for n in 0..216 {
        let failed = [(n, Outcome::NoMatch)];
        one.record(message("G01", Verb::Lookup, Some(Day(1)), &failed))
            .await;
        one.record(message("H26", Verb::Lookup, None, &failed))
            .await;
        clock.move_by(600_000);
    }
    one.end().await;
    let stores = (backend.open().await, backend.reader().await);
    let again = Instance::begin(stores, "one", folder.path(), &clock).await;
    // Three hours by the clock, without the one that has just left the window. Of days that callers
    // name what was recorded within the window and an hour more is read.
    let by_clock = 17;
    let by_day = 24;
    let remembered = again.limits.counters().remembered;
    assert!(
        (by_clock..=by_clock + by_day).contains(&remembered),
        "{remembered}"
    );
    again
        .record(message(
            "H26",
            Verb::Lookup,
            None,
            &[(215, Outcome::NoMatch)],
        ))
        .await;
    assert!(again.waits("H26", None, 215).is_some(), "its second one");
    again
        .record(message(
            "H26",
            Verb::Lookup,
            None,
            &[(100, Outcome::NoMatch)],
        ))
        .await;
    assert!(
        again.waits("H26", None, 100).is_none(),
        "its first one lately"
    );
    again.end().await;
}

async fn event_days_have_a_use_and_a_window_of_their_own<B: Backend>(backend: B) {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let day = Some(Day(19_358));
    let next = Some(Day(19_359));
    for turn in 0..2 {
        let stores = (backend.open().await, backend.reader().await);
        let one = Instance::begin(stores, "one", folder.path(), &clock).await;
        if turn == 0 {
            let failed = [(7, Outcome::NoMatch); 2];
            one.record(message("H26", Verb::Lookup, day, &failed)).await;
        }
        let rooms = [day, next, None].map(|day| one.room("H26", day));
        assert_eq!(rooms, [8, 10, 10], "turn {turn}");
        let waits = [day, next, None].map(|day| one.waits("H26", day, 7));
        let minute = Some(Duration::from_mins(1));
        assert_eq!(waits, [minute, None, None], "turn {turn}");
        let refused = one.limits.hold(agency("H26"), day, 9).unwrap_err();
        assert_eq!(refused.retry_after, None, "waiting does not help");
        let refused = one.limits.hold(agency("H26"), None, 11).unwrap_err();
        let midnight = refused.retry_after.unwrap();
        assert!(midnight <= Duration::from_hours(24), "{midnight:?}");
        one.end().await;
    }
}
