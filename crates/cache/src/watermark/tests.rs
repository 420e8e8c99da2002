//! What is noted, in which order, and what it takes to be confirmed.

use std::collections::HashSet;

use dancu_domain::{ChangeNotice, IdKey, LegacyId, NationId, PersonalId, Timestamp};

use super::{LEAST_BUCKETS, MOST_BUCKETS, Watermark};

const NATION: NationId = NationId([1; 16]);

fn person(index: u64) -> PersonalId {
    PersonalId::from_digits(1_099_000_000 + index).unwrap()
}

fn notice(number: u64, index: u64, legacy: Option<u32>) -> ChangeNotice {
    ChangeNotice {
        number,
        personal_id: person(index),
        legacy_id: legacy.and_then(LegacyId::from_digits),
    }
}

#[test]
fn a_change_advances_the_buckets_of_both_numbers_and_then_the_watermark() {
    let watermark = Watermark::new(NATION, 4);
    assert!(watermark.note(&notice(5, 1, Some(123))));
    assert_eq!(watermark.revision(), 5);
    assert_eq!(watermark.last_change(IdKey::Personal(person(1))), 5);
    let legacy = IdKey::Legacy(LegacyId::from_digits(123).unwrap());
    assert_eq!(watermark.last_change(legacy), 5);
    assert_eq!(watermark.last_change(IdKey::Personal(person(2))), 0);
}

#[test]
fn a_gap_holds_the_watermark_but_still_forgets() {
    let watermark = Watermark::new(NATION, 4);
    assert!(!watermark.note(&notice(6, 1, None)));
    assert_eq!(watermark.revision(), 4);
    assert_eq!(watermark.last_change(IdKey::Personal(person(1))), 6);
    assert!(watermark.note(&notice(5, 2, None)));
    assert!(watermark.note(&notice(6, 1, None)));
    assert_eq!(watermark.revision(), 6);
}

#[test]
fn what_was_noted_before_changes_nothing() {
    let watermark = Watermark::new(NATION, 0);
    for number in [1, 2, 3, 1, 2, 3] {
        assert!(watermark.note(&notice(number, number % 2, None)));
    }
    assert_eq!(watermark.revision(), 3);
    assert_eq!(watermark.last_change(IdKey::Personal(person(1))), 3);
}

#[test]
fn several_writers_may_note_the_same_changes_at_once() {
    let watermark = Watermark::new(NATION, 0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 1..=5_000 {
                    assert!(watermark.note(&notice(number, number, None)));
                    let seen = watermark.revision();
                    assert!(seen >= number);
                    let key = IdKey::Personal(person(seen));
                    assert!(watermark.last_change(key) >= seen, "the bucket came late");
                }
            });
        }
    });
    assert_eq!(watermark.revision(), 5_000);
}

#[test]
fn nobody_sees_the_watermark_before_the_bucket() {
    const NOTED: u64 = 1_000_000;
    let watermark = Watermark::new(NATION, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=NOTED {
                watermark.note(&notice(number, number, None));
            }
        });
        scope.spawn(|| {
            let mut seen = 0;
            while seen < NOTED {
                seen = watermark.revision();
                let bucket = watermark.last_change(IdKey::Personal(person(seen)));
                assert!(bucket >= seen, "{bucket} at the watermark {seen}");
            }
        });
    });
}

#[test]
fn a_head_is_confirmed_only_when_everything_up_to_it_is_noted() {
    let watermark = Watermark::new(NATION, 1);
    let (early, later) = (Timestamp(1_000), Timestamp(2_000));
    assert!(!watermark.confirmed_within(early, i64::MAX));
    watermark.confirm(2, early);
    assert!(!watermark.confirmed_within(early, 500));
    watermark.note(&notice(2, 1, None));
    watermark.confirm(2, early);
    assert!(watermark.confirmed_within(early, 0));
    assert!(watermark.confirmed_within(later, 1_000));
    assert!(!watermark.confirmed_within(later, 999));
    watermark.doubt();
    assert!(!watermark.confirmed_within(early, i64::MAX));
}

#[test]
fn a_clock_that_was_set_back_confirms_nothing() {
    let watermark = Watermark::new(NATION, 0);
    watermark.confirm(0, Timestamp(10_000_000));
    assert!(watermark.confirmed_within(Timestamp(10_000_000 - 5), 1_000));
    assert!(!watermark.confirmed_within(Timestamp(10_000_000 - 5_000), 1_000));
}

#[test]
fn numbers_of_one_place_and_year_spread_over_the_buckets() {
    for (citizens, buckets) in [
        (0, LEAST_BUCKETS),
        (100_000, LEAST_BUCKETS),
        (10_000_000, 1 << 23),
        (u64::MAX, MOST_BUCKETS),
    ] {
        let watermark = Watermark::of_many(NATION, 0, citizens);
        assert_eq!(watermark.buckets.len(), buckets);
        for kind in [0, 1] {
            let places: HashSet<_> = (0..10_000)
                .map(|index| match kind {
                    0 => watermark.place(IdKey::Personal(person(index))),
                    _ => watermark.place(IdKey::Legacy(
                        LegacyId::from_digits(900_000_000 + index as u32).unwrap(),
                    )),
                })
                .collect();
            // By pure chance 9,285 of 10,000 would be distinct in the fewest, and all but six in the
            // most.
            let least = if buckets > LEAST_BUCKETS {
                9_950
            } else {
                9_000
            };
            assert!(places.len() > least, "{citizens}: {} places", places.len());
        }
    }
}
