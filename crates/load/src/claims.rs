//! What callers claim about people: rightly, mistakenly, about nobody, or malformed.

use std::sync::Arc;

use dancu_domain::{
    BirthDate, Citizen, CivilDate, Claims, IdKey, LegacyId, NoMatchCause, Outcome, PersonName,
    PersonalId, Verb, Verdict, match_claims,
};
use dancu_population::DOUBLED_LEGACY;

use crate::ask::{About, ClaimText, Expect, Number};
use crate::chance::Chance;
use crate::people::People;
use crate::spelling::Spelling;

/// Claims, about whom they are, and what must come of them.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    /// What is claimed.
    pub(crate) claims: ClaimText,
    /// About whom.
    pub(crate) about: About,
    /// What must come of it.
    pub(crate) expect: Expect,
}

/// Claims that are true of somebody, in one of the ways in which callers write them: capitals for
/// the most part, every birth date as far as the caller knows it.
pub(crate) fn right(chance: &mut Chance, index: u64, citizen: Arc<Citizen>) -> Drawn {
    let spelling = match chance.below(100) {
        0..40 => Spelling::Capitals,
        40..75 => Spelling::AsRecorded,
        75..85 => Spelling::Decomposed,
        85..90 => Spelling::ToneMoved,
        _ => Spelling::Unaccented,
    };
    let (name, agreement) = spelling.write(citizen.name.text());
    let (year, month, day) = parts(citizen.birth);
    let birth = match chance.below(20) {
        0 | 1 => (year, 0, 0),
        2 => (year, month, 0),
        _ => (year, month, day),
    };
    let expect = match People::barred(&citizen) {
        Some(cause) => Expect::NoMatch(cause),
        None => Expect::Person(agreement),
    };
    Drawn {
        claims: ClaimText {
            number: number(chance, &citizen),
            name,
            birth: Some(birth),
        },
        about: About::Citizen(index, citizen),
        expect,
    }
}

/// The name and birth date of somebody, written as recorded, with the personal number.
pub(crate) fn exact(index: u64, citizen: Arc<Citizen>) -> Drawn {
    let expect = match People::barred(&citizen) {
        Some(cause) => Expect::NoMatch(cause),
        None => Expect::Person(dancu_domain::Agreement::Exact),
    };
    Drawn {
        claims: ClaimText {
            number: Number::Personal(citizen.personal_id.text()),
            name: citizen.name.text().to_owned(),
            birth: Some(parts(citizen.birth)),
        },
        about: About::Citizen(index, citizen),
        expect,
    }
}

/// A personal number and nothing else, under a licence for that.
pub(crate) fn number_alone(index: u64, citizen: Arc<Citizen>) -> Drawn {
    let mut drawn = exact(index, citizen);
    drawn.claims.name.clear();
    drawn.claims.birth = None;
    drawn
}

/// Claims of which the name or the birth date is not the person's.
pub(crate) fn mistaken(chance: &mut Chance, index: u64, citizen: Arc<Citizen>) -> Drawn {
    let mut drawn = right(chance, index, Arc::clone(&citizen));
    let name = chance.permille(600);
    if name {
        drawn.claims.name = another_name(chance, &citizen);
    } else {
        let (year, month, day) = parts(citizen.birth);
        // The year before: 29 February may not be in it.
        let day = if month == 2 && day == 29 { 28 } else { day };
        drawn.claims.birth = Some((year - 1, month, day));
    }
    // Of a CMND that two people have, the cause told may be about the other one.
    if matches!(drawn.claims.number, Number::Legacy(_)) && doubled(&citizen) {
        drawn.claims.number = Number::Personal(citizen.personal_id.text());
    }
    drawn.expect = Expect::NoMatch(match People::barred(&citizen) {
        Some(cause) => cause,
        None if name => NoMatchCause::Name,
        None => NoMatchCause::Birth,
    });
    drawn
}

/// Somebody's name and birth date with a number that nobody has.
pub(crate) fn unknown(chance: &mut Chance, people: &People, citizen: &Citizen) -> Drawn {
    Drawn {
        claims: ClaimText {
            number: Number::Personal(people.number_of_nobody(chance, citizen)),
            name: citizen.name.text().to_owned(),
            birth: Some(parts(citizen.birth)),
        },
        about: About::Nobody,
        expect: Expect::NoMatch(NoMatchCause::Unknown),
    }
}

/// A persona, claimed as the list of personas says, with the outcome that the list promises.
/// `None` where others have changed every persona.
pub(crate) fn persona(chance: &mut Chance, people: &People, verb: Verb) -> Option<Drawn> {
    let at = chance.below(people.personas().len() as u64) as usize;
    let (persona, citizen) = people.personas().get(at)?;
    let outcome = match verb {
        Verb::Lookup => persona.lookup,
        _ => persona.authenticate,
    };
    let expect = match outcome {
        Outcome::Ambiguous => Expect::Ambiguous,
        Outcome::NoMatch => match match_claims(&[Arc::clone(citizen)], &persona.claims) {
            Verdict::NoMatch(cause) => Expect::NoMatch(cause),
            _ => Expect::NoMatch(NoMatchCause::Unknown),
        },
        _ => {
            let claimed = persona.claims.name.as_ref()?;
            Expect::Person(citizen.name.agreement(claimed)?)
        }
    };
    Some(Drawn {
        claims: ClaimText {
            number: match persona.claims.key {
                IdKey::Personal(id) => Number::Personal(id.text()),
                IdKey::Legacy(id) => Number::Legacy(id.text()),
            },
            name: persona.claimed_name.to_owned(),
            birth: persona.claims.birth.map(parts),
        },
        about: About::Persona(at, Arc::clone(citizen)),
        expect,
    })
}

/// Claims as the domain reads them; `None` where they are malformed.
pub(crate) fn read(claims: &ClaimText) -> Option<Claims> {
    let key = match &claims.number {
        Number::Missing => None,
        Number::Personal(text) => PersonalId::parse(text, "").ok().map(IdKey::Personal),
        Number::Legacy(text) => LegacyId::parse(text, "").ok().map(IdKey::Legacy),
    }?;
    let name = match claims.name.as_str() {
        "" => None,
        text => Some(PersonName::parse(text, "").ok()?),
    };
    let birth = match claims.birth {
        None => None,
        Some((year, month, day)) => Some(BirthDate::from_parts(year, month, day, "").ok()?),
    };
    Some(Claims { key, name, birth })
}

/// Year, month and day as the contract carries them.
pub(crate) fn parts(birth: BirthDate) -> (i32, i32, i32) {
    let (year, month, day) = birth.parts();
    (i32::from(year), i32::from(month), i32::from(day))
}

/// Year, month and day of a whole date.
pub(crate) fn day_parts(date: CivilDate) -> (i32, i32, i32) {
    parts(BirthDate::Day(date))
}

/// The personal number, and now and then the CMND of those who have one.
fn number(chance: &mut Chance, citizen: &Citizen) -> Number {
    // Of a CMND that two people have, the cause told of a locked record may be the other's.
    let plain = !(citizen.locked && doubled(citizen));
    match citizen.legacy_id {
        Some(legacy) if plain && chance.permille(150) => Number::Legacy(legacy.text()),
        _ => Number::Personal(citizen.personal_id.text()),
    }
}

fn doubled(citizen: &Citizen) -> bool {
    citizen
        .legacy_id
        .is_some_and(|legacy| DOUBLED_LEGACY.contains(&legacy.digits()))
}

/// The person's name with another given name.
fn another_name(chance: &mut Chance, citizen: &Citizen) -> String {
    const GIVEN: [&str; 6] = ["Bình", "Châu", "Dũng", "Giang", "Khánh", "Xuân"];
    let name = citizen.name.text();
    let family = name.rsplit_once(' ').map_or(name, |(before, _)| before);
    let start = chance.below(GIVEN.len() as u64) as usize;
    let other = |i: usize| format!("{family} {}", GIVEN[(start + i) % GIVEN.len()]);
    // Two given names in a row may be the person's own; of three one is not.
    (0..3)
        .map(other)
        .find(|written| {
            PersonName::parse(written, "")
                .is_ok_and(|other| citizen.name.agreement(&other).is_none())
        })
        .unwrap_or_else(|| format!("{name} {}", GIVEN[start]))
}
