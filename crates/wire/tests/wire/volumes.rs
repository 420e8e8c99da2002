//! Statistics: which counts are asked for, and how they are told.

use crate::samples;
use dancu_domain::{
    AgencyCode, Day, Outcome, Purpose, Reason, ServiceCode, Verb, VolumeKey, VolumeRow,
};
use dancu_wire::{VolumeFilter, get_volumes, get_volumes_response, pb};
use samples::door;

#[test]
fn volumes_are_asked_for_by_day_agency_and_verb() {
    let parsed = get_volumes(&door(), samples::volumes()).expect("a good request");
    assert_eq!(parsed.context.purpose, Purpose::Statistics);
    let filter = parsed.message;
    assert_eq!(filter.agency.map(|a| a.to_string()), Some("H26".into()));
    assert_eq!(filter.verb, Some(Verb::Push));
    let broken = |change: fn(&mut pb::GetVolumesRequest)| {
        let mut request = samples::volumes();
        change(&mut request);
        let failure = get_volumes(&door(), request).expect_err("it is malformed");
        let [fault] = &failure.faults[..] else {
            panic!("one fault is there");
        };
        (fault.field.clone().into_owned(), fault.reason)
    };
    let told = |field: &str, reason| (field.to_owned(), reason);
    assert_eq!(
        broken(|r| r.from_day = Some(samples::date(2023, 2, 29))),
        told("from_day", Reason::DateInvalid)
    );
    assert_eq!(
        broken(|r| r.to_day = Some(samples::date(2023, 0, 0))),
        told("to_day", Reason::DateIncomplete)
    );
    assert_eq!(
        broken(|r| r.to_day = Some(samples::date(2022, 1, 1))),
        told("to_day", Reason::DaysReversed)
    );
    assert_eq!(
        broken(|r| r.agency = "h26".into()),
        told("agency", Reason::FieldInvalid)
    );
    assert_eq!(broken(|r| r.verb = 99), told("verb", Reason::EnumInvalid));
    assert_eq!(
        broken(|r| r.context = None),
        told("context", Reason::FieldRequired)
    );
    assert_eq!(
        broken(|r| r.context.as_mut().expect("one").purpose = pb::Purpose::LifeEvent.into()),
        told("context.purpose", Reason::EnumInvalid)
    );
}

fn row(agency: &str, verb: Verb, outcome: Outcome, day: i32, count: u64) -> VolumeRow {
    VolumeRow {
        key: VolumeKey {
            agency: AgencyCode::parse(agency, "").expect("a code"),
            verb,
            service: ServiceCode::LOOKUP_CITIZEN,
            outcome,
            day: Day(day),
        },
        count,
    }
}

#[test]
fn a_filter_takes_what_it_names() {
    let key = row("H26", Verb::Lookup, Outcome::Found, 10, 1).key;
    assert!(VolumeFilter::default().takes(&key));
    let filters = |day, agency: &str, verb| VolumeFilter {
        from: Some(Day(day)),
        to: Some(Day(day)),
        agency: AgencyCode::parse(agency, "").ok(),
        verb: Some(verb),
    };
    assert!(filters(10, "H26", Verb::Lookup).takes(&key));
    assert!(!filters(9, "H26", Verb::Lookup).takes(&key));
    assert!(!filters(11, "H26", Verb::Lookup).takes(&key));
    assert!(!filters(10, "H29", Verb::Lookup).takes(&key));
    assert!(!filters(10, "H26", Verb::Push).takes(&key));
}

#[test]
fn volumes_are_told_in_order_with_their_sums_beside_the_nine_months() {
    let answer = samples::answer(vec![
        row("H29", Verb::Lookup, Outcome::Found, 19_358, 1),
        row("H26", Verb::Lookup, Outcome::NoMatch, 19_358, 10),
        row("H26", Verb::Authenticate, Outcome::Match, 19_358, 100),
        row("H26", Verb::Reconcile, Outcome::Invalid, 19_358, 1_000),
        row("H26", Verb::Push, Outcome::Applied, 19_358, 10_000),
        row("H26", Verb::Push, Outcome::Refused, 19_358, 100_000),
    ]);
    let told = get_volumes_response(answer);
    assert_eq!(
        told.totals,
        Some(pb::VolumeTotals {
            lookups_and_authentications: 111,
            syncs: 11_000,
            refused: 100_000,
        })
    );
    let yardstick = told.yardstick.expect("the figures of the nine months");
    assert_eq!(yardstick.lookups_and_authentications, 1_200_000_000);
    assert_eq!(yardstick.syncs, 536_000_000);
    let agencies: Vec<&str> = told.volumes.iter().map(|v| v.agency.as_str()).collect();
    assert_eq!(agencies, ["H26", "H26", "H26", "H26", "H26", "H29"]);
    let last = &told.volumes[5];
    assert_eq!(last.service_code, "037");
    assert_eq!(last.day, Some(samples::date(2023, 1, 1)));
    assert_eq!(
        (last.verb(), last.outcome(), last.count),
        (pb::Verb::Lookup, pb::Outcome::Found, 1)
    );
}

#[test]
fn verbs_and_outcomes_have_the_words_of_the_contract() {
    for &verb in Verb::ALL {
        let answer = samples::answer(vec![row("H26", verb, Outcome::Found, 1, 1)]);
        let told = get_volumes_response(answer).volumes[0].verb();
        assert_eq!(told.as_str_name(), format!("VERB_{verb}"));
    }
    for &outcome in Outcome::ALL {
        let answer = samples::answer(vec![row("H26", Verb::Lookup, outcome, 1, 1)]);
        let told = get_volumes_response(answer).volumes[0].outcome();
        assert_eq!(told.as_str_name(), format!("OUTCOME_{}", outcome.word()));
    }
}
