use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dancu_domain::{
    Agreement, Citizen, IdKey, NoMatchCause, Outcome, PersonName, PersonalId, Verdict, match_claims,
};
use dancu_population::{Nation, PERSONA_SUFFIXES, Persona};

fn personas() -> Vec<Persona> {
    Nation::new(1, 64).personas()
}

fn persona(key: &str) -> Persona {
    personas().into_iter().find(|p| p.key == key).expect(key)
}

/// What the registry answers to a persona's claims.
fn verdict(persona: &Persona) -> Verdict {
    let candidates: Vec<Arc<Citizen>> = personas()
        .into_iter()
        .map(|other| other.citizen)
        .filter(|citizen| match persona.claims.key {
            IdKey::Personal(id) => citizen.personal_id == id,
            IdKey::Legacy(id) => citizen.legacy_id == Some(id),
        })
        .map(Arc::new)
        .collect();
    match_claims(&candidates, &persona.claims)
}

#[test]
fn every_claim_ends_as_it_says() {
    for persona in personas() {
        let (lookup, authenticate) = match verdict(&persona) {
            Verdict::Match(citizen, _) => {
                assert_eq!(citizen.personal_id, persona.citizen.personal_id);
                (Outcome::Found, Outcome::Match)
            }
            Verdict::Deceased(..) => (Outcome::Deceased, Outcome::Deceased),
            Verdict::Ambiguous => (Outcome::Ambiguous, Outcome::Ambiguous),
            Verdict::NoMatch(_) => (Outcome::NoMatch, Outcome::NoMatch),
        };
        assert_eq!(persona.lookup, lookup, "{}", persona.key);
        assert_eq!(persona.authenticate, authenticate, "{}", persona.key);
    }
}

#[test]
fn there_is_one_for_every_situation() {
    let cause = |key| match verdict(&persona(key)) {
        Verdict::NoMatch(cause) => cause,
        other => panic!("{key}: {other:?}"),
    };
    assert_eq!(cause("changed_name"), NoMatchCause::Name);
    assert_eq!(cause("locked"), NoMatchCause::Locked);
    assert_eq!(cause("wrong_birth"), NoMatchCause::Birth);
    let agreement = |key| match verdict(&persona(key)) {
        Verdict::Match(_, agreement) => agreement,
        other => panic!("{key}: {other:?}"),
    };
    assert_eq!(agreement("plain_match"), Agreement::Exact);
    assert_eq!(agreement("decomposed"), Agreement::Exact);
    assert_eq!(agreement("tone_placement"), Agreement::TonePlacement);
    assert_eq!(agreement("unaccented"), Agreement::Unaccented);
    assert_eq!(agreement("minority_woman"), Agreement::Exact);

    assert_eq!(persona("year_only").citizen.birth.parts(), (1948, 0, 0));
    assert!(persona("missing").citizen.missing_since.is_some());
    assert!(persona("no_insurance").citizen.social_insurance.is_none());
    let newborn = persona("newborn").citizen;
    assert_eq!(
        newborn.birth.earliest(),
        Nation::new(1, 64).reference_date()
    );
    let guardian = persona("guardian").citizen.personal_id;
    let minor = persona("minor").citizen;
    assert_eq!(
        minor.representative.and_then(|r| r.personal_id),
        Some(guardian)
    );
    let head = persona("large_head").citizen;
    let household = personas()
        .into_iter()
        .filter(|p| p.citizen.household == head.household);
    assert_eq!(household.count(), 8);
}

#[test]
fn the_decomposed_name_is_sent_decomposed() {
    let persona = persona("decomposed");
    let text = persona.citizen.name.text();
    assert_ne!(persona.claimed_name, text);
    assert!(persona.claimed_name.chars().count() > text.chars().count());
    let parsed = PersonName::parse(persona.claimed_name, "name").unwrap();
    assert_eq!(parsed.text(), text);
}

#[test]
fn personas_are_the_same_in_every_nation_and_nobody_elses_numbers() {
    let (one, other) = (Nation::new(1, 64), Nation::new(2, 1_000_000));
    assert!(one.personas() == other.personas());
    let personas = one.personas();
    let keys: HashSet<_> = personas.iter().map(|p| p.key).collect();
    let ids: HashSet<_> = personas.iter().map(|p| p.citizen.personal_id).collect();
    assert_eq!((keys.len(), ids.len()), (personas.len(), personas.len()));
    let mut insured = HashSet::new();
    let mut holders: HashMap<_, u32> = HashMap::new();
    for Persona { citizen, .. } in &personas {
        let digits = citizen.personal_id.digits();
        assert!(PERSONA_SUFFIXES.contains(&(digits % 1_000_000)));
        assert_eq!(one.index_of(citizen.personal_id), None);
        // The number tells province, sex and year of its holder.
        let (year, _, _) = citizen.birth.parts();
        let sex = u64::from(citizen.sex.code()) - 1 + if year >= 2000 { 2 } else { 0 };
        assert_eq!(digits / 1_000_000 % 1000, sex * 100 + u64::from(year % 100));
        let province = digits / 1_000_000_000 - 900;
        assert_eq!(province, u64::from(citizen.birth_registration.province));
        if let Some(legacy) = citizen.legacy_id {
            assert_eq!(legacy.digits() / 1_000, 900_000);
            *holders.entry(legacy).or_default() += 1;
        }
        if let Some(number) = citizen.social_insurance {
            assert_eq!(number.digits() / 1_000, 9_900_000);
            assert!(insured.insert(number));
        }
    }
    let mut counts: Vec<u32> = holders.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(counts[..3], [2, 2, 1]);
}

#[test]
fn kinship_among_personas_is_mutual() {
    let personas = personas();
    let by_number: HashMap<PersonalId, &Citizen> = personas
        .iter()
        .map(|p| (p.citizen.personal_id, &p.citizen))
        .collect();
    for Persona { key, citizen, .. } in &personas {
        let relatives = [
            &citizen.father,
            &citizen.mother,
            &citizen.spouse,
            &citizen.representative,
            &citizen.head,
        ];
        for relative in relatives.into_iter().flatten() {
            if let Some(id) = relative.personal_id {
                assert!(by_number[&id].name == relative.name, "{key}");
            }
        }
        if let Some(spouse) = citizen.spouse.as_ref().and_then(|s| s.personal_id) {
            let back = by_number[&spouse]
                .spouse
                .as_ref()
                .and_then(|s| s.personal_id);
            assert_eq!(back, Some(citizen.personal_id), "{key}");
        }
        if let Some(head) = citizen.head.as_ref().and_then(|h| h.personal_id) {
            assert_eq!(by_number[&head].household, citizen.household, "{key}");
        }
    }
}

#[test]
fn titles_and_notes_are_there_in_both_languages() {
    for persona in personas() {
        let texts = [
            persona.title_vi,
            persona.title_en,
            persona.note_vi,
            persona.note_en,
        ];
        assert!(texts.iter().all(|text| text.len() > 3), "{}", persona.key);
    }
}
