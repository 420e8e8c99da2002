//! Volumes.

use dancu_domain::{
    AgencyCode, Day, Failure, Outcome, Reason, RecordError, ServiceCode, Verb, VolumeKey,
    VolumeRow, VolumeTotals, VolumesQuery,
};
use dancu_service::volumes;

use crate::fakes::{FakeLedger, FakeRegistry, run};
use crate::people::{agency, context};

fn row(agency: &str, verb: Verb, outcome: Outcome, day: i32, count: u64) -> VolumeRow {
    VolumeRow {
        key: VolumeKey {
            agency: AgencyCode::parse(agency, "agency").unwrap(),
            verb,
            service: ServiceCode::LOOKUP_CITIZEN,
            outcome,
            day: Day(day),
        },
        count,
    }
}

fn ledger() -> FakeLedger {
    FakeLedger::with_rows(vec![
        row("G05", Verb::Lookup, Outcome::Found, 10, 1),
        row("H26", Verb::Lookup, Outcome::Found, 9, 20),
        row("H26", Verb::Lookup, Outcome::Found, 10, 300),
        row("H26", Verb::Lookup, Outcome::Refused, 10, 4_000),
        row("H26", Verb::Push, Outcome::Invalid, 11, 50_000),
    ])
}

fn counts(query: VolumesQuery) -> Vec<u64> {
    let registry = FakeRegistry::of([]);
    let answer = run(volumes(&registry, &ledger(), context("req-1"), query)).unwrap();
    assert_eq!((answer.receipt.count, answer.source), (0, None));
    assert_eq!(answer.request_id.text(), "req-1");
    answer.items.iter().map(|row| row.count).collect()
}

#[test]
fn a_query_takes_what_its_filters_let_through() {
    let all = VolumesQuery::default();
    assert_eq!(counts(all), [1, 20, 300, 4_000, 50_000]);
    let from = Some(Day(10));
    assert_eq!(
        counts(VolumesQuery { from, ..all }),
        [1, 300, 4_000, 50_000]
    );
    let to = Some(Day(10));
    assert_eq!(counts(VolumesQuery { to, ..all }), [1, 20, 300, 4_000]);
    assert_eq!(counts(VolumesQuery { from, to, ..all }), [1, 300, 4_000]);
    let agency = Some(agency());
    assert_eq!(
        counts(VolumesQuery { agency, ..all }),
        [20, 300, 4_000, 50_000]
    );
    let verb = Some(Verb::Push);
    assert_eq!(counts(VolumesQuery { verb, ..all }), [50_000]);
}

#[test]
fn the_refused_are_in_neither_sum() {
    let totals = VolumeTotals::of(&ledger().rows());
    let expected = VolumeTotals {
        lookups_and_authentications: 321,
        syncs: 50_000,
        refused: 4_000,
    };
    assert_eq!(totals, expected);
}

#[test]
fn volumes_are_not_told_while_the_ledger_is_away() {
    let (registry, ledger) = (FakeRegistry::of([]), ledger());
    *ledger.failure.lock().unwrap() = Some(RecordError::Unavailable);
    let failure = run(volumes(
        &registry,
        &ledger,
        context("r"),
        VolumesQuery::default(),
    ));
    assert_eq!(
        failure.unwrap_err(),
        Failure::new(Reason::LedgerUnavailable)
    );
}
