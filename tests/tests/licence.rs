//! Within the licence: an answer holds what was asked for and granted, and nothing else.

use std::collections::BTreeMap;

use dancu_domain::{Agency, AgencyKind, Reason};
use dancu_population::{KeyState, Nation};
use dancu_tests::bad::asked::Asked;
use dancu_tests::bad::grants::{self, FIELDS, Fields, granted, record, results};
use dancu_tests::bad::home::{self, Home};
use dancu_tests::bad::line::{Line, Reply};
use dancu_tests::bad::people::personas;
use dancu_tests::bad::refusal::Refusal;
use dancu_tests::bad::rpcs::{Rpc, rpc};
use dancu_tests::bad::session::ask;
use dancu_tests::bad::tally::entries;
use dancu_wire::Lang;
use dancu_wire::pb::dancu::v1 as pb;
use pb::{LookupView, Purpose};
use tonic::Code;

/// People who between them have every attribute.
const RICH: [&str; 7] = [
    "plain_match",
    "newborn_mother",
    "minor",
    "deceased",
    "missing",
    "minority_woman",
    "large_wife",
];

fn lookups() -> &'static Rpc {
    rpc("/dancu.v1.LookupService/BatchLookupCitizens").expect("it has a row")
}

/// What is wanted: words for it, a view, a mask, and the fields that it stands for.
fn wishes() -> Vec<(String, LookupView, Vec<String>, Fields)> {
    let mask = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut wishes = vec![
        (
            "no view".into(),
            LookupView::Unspecified,
            mask(&[]),
            grants::basic(),
        ),
        (
            "BASIC".into(),
            LookupView::Basic,
            mask(&[]),
            grants::basic(),
        ),
        ("FULL".into(), LookupView::Full, mask(&[]), grants::all()),
        ("*".into(), LookupView::Basic, mask(&["*"]), grants::all()),
        (
            "version".into(),
            LookupView::Full,
            mask(&["version"]),
            Fields::new(),
        ),
        (
            "sex and religion".into(),
            LookupView::Full,
            mask(&["sex", "religion"]),
            [6, 10].into(),
        ),
    ];
    for (number, name, _) in FIELDS {
        wishes.push((
            (*name).into(),
            LookupView::Full,
            mask(&[name]),
            [*number].into(),
        ));
    }
    wishes
}

type Records = Vec<BTreeMap<u32, Vec<Vec<u8>>>>;

fn records(reply: &Reply) -> Records {
    assert_eq!(reply.code(), Code::Ok, "{:?}", reply.status());
    let records: Records = results(&reply.messages[0])
        .iter()
        .map(|r| record(r))
        .collect();
    assert_eq!(records.len(), RICH.len());
    records
}

/// Holds the answers to every wish against the whole records.
async fn is_within(
    home: &Home,
    line: &mut Line,
    agency: &Agency,
    purpose: Purpose,
    whole: &Records,
) {
    let key = home.key(agency.code.text(), KeyState::Valid);
    let may = granted(agency, purpose);
    for (word, view, mask, wanted) in wishes() {
        let what = format!("{} {purpose:?} {word}", agency.code);
        let asked = Asked {
            view: view.into(),
            mask,
            subjects: personas(&home.nation, &RICH),
            ..Asked::default()
        };
        let reply = ask(line, lookups(), &key, asked, purpose).await;
        let Some(may) = &may else {
            let refused = Refusal::of_call(Code::PermissionDenied, Reason::PurposeNotLicensed);
            return refused.ends(&what, &reply, Lang::En);
        };
        let open: Fields = grants::with_their_pairs(&wanted)
            .intersection(may)
            .copied()
            .collect();
        let mut given = Vec::new();
        for (record, whole) in records(&reply).iter().zip(whole) {
            for (number, values) in record {
                assert!(
                    may.contains(number),
                    "{what}: field {number} is not granted"
                );
                assert!(
                    open.contains(number),
                    "{what}: field {number} was not asked for"
                );
                assert_eq!(Some(values), whole.get(number), "{what}: field {number}");
            }
            for number in whole.keys() {
                let there = record.contains_key(number);
                assert_eq!(there, open.contains(number), "{what}: field {number}");
            }
            given.push(grants::attributes(&record.keys().copied().collect()));
        }
        let entries = entries(home).await;
        let recorded: Vec<_> = entries[entries.len() - RICH.len()..]
            .iter()
            .map(|entry| entry.given)
            .collect();
        assert_eq!(recorded, given, "{what}: what the entries say was given");
    }
}

/// The records as the one agency that may see everything gets them.
async fn whole(home: &Home, line: &mut Line) -> Records {
    let asked = Asked {
        view: LookupView::Full.into(),
        subjects: personas(&home.nation, &RICH),
        ..Asked::default()
    };
    let police = home.key("G01", KeyState::Valid);
    let purpose = Purpose::AdministrativeProcedure;
    let whole = records(&ask(line, lookups(), &police, asked, purpose).await);
    let seen: Fields = whole
        .iter()
        .flat_map(|record| record.keys().copied())
        .collect();
    assert_eq!(seen, grants::all(), "somebody has each attribute");
    whole
}

async fn is_within_for(chosen: impl Fn(&Agency) -> bool) {
    let home = home::start();
    let mut line = Line::connect(home.running.grpc_addr()).await;
    let whole = whole(&home, &mut line).await;
    let mut agencies = Nation::agencies();
    // Their keys belong to strangers here.
    agencies.retain(|agency| {
        home::strangers()
            .iter()
            .all(|s| s.key_of != agency.code.text())
    });
    agencies.retain(&chosen);
    assert!(!agencies.is_empty());
    for agency in &agencies {
        for purpose in [
            Purpose::AdministrativeProcedure,
            Purpose::DataCleaning,
            Purpose::HealthCheckIn,
        ] {
            is_within(&home, &mut line, agency, purpose, &whole).await;
        }
    }
}

#[tokio::test]
async fn ministries_are_given_what_their_licences_grant_in_every_view_and_mask() {
    let chosen = ["G01", "G02", "G03", "G04", "G06", "G10", "G15"];
    is_within_for(|agency| chosen.contains(&agency.code.text())).await;
}

#[tokio::test]
async fn provinces_are_given_what_their_licences_grant_in_every_view_and_mask() {
    is_within_for(|agency| ["H26", "H29"].contains(&agency.code.text())).await;
}

#[tokio::test]
async fn health_facilities_are_given_what_their_licences_grant_in_every_view_and_mask() {
    let first = |agency: &Agency| agency.code.text().starts_with("Y0");
    assert!(
        Nation::agencies()
            .iter()
            .all(|a| !first(a) || a.kind == AgencyKind::HealthFacility)
    );
    is_within_for(first).await;
}

#[tokio::test]
async fn a_row_that_differs_is_told_the_registrys_values_of_what_differs_and_no_other() {
    let home = home::start();
    let mut line = Line::connect(home.running.grpc_addr()).await;
    let rpc = rpc("/dancu.v1.SyncService/ReconcileCitizens").expect("it has a row");
    for agency in ["H26", "G01", "G06"] {
        let mut subjects = personas(&home.nation, &["plain_match", "newborn_mother"]);
        subjects[0].row.set_sex(pb::Sex::Female);
        subjects[1].row.social_insurance_number = "0000000001".into();
        subjects[1]
            .row
            .set_marital_status(pb::MaritalStatus::Widowed);
        let asked = Asked {
            subjects,
            ..Asked::default()
        };
        let key = home.key(agency, KeyState::Valid);
        let reply = ask(&mut line, rpc, &key, asked, Purpose::DataCleaning).await;
        let given: Vec<Fields> = results(&reply.messages[0])
            .iter()
            .map(|result| {
                let registry = &grants::fields(result)[&5][0];
                let fields = grants::fields(registry).into_keys();
                fields.filter(|number| *number != 1).collect()
            })
            .collect();
        assert_eq!(
            given,
            [Fields::from([6]), Fields::from([12, 25])],
            "{agency}"
        );
    }
}
