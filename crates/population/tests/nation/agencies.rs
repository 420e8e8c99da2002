use std::collections::HashSet;

use dancu_domain::{
    AgencyCode, AgencyKind, Attribute, AttributeSet, CivilDate, Directory, EventKind, OfficerId,
    ProcedureCode, Purpose, Reason, RequestContext, RequestId, ServiceCode, Verb,
};
use dancu_population::{KeyState, Nation, SandboxKey};
use sha2::{Digest, Sha256};

fn nation() -> Nation {
    Nation::new(1, 64)
}

fn directory() -> Directory {
    let nation = nation();
    Directory::new(Nation::agencies(), nation.credentials(), nation.licences())
}

fn code(text: &str) -> AgencyCode {
    AgencyCode::parse(text, "agency").unwrap()
}

fn key(agency: &str, state: KeyState) -> SandboxKey {
    nation()
        .sandbox_keys()
        .into_iter()
        .find(|key| key.agency == code(agency) && key.state == state)
        .expect(agency)
}

fn digest(key: &SandboxKey) -> [u8; 32] {
    Sha256::digest(key.key.as_bytes()).into()
}

/// What the agency may be given when its officer asks with its valid key.
fn asks(
    agency: &str,
    verb: Verb,
    service: ServiceCode,
    purpose: Purpose,
) -> Result<dancu_domain::Permit, Reason> {
    let (directory, today) = (directory(), nation().reference_date());
    let key = key(agency, KeyState::Valid);
    let caller = directory.authenticate(&digest(&key), today)?;
    let context = RequestContext {
        request_id: RequestId::parse("r1", "request_id").unwrap(),
        officer: Some(OfficerId::parse(&key.officer, "officer").unwrap()),
        procedure: Some(ProcedureCode::parse(&key.procedure, "procedure").unwrap()),
        dossier: None,
        purpose,
        unit: None,
        event_day: None,
    };
    directory
        .permit(&caller, verb, service, context, today)
        .map_err(|refusal| refusal.reason)
}

fn lookup(agency: &str, purpose: Purpose) -> Result<dancu_domain::Permit, Reason> {
    asks(agency, Verb::Lookup, ServiceCode::LOOKUP_CITIZEN, purpose)
}

const PROCEDURE: Purpose = Purpose::AdministrativeProcedure;

#[test]
fn there_are_15_ministries_63_provinces_and_40_facilities() {
    let agencies = Nation::agencies();
    let count = |kind| agencies.iter().filter(|a| a.kind == kind).count();
    assert_eq!(count(AgencyKind::Ministry), 15);
    assert_eq!(count(AgencyKind::Province), 63);
    assert_eq!(count(AgencyKind::HealthFacility), 40);
    let codes: HashSet<_> = agencies.iter().map(|a| a.code).collect();
    let names: HashSet<_> = agencies.iter().map(|a| &a.name).collect();
    assert_eq!((codes.len(), names.len()), (118, 118));
    let known: Vec<_> = agencies.iter().filter(|a| !a.assumed).collect();
    assert_eq!(known.len(), 2);
    assert_eq!(
        (known[0].code, known[0].name.as_str()),
        (code("H26"), "Thành phố Hà Nội")
    );
    assert_eq!(known[1].code, code("H29"));
}

#[test]
fn every_agency_holds_on_the_reference_date_and_those_that_end_have_a_successor_that_does_not() {
    let agencies = Nation::agencies();
    let after = CivilDate::new(2025, 7, 1).unwrap();
    let mut left = 0;
    for agency in &agencies {
        assert!(agency.validity.holds(nation().reference_date()));
        assert_eq!(agency.validity.until.is_some(), agency.successor.is_some());
        match agency.successor {
            None => left += u32::from(agency.kind == AgencyKind::Province),
            Some(successor) => {
                let successor = agencies.iter().find(|a| a.code == successor).unwrap();
                assert!(successor.validity.holds(after));
                assert_eq!(successor.kind, agency.kind);
            }
        }
    }
    assert_eq!(left, 34);
}

#[test]
fn every_agency_may_authenticate_with_its_key_and_look_up_within_its_licence() {
    for agency in Nation::agencies() {
        let purpose = match agency.kind {
            AgencyKind::HealthFacility => Purpose::HealthCheckIn,
            AgencyKind::Ministry | AgencyKind::Province => PROCEDURE,
        };
        let agency = agency.code.text();
        let permit = lookup(agency, purpose).unwrap();
        assert!(permit.attributes().has(Attribute::FullName));
        let service = ServiceCode::AUTHENTICATE_CITIZEN;
        assert!(asks(agency, Verb::Authenticate, service, purpose).is_ok());
    }
}

#[test]
fn sensitive_attributes_go_to_those_who_have_a_grant_of_their_own() {
    for agency in Nation::agencies() {
        let purpose = match agency.kind {
            AgencyKind::HealthFacility => Purpose::HealthCheckIn,
            AgencyKind::Ministry | AgencyKind::Province => PROCEDURE,
        };
        let given = lookup(agency.code.text(), purpose).unwrap().attributes();
        let sensitive = given.and(AttributeSet::SENSITIVE);
        let wanted = match agency.code.text() {
            "G01" => AttributeSet::SENSITIVE,
            "G04" => AttributeSet::of(&[Attribute::BloodType]),
            "G10" => AttributeSet::of(&[Attribute::Ethnicity, Attribute::Religion]),
            _ => AttributeSet::NONE,
        };
        assert_eq!(sensitive, wanted, "{}", agency.code);
        if agency.kind == AgencyKind::HealthFacility {
            assert_eq!(given, AttributeSet::BASIC);
        }
    }
}

#[test]
fn refusals_can_be_shown() {
    let reconcile = |agency| {
        let service = ServiceCode::RECONCILE_CITIZENS;
        asks(agency, Verb::Reconcile, service, Purpose::DataCleaning)
    };
    assert!(reconcile("G03").is_ok() && reconcile("H26").is_ok());
    assert_eq!(reconcile("G15").unwrap_err(), Reason::ServiceNotLicensed);
    assert_eq!(
        reconcile("Y01.001").unwrap_err(),
        Reason::ServiceNotLicensed
    );
    let wrong_purpose = lookup("H26", Purpose::HealthCheckIn).unwrap_err();
    assert_eq!(wrong_purpose, Reason::PurposeNotLicensed);
}

#[test]
fn police_and_justice_have_authority_over_different_events() {
    let push = |agency| {
        let service = ServiceCode::PUSH_CHANGES;
        asks(agency, Verb::Push, service, Purpose::LifeEvent)
    };
    let (police, justice) = (push("G01").unwrap(), push("G02").unwrap());
    assert!(police.is_authority_for(EventKind::ResidenceChange));
    assert!(!police.is_authority_for(EventKind::Death));
    assert!(justice.is_authority_for(EventKind::Death));
    assert!(!justice.is_authority_for(EventKind::ResidenceChange));
    assert_eq!(push("H26").unwrap_err(), Reason::ServiceNotLicensed);
}

#[test]
fn one_agency_needs_no_name_and_one_is_told_what_failed() {
    let alone: Vec<_> = Nation::agencies()
        .into_iter()
        .filter(|a| lookup(a.code.text(), PROCEDURE).is_ok_and(|p| p.number_alone()))
        .map(|a| a.code)
        .collect();
    assert_eq!(alone, [code("G03")]);
    let service = ServiceCode::AUTHENTICATE_CITIZEN;
    let explained: Vec<_> = Nation::agencies()
        .into_iter()
        .filter(|a| {
            asks(a.code.text(), Verb::Authenticate, service, PROCEDURE).is_ok_and(|p| p.explain())
        })
        .map(|a| a.code)
        .collect();
    assert_eq!(explained, [code("G02")]);
}

#[test]
fn keys_hold_or_fail_as_their_state_says() {
    let (directory, today) = (directory(), nation().reference_date());
    let mut states = Vec::new();
    for key in nation().sandbox_keys() {
        assert!(key.key.starts_with("dancu-sandbox-") && key.key.len() == 54);
        let found = directory.authenticate(&digest(&key), today);
        match key.state {
            KeyState::Valid => assert_eq!(found.map(|a| a.agency()), Ok(key.agency)),
            state => {
                let wanted = match state {
                    KeyState::Expired => Some(Reason::CredentialExpired),
                    KeyState::Revoked => Some(Reason::CredentialRevoked),
                    KeyState::NotYetValid => Some(Reason::CredentialNotYetValid),
                    KeyState::Valid | KeyState::Debug => None,
                };
                assert_eq!(found.err(), wanted);
                states.push(state.word());
            }
        }
    }
    states.sort_unstable();
    assert_eq!(states, ["debug", "expired", "not-yet-valid", "revoked"]);
    let debug = nation().credentials().into_iter().filter(|c| c.debug);
    assert_eq!(debug.count(), 1);
}

#[test]
fn keys_differ_between_agencies_states_and_seeds() {
    let mut keys = HashSet::new();
    for seed in [0, 1, 2] {
        for key in Nation::new(seed, 64).sandbox_keys() {
            assert!(keys.insert(key.key));
        }
    }
    assert_eq!(keys.len(), 3 * 122);
    assert!(nation().credentials().iter().all(|c| c.sandbox));
}
