use std::sync::Arc;

use dancu_domain::{Agreement, Attribute, AttributeSet, Verdict, match_claims};
use dancu_population::Nation;
use dancu_wire::pb;
use dancu_wire::pb::recording::{Event, EventKind, Exchange, Item, NameForm, item::Subject};

use crate::replay::history::History;
use crate::replay::persons::{Persons, must_be_wrong};
use crate::replay::remake::Remaker;
use crate::replay::rows::row;
use crate::spelling::Spelling;
use crate::{claims, encode, rows};

#[test]
fn a_row_differs_in_what_it_differed_in_and_in_nothing_else() {
    let nation = Nation::new(4, 6_400);
    let all = [
        Attribute::Sex,
        Attribute::LegacyNumber,
        Attribute::CurrentResidence,
        Attribute::PermanentResidence,
        Attribute::MaritalStatus,
        Attribute::SocialInsurance,
        Attribute::Death,
    ];
    let mut deaths = 0;
    for index in 0..nation.len() {
        let citizen = nation.citizen(index);
        let mut held = AttributeSet::of(&all);
        if citizen.died_on.is_none() {
            held = held.without(AttributeSet::of(&[Attribute::Death]));
        } else {
            deaths += 1;
        }
        for bits in [0, 0b1, 0b1010_1010, 0b0101_0101, 0b111_1111] {
            let mut differed = AttributeSet::NONE;
            for (nth, attribute) in (0..).zip(all) {
                if bits >> nth & 1 == 1 && (held.has(attribute) || citizen.died_on.is_some()) {
                    differed.insert(attribute);
                }
            }
            let made = row(&citizen, held, differed);
            let found = rows::differing(&citizen, &made, Agreement::Exact);
            assert_eq!(found, differed, "citizen {index}");
        }
        if citizen.died_on.is_some() {
            let death = AttributeSet::of(&[Attribute::Death]);
            let made = row(&citizen, AttributeSet::NONE, death);
            let found = rows::differing(&citizen, &made, Agreement::Exact);
            assert_eq!(found, death, "a row that says nothing says that he lives");
        }
    }
    assert!(deaths > 20, "{deaths}");
}

#[test]
fn claims_are_as_true_as_they_were() {
    let nation = Nation::new(4, 6_400);
    let (persons, history) = (Persons::new(&nation), History::default());
    for index in (0..nation.len()).step_by(3) {
        let citizen = Arc::new(nation.citizen(index));
        for (form, wanted) in [
            (NameForm::Exact, Some(Agreement::Exact)),
            (NameForm::TonePlacement, Some(Agreement::TonePlacement)),
            (NameForm::Unaccented, Some(Agreement::Unaccented)),
            (NameForm::Unspecified, None),
        ] {
            let item = Item {
                subject: Some(Subject::Citizen(index)),
                name: form.into(),
                birth: pb::recording::BirthForm::Day.into(),
                outcome: match wanted {
                    Some(_) => pb::Outcome::Found,
                    None => pb::Outcome::NoMatch,
                }
                .into(),
                ..Item::default()
            };
            let person = persons.of(&item, &history, 0).unwrap();
            let wrong = must_be_wrong(dancu_domain::Verb::Lookup, &person, &item, false);
            let made = claims::read(&persons.claims(&person, &item, wrong)).unwrap();
            let mut open = citizen.as_ref().clone();
            open.locked = false;
            open.died_on = None;
            match (match_claims(&[Arc::new(open)], &made), wanted) {
                (Verdict::NoMatch(_), None) => {}
                (Verdict::Match(_, found), Some(wanted)) => {
                    // Not every name can be written in every way.
                    let text = citizen.name.text();
                    let fits = found == wanted
                        || (wanted == Agreement::TonePlacement && found == Agreement::Unaccented)
                        || Spelling::Unaccented.write(text).0 == text;
                    assert!(fits, "citizen {index}: {found:?} for {wanted:?}");
                }
                (verdict, wanted) => panic!("citizen {index}: {verdict:?} for {wanted:?}"),
            }
        }
    }
}

#[test]
fn a_record_is_what_the_recorded_pushes_made_of_it() {
    let nation = Nation::new(4, 640);
    let index = (0..640).find(|i| nation.events(*i) > 6).unwrap();
    let mut history = History::default();
    let pushed = |number, version, day| Exchange {
        verb: pb::Verb::Push.into(),
        items: vec![Item {
            subject: Some(Subject::Citizen(index)),
            outcome: pb::Outcome::Applied.into(),
            version,
            event: Some(Event {
                kind: EventKind::ResidenceChange.into(),
                number,
                day,
                place: 77,
                ..Event::default()
            }),
            ..Item::default()
        }],
        ..Exchange::default()
    };
    // Two changes lay before the recording; then one of the nation's, one that is nobody's.
    history.note(&pushed(4, 3, 0));
    history.note(&pushed(0, 4, 19_700));
    let at = |version| history.record(&nation, index, version);
    assert!(at(0) == nation.citizen(index));
    assert!(at(2) == nation.citizen_at(index, 2).unwrap());
    let third = nation.citizen_at(index, 4).unwrap();
    assert_eq!(at(3).current_residence, third.current_residence);
    assert_eq!(at(4).resident_since.days_since_epoch(), 19_700);
    assert_ne!(at(4).current_residence, at(3).current_residence);
    assert!(at(4).current_residence == at(9).current_residence);
}

#[test]
fn of_two_under_one_number_it_is_the_one_whose_record_was_at_the_version_told() {
    let nation = Nation::new(4, 6_400);
    let persons = Persons::new(&nation);
    let living = |index| {
        let citizen = nation.citizen(index);
        citizen.died_on.is_none() && !citizen.locked
    };
    let (one, two) = (0..nation.len())
        .find_map(|one| {
            let two = nation.legacy_twin(one)?;
            (living(one) && living(two) && nation.events(one) > 0).then_some((one, two))
        })
        .unwrap();
    let mut history = History::default();
    history.note(&Exchange {
        verb: pb::Verb::Push.into(),
        items: vec![Item {
            subject: Some(Subject::Citizen(one)),
            outcome: pb::Outcome::Applied.into(),
            version: 1,
            event: Some(Event {
                kind: EventKind::ResidenceChange.into(),
                place: 77,
                day: 19_700,
                ..Event::default()
            }),
            ..Item::default()
        }],
        ..Exchange::default()
    });
    let found = |index, version| {
        let item = Item {
            subject: Some(Subject::Citizen(index)),
            legacy: true,
            outcome: pb::Outcome::Match.into(),
            version,
            ..Item::default()
        };
        let person = persons.of(&item, &history, 0).unwrap();
        person.citizen.personal_id
    };
    // Whichever of the two the recording names.
    for named in [one, two] {
        assert!(found(named, 1) == nation.personal_id(one));
        assert!(found(named, 0) == nation.personal_id(two));
    }
}

#[test]
fn a_request_that_was_sent_twice_is_made_twice_with_the_same_body() {
    let nation = Nation::new(4, 6_400);
    let remaker = Remaker::new(&nation, "again".to_owned(), None);
    let history = History::default();
    let invalid = || Item {
        outcome: pb::Outcome::Invalid.into(),
        fault: pb::ErrorReason::FieldRequired.into(),
        field: "records[0].record_id".to_owned(),
        ..Item::default()
    };
    let pushed = |request| Exchange {
        verb: pb::Verb::Push.into(),
        agency: "G01".to_owned(),
        purpose: pb::Purpose::LifeEvent.into(),
        request,
        items: vec![invalid(), invalid()],
        ..Exchange::default()
    };
    let made = |request, position| {
        let remade = remaker.remake(&pushed(request), position, &history, None);
        encode::push(&remade.unwrap().message)
    };
    assert!(made(7, 174) == made(7, 3_441));
    assert!(made(7, 174) != made(8, 174));
}

#[test]
fn a_malformed_item_has_a_dossier_where_none_stands_over_the_message() {
    let nation = Nation::new(4, 6_400);
    let remaker = Remaker::new(&nation, "again".to_owned(), None);
    let made = |dossier, has_procedure| {
        let exchange = Exchange {
            verb: pb::Verb::Reconcile.into(),
            agency: "H26".to_owned(),
            purpose: pb::Purpose::AdministrativeProcedure.into(),
            officer: true,
            has_procedure,
            dossier,
            items: vec![Item {
                outcome: pb::Outcome::Invalid.into(),
                fault: pb::ErrorReason::DateInvalid.into(),
                field: "rows[0].claims.birth_date".to_owned(),
                ..Item::default()
            }],
            ..Exchange::default()
        };
        let remade = remaker.remake(&exchange, 7, &History::default(), None);
        remade.unwrap().message.items.remove(0).dossier
    };
    assert_ne!(made(false, true), "");
    assert_eq!(made(true, true), "");
    assert_eq!(made(false, false), "");
}
