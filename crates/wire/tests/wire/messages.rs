//! A bad message fails as a whole with every fault in it: envelope, freshness, view, mask, counts.

use crate::samples;
use dancu_domain::{Attribute, AttributeSet, Failure, Freshness, Reason, Revision};
use dancu_wire::pb::Purpose as P;
use dancu_wire::pb::freshness::Requirement;
use dancu_wire::{
    Lang, batch_authenticate_citizens, batch_lookup_citizens, code, lookup_citizen, pb,
    push_changes, reconcile_citizens, status,
};
use samples::{context, door};
use tonic::Code;

/// Sends the context with every message there is: each fails alike or none does.
fn outcome(context: &pb::RequestContext) -> Result<(), Failure> {
    let mut lookup = samples::lookup();
    lookup.context = Some(context.clone());
    let one = pb::LookupCitizenRequest {
        context: lookup.context.clone(),
        item: lookup.items.first().cloned(),
        ..Default::default()
    };
    let mut authenticate = samples::authenticate();
    authenticate.context = Some(context.clone());
    let mut reconcile = samples::reconcile();
    reconcile.context = Some(context.clone());
    let mut push = samples::push();
    push.context = Some(context.clone());
    let all = [
        batch_lookup_citizens(&door(), lookup).map(|_| ()),
        lookup_citizen(&door(), one).map(|_| ()),
        batch_authenticate_citizens(&door(), authenticate).map(|_| ()),
        reconcile_citizens(&door(), reconcile).map(|_| ()),
        push_changes(&door(), push).map(|_| ()),
    ];
    assert!(all.iter().all(|other| *other == all[0]));
    all.into_iter().next().expect("there are five")
}

/// Field and reason of every fault.
fn faults(failure: &Failure) -> Vec<(&str, Reason)> {
    failure
        .faults
        .iter()
        .map(|fault| (fault.field.as_ref(), fault.reason))
        .collect()
}

fn envelope(change: impl FnOnce(&mut pb::RequestContext)) -> Result<(), Failure> {
    let mut context = context();
    change(&mut context);
    outcome(&context)
}

#[test]
fn each_purpose_requires_what_its_row_in_the_table_says() {
    let bare = |purpose: P| pb::RequestContext {
        request_id: "r".into(),
        purpose: purpose.into(),
        ..Default::default()
    };
    for (purpose, required) in [
        (
            P::AdministrativeProcedure,
            &["context.officer", "context.procedure", "context.dossier"][..],
        ),
        (P::HealthCheckIn, &["context.officer"]),
        (P::DataCleaning, &[]),
        (P::LifeEvent, &[]),
        (P::Statistics, &[]),
    ] {
        let outcome = outcome(&bare(purpose));
        let missing: Vec<(&str, Reason)> = required
            .iter()
            .map(|field| (*field, Reason::FieldRequired))
            .collect();
        let told = outcome.as_ref().err().map(faults).unwrap_or_default();
        assert_eq!(told, missing, "{purpose:?}");
    }
}

#[test]
fn every_field_of_the_envelope_is_held_to_its_form() {
    assert_eq!(envelope(|_| ()), Ok(()));
    let long = "Q".repeat(41);
    type Change = fn(&mut pb::RequestContext, &str);
    let set: [(&str, Change); 5] = [
        ("context.request_id", |c, text| c.request_id = text.into()),
        ("context.officer", |c, text| c.officer = text.into()),
        ("context.procedure", |c, text| c.procedure = text.into()),
        ("context.dossier", |c, text| c.dossier = text.into()),
        ("context.unit", |c, text| c.unit = text.into()),
    ];
    for (field, set) in set {
        for (text, reason) in [
            (long.as_str(), Reason::FieldTooLong),
            ("Qx y", Reason::FieldInvalid),
            ("Qx\u{200b}", Reason::FieldInvalid),
            ("Quỳnh", Reason::FieldInvalid),
            ("Qx\n", Reason::FieldInvalid),
        ] {
            let failure = envelope(|c| set(c, text)).expect_err("it is malformed");
            assert_eq!(faults(&failure), [(field, reason)]);
            for lang in [Lang::Vi, Lang::En] {
                let told = status(&failure, lang, None);
                assert_eq!(told.code(), Code::InvalidArgument);
                let told = format!("{failure:?} {told:?}");
                assert!(!told.contains("Qx") && !told.contains(text), "{field}");
            }
        }
    }
    for (text, reason) in [
        ("0.0.0-231012-0001", Reason::FieldInvalid),
        ("H26-231312-0001", Reason::FieldInvalid),
        ("H26-231012-1", Reason::FieldInvalid),
        ("h26-231012-0001", Reason::FieldInvalid),
    ] {
        let failure = envelope(|c| c.dossier = text.into()).expect_err("no dossier");
        assert_eq!(faults(&failure), [("context.dossier", reason)]);
    }
    assert_eq!(
        envelope(|c| c.dossier = "H26.12-231012-0001".into()),
        Ok(())
    );
    let unknown = envelope(|c| c.purpose = 99).expect_err("unknown");
    assert_eq!(faults(&unknown), [("context.purpose", Reason::EnumInvalid)]);
    let unset = envelope(|c| c.purpose = 0).expect_err("unset");
    assert_eq!(faults(&unset), [("context.purpose", Reason::FieldRequired)]);
}

#[test]
fn all_faults_of_a_message_are_listed_together() {
    let failure = batch_lookup_citizens(
        &door(),
        pb::BatchLookupCitizensRequest {
            context: Some(pb::RequestContext {
                request_id: "Qx y".into(),
                purpose: P::AdministrativeProcedure.into(),
                unit: "Qx y".into(),
                ..Default::default()
            }),
            freshness: Some(at_least(&"0".repeat(32), 1)),
            view: 99,
            read_mask: Some(mask(&["full_name", "Qx"])),
            items: Vec::new(),
        },
    )
    .expect_err("it is malformed all over");
    assert_eq!(failure.reason, Reason::EnumInvalid);
    assert_eq!(
        faults(&failure),
        [
            ("view", Reason::EnumInvalid),
            ("read_mask", Reason::FieldInvalid),
            ("context.request_id", Reason::FieldInvalid),
            ("context.officer", Reason::FieldRequired),
            ("context.procedure", Reason::FieldRequired),
            ("context.dossier", Reason::FieldRequired),
            ("context.unit", Reason::FieldInvalid),
            ("items", Reason::ItemsRequired),
            (
                "freshness.at_least_as_fresh.nation",
                Reason::RevisionOfAnotherNation
            ),
        ]
    );
    let none = lookup_citizen(&door(), pb::LookupCitizenRequest::default());
    assert_eq!(
        faults(&none.expect_err("nothing is there")),
        [
            ("context", Reason::FieldRequired),
            ("item", Reason::FieldRequired)
        ]
    );
}

#[test]
fn a_dossier_stands_in_the_context_or_with_every_item() {
    let mut request = samples::lookup();
    request.context.as_mut().expect("a context").dossier.clear();
    let failure = batch_lookup_citizens(&door(), request.clone()).expect_err("none at all");
    assert_eq!(
        faults(&failure),
        [("context.dossier", Reason::FieldRequired)]
    );
    for item in &mut request.items {
        item.dossier = "H26-231012-0001".into();
    }
    let parsed = batch_lookup_citizens(&door(), request.clone()).expect("every item has one");
    assert!(parsed.message.items.iter().all(Result::is_ok));
    request.items[1].dossier.clear();
    let parsed = batch_lookup_citizens(&door(), request).expect("the message is good");
    let fault = parsed.message.items[1].as_ref().expect_err("this one");
    assert_eq!(
        (fault.field.as_ref(), fault.reason),
        ("dossier", Reason::FieldRequired)
    );
    assert!(parsed.message.items[0].is_ok() && parsed.message.items[2].is_ok());
}

#[test]
fn lists_hold_from_one_to_a_thousand_items() {
    for (length, reason) in [
        (0, Some(Reason::ItemsRequired)),
        (1, None),
        (1_000, None),
        (1_001, Some(Reason::TooManyItems)),
    ] {
        let mut lookup = samples::lookup();
        lookup.items = vec![samples::lookup_item(""); length];
        let mut authenticate = samples::authenticate();
        authenticate.items = vec![authenticate.items[0].clone(); length];
        let mut reconcile = samples::reconcile();
        reconcile.records = vec![samples::row(""); length];
        let mut push = samples::push();
        push.records = vec![samples::record(""); length];
        for (field, got) in [
            (
                "items",
                batch_lookup_citizens(&door(), lookup).map(|p| p.ids.len()),
            ),
            (
                "items",
                batch_authenticate_citizens(&door(), authenticate).map(|p| p.ids.len()),
            ),
            (
                "records",
                reconcile_citizens(&door(), reconcile).map(|p| p.ids.len()),
            ),
            ("records", push_changes(&door(), push).map(|p| p.ids.len())),
        ] {
            match reason {
                None => assert_eq!(got, Ok(length)),
                Some(reason) => {
                    assert_eq!(
                        faults(&got.expect_err("too few or many")),
                        [(field, reason)]
                    );
                }
            }
        }
    }
}

fn at_least(nation: &str, number: i64) -> pb::Freshness {
    of(Requirement::AtLeastAsFresh(pb::Revision {
        nation: nation.into(),
        number,
    }))
}

fn of(requirement: Requirement) -> pb::Freshness {
    pb::Freshness {
        requirement: Some(requirement),
    }
}

fn fresh(freshness: Option<pb::Freshness>) -> Result<Freshness, Failure> {
    let mut request = samples::reconcile();
    request.freshness = freshness;
    reconcile_citizens(&door(), request).map(|parsed| parsed.message.freshness)
}

#[test]
fn freshness_is_read_and_what_cannot_be_is_told() {
    let nation = samples::nation();
    assert_eq!(fresh(None), Ok(Freshness::MinimizeLatency));
    let unsaid = Some(pb::Freshness::default());
    assert_eq!(fresh(unsaid), Ok(Freshness::MinimizeLatency));
    for (sent, read) in [
        (
            of(Requirement::MinimizeLatency(true)),
            Freshness::MinimizeLatency,
        ),
        (
            of(Requirement::FullyConsistent(true)),
            Freshness::FullyConsistent,
        ),
        (
            at_least(&nation.text(), 5),
            Freshness::AtLeast(Revision { nation, number: 5 }),
        ),
    ] {
        assert_eq!(fresh(Some(sent)), Ok(read));
    }
    use Reason::{FieldInvalid, FieldRequired, RevisionOfAnotherNation};
    let (ours, other) = (nation.text(), "0".repeat(32));
    for (sent, field, reason) in [
        (
            of(Requirement::MinimizeLatency(false)),
            "minimize_latency",
            FieldInvalid,
        ),
        (
            of(Requirement::FullyConsistent(false)),
            "fully_consistent",
            FieldInvalid,
        ),
        (at_least("", 5), "at_least_as_fresh.nation", FieldRequired),
        (at_least("Qx", 5), "at_least_as_fresh.nation", FieldInvalid),
        (
            at_least(&ours, -5),
            "at_least_as_fresh.number",
            FieldInvalid,
        ),
        (
            at_least(&other, 5),
            "at_least_as_fresh.nation",
            RevisionOfAnotherNation,
        ),
    ] {
        let failure = fresh(Some(sent)).expect_err("it cannot be");
        let field = format!("freshness.{field}");
        assert_eq!(faults(&failure), [(field.as_str(), reason)]);
        assert_eq!(failure.reason, reason);
    }
    assert_eq!(
        code(Reason::RevisionOfAnotherNation),
        Code::FailedPrecondition
    );
}

fn mask(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}

fn wanted(view: i32, paths: Option<&[&str]>) -> Result<AttributeSet, Failure> {
    let mut request = samples::lookup();
    request.view = view;
    request.read_mask = paths.map(mask);
    batch_lookup_citizens(&door(), request).map(|parsed| parsed.message.wanted)
}

#[test]
fn a_mask_takes_the_place_of_the_view_and_knows_every_field_of_a_citizen() {
    assert_eq!(wanted(0, None), Ok(AttributeSet::BASIC));
    assert_eq!(wanted(1, Some(&[])), Ok(AttributeSet::BASIC));
    assert_eq!(wanted(2, None), Ok(AttributeSet::all()));
    assert_eq!(
        wanted(
            2,
            Some(&["resident_since", "relation_to_head", "missing_since"])
        ),
        Ok(AttributeSet::of(&[
            Attribute::CurrentResidence,
            Attribute::Household,
            Attribute::Death,
        ]))
    );
    assert_eq!(wanted(1, Some(&["version"])), Ok(AttributeSet::NONE));
    for path in ["Qx", "", "full_name.given", "fullName", "locked"] {
        let failure = wanted(1, Some(&["sex", path])).expect_err("no such field");
        assert_eq!(faults(&failure), [("read_mask", Reason::FieldInvalid)]);
        assert!(path.is_empty() || !format!("{failure:?}").contains(path));
    }
    let set = <prost_types::FileDescriptorSet as prost::Message>::decode(dancu_wire::DESCRIPTORS)
        .expect("a set");
    let citizen = set
        .file
        .iter()
        .flat_map(|file| &file.message_type)
        .find(|message| message.name() == "Citizen")
        .expect("the message is described");
    let mut every = AttributeSet::NONE;
    for field in &citizen.field {
        every = every.or(wanted(1, Some(&[field.name()])).expect("a field of Citizen"));
    }
    assert_eq!(every, AttributeSet::all());
}
