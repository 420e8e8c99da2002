//! An agency's row as it was held against a record: the same attributes, alike or different.

use dancu_domain::{
    Attribute, AttributeSet, Citizen, LegacyId, MaritalStatus, Place, Sex, SocialInsuranceNumber,
};

use crate::ask::Held;

/// A row about somebody that holds these attributes, of which those differ.
pub(super) fn row(citizen: &Citizen, held: AttributeSet, differed: AttributeSet) -> Held {
    let take = |attribute| (held.has(attribute), differed.has(attribute));
    Held {
        sex: value(take(Attribute::Sex), Some(citizen.sex), || {
            Some(match citizen.sex {
                Sex::Male => Sex::Female,
                _ => Sex::Male,
            })
        }),
        legacy_id: value(take(Attribute::LegacyNumber), citizen.legacy_id, || {
            LegacyId::from_digits(next(citizen.legacy_id.map(LegacyId::digits), 900_000_001))
        }),
        current_residence: value(
            take(Attribute::CurrentResidence),
            sayable(&citizen.current_residence),
            || Some(elsewhere(&citizen.current_residence)),
        ),
        permanent_residence: value(
            take(Attribute::PermanentResidence),
            sayable(&citizen.permanent_residence),
            || Some(elsewhere(&citizen.permanent_residence)),
        ),
        marital_status: value(
            take(Attribute::MaritalStatus),
            Some(citizen.marital_status),
            || {
                Some(match citizen.marital_status {
                    MaritalStatus::Married => MaritalStatus::Single,
                    _ => MaritalStatus::Married,
                })
            },
        ),
        social_insurance: value(
            take(Attribute::SocialInsurance),
            citizen.social_insurance,
            || {
                let digits = citizen.social_insurance.map(SocialInsuranceNumber::digits);
                let other = digits.map_or(9_900_000_001, |n| n / 10 * 10 + (n + 1) % 10);
                SocialInsuranceNumber::from_digits(other)
            },
        ),
        died_on: match take(Attribute::Death) {
            (held, false) => citizen.died_on.filter(|_| held),
            // A row without a death says that the person is alive.
            (false, true) => None,
            (true, true) => citizen
                .died_on
                .unwrap_or(citizen.resident_since)
                .plus_days(-1),
        },
    }
}

/// What a row says of an attribute that it may hold, and that may differ.
fn value<T>(
    (held, differs): (bool, bool),
    alike: Option<T>,
    other: impl FnOnce() -> Option<T>,
) -> Option<T> {
    match (held, differs) {
        (false, _) => None,
        (true, false) => alike,
        (true, true) => other(),
    }
}

fn next(digits: Option<u32>, otherwise: u32) -> u32 {
    digits.map_or(otherwise, |n| n / 10 * 10 + (n + 1) % 10)
}

/// The place as far as an address can say it.
fn sayable(place: &Place) -> Option<Place> {
    let mut said = place.clone();
    if said.country() == "VN" {
        if said.province == 0 {
            return None;
        }
        if said.district == 0 {
            said.commune = 0;
        }
    } else {
        (said.province, said.district, said.commune) = (0, 0, 0);
    }
    Some(said)
}

/// Another place that an address can say.
fn elsewhere(place: &Place) -> Place {
    let mut other = place.clone();
    if other.country() != "VN" {
        other.country = *b"VN";
        (other.province, other.district, other.commune) = (1, 0, 0);
        return other;
    }
    (other.district, other.commune) = (0, 0);
    other.province = if other.province == 1 { 79 } else { 1 };
    other
}
