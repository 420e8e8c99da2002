//! The stored form gives back what went in, and refuses everything else.

use std::fmt::Write as _;

use dancu_domain::{
    BirthDate, BloodType, Citizen, CivilDate, Detail, LegacyId, MaritalStatus, PersonName,
    PersonalId, Place, RelationToHead, Relative, Sex, SocialInsuranceNumber,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{FORMAT, decode, encode};

fn name() -> impl Strategy<Value = PersonName> {
    vec(
        select(&["Nguyễn", "Đặng", "Thị", "Hoà", "A", "Ỷ", ""][..]),
        1..6,
    )
    .prop_map(|parts| PersonName::from_trusted(parts.join(" ")))
}

fn country() -> impl Strategy<Value = [u8; 2]> {
    select(vec![*b"VN", *b"LA", *b"KH"])
}

fn place() -> impl Strategy<Value = Place> {
    (
        any::<u8>(),
        any::<u16>(),
        any::<u32>(),
        "\\PC{0,40}",
        country(),
    )
        .prop_map(|(province, district, commune, detail, country)| Place {
            province,
            district,
            commune,
            detail: Detail::new(detail),
            country,
        })
}

/// Four places of which some repeat the one before.
fn places() -> impl Strategy<Value = [Place; 4]> {
    (vec(place(), 4), any::<[bool; 4]>()).prop_map(|(mut places, same)| {
        for at in 1..4 {
            if same[at] {
                places[at] = places[at - 1].clone();
            }
        }
        places.try_into().expect("there are four")
    })
}

fn relative() -> impl Strategy<Value = Relative> {
    (name(), option::of(personal_id()), country()).prop_map(|(name, personal_id, nationality)| {
        Relative {
            name,
            personal_id,
            nationality,
        }
    })
}

/// Five relatives, some absent, some the same person as the first.
fn relatives() -> impl Strategy<Value = [Option<Relative>; 5]> {
    (vec(option::of(relative()), 5), any::<[bool; 5]>()).prop_map(|(mut relatives, same)| {
        for at in 1..5 {
            if same[at] {
                relatives[at] = relatives[at - 1].clone();
            }
        }
        relatives.try_into().expect("there are five")
    })
}

fn personal_id() -> impl Strategy<Value = PersonalId> {
    (0..1_000_000_000_000_u64).prop_map(|n| PersonalId::from_digits(n).expect("in range"))
}

fn date() -> impl Strategy<Value = CivilDate> {
    (1800..=2199_u16, 1..=12_u8, 1..=28_u8)
        .prop_map(|(y, m, d)| CivilDate::new(y, m, d).expect("in the calendar"))
}

fn birth() -> impl Strategy<Value = BirthDate> {
    prop_oneof![
        (1800..=2199_u16).prop_map(BirthDate::Year),
        (1800..=2199_u16, 1..=12_u8).prop_map(|(y, m)| BirthDate::Month(y, m)),
        date().prop_map(BirthDate::Day),
    ]
}

prop_compose! {
    fn citizen()(
        personal_id in personal_id(),
        legacy in option::of(0..1_000_000_000_u32),
        version: u32,
        name in name(),
        birth in birth(),
        codes in (
            select(Sex::ALL), select(MaritalStatus::ALL), select(BloodType::ALL),
            select(RelationToHead::ALL),
        ),
        numbers in (any::<u8>(), any::<u8>(), any::<u64>()),
        nationality in country(),
        [native_place, birth_registration, permanent_residence, current_residence] in places(),
        dates in (date(), option::of(date()), option::of(date())),
        [father, mother, spouse, representative, head] in relatives(),
        social in option::of(0..10_000_000_000_u64),
        locked: bool,
    ) -> Citizen {
        Citizen {
            personal_id,
            legacy_id: legacy.and_then(LegacyId::from_digits),
            version,
            name,
            birth,
            sex: codes.0,
            birth_registration,
            native_place,
            ethnicity: numbers.0,
            religion: numbers.1,
            nationality,
            marital_status: codes.1,
            permanent_residence,
            current_residence,
            resident_since: dates.0,
            blood_type: codes.2,
            father,
            mother,
            spouse,
            representative,
            household: numbers.2,
            head,
            relation_to_head: codes.3,
            died_on: dates.1,
            missing_since: dates.2,
            social_insurance: social.and_then(SocialInsuranceNumber::from_digits),
            locked,
        }
    }
}

fn encoded(citizen: &Citizen) -> Vec<u8> {
    let mut out = Vec::new();
    encode(citizen, &mut out);
    out
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_was(citizen in citizen()) {
        prop_assert_eq!(decode(&encoded(&citizen)).expect("it was just written"), citizen);
    }

    #[test]
    fn a_record_cut_short_is_refused(citizen in citizen(), cut: prop::sample::Index) {
        let bytes = encoded(&citizen);
        prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_record_with_something_behind_it_is_refused(citizen in citizen(), more: u8) {
        let mut bytes = encoded(&citizen);
        bytes.push(more);
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn an_unknown_format_is_refused(citizen in citizen(), format: u8) {
        prop_assume!(format != FORMAT);
        let mut bytes = encoded(&citizen);
        bytes[0] = format;
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn altered_bytes_never_panic(
        citizen in citizen(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = encoded(&citizen);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // Either a record or an error; a record is written again without loss.
        if let Ok(read) = decode(&bytes) {
            prop_assert_eq!(decode(&encoded(&read)).expect("it was just written"), read);
        }
    }

    #[test]
    fn any_bytes_never_panic(mut bytes in vec(any::<u8>(), 0..200)) {
        drop(decode(&bytes));
        if let Some(first) = bytes.first_mut() {
            *first = FORMAT;
        }
        drop(decode(&bytes));
    }
}

#[test]
fn the_first_format_is_frozen() {
    let plain = Citizen {
        personal_id: PersonalId::from_digits(1_203_004_567).expect("in range"),
        legacy_id: LegacyId::from_digits(123_456_789),
        version: 3,
        name: PersonName::from_trusted("Lê An"),
        birth: BirthDate::Year(1950),
        sex: Sex::Female,
        birth_registration: Place::domestic(1, 2, 3, "số 4"),
        native_place: Place::domestic(1, 2, 3, "số 4"),
        ethnicity: 1,
        religion: 0,
        nationality: *b"VN",
        marital_status: MaritalStatus::Widowed,
        permanent_residence: Place::domestic(1, 2, 300, ""),
        current_residence: Place::domestic(1, 2, 300, ""),
        resident_since: CivilDate::new(2001, 2, 3).expect("in the calendar"),
        blood_type: BloodType::O,
        father: None,
        mother: None,
        spouse: Some(Relative {
            name: PersonName::from_trusted("Lý B"),
            personal_id: PersonalId::from_digits(7),
            nationality: *b"LA",
        }),
        representative: None,
        household: 300,
        head: None,
        relation_to_head: RelationToHead::Head,
        died_on: CivilDate::new(2022, 12, 31),
        missing_since: None,
        social_insurance: SocialInsuranceNumber::from_digits(9),
        locked: true,
    };
    let hexadecimal = encoded(&plain)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes every write");
            text
        });
    assert_eq!(
        hexadecimal,
        "019b0097c9d1bd04959aef3a03064cc3aa20416ee097a60924410100010102030673\
         e1bb91203400010102ac020000dba9c50903054cc3bd2042074c41ac02af9ad20909"
    );
    assert_eq!(
        decode(&encoded(&plain)).expect("it was just written"),
        plain
    );
}
