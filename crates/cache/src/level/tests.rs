//! What a kept value knows of its reading.

use std::sync::Arc;

use dancu_domain::{
    Candidates, ChangeNotice, IdKey, NationId, PersonalId, Reading, Revision, Source,
};

use super::{Found, Level, Stamp};
use crate::Watermark;

const NATION: NationId = NationId([1; 16]);

fn key() -> IdKey {
    IdKey::Personal(PersonalId::from_digits(1_099_000_001).unwrap())
}

fn nobody(as_of: u64) -> Reading {
    Reading {
        candidates: vec![Candidates::NONE],
        revision: Revision {
            nation: NATION,
            number: as_of,
        },
        source: Source::Registry,
    }
}

fn kept_at(level: &Level, watermark: u64) -> Option<u64> {
    match level.find(key(), watermark) {
        Found::Kept(_, revision) => Some(revision),
        Found::Stale | Found::Missing => None,
    }
}

fn change(watermark: &Watermark) {
    assert!(watermark.note(&ChangeNotice {
        number: watermark.revision() + 1,
        personal_id: PersonalId::from_digits(1_099_000_001).unwrap(),
        legacy_id: None,
    }));
}

fn level(head: u64) -> (Arc<Watermark>, Arc<Level>) {
    let watermark = Watermark::new(NATION, head);
    (watermark.clone(), Level::new(watermark, 10))
}

#[test]
fn a_stamp_keeps_both_of_its_numbers() {
    for (read_at, as_of, kept) in [
        (0, 0, Some((0, 0))),
        (7, 9, Some((7, 9))),
        (9, 7, Some((7, 7))),
        (1, 65_536, Some((1, 65_536))),
        (0, 65_536, None),
        (
            (1 << 48) - 2,
            (1 << 48) - 1,
            Some(((1 << 48) - 2, (1 << 48) - 1)),
        ),
        (1 << 48, 1 << 48, None),
    ] {
        let stamp = Stamp::new(read_at, as_of).map(|s| (s.read_at(), s.as_of()));
        assert_eq!(stamp, kept, "{read_at}, {as_of}");
    }
}

#[test]
fn a_late_value_is_refused_whenever_it_comes() {
    let (watermark, level) = level(5);
    let read_at = watermark.revision();
    change(&watermark);
    level.fill(&[key()], &nobody(5), read_at);
    assert_eq!(kept_at(&level, watermark.revision()), None);
    // Even one that claims to have seen the change: its query was started before.
    level.fill(&[key()], &nobody(6), read_at);
    assert_eq!(kept_at(&level, watermark.revision()), None);
    level.fill(&[key()], &nobody(6), watermark.revision());
    assert_eq!(kept_at(&level, watermark.revision()), Some(6));
}

#[test]
fn a_value_from_beyond_the_watermark_says_where_it_is_true() {
    let (watermark, level) = level(5);
    level.fill(&[key()], &nobody(8), 5);
    assert_eq!(kept_at(&level, watermark.revision()), Some(8));
    change(&watermark);
    assert_eq!(kept_at(&level, watermark.revision()), None);
}

#[test]
fn a_lagging_registry_gives_values_as_old_as_it_says() {
    let (watermark, level) = level(0);
    change(&watermark);
    level.fill(&[key()], &nobody(0), watermark.revision());
    assert_eq!(kept_at(&level, watermark.revision()), None);
}

#[test]
fn a_value_that_holds_for_longer_is_not_replaced() {
    let (_, level) = level(5);
    level.fill(&[key()], &nobody(9), 5);
    level.fill(&[key()], &nobody(7), 5);
    assert_eq!(kept_at(&level, 5), Some(9));
}
