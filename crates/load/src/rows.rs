//! An agency's own rows: mostly in step with the registry, some behind it, some wrong.

use dancu_domain::{
    Agreement, Attribute, AttributeSet, Citizen, CivilDate, LegacyId, MaritalStatus, Place, Sex,
    SocialInsuranceNumber,
};

use crate::ask::Held;
use crate::chance::Chance;

/// A row about somebody, as the registry has him, with a field altered in one row of five.
pub(crate) fn row(chance: &mut Chance, citizen: &Citizen, today: CivilDate) -> Held {
    let mut held = Held {
        sex: some(chance, 900).then_some(citizen.sex),
        legacy_id: citizen.legacy_id.filter(|_| some(chance, 300)),
        current_residence: known(&citizen.current_residence).filter(|_| some(chance, 600)),
        permanent_residence: known(&citizen.permanent_residence).filter(|_| some(chance, 400)),
        marital_status: some(chance, 400).then_some(citizen.marital_status),
        social_insurance: citizen.social_insurance.filter(|_| some(chance, 700)),
        died_on: citizen.died_on,
    };
    held.sex = held.sex.filter(|sex| *sex != Sex::Unknown);
    held.marital_status = held
        .marital_status
        .filter(|status| *status != MaritalStatus::Unknown);
    if chance.permille(200) {
        alter(chance, citizen, &mut held, today);
    }
    held
}

/// The attributes in which a row differs from the record of the same person.
pub(crate) fn differing(citizen: &Citizen, held: &Held, agreement: Agreement) -> AttributeSet {
    let mut set = AttributeSet::NONE;
    if agreement != Agreement::Exact {
        set.insert(Attribute::FullName);
    }
    if held.sex.is_some_and(|sex| sex != citizen.sex) {
        set.insert(Attribute::Sex);
    }
    if held.legacy_id.is_some() && held.legacy_id != citizen.legacy_id {
        set.insert(Attribute::LegacyNumber);
    }
    if elsewhere(held.current_residence.as_ref(), &citizen.current_residence) {
        set.insert(Attribute::CurrentResidence);
    }
    if elsewhere(
        held.permanent_residence.as_ref(),
        &citizen.permanent_residence,
    ) {
        set.insert(Attribute::PermanentResidence);
    }
    if held
        .marital_status
        .is_some_and(|status| status != citizen.marital_status)
    {
        set.insert(Attribute::MaritalStatus);
    }
    if held.social_insurance.is_some() && held.social_insurance != citizen.social_insurance {
        set.insert(Attribute::SocialInsurance);
    }
    if held.died_on != citizen.died_on {
        set.insert(Attribute::Death);
    }
    set
}

fn some(chance: &mut Chance, permille: u64) -> bool {
    chance.permille(permille)
}

/// A place that an address can say: abroad, or at least a province.
fn known(place: &Place) -> Option<Place> {
    let sayable = match place.country() {
        "VN" => place.province != 0 && (place.commune == 0 || place.district != 0),
        _ => place.province == 0 && place.district == 0 && place.commune == 0,
    };
    sayable.then(|| place.clone())
}

fn elsewhere(held: Option<&Place>, recorded: &Place) -> bool {
    held.is_some_and(|held| {
        let differs = |mine: u32, theirs: u32| mine != 0 && mine != theirs;
        held.country != recorded.country
            || differs(held.province.into(), recorded.province.into())
            || differs(held.district.into(), recorded.district.into())
            || differs(held.commune, recorded.commune)
    })
}

fn alter(chance: &mut Chance, citizen: &Citizen, held: &mut Held, today: CivilDate) {
    match chance.below(6) {
        0 => {
            held.sex = Some(match citizen.sex {
                Sex::Male => Sex::Female,
                _ => Sex::Male,
            });
        }
        1 => {
            held.marital_status = Some(match citizen.marital_status {
                MaritalStatus::Married => MaritalStatus::Single,
                _ => MaritalStatus::Married,
            });
        }
        2 => {
            let other = citizen.social_insurance.map_or(9_900_000_001, |n| {
                n.digits() / 10 * 10 + (n.digits() + 1) % 10
            });
            held.social_insurance = SocialInsuranceNumber::from_digits(other);
        }
        3 => {
            let other = citizen.legacy_id.map_or(900_000_001, |n| {
                n.digits() / 10 * 10 + (n.digits() + 1) % 10
            });
            held.legacy_id = LegacyId::from_digits(other);
        }
        4 => {
            if let Some(mut place) = known(&citizen.current_residence).filter(|p| p.commune != 0) {
                place.commune = place.commune % 99_999 + 1;
                held.current_residence = Some(place);
            }
        }
        _ => {
            held.died_on = match citizen.died_on {
                Some(_) => None,
                None => today.plus_days(-30),
            };
        }
    }
}
