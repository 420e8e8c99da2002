//! Sync converges: whatever the order and whatever is repeated, the record ends the same.

use std::collections::HashMap;

use dancu_domain::{
    ChangeEvent, ChangeOutcome, ChangeRecord, Citizen, Decision, Place, Prior, SourceKey, decide,
};
use proptest::prelude::*;

use crate::changes::record;
use crate::people::{citizen, date};

/// One citizen with what his sources sent, as a store keeps it.
struct Desk {
    citizen: Citizen,
    effects: HashMap<(SourceKey, u64), ([u8; 16], u64, u32)>,
}

impl Desk {
    fn new() -> Self {
        Self {
            citizen: citizen(),
            effects: HashMap::new(),
        }
    }

    fn take(&mut self, record: &ChangeRecord) -> ChangeOutcome {
        let key = (record.record_id.clone(), record.record_version);
        let prior = Prior {
            same: self.effects.get(&key).copied(),
        };
        match decide(Some(&self.citizen), record, prior) {
            Decision::Settle(outcome) => outcome,
            Decision::Apply(next) => {
                assert_eq!(next.version, self.citizen.version + 1);
                let (number, version) = (self.effects.len() as u64 + 1, next.version);
                self.effects.insert(key, (record.digest, number, version));
                self.citizen = *next;
                ChangeOutcome::Applied { number, version }
            }
        }
    }

    fn take_all(mut self, records: &[ChangeRecord]) -> Citizen {
        for record in records {
            self.take(record);
        }
        self.citizen.version = 0;
        self.citizen
    }
}

/// An event of one of five records in one of four versions; each key has one content. The days
/// are few, so that some fall together, and a later version may have an earlier day.
fn any_records() -> impl Strategy<Value = Vec<ChangeRecord>> {
    let place = (1_u8..3, 1_u32..4, "[ab]?");
    let event = (any::<bool>(), 1_u8..20, place);
    let keys = proptest::collection::hash_map((0_u8..5, 1_u64..5), event, 1..12);
    keys.prop_map(|keys| {
        let of_key = |((id, version), (is_death, day, (province, commune, detail)))| {
            let on = date(2023, 5, day);
            let event = if is_death {
                ChangeEvent::Death { on }
            } else {
                ChangeEvent::Residence {
                    place: Place::domestic(province, 2, commune, detail),
                    since: on,
                }
            };
            ChangeRecord {
                record_id: SourceKey::parse(&format!("r{id}"), "r").unwrap(),
                record_version: version,
                digest: [id * 16 + version as u8; 16],
                ..record(event)
            }
        };
        keys.iter()
            .map(|(key, (is_death, day, (province, commune, detail)))| {
                of_key((
                    *key,
                    (*is_death, *day, (*province, *commune, detail.as_str())),
                ))
            })
            .collect()
    })
}

/// Records, and the same in another order with some of them repeated.
fn reordered() -> impl Strategy<Value = (Vec<ChangeRecord>, Vec<ChangeRecord>)> {
    any_records()
        .prop_flat_map(|records| {
            let some = proptest::collection::vec(proptest::sample::select(records.clone()), 0..6);
            (Just(records), some)
        })
        .prop_flat_map(|(records, again)| {
            let mut more = records.clone();
            more.extend(again);
            (Just(records), Just(more).prop_shuffle())
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn order_and_repetition_do_not_change_the_end((records, reordered) in reordered()) {
        let one = Desk::new().take_all(&records);
        let other = Desk::new().take_all(&reordered);
        prop_assert!(one == other, "residence {:?} or death {:?} differ", one, other);
    }

    #[test]
    fn a_record_sent_twice_is_known_again_or_as_little_taken_as_before(records in any_records()) {
        let mut desk = Desk::new();
        for record in &records {
            let first = desk.take(record);
            let citizen = desk.citizen.clone();
            let second = desk.take(record);
            let expected = match first {
                ChangeOutcome::Applied { number, version } => {
                    ChangeOutcome::AlreadyApplied { number, version }
                }
                other => other,
            };
            prop_assert_eq!(second, expected);
            prop_assert!(citizen == desk.citizen, "the second one changes nothing");
        }
    }
}
