//! Who an item was about, and what must be claimed of them so that it ends as it did.

use std::sync::Arc;

use dancu_domain::{
    Agreement, BirthDate, Citizen, LegacyId, PersonName, Verb, Verdict, match_claims,
};
use dancu_population::Nation;
use dancu_wire::pb::Outcome;
use dancu_wire::pb::recording::{BirthForm, Item, NameForm, item::Subject};

use super::history::History;
use crate::ask::{ClaimText, Number};
use crate::chance::Chance;
use crate::claims::parts;
use crate::people::People;
use crate::spelling::Spelling;

/// Old numbers that nobody has, and so many of them.
const NOBODYS: (u32, u32) = (990_100_000, 9_899_999);
/// Where the keys of personas begin, which queue as citizens do.
const PERSONAS: u64 = 1 << 60;

/// Whoever an item is about, as far as a claim needs it.
pub(super) struct Person {
    /// The record at the version that was answered, or at the first.
    pub(super) citizen: Citizen,
    /// The place in the nation, of citizens.
    pub(super) index: Option<u64>,
    /// Whether nobody has the number.
    stranger: Option<u64>,
    /// The other who has the same old number.
    twin: Option<Arc<Citizen>>,
}

/// The people of a nation as recordings name them.
pub(super) struct Persons {
    people: People,
    personas: Vec<Citizen>,
}

impl Persons {
    pub(super) fn new(nation: &Nation) -> Self {
        let personas = nation.personas().into_iter();
        Self {
            people: People::new(*nation, &[]),
            personas: personas.map(|persona| persona.citizen).collect(),
        }
    }

    pub(super) const fn nation(&self) -> &Nation {
        self.people.nation()
    }

    /// The keys under which an item queues: of everybody whose record it reads or changes.
    pub(super) fn keys(&self, item: &Item, keys: &mut Vec<u64>) {
        match item.subject {
            Some(Subject::Citizen(index)) if index < self.nation().len() => {
                keys.push(index);
                if item.legacy {
                    keys.extend(self.nation().legacy_twin(index));
                }
            }
            Some(Subject::Persona(place)) => {
                let same = |citizen: &&Citizen| {
                    item.legacy
                        && self
                            .personas
                            .get(place as usize)
                            .is_some_and(|one| one.legacy_id == citizen.legacy_id)
                };
                let shared = (0..).zip(&self.personas).filter(|(_, c)| same(c));
                keys.extend(shared.map(|(at, _): (u64, _)| PERSONAS + at));
                keys.push(PERSONAS + u64::from(place));
            }
            _ => {}
        }
    }

    /// The person of an item; `None` where the recording speaks of nobody in this nation. A
    /// malformed item is about anybody, drawn by `place`.
    pub(super) fn of(&self, item: &Item, history: &History, place: u64) -> Option<Person> {
        let nation = self.nation();
        let somebody = |hash: u64, stranger| Person {
            citizen: nation.citizen(hash % nation.len()),
            index: None,
            stranger,
            twin: None,
        };
        match item.subject {
            None => Some(somebody(place, None)),
            Some(Subject::Stranger(hash)) => {
                // Whoever was found in a nation that is not ours cannot be found here.
                let found = matches!(
                    item.outcome(),
                    Outcome::Found
                        | Outcome::Match
                        | Outcome::Deceased
                        | Outcome::InStep
                        | Outcome::Differs
                        | Outcome::Applied
                        | Outcome::AlreadyApplied
                );
                (!found).then(|| somebody(hash, Some(hash)))
            }
            Some(Subject::Persona(place)) => Some(Person {
                citizen: self.personas.get(place as usize)?.clone(),
                index: None,
                stranger: None,
                twin: None,
            }),
            Some(Subject::Citizen(index)) if index < nation.len() => {
                Some(self.citizen(item, history, index))
            }
            Some(Subject::Citizen(_)) => None,
        }
    }

    fn citizen(&self, item: &Item, history: &History, index: u64) -> Person {
        let nation = self.nation();
        let record = |index| history.record(nation, index, item.version);
        let mut citizen = record(index);
        let twin = nation.legacy_twin(index).filter(|_| item.legacy);
        let mut other = twin.map(|twin| (twin, record(twin)));
        let mut index = index;
        // The answer did not say which of two it was: it was the one of whom it can be true, and
        // whose record is known to be at the version that the answer told.
        let fits = |citizen: &Citizen, index| {
            let state = match item.outcome() {
                Outcome::Deceased => citizen.died_on.is_some() && !citizen.locked,
                Outcome::Match | Outcome::InStep => citizen.died_on.is_none() && !citizen.locked,
                Outcome::Found | Outcome::Differs => true,
                _ => return (true, None),
            };
            (state, history.is_at(index, item.version))
        };
        let likely = |(state, at)| match (state, at) {
            (false, _) => 0,
            (true, Some(false)) => 1,
            (true, None) => 2,
            (true, Some(true)) => 3,
        };
        if let Some((twin, record)) = &mut other
            && likely(fits(record, *twin)) > likely(fits(&citizen, index))
        {
            std::mem::swap(twin, &mut index);
            std::mem::swap(record, &mut citizen);
        }
        Person {
            citizen,
            index: Some(index),
            stranger: None,
            twin: other.map(|(_, record)| Arc::new(record)),
        }
    }

    /// What to claim.
    pub(super) fn claims(&self, person: &Person, item: &Item, wrong: bool) -> ClaimText {
        let claims = ClaimText {
            number: self.number(person, item),
            name: match item.name() {
                NameForm::None => String::new(),
                _ if wrong => self.another_name(person),
                form => name(&person.citizen, form, item),
            },
            birth: birth(
                person.citizen.birth,
                item.birth(),
                wrong && item.name() == NameForm::None,
            ),
        };
        match &person.twin {
            Some(twin) => of_two(claims, &person.citizen, twin, item),
            None => claims,
        }
    }

    fn number(&self, person: &Person, item: &Item) -> Number {
        match (person.stranger, item.legacy) {
            (Some(hash), true) => {
                let (first, many) = NOBODYS;
                let digits = first + (hash % u64::from(many)) as u32;
                LegacyId::from_digits(digits)
                    .map_or(Number::Missing, |id| Number::Legacy(id.text()))
            }
            (Some(hash), false) => {
                let mut chance = Chance::new(hash, 1);
                let nobodys = self.people.number_of_nobody(&mut chance, &person.citizen);
                Number::Personal(nobodys)
            }
            (None, true) if person.citizen.legacy_id.is_some() => {
                let legacy = person.citizen.legacy_id.map(LegacyId::text);
                Number::Legacy(legacy.unwrap_or_default())
            }
            (None, _) => Number::Personal(person.citizen.personal_id.text()),
        }
    }

    /// A name that is neither the person's nor that of the other who has the number.
    fn another_name(&self, person: &Person) -> String {
        let nation = self.nation();
        let own = person.citizen.personal_id.digits();
        let fits = |name: &PersonName| {
            let agrees = |citizen: &Citizen| citizen.name.agreement(name).is_some();
            !agrees(&person.citizen) && !person.twin.as_deref().is_some_and(agrees)
        };
        (0..)
            .map(|nth| nation.citizen((own + nth * 977) % nation.len()).name)
            .take(64)
            .find(fits)
            .map_or_else(
                || "Nguyễn Vô Danh".to_owned(),
                |name| name.text().to_owned(),
            )
    }
}

/// Claims about a number that two people have. How many of the two they are true of is what decides, and
/// where both have the name it hangs on the birth date: of one it may be known better than of the other,
/// and the recording does not tell whose was claimed. So it is the first that ends as it did.
fn of_two(claims: ClaimText, citizen: &Citizen, twin: &Arc<Citizen>, item: &Item) -> ClaimText {
    let both = [Arc::new(citizen.clone()), Arc::clone(twin)];
    let ends_the_same = |claims: &ClaimText| {
        let Some(claims) = crate::claims::read(claims) else {
            return true;
        };
        match (match_claims(&both, &claims), item.outcome()) {
            (Verdict::Ambiguous, outcome) => outcome == Outcome::Ambiguous,
            (_, outcome) => outcome != Outcome::Ambiguous,
        }
    };
    if ends_the_same(&claims) {
        return claims;
    }
    let other = ClaimText {
        birth: birth(twin.birth, item.birth(), false),
        ..claims.clone()
    };
    if ends_the_same(&other) { other } else { claims }
}

/// The person's name, written so that it agrees as closely as it did.
fn name(citizen: &Citizen, form: NameForm, item: &Item) -> String {
    let recorded = citizen.name.text();
    let below = form == NameForm::Unspecified && item.outcome() == Outcome::Differs;
    let spelling = match form {
        NameForm::TonePlacement => Spelling::ToneMoved,
        NameForm::Unaccented => Spelling::Unaccented,
        // A row whose name differed: how closely it agreed was not told.
        _ if below => Spelling::ToneMoved,
        _ => Spelling::AsRecorded,
    };
    match spelling.write(recorded) {
        (written, Agreement::TonePlacement | Agreement::Unaccented) => written,
        (written, _) if spelling == Spelling::AsRecorded => written,
        // The name has no tone that could stand elsewhere.
        _ => Spelling::Unaccented.write(recorded).0,
    }
}

/// As much of the birth date as was claimed; another year where it must not be true.
fn birth(recorded: BirthDate, form: BirthForm, wrong: bool) -> Option<(i32, i32, i32)> {
    let (year, month, day) = parts(recorded);
    let year = if wrong { year - 1 } else { year };
    match form {
        BirthForm::Unspecified => None,
        BirthForm::Year => Some((year, 0, 0)),
        BirthForm::Month => Some((year, month.max(1), 0)),
        BirthForm::Day => {
            // The year before may have no 29 February.
            let most = if wrong && month == 2 { 28 } else { 31 };
            Some((year, month.max(1), day.clamp(1, most)))
        }
    }
}

/// Whether the claims must not be the person's, so that the item ends as it did.
pub(super) fn must_be_wrong(verb: Verb, person: &Person, item: &Item, authority: bool) -> bool {
    match item.outcome() {
        Outcome::NoMatch => true,
        Outcome::Rejected if verb == Verb::Push && authority => {
            // An event before the birth is rejected whatever is claimed.
            let day = item.event.as_ref().filter(|event| event.number == 0);
            let earliest = BirthDate::earliest(person.citizen.birth).days_since_epoch();
            day.is_none_or(|event| event.day >= earliest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_alike_but_for_how_well_their_birth_is_known_stay_ambiguous_whoever_is_named() {
        let nation = Nation::new(4, 6_400);
        let persons = Persons::new(&nation);
        let whole = BirthDate::from_parts(1970, 5, 20, "").unwrap();
        let year = BirthDate::from_parts(1970, 0, 0, "").unwrap();
        let one = (0..nation.len())
            .map(|index| nation.citizen(index))
            .find(|citizen| citizen.legacy_id.is_some())
            .unwrap();
        let born = |birth| Citizen {
            birth,
            locked: false,
            died_on: None,
            ..one.clone()
        };
        let verdict = |named, other, form: BirthForm, outcome: Outcome| {
            let person = Person {
                citizen: born(named),
                index: None,
                stranger: None,
                twin: Some(Arc::new(born(other))),
            };
            let item = Item {
                subject: Some(Subject::Citizen(0)),
                legacy: true,
                birth: form.into(),
                outcome: outcome.into(),
                ..Item::default()
            };
            let claims = persons.claims(&person, &item, false);
            let claims = crate::claims::read(&claims).unwrap();
            match_claims(&[Arc::new(born(named)), Arc::new(born(other))], &claims)
        };
        for form in [BirthForm::Day, BirthForm::Month, BirthForm::Year] {
            for (named, other) in [(year, whole), (whole, year)] {
                let found = verdict(named, other, form, Outcome::Ambiguous);
                assert_eq!(found, Verdict::Ambiguous, "{form:?}");
            }
        }
        // A day that is true of the one whose day nobody knows, and not of the other.
        let found = verdict(year, whole, BirthForm::Day, Outcome::Match);
        assert!(matches!(found, Verdict::Match(of, _) if of.birth == year));
    }
}
