//! Writes out records: the citizen in a slot of a block in draft.

use dancu_domain::{
    BirthDate, BloodType, Citizen, CivilDate, LegacyId, PersonName, PersonalId, Place,
    RelationToHead, Relative, Sex, SocialInsuranceNumber,
};

use crate::birth::{birth_date, day_of};
use crate::chance::{Stream, again, below, falls};
use crate::draft::Draft;
use crate::names::{self, Naming};
use crate::numbers;
use crate::places;
use crate::skeleton::LAST_YEAR;

const VIET_NAM: [u8; 2] = *b"VN";
/// Of a hundred thousand citizens, so many are locked.
const LOCKED: u64 = 100;
/// Of a hundred thousand aged 14 and more, so many have a CMND.
const LEGACY_HELD: u64 = 95_000;
/// Of a hundred thousand of working age, so many are insured.
const INSURED: u64 = 74_000;
/// Of a hundred thousand whose parents are not on file, so many have their names recorded.
const FOREBEARS: u64 = 80_000;
/// Of a hundred thousand, so many have no blood type on record.
const BLOOD_UNKNOWN: u64 = 30_000;

/// Whether a record is locked from the start.
pub(crate) fn is_locked(draft: &Draft<'_>, at: usize) -> bool {
    falls(draft.chance.draw(Stream::Locked, draft.index(at)), LOCKED)
}

/// Name and number of somebody: what others' records repeat.
#[derive(Clone)]
pub(crate) struct Known {
    name: PersonName,
    personal_id: PersonalId,
}

impl Known {
    /// Of the citizen in this slot.
    pub(crate) fn new(draft: &Draft<'_>, at: usize) -> Self {
        Self {
            name: name(draft, at),
            personal_id: draft.personal_id(at),
        }
    }

    fn relative(self) -> Relative {
        Relative {
            name: self.name,
            personal_id: Some(self.personal_id),
            nationality: VIET_NAM,
        }
    }
}

/// The record of the citizen in this slot. `known` tells name and number of any slot.
pub(crate) fn citizen(draft: &Draft<'_>, at: usize, known: impl Fn(usize) -> Known) -> Citizen {
    let (chance, slot, index) = (draft.chance, &draft.template[at], draft.index(at));
    let Known { name, personal_id } = known(at);
    let relative = |at: usize| known(at).relative();
    let birth = birth_date(chance, slot, index, draft.skeleton.years[at]);
    let died_on = draft.died[at];
    let number = draft.household_number(at);
    let head = draft.head(at).filter(|_| died_on.is_none());
    let permanent_residence = places::home(draft.province, chance.draw(Stream::Home, number));
    let current_residence = places::stay(&permanent_residence, chance.draw(Stream::Stay, number));
    let (father, mother) = parents(draft, at, &relative);
    Citizen {
        personal_id,
        legacy_id: legacy_id(draft, at),
        version: 0,
        name,
        birth,
        sex: if draft.skeleton.male[at] {
            Sex::Male
        } else {
            Sex::Female
        },
        birth_registration: places::commune(
            draft.province.code,
            chance.draw(Stream::Registration, number),
        ),
        native_place: native_place(draft, at),
        ethnicity: ethnicity(draft, at),
        religion: religion(draft, at),
        nationality: VIET_NAM,
        marital_status: draft.marital_status(at),
        permanent_residence,
        current_residence,
        resident_since: resident_since(draft, number, birth),
        blood_type: blood_type(chance.draw(Stream::Blood, index)),
        father,
        mother,
        spouse: draft.spouse(at).map(relative),
        representative: draft.representative(at).map(relative),
        household: if head.is_some() { number } else { 0 },
        relation_to_head: head.map_or(RelationToHead::Unknown, |h| draft.relation(at, h)),
        head: head.filter(|head| *head != at).map(relative),
        died_on,
        missing_since: None,
        social_insurance: insurance(draft, at),
        locked: is_locked(draft, at),
    }
}

/// The name of the citizen in this slot: the line's, and the own.
fn name(draft: &Draft<'_>, at: usize) -> PersonName {
    let index = draft.index(at);
    names::name(&Naming {
        southern: draft.province.southern(),
        ethnicity: ethnicity(draft, at),
        male: draft.skeleton.male[at],
        year: draft.skeleton.years[at],
        clan: clan_draw(draft, draft.template[at].line),
        middle: draft.chance.draw(Stream::Middle, index),
        given: draft.chance.draw(Stream::Given, index),
    })
}

fn clan_draw(draft: &Draft<'_>, line: u8) -> u64 {
    draft
        .chance
        .draw(Stream::Clan, draft.index(usize::from(line)))
}

fn ethnicity(draft: &Draft<'_>, at: usize) -> u8 {
    let clan = draft.index(usize::from(draft.template[at].clan));
    names::ethnicity(draft.province, draft.chance.draw(Stream::Ethnicity, clan))
}

fn religion(draft: &Draft<'_>, at: usize) -> u8 {
    let clan = draft.index(usize::from(draft.template[at].clan));
    names::religion(draft.province, draft.chance.draw(Stream::Religion, clan))
}

/// Father and mother: on file, or, of many whose parents are not, by name alone.
fn parents(
    draft: &Draft<'_>,
    at: usize,
    relative: &impl Fn(usize) -> Relative,
) -> (Option<Relative>, Option<Relative>) {
    let slot = &draft.template[at];
    if slot.father.is_some() || slot.mother.is_some() {
        let on_file = |parent: Option<u8>| parent.map(|p| relative(usize::from(p)));
        return (on_file(slot.father), on_file(slot.mother));
    }
    // Brothers and sisters name the same parents.
    let eldest = slot.eldest.map_or(at, usize::from);
    let draw = draft.chance.draw(Stream::Forebears, draft.index(eldest));
    if !falls(draw, FOREBEARS) {
        return (None, None);
    }
    let by_name = |male: bool, draw: u64, clan: u64| Relative {
        name: names::name(&Naming {
            southern: draft.province.southern(),
            ethnicity: ethnicity(draft, at),
            male,
            year: draft.skeleton.years[eldest] - 27,
            clan,
            middle: again(draw),
            given: again(again(draw)),
        }),
        personal_id: None,
        nationality: VIET_NAM,
    };
    let other = again(draw ^ 1);
    (
        Some(by_name(true, draw, clan_draw(draft, slot.line))),
        Some(by_name(false, other, again(other ^ 1))),
    )
}

/// The CMND. The first of the block is an adult, and may share his with another province's.
pub(crate) fn legacy_id(draft: &Draft<'_>, at: usize) -> Option<LegacyId> {
    if at == 0 && numbers::twin_block(draft.block).is_some() {
        return Some(numbers::doubled_legacy_id(draft.chance, draft.block));
    }
    let document = draft.template[at].document?;
    let draw = draft.chance.draw(Stream::LegacyHeld, draft.index(at));
    (draft.age(at) >= 14 && falls(draw, LEGACY_HELD))
        .then(|| numbers::legacy_id(draft.chance, draft.block, document))
}

fn insurance(draft: &Draft<'_>, at: usize) -> Option<SocialInsuranceNumber> {
    let document = draft.template[at].document?;
    let draw = draft.chance.draw(Stream::Insured, draft.index(at));
    ((18..75).contains(&draft.age(at)) && falls(draw, INSURED))
        .then(|| numbers::insurance(draft.chance, draft.block, document))
}

/// Quê quán: that of the line, in the province of the births for all but a few.
fn native_place(draft: &Draft<'_>, at: usize) -> Place {
    let line = draft.index(usize::from(draft.template[at].line));
    let draw = draft.chance.draw(Stream::Native, line);
    let province = places::elsewhere(draft.province.code, draw, 15_000);
    places::commune(province, again(draw))
}

/// Since when the household has lived where it lives; for those born later, since birth.
fn resident_since(draft: &Draft<'_>, household: u64, birth: BirthDate) -> CivilDate {
    let draw = draft.chance.draw(Stream::StaySince, household);
    let year = LAST_YEAR - below(draw, 26) as u16;
    day_of(year, again(draw)).max(birth.earliest())
}

fn blood_type(draw: u64) -> BloodType {
    if falls(draw, BLOOD_UNKNOWN) {
        return BloodType::Unknown;
    }
    match below(again(draw), 100) {
        0..42 => BloodType::O,
        42..72 => BloodType::B,
        72..94 => BloodType::A,
        _ => BloodType::Ab,
    }
}
