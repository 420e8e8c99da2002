//! Counts doubled, entries dropped or altered, replies wrong: each must be seen.

use dancu_domain::{Attribute, AttributeSet, Day, Purpose, ServiceCode, Timestamp, WriterId};
use dancu_load::receipts::{Acknowledged, Receipts};
use dancu_load::tally::Fate;

use super::*;

fn agency() -> AgencyCode {
    AgencyCode::parse("H26", "agency").unwrap()
}

/// Three lookups answered and one refused, with counts and entries to match.
fn sound() -> (Tally, Counts, Counts) {
    let mut tally = Tally::default();
    tally.sent(Verb::Lookup, 4);
    for fate in [
        Fate::Answered(Outcome::Found),
        Fate::Answered(Outcome::Found),
        Fate::Answered(Outcome::NoMatch),
        Fate::Refused,
    ] {
        tally.item(agency(), Verb::Lookup, fate);
    }
    let counts = Counts::from([
        ((agency(), Verb::Lookup, Outcome::Found), 2),
        ((agency(), Verb::Lookup, Outcome::NoMatch), 1),
        ((agency(), Verb::Lookup, Outcome::Refused), 1),
    ]);
    (tally, counts.clone(), counts)
}

fn mismatches(tally: &Tally, counted: &Counts, audited: &Counts) -> Vec<Mismatch> {
    Evidence {
        tally,
        wrong: 0,
        counted,
        audited,
    }
    .mismatches()
}

#[test]
fn sums_that_add_up_are_left_alone() {
    let (tally, counted, audited) = sound();
    assert_eq!(mismatches(&tally, &counted, &audited), []);
    let evidence = Evidence {
        tally: &tally,
        wrong: 0,
        counted: &counted,
        audited: &audited,
    };
    assert_eq!(evidence.counted(Verb::Lookup), 3, "refusals stand apart");
    assert_eq!(evidence.audited(Verb::Lookup), 3);
}

#[test]
fn a_count_that_was_doubled_is_seen() {
    let (tally, mut counted, audited) = sound();
    *counted
        .get_mut(&(agency(), Verb::Lookup, Outcome::Found))
        .unwrap() *= 2;
    let found = mismatches(&tally, &counted, &audited);
    assert!(found.contains(&Mismatch::Sums {
        of: "H26 LOOKUP FOUND".into(),
        left: ("counted", 4),
        right: ("audited", 2),
    }));
    assert!(found.contains(&Mismatch::Sums {
        of: "H26 LOOKUP FOUND".into(),
        left: ("answered", 2),
        right: ("counted", 4),
    }));
}

#[test]
fn an_entry_that_was_dropped_is_seen() {
    let (tally, counted, mut audited) = sound();
    audited.remove(&(agency(), Verb::Lookup, Outcome::NoMatch));
    assert_eq!(
        mismatches(&tally, &counted, &audited),
        [Mismatch::Sums {
            of: "H26 LOOKUP NO_MATCH".into(),
            left: ("counted", 1),
            right: ("audited", 0),
        }]
    );
}

#[test]
fn an_entry_dropped_together_with_its_count_is_seen() {
    let (tally, mut counted, mut audited) = sound();
    counted.remove(&(agency(), Verb::Lookup, Outcome::NoMatch));
    audited.remove(&(agency(), Verb::Lookup, Outcome::NoMatch));
    assert_eq!(
        mismatches(&tally, &counted, &audited),
        [Mismatch::Sums {
            of: "H26 LOOKUP NO_MATCH".into(),
            left: ("answered", 1),
            right: ("counted", 0),
        }]
    );
}

#[test]
fn a_refusal_that_was_not_recorded_is_seen() {
    let (tally, mut counted, mut audited) = sound();
    counted.remove(&(agency(), Verb::Lookup, Outcome::Refused));
    audited.remove(&(agency(), Verb::Lookup, Outcome::Refused));
    assert_eq!(mismatches(&tally, &counted, &audited).len(), 1);
}

#[test]
fn a_wrong_reply_is_seen() {
    let (tally, counted, audited) = sound();
    let evidence = Evidence {
        tally: &tally,
        wrong: 1,
        counted: &counted,
        audited: &audited,
    };
    assert_eq!(evidence.mismatches(), [Mismatch::Replies(1)]);
}

#[test]
fn an_item_that_was_lost_by_the_client_is_seen() {
    let (mut tally, counted, audited) = sound();
    tally.sent(Verb::Lookup, 1);
    assert_eq!(mismatches(&tally, &counted, &audited).len(), 1);
}

#[test]
fn entries_without_an_answer_are_allowed_for_what_was_cut_off_and_no_further() {
    let (mut tally, mut counted, mut audited) = sound();
    tally.sent(Verb::Lookup, 1);
    tally.item(agency(), Verb::Lookup, Fate::Unavailable { in_doubt: true });
    assert_eq!(mismatches(&tally, &counted, &audited), []);
    let key = (agency(), Verb::Lookup, Outcome::Found);
    *counted.get_mut(&key).unwrap() += 1;
    *audited.get_mut(&key).unwrap() += 1;
    assert_eq!(mismatches(&tally, &counted, &audited), []);
    *counted.get_mut(&key).unwrap() += 1;
    *audited.get_mut(&key).unwrap() += 1;
    assert!(!mismatches(&tally, &counted, &audited).is_empty());
}

#[test]
fn counts_that_went_back_are_seen() {
    let (_, counts, _) = sound();
    let mut less = counts.clone();
    less.remove(&(agency(), Verb::Lookup, Outcome::Refused));
    assert_eq!(
        grown(&counts, &less),
        Err(Mismatch::WentBack {
            of: "H26 LOOKUP REFUSED".into()
        })
    );
    assert_eq!(grown(&less, &counts).unwrap().len(), 1);
}

fn entry(index: u64, outcome: Outcome, given: AttributeSet) -> EntryView {
    EntryView {
        index,
        writer: WriterId(1),
        at: Timestamp(0),
        agency: agency(),
        verb: Verb::Lookup,
        service: ServiceCode::LOOKUP_CITIZEN,
        day: Day(0),
        event_day: false,
        outcome,
        given,
        granted: AttributeSet::all(),
        pseudonym: None,
        request: 0,
        officer: None,
        procedure: None,
        dossier: None,
        purpose: Purpose::HealthCheckIn,
        unit: None,
    }
}

#[test]
fn an_entry_altered_in_any_part_that_the_answer_told_is_seen() {
    let basic = AttributeSet::BASIC;
    let receipt = Receipt {
        writer: WriterId(1),
        first: 7,
        count: 2,
    };
    let acknowledged = [
        (Outcome::Found, basic),
        (Outcome::NoMatch, AttributeSet::NONE),
    ]
    .map(|(outcome, given)| Acknowledged { outcome, given });
    let mut receipts = Receipts::default();
    receipts.keep(receipt, agency(), Verb::Lookup, &acknowledged);
    let lines: Vec<_> = receipts.lines().collect();
    let good = vec![
        entry(7, Outcome::Found, basic),
        entry(8, Outcome::NoMatch, AttributeSet::NONE),
    ];
    assert_eq!(entries(&lines, std::slice::from_ref(&good)), []);

    let alter: [fn(&mut EntryView); 7] = [
        |e| e.index += 10,
        |e| e.writer = WriterId(2),
        |e| e.agency = AgencyCode::parse("H29", "agency").unwrap(),
        |e| e.verb = Verb::Authenticate,
        |e| e.service = ServiceCode::AUTHENTICATE_CITIZEN,
        |e| e.outcome = Outcome::Deceased,
        |e| e.given.insert(Attribute::Religion),
    ];
    for alter in alter {
        let mut bad = good.clone();
        alter(&mut bad[0]);
        assert_eq!(entries(&lines, &[bad]).len(), 1);
    }
    assert_eq!(entries(&lines, &[good[..1].to_vec()]).len(), 1);
    assert_eq!(entries(&lines, &[]).len(), 2);
}

#[test]
fn an_entry_acknowledged_twice_is_seen() {
    let receipt = |first, count| Receipt {
        writer: WriterId(1),
        first,
        count,
    };
    assert_eq!(overlaps(&[receipt(0, 2), receipt(2, 0), receipt(2, 1)]), []);
    assert_eq!(overlaps(&[receipt(0, 2), receipt(1, 1)]).len(), 1);
}
