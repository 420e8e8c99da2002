//! The nine months against a real service: every item on its day, and both sides to the unit.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dancu_domain::{CivilDate, EventDays};
use dancu_load::account::Account;
use dancu_load::draw::Shape;
use dancu_load::measure::Watch;
use dancu_load::pace::{Arrivals, Pace};
use dancu_load::profile::{Apart, Counted, Scale, can_name, nine_months_at};
use dancu_load::run::{LoadPlan, nine_months, told_at, volumes};
use dancu_tests::proxy::Proxy;
use dancu_tests::within::{Within, start};

const CITIZENS: u64 = 4_096;

/// The nine months as fast as replies come, on a few lanes.
fn plan_of(service: &Within) -> LoadPlan {
    let address = service.running.grpc_addr();
    let told = told_at(address, &service.nation).expect("the service tells of itself");
    let base = LoadPlan::new("nine".into(), address, service.nation, told.nation);
    let mut plan = LoadPlan {
        pace: Pace::Closed {
            duration: Duration::from_mins(10),
        },
        warm_up: Duration::ZERO,
        threads: 2,
        connections: 2,
        in_flight: 4,
        simulated_days: told.event_days.is_some_and(can_name),
        ..base
    };
    plan.shares.malformed = 0;
    plan
}

/// A whole run of the nine months, and where both sides differ.
fn nine_months_of(service: &Within, change: impl FnOnce(&mut LoadPlan)) -> (Account, Vec<Apart>) {
    let address = service.running.grpc_addr();
    let mut plan = plan_of(service);
    change(&mut plan);
    let by_day = plan.simulated_days;
    let counted = || {
        let rows = volumes(address, &service.nation, None).expect("it tells its totals");
        let mut counted = Counted::default();
        counted.add(&rows, by_day).expect("the totals can be read");
        counted
    };
    let before = counted();
    let watch = Arc::new(Watch::default());
    let ran = nine_months(plan.clone(), SMALL, &watch).expect("the run can be made");
    let account = Account::new(&plan, ran);
    let apart = counted().apart(&before, &account);
    assert_eq!(account.wrong, 0, "{:?}", account.discrepancies);
    let answered: Vec<u64> = account.verbs.iter().map(|v| v.items.answered).collect();
    let wanted = SMALL.items();
    assert_eq!(answered[0] + answered[1], wanted[0] + wanted[1]);
    assert_eq!(answered[2] + answered[3], wanted[2] + wanted[3]);
    (account, apart)
}

/// 3,472 items: enough for every day to have some.
const SMALL: Scale = Scale(500_000);

fn nine_months_allowed(config: &mut dancu_server::Config) {
    let day = |month, day| CivilDate::new(2023, month, day).expect("the calendar has it");
    config.event_days = EventDays::new(day(1, 1), day(9, 30));
}

fn same(what: &str, apart: &[Apart]) {
    let first = &apart[..apart.len().min(3)];
    assert!(apart.is_empty(), "{what}: {} apart: {first:?}", apart.len());
}

/// Items of a run by their day.
fn by_day(account: &Account) -> BTreeMap<String, u64> {
    let mut days = BTreeMap::new();
    for volume in &account.volumes {
        let day = volume.day.clone().unwrap_or_default();
        *days.entry(day).or_default() += volume.count;
    }
    days
}

#[test]
fn the_nine_months_fall_on_their_days_and_both_sides_count_the_same() {
    let service = start(CITIZENS, nine_months_allowed);
    for (nth, (shape, size)) in [(Shape::Unary, 1), (Shape::Batch, 30), (Shape::Stream, 30)]
        .into_iter()
        .enumerate()
    {
        let (account, apart) = nine_months_of(&service, |plan| {
            plan.run_id = format!("nine{nth}");
            plan.shape = shape;
            plan.size = size;
            assert!(plan.simulated_days, "the service says that it may");
        });
        same("each day", &apart);
        let days = by_day(&account);
        // Holidays are too quiet for a run this small to have something on all of them.
        assert!((200..=273).contains(&days.len()), "{} days", days.len());
        assert!(
            days.keys()
                .all(|day| ("2023-01-01"..="2023-09-30").contains(&day.as_str()))
        );
        let of = |day: &str| days.get(day).copied().unwrap_or(0);
        let (monday, sunday, tet) = (of("2023-03-06"), of("2023-03-05"), of("2023-01-23"));
        assert!(monday > 3 * sunday.max(tet), "{monday} {sunday} {tet}");
    }
}

#[test]
fn where_days_cannot_be_named_the_nine_months_are_counted_today() {
    let none: fn(&mut dancu_server::Config) = |_| {};
    let half: fn(&mut dancu_server::Config) = |config| {
        let day = |month| CivilDate::new(2023, month, 1).expect("the calendar has it");
        config.event_days = EventDays::new(day(1), day(5));
    };
    for change in [none, half] {
        let service = start(CITIZENS, change);
        let (account, apart) = nine_months_of(&service, |plan| {
            assert!(!plan.simulated_days, "the service says that it may not");
        });
        same("both sides", &apart);
        assert_eq!(by_day(&account).into_keys().collect::<Vec<_>>(), [""]);
    }
}

#[test]
fn a_count_under_another_day_is_told_apart() {
    let service = start(CITIZENS, nine_months_allowed);
    let address = service.running.grpc_addr();
    let (mut account, _) = nine_months_of(&service, |_| {});
    let rows = volumes(address, &service.nation, None).expect("it tells its totals");
    let mut counted = Counted::default();
    counted.add(&rows, true).expect("the totals can be read");
    let none = Counted::default();
    same("all of it", &counted.apart(&none, &account));
    let moved = account.volumes.iter_mut().find(|v| v.count == 1);
    moved.expect("something came once").day = Some("2023-12-31".to_owned());
    assert_eq!(counted.apart(&none, &account).len(), 2);
}

#[test]
fn with_a_speed_messages_are_due_by_the_calendar_and_what_was_missed_is_sent_behind_it() {
    let service = start(CITIZENS, nine_months_allowed);
    let proxy = Arc::new(Proxy::before(service.running.grpc_addr()));
    let address = proxy.address();
    let speed = 273.0 * 86_400.0 / 6.0;
    let paced = |plan: &mut LoadPlan| {
        plan.server = address;
        plan.pace = Pace::Calendar {
            speed,
            arrivals: Arrivals::Poisson,
            duration: nine_months_at(speed),
        };
    };
    let (account, apart) = nine_months_of(&service, |plan| {
        paced(plan);
        plan.run_id = "paced".into();
        plan.patience = Duration::from_mins(2);
    });
    same("both sides", &apart);
    assert!(
        account.is_open() && account.elapsed >= 5.0,
        "{}",
        account.elapsed
    );
    let calls = &account.all.calls;
    assert_eq!((calls.missed, account.put_off), (0, 0));
    // By its schedule nearly as much is due in each second: nothing came in one heap at the end.
    let of = |seconds: Range<u64>| {
        let of = account
            .intervals
            .iter()
            .filter(|i| seconds.contains(&i.second));
        of.map(|i| i.all().sent).sum::<u64>()
    };
    assert!(
        of(0..3) > calls.answered / 4,
        "{} of {}",
        of(0..3),
        calls.answered
    );

    // While nothing passes, slots are missed; all of them are sent in the end, under their days.
    let stalling = proxy.stall_soon();
    let (account, apart) = nine_months_of(&service, |plan| {
        paced(plan);
        plan.run_id = "stalled".into();
        plan.patience = Duration::from_millis(50);
        plan.in_flight = 1;
    });
    stalling.join().expect("the wire is healed");
    same("both sides", &apart);
    assert!(
        account.all.calls.missed > 20,
        "{}",
        account.all.calls.missed
    );
    assert!(account.put_off > 0 && by_day(&account).len() > 150);
    assert!(
        account
            .warnings
            .iter()
            .any(|w| w.contains("under their days"))
    );
}

#[test]
fn a_service_that_is_gone_ends_the_nine_months_before_their_time() {
    let service = start(CITIZENS, |_| {});
    let plan = LoadPlan {
        goal: Some(Scale(10_000).items().iter().sum()),
        longest_absence: Duration::from_secs(5),
        ..plan_of(&service)
    };
    let running = {
        let (plan, watch) = (plan.clone(), Arc::new(Watch::default()));
        thread::spawn(move || nine_months(plan, Scale(10_000), &watch))
    };
    thread::sleep(Duration::from_secs(2));
    drop(service);
    // Not after the ten minutes that it has, and not never, as one that asks until all is answered.
    let ran = running.join().expect("it ends");
    let ran = ran.expect("what was measured is told");
    assert!(ran.stopped && ran.elapsed < Duration::from_mins(2));
    let account = Account::new(&plan, ran);
    assert!(
        account.away_at_the_end() >= Some(4),
        "{:?}",
        account.warnings
    );
}

#[test]
fn where_everybody_is_turned_away_the_nine_months_wait_as_they_are_told_and_give_up() {
    // Limits of a day are kept in a database, and this service has none.
    let service = start(CITIZENS, |config| config.quotas.items_per_day = Some(1));
    for shape in [Shape::Unary, Shape::Stream] {
        let plan = LoadPlan {
            goal: Some(SMALL.items().iter().sum()),
            longest_absence: Duration::from_secs(3),
            shape,
            ..plan_of(&service)
        };
        let ran = nine_months(plan.clone(), SMALL, &Arc::default());
        let ran = ran.expect("what was measured is told");
        let seconds = ran.elapsed.as_secs();
        assert!(ran.stopped && (3..60).contains(&seconds), "{seconds} s");
        let account = Account::new(&plan, ran);
        let all = &account.all;
        assert_eq!(all.items.in_doubt, 0, "{:?}", account.warnings);
        assert_eq!(all.items.unavailable, all.items.sent, "{:?}", all.items);
        // Each of those on their way waits for 200 ms; asking at once it would be tens of thousands.
        let calls = (plan.connections * plan.in_flight * plan.window) as u64;
        let most = calls * (seconds + 1) * 5;
        assert!(
            (1..=most).contains(&all.calls.failed),
            "{}",
            all.calls.failed
        );
    }
}
