//! NO_MATCH, which never tells why.

use dancu_domain::{BirthDate, Claims, LookupResult, NoMatchCause};

use crate::fakes::{FakeLedger, FakeRegistry};
use crate::looking_up::{look_up, nation};
use crate::people::{Terms, citizen, claims_of, name, subject};

/// Claims that match nobody, each for a cause of its own.
pub(crate) fn no_matches() -> Vec<(Claims, NoMatchCause)> {
    let wrong_name = Claims {
        name: Some(name("Trần Thị Hoà")),
        ..claims_of(&citizen(1))
    };
    let wrong_birth = Claims {
        birth: Some(BirthDate::Year(1991)),
        ..claims_of(&citizen(1))
    };
    vec![
        (claims_of(&citizen(99)), NoMatchCause::Unknown),
        (wrong_name, NoMatchCause::Name),
        (wrong_birth, NoMatchCause::Birth),
        (claims_of(&citizen(3)), NoMatchCause::Locked),
    ]
}

#[test]
fn no_match_is_the_same_for_absent_different_and_locked() {
    let mut seen = Vec::new();
    for (claims, _) in no_matches() {
        let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
        let key = claims.key;
        for explain in [false, true] {
            let terms = Terms {
                explain,
                ..Terms::default()
            };
            let items = vec![Ok(subject(claims.clone()))];
            let answer = look_up(&registry, &ledger, &terms, items).unwrap();
            assert_eq!(answer.items, [LookupResult::NoMatch(None)]);
        }
        let mut records = ledger.records();
        for record in &mut records {
            assert_eq!(record.items[0].subject, Some(key));
            record.items[0].subject = None;
        }
        let reads: Vec<_> = registry.reads().iter().map(|read| read.0.len()).collect();
        seen.push(format!("{records:?} {reads:?}"));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "records and reads differ: {seen:#?}");
}

#[test]
fn the_cause_is_told_to_a_debug_credential_alone() {
    let terms = Terms {
        debug: true,
        ..Terms::default()
    };
    for (claims, cause) in no_matches() {
        let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
        let answer = look_up(&registry, &ledger, &terms, vec![Ok(subject(claims))]).unwrap();
        assert_eq!(answer.items, [LookupResult::NoMatch(Some(cause))]);
    }
}
