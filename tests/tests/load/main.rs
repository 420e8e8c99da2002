//! The load tool against a real service: what it measures, what it counts, and what it catches.

mod command;
mod figures;
mod files;
mod search;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use dancu_load::account::{Account, Threshold};
use dancu_load::draw::{Shape, Shares};
use dancu_load::measure::Watch;
use dancu_load::mix::NATIONAL;
use dancu_load::pace::{Arrivals, Pace, Schedule};
use dancu_load::run::{LoadPlan, nation_at, run, volumes};
use dancu_tests::proxy::Proxy;
use dancu_tests::within::{Within, start};

const CITIZENS: u64 = 4_096;

fn plan(service: &Within, server: SocketAddr, pace: Pace) -> LoadPlan {
    let nation_id = nation_at(server, &service.nation).expect("the service tells its nation");
    LoadPlan {
        pace,
        warm_up: Duration::ZERO,
        threads: 2,
        connections: 2,
        in_flight: 4,
        stock: 256,
        ..LoadPlan::new("test".into(), server, service.nation, nation_id)
    }
}

fn open(rate: f64, seconds: f64) -> Pace {
    Pace::Open {
        schedule: Schedule::hold(rate, seconds),
        arrivals: Arrivals::Constant,
    }
}

fn account(plan: LoadPlan) -> Account {
    let ran = run(plan.clone(), &Arc::new(Watch::default())).expect("the run can be made");
    Account::new(&plan, ran)
}

#[test]
fn a_stall_shows_in_what_counts_from_when_it_was_due_and_not_in_a_closed_loop() {
    let service = start(CITIZENS, |_| {});
    let proxy = Arc::new(Proxy::before(service.running.grpc_addr()));
    let mut open = plan(&service, proxy.address(), open(200.0, 4.0));
    open.patience = Duration::from_secs(10);
    let stalling = proxy.stall_soon();
    let stalled = account(open.clone());
    stalling.join().expect("the wire is healed");
    let calls = &stalled.all.calls;
    assert_eq!(stalled.wrong, 0, "{:?}", stalled.discrepancies);
    assert_eq!(calls.answered + calls.failed, 800);
    // A quarter of the slots fell into the stall and waited up to a second.
    let (service_time, corrected) = (&calls.service, &calls.corrected);
    assert!(
        corrected.quantile(0.9) > 400_000,
        "{}",
        corrected.quantile(0.9)
    );
    assert!(
        service_time.quantile(0.9) < 400_000,
        "{}",
        service_time.quantile(0.9)
    );

    let mut closed = open;
    closed.pace = Pace::Closed {
        duration: Duration::from_secs(4),
    };
    let stalling = proxy.stall_soon();
    let closed = account(closed);
    stalling.join().expect("the wire is healed");
    let calls = &closed.all.calls;
    assert!(calls.service.most() > 500_000, "the stall was there");
    assert!(
        calls.service.quantile(0.9) < 400_000,
        "and hardly anybody asked in it"
    );
    assert!(!closed.is_open());
}

#[test]
fn generators_that_ask_at_the_same_time_are_right_and_are_merged_into_one_account() {
    let service = start(640, |_| {});
    let ran: Vec<Account> = thread::scope(|scope| {
        let generators: Vec<_> = (0..2)
            .map(|part| {
                let mut plan = plan(&service, service.running.grpc_addr(), open(300.0, 2.0));
                plan.part = (part, 2);
                // One of them has more threads, and no connection for the last of these.
                (plan.threads, plan.connections) = [(2, 2), (4, 3)][part as usize];
                plan.run_id = format!("part{part}");
                plan.mix = [50, 0, 0, 50];
                plan.patience = Duration::from_secs(30);
                scope.spawn(move || account(plan))
            })
            .collect();
        let ended = generators.into_iter().map(thread::ScopedJoinHandle::join);
        ended.map(|ran| ran.expect("the run ends")).collect()
    });
    for account in &ran {
        assert_eq!(account.wrong, 0, "{:?}", account.discrepancies);
        assert!(account.all.calls.answered > 100, "{:?}", account.all.calls);
    }
    let answered: u64 = ran.iter().map(|ran| ran.all.items.answered).sum();
    let mut ran = ran.into_iter();
    let mut merged = ran.next().expect("there are two");
    ran.for_each(|other| merged.merge(other));
    assert_eq!(merged.all.items.answered, answered);
    let counted: u64 = counted(&service).into_values().sum();
    assert_eq!(counted, answered);
}

#[test]
fn slots_for_which_there_was_no_message_are_missed_as_well() {
    let service = start(CITIZENS, |_| {});
    let mut plan = plan(&service, service.running.grpc_addr(), open(50_000.0, 1.0));
    // Each push waits for the answer to the one before, and there are few who push: no machine is so
    // fast. There was one that answered five thousand.
    plan.mix = [0, 0, 0, 1];
    plan.patience = Duration::from_millis(100);
    let account = account(plan);
    let calls = &account.all.calls;
    assert_eq!(account.wrong, 0, "{:?}", account.discrepancies);
    assert!(calls.answered > 0 && calls.missed > 0, "{calls:?}");
    assert_eq!(calls.answered + calls.failed + calls.missed, 50_000);
}

#[test]
fn what_is_turned_away_is_worse_than_every_bound() {
    let service = start(CITIZENS, |config| config.quotas.items_per_second = Some(1));
    let mut account = account(plan(
        &service,
        service.running.grpc_addr(),
        open(100.0, 2.0),
    ));
    let calls = &account.all.calls;
    assert!(calls.failed > 20 && calls.answered > 20, "{calls:?}");
    let thresholds = ["p99<5s", "service.p99<5s", "mean<5s", "missed<5%"];
    let thresholds = thresholds.map(|text| text.parse::<Threshold>().expect("a threshold"));
    account.judge(&thresholds);
    let held: Vec<bool> = account.thresholds.iter().map(|held| held.held).collect();
    assert_eq!(held, [false, true, false, true], "{:?}", account.thresholds);
    assert!(account.warnings.iter().any(|told| told.contains("failed")));
}

#[test]
fn slots_that_nobody_took_are_missed_counted_and_worse_than_every_bound() {
    let service = start(CITIZENS, |_| {});
    let proxy = Arc::new(Proxy::before(service.running.grpc_addr()));
    let mut plan = plan(&service, proxy.address(), open(200.0, 4.0));
    plan.patience = Duration::from_millis(100);
    let stalling = proxy.stall_soon();
    let mut account = account(plan);
    stalling.join().expect("the wire is healed");
    let calls = &account.all.calls;
    assert!(calls.missed > 50, "{}", calls.missed);
    assert_eq!(calls.answered + calls.failed + calls.missed, 800);
    let shown: u64 = account.intervals.iter().map(|i| i.all().missed).sum();
    assert_eq!(shown, calls.missed);
    assert!(account.warnings.iter().any(|w| w.contains("not kept")));
    let thresholds = ["p99<10s", "service.p50<10s", "missed<1%", "wrong<1"];
    let thresholds: Vec<Threshold> = thresholds.iter().map(|t| t.parse().unwrap()).collect();
    account.judge(&thresholds);
    let held: Vec<bool> = account.thresholds.iter().map(|t| t.held).collect();
    assert_eq!(held, [false, true, false, true]);
    assert_eq!(account.thresholds[0].value, None);
    assert!(!account.is_good());
}

/// What GetVolumes counts, by agency, verb and outcome.
fn counted(service: &Within) -> BTreeMap<(String, i32, i32), u64> {
    let address = service.running.grpc_addr();
    let rows = volumes(address, &service.nation, None).expect("the service tells its totals");
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts
            .entry((row.agency, row.verb, row.outcome))
            .or_default() += row.count as u64;
    }
    counts
}

#[test]
fn everything_that_was_sent_is_found_again_and_equals_the_counters() {
    let service = start(CITIZENS, |_| {});
    let mut sums: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    let shapes = [(Shape::Unary, 1), (Shape::Batch, 20), (Shape::Stream, 20)];
    for (nth, (shape, size)) in shapes.into_iter().enumerate() {
        let mut plan = plan(&service, service.running.grpc_addr(), open(400.0, 2.0));
        plan.run_id = format!("test{nth}");
        // Few messages, so that each of them is sent more than once.
        plan.stock = 20 * size;
        plan.shape = shape;
        plan.size = size;
        plan.patience = Duration::from_secs(30);
        plan.shares = Shares {
            denied: 20,
            unfit: 20,
            personas: 20,
            ..plan.shares
        };
        assert_eq!(plan.mix, NATIONAL);
        let account = account(plan);
        assert_eq!(account.wrong, 0, "{shape:?}: {:?}", account.discrepancies);
        assert!(account.all.items.adds_up(), "{:?}", account.all.items);
        assert_eq!(account.all.items.unavailable, 0, "{:?}", account.codes);
        assert!(account.all.items.malformed > 0 && account.all.items.refused > 0);
        assert!(account.verified.by_digest > 0, "{:?}", account.verified);
        assert!(account.of(Some(dancu_domain::Verb::Push)).items.answered > 0);
        for volume in account.volumes {
            *sums
                .entry((volume.agency, volume.verb, volume.outcome))
                .or_default() += volume.count;
        }
    }
    let verb = |code: i32| dancu_domain::Verb::from_code(code as u8).unwrap();
    let outcome = |code: i32| dancu_domain::Outcome::from_code(code as u8).unwrap();
    let counted: BTreeMap<_, u64> = counted(&service)
        .into_iter()
        .map(|((agency, v, o), n)| ((agency, verb(v).word().into(), outcome(o).word().into()), n))
        .collect();
    assert_eq!(sums, counted);
}

/// Forwards to `service`; while `alter` is set, `Nguy` comes back as `Nguz`.
fn alterer(service: SocketAddr, alter: Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let server = TcpStream::connect(service).expect("the service listens");
            let (from, to) = (twin(&client), twin(&server));
            thread::spawn(move || forward(from, to, |_| {}));
            let alter = Arc::clone(&alter);
            thread::spawn(move || {
                forward(server, client, |bytes| {
                    if !alter.load(Ordering::Relaxed) {
                        return;
                    }
                    for at in 0..bytes.len().saturating_sub(3) {
                        if &bytes[at..at + 4] == b"Nguy" {
                            bytes[at + 3] = b'z';
                        }
                    }
                });
            });
        }
    });
    address
}

fn twin(socket: &TcpStream) -> TcpStream {
    socket.try_clone().expect("a socket has a second handle")
}

fn forward(mut from: TcpStream, mut to: TcpStream, change: impl Fn(&mut [u8])) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        change(&mut buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}

#[test]
fn an_altered_reply_is_caught_also_where_the_right_one_was_known_before() {
    let service = start(CITIZENS, |_| {});
    let alter = Arc::new(AtomicBool::new(false));
    let address = alterer(service.running.grpc_addr(), Arc::clone(&alter));
    for shape in [Shape::Unary, Shape::Batch, Shape::Stream] {
        alter.store(false, Ordering::Relaxed);
        let mut plan = plan(&service, address, open(300.0, 3.0));
        plan.mix = [1, 0, 0, 0];
        plan.shape = shape;
        plan.size = if shape == Shape::Unary { 1 } else { 5 };
        // Every message is sent many times before anything is altered.
        plan.stock = 64;
        let switch = Arc::clone(&alter);
        let altering = thread::spawn(move || {
            thread::sleep(Duration::from_secs(2));
            switch.store(true, Ordering::Relaxed);
        });
        let account = account(plan);
        altering.join().expect("the wire alters");
        let by_second = |second| {
            let of = account.intervals.iter().filter(|i| i.second == second);
            of.map(|i| i.wrong).sum::<u64>()
        };
        assert_eq!(by_second(0), 0, "{shape:?}");
        assert!(account.wrong > 5, "{shape:?}: {}", account.wrong);
        assert!(account.verified.by_digest > 100, "{:?}", account.verified);
        assert!(!account.is_good());
    }
}

#[test]
fn no_more_is_in_flight_than_the_service_takes_and_what_is_left_out_is_told() {
    let service = start(CITIZENS, |config| config.limits.streams_per_connection = 3);
    let duration = Duration::from_secs(2);
    let closed = |in_flight| LoadPlan {
        in_flight,
        mix: [60, 40, 0, 0],
        ..plan(
            &service,
            service.running.grpc_addr(),
            Pace::Closed { duration },
        )
    };
    let (few, many) = (account(closed(3)), account(closed(128)));
    for account in [&few, &many] {
        assert_eq!(account.wrong, 0, "{:?}", account.discrepancies);
        assert!(account.all.calls.answered > 0);
    }
    assert_eq!((few.left_out, many.left_out), (0, 2 * 125));
    let told = |text: &str| many.warnings.iter().any(|line| line.contains(text));
    assert!(
        told("250 of the calls in flight were left out"),
        "{:?}",
        many.warnings
    );
    // What waits within the tool for a place would seem to have been served forty times as long.
    let median = |account: &Account| account.all.calls.service.quantile(0.5);
    assert!(
        median(&many) < 10 * median(&few),
        "{} against {} us",
        median(&many),
        median(&few)
    );
}
