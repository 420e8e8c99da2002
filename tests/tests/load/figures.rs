//! What of a run is measured, what of it is verified, and what its files say.

use std::collections::BTreeMap;
use std::time::Duration;

use dancu_load::run::LoadPlan;
use dancu_tests::within::start;

use super::{CITIZENS, account, open, plan};

#[test]
fn what_warms_up_is_counted_and_not_measured() {
    let service = start(CITIZENS, |_| {});
    let of = |warm_up| LoadPlan {
        warm_up,
        mix: [60, 40, 0, 0],
        patience: Duration::from_secs(30),
        ..plan(&service, service.running.grpc_addr(), open(200.0, 3.0))
    };
    let cold = account(of(Duration::ZERO));
    let warm = account(of(Duration::from_secs(1)));
    for account in [&cold, &warm] {
        assert_eq!(account.wrong, 0, "{:?}", account.discrepancies);
        assert_eq!(account.all.items.sent, 600, "all of it was sent");
    }
    let calls = |of: &dancu_load::account::Account| {
        let calls = &of.all.calls;
        calls.answered + calls.failed + calls.missed
    };
    assert_eq!(calls(&cold), 600);
    // A slot belongs to the second in which it was due.
    assert_eq!(calls(&warm), 400);
    assert_eq!(warm.all.calls.corrected.len(), warm.all.calls.answered);
    assert!(warm.measured < cold.measured - 0.9);
    let seconds: Vec<u64> = warm.intervals.iter().map(|i| i.second).collect();
    assert!(seconds.starts_with(&[0, 1, 2]), "and it is shown");
}

#[test]
fn of_the_replies_the_share_is_verified_that_was_asked_for_and_the_account_says_which() {
    let service = start(CITIZENS, |_| {});
    for (thousandth, least, most) in [(1_000, 1.0, 1.0), (250, 0.15, 0.35), (0, 0.0, 0.0)] {
        let account = account(LoadPlan {
            verified: thousandth,
            mix: [60, 40, 0, 0],
            patience: Duration::from_secs(30),
            ..plan(&service, service.running.grpc_addr(), open(400.0, 2.0))
        });
        assert_eq!(account.wrong, 0, "{:?}", account.discrepancies);
        let verified = &account.verified;
        let read = verified.by_digest + verified.in_full;
        assert_eq!(read + verified.unread, account.all.calls.answered);
        let share = read as f64 / account.all.calls.answered as f64;
        assert!((least..=most).contains(&share), "{thousandth}: {share}");
        let said = account.runs[0].verified_share;
        assert!((said - thousandth as f64 / 1000.0).abs() < 1e-9, "{said}");
    }
}

#[test]
fn the_lines_for_spreadsheets_add_up_to_the_account() {
    let service = start(CITIZENS, |_| {});
    let account = account(plan(
        &service,
        service.running.grpc_addr(),
        open(300.0, 3.0),
    ));
    let text = account.csv();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heading = lines.next().expect("a heading");
    let column = |name| heading.iter().position(|word| *word == name);
    let column = |name| column(name).unwrap_or_else(|| panic!("no column {name}"));
    let mut sums: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for line in lines {
        assert_eq!(line.len(), heading.len(), "{line:?}");
        for name in ["sent", "answered", "items", "failed", "missed"] {
            let count: u64 = line[column(name)].parse().expect("a count");
            *sums.entry((line[2].to_owned(), name)).or_default() += count;
        }
        if line[2] == "ALL" {
            let us = |name| line[column(name)].parse::<u64>().expect("microseconds");
            assert!(us("corrected_p50_us") <= us("corrected_p99_us"));
            assert!(us("corrected_p99_us") <= us("corrected_max_us"));
        }
    }
    for share in account.verbs.iter().chain([&account.all]) {
        let sum = |name| sums[&(share.verb.clone(), name)];
        assert_eq!(sum("answered"), share.calls.answered, "{}", share.verb);
        assert_eq!(sum("items"), share.calls.items, "{}", share.verb);
        assert_eq!(sum("failed"), share.calls.failed, "{}", share.verb);
        assert_eq!(sum("missed"), share.calls.missed, "{}", share.verb);
        assert!(sum("sent") >= share.calls.answered, "{}", share.verb);
    }
}
