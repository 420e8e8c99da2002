//! Who is calling, and what they may ask.

use dancu_domain::{
    Agency, AgencyCode, AgencyKind, Attribute, AttributeSet, Authentication, CivilDate, Credential,
    Directory, EventKind, Licence, OfficerId, Patterns, Permit, ProcedureCode, Purpose, PurposeSet,
    Reason, Refusal, RequestContext, RequestId, ServiceCode, Validity, Verb,
};

use crate::people::date;

const KEY: [u8; 32] = [7; 32];

fn code(text: &str) -> AgencyCode {
    AgencyCode::parse(text, "agency").unwrap()
}

fn today() -> CivilDate {
    date(2023, 1, 1)
}

fn agency() -> Agency {
    Agency {
        code: code("H26"),
        name: "Hà Nội".to_owned(),
        kind: AgencyKind::Province,
        validity: Validity::default(),
        successor: None,
        assumed: false,
    }
}

fn credential() -> Credential {
    Credential {
        digest: KEY,
        agency: code("H26"),
        validity: Validity::default(),
        revoked: false,
        debug: false,
        sandbox: true,
    }
}

fn licence() -> Licence {
    Licence {
        agency: code("H26"),
        services: vec![ServiceCode::LOOKUP_CITIZEN],
        officers: Patterns(vec!["cb-*".to_owned(), "truong".to_owned()]),
        procedures: Patterns(vec!["1.004222".to_owned(), "2.*".to_owned()]),
        purposes: PurposeSet::of(&[Purpose::AdministrativeProcedure, Purpose::DataCleaning]),
        attributes: AttributeSet::of(&[Attribute::FullName]),
        number_alone: false,
        explain: false,
        authority: Vec::new(),
        validity: Validity::default(),
    }
}

/// An envelope with an officer and a procedure, where they are not empty.
fn context(purpose: Purpose, officer: &str, procedure: &str) -> RequestContext {
    RequestContext {
        request_id: RequestId::parse("req-1", "r").unwrap(),
        officer: OfficerId::parse(officer, "o").ok(),
        procedure: ProcedureCode::parse(procedure, "p").ok(),
        dossier: None,
        purpose,
        unit: None,
        event_day: None,
    }
}

fn caller() -> Authentication {
    let directory = Directory::new([agency()], [credential()], []);
    directory.authenticate(&KEY, today()).unwrap()
}

fn ask(licences: Vec<Licence>, context: RequestContext) -> Result<Permit, Refusal> {
    let directory = Directory::new([agency()], [credential()], licences);
    let service = ServiceCode::LOOKUP_CITIZEN;
    directory.permit(&caller(), Verb::Lookup, service, context, today())
}

fn refused(licences: Vec<Licence>, context: RequestContext) -> Option<Reason> {
    ask(licences, context).err().map(|refusal| refusal.reason)
}

fn clerk() -> RequestContext {
    context(Purpose::AdministrativeProcedure, "cb-12", "1.004222")
}

/// From and until which day, both included.
fn from_until(from: Option<CivilDate>, until: Option<CivilDate>) -> Validity {
    Validity { from, until }
}

#[test]
fn a_credential_is_refused_for_its_true_reason() {
    let yesterday = today().plus_days(-1);
    let tomorrow = today().plus_days(1);
    let cases = [
        (false, from_until(None, None), None),
        (false, from_until(Some(today()), Some(today())), None),
        (
            false,
            from_until(None, yesterday),
            Some(Reason::CredentialExpired),
        ),
        (
            false,
            from_until(tomorrow, None),
            Some(Reason::CredentialNotYetValid),
        ),
        (
            true,
            from_until(None, None),
            Some(Reason::CredentialRevoked),
        ),
        (
            true,
            from_until(None, yesterday),
            Some(Reason::CredentialRevoked),
        ),
    ];
    for (revoked, validity, reason) in cases {
        let credential = Credential {
            revoked,
            validity,
            ..credential()
        };
        let directory = Directory::new([agency()], [credential], []);
        assert_eq!(
            directory.authenticate(&KEY, today()).err(),
            reason,
            "{validity:?}"
        );
    }
    let directory = Directory::new([agency()], [credential()], []);
    let stranger = directory.authenticate(&[8; 32], today());
    assert_eq!(stranger, Err(Reason::CredentialUnknown));
}

#[test]
fn an_authentication_says_whose_the_credential_is() {
    let caller = caller();
    assert_eq!(caller.agency(), code("H26"));
    assert!(caller.sandbox());
}

#[test]
fn a_message_within_a_licence_is_permitted_what_the_licence_grants() {
    let permit = ask(vec![licence()], clerk()).unwrap();
    assert_eq!(permit.agency(), code("H26"));
    assert_eq!(
        (permit.verb(), permit.service()),
        (Verb::Lookup, ServiceCode::LOOKUP_CITIZEN)
    );
    assert_eq!(
        permit.attributes(),
        AttributeSet::of(&[Attribute::FullName])
    );
    assert!(!permit.number_alone() && !permit.explain() && !permit.debug());
    assert!(!permit.is_authority_for(EventKind::Death));
    assert_eq!(permit.context(), &clerk());
    assert_eq!(permit.into_context(), clerk());
}

#[test]
fn officer_and_procedure_are_covered_by_their_code_or_by_a_prefix() {
    let cases = [
        ("cb-12", "1.004222", None),
        ("cb-", "2.000001", None),
        ("truong", "2.", None),
        ("", "", None),
        ("truong2", "1.004222", Some(Reason::OfficerNotAuthorised)),
        ("CB-12", "1.004222", Some(Reason::OfficerNotAuthorised)),
        ("pho", "1.004222", Some(Reason::OfficerNotAuthorised)),
        ("cb-12", "1.0042220", Some(Reason::ProcedureNotLicensed)),
        ("cb-12", "3.1", Some(Reason::ProcedureNotLicensed)),
        ("pho", "3.1", Some(Reason::ProcedureNotLicensed)),
    ];
    for (officer, procedure, reason) in cases {
        let context = context(Purpose::AdministrativeProcedure, officer, procedure);
        assert_eq!(
            refused(vec![licence()], context),
            reason,
            "{officer} {procedure}"
        );
    }
    assert!(!Patterns::default().cover("anything"));
    assert!(Patterns(vec!["*".to_owned()]).cover("anything"));
}

#[test]
fn a_refusal_names_the_first_condition_that_no_licence_covered() {
    let no_service = Licence {
        services: vec![ServiceCode::AUTHENTICATE_CITIZEN],
        ..licence()
    };
    let no_purpose = Licence {
        purposes: PurposeSet::default(),
        ..licence()
    };
    let no_procedure = Licence {
        procedures: Patterns::default(),
        ..licence()
    };
    let no_officer = Licence {
        officers: Patterns::default(),
        ..licence()
    };
    let service = Some(Reason::ServiceNotLicensed);
    let purpose = Some(Reason::PurposeNotLicensed);
    let procedure = Some(Reason::ProcedureNotLicensed);
    let officer = Some(Reason::OfficerNotAuthorised);
    assert_eq!(refused(Vec::new(), clerk()), service);
    let nearer = [
        (no_service.clone(), service),
        (no_purpose.clone(), purpose),
        (no_procedure.clone(), procedure),
        (no_officer.clone(), officer),
        (licence(), None),
    ];
    for (i, (one, _)) in nearer.iter().enumerate() {
        for (j, (other, _)) in nearer.iter().enumerate() {
            let licences = vec![one.clone(), other.clone()];
            let expected = nearer[i.max(j)].1;
            assert_eq!(refused(licences, clerk()), expected, "licences {i} and {j}");
        }
    }
}

#[test]
fn a_licence_of_another_agency_or_another_time_covers_nothing() {
    let foreign = Licence {
        agency: code("H29"),
        ..licence()
    };
    let over = Licence {
        validity: from_until(None, today().plus_days(-1)),
        ..licence()
    };
    let not_yet = Licence {
        validity: from_until(today().plus_days(1), None),
        ..licence()
    };
    for licence in [foreign, over, not_yet] {
        assert_eq!(
            refused(vec![licence], clerk()),
            Some(Reason::ServiceNotLicensed)
        );
    }
}

#[test]
fn an_agency_that_is_not_active_is_refused_before_its_licences_are_looked_at() {
    let over = from_until(None, today().plus_days(-1));
    let not_yet = from_until(today().plus_days(1), None);
    for validity in [over, not_yet] {
        let agency = Agency {
            validity,
            ..agency()
        };
        let directory = Directory::new([agency], [credential()], [licence()]);
        let service = ServiceCode::LOOKUP_CITIZEN;
        let refusal = directory.permit(&caller(), Verb::Lookup, service, clerk(), today());
        assert_eq!(refusal.unwrap_err().reason, Reason::AgencyNotActive);
    }
    let directory = Directory::new([], [credential()], [licence()]);
    let service = ServiceCode::LOOKUP_CITIZEN;
    let refusal = directory.permit(&caller(), Verb::Lookup, service, clerk(), today());
    assert_eq!(refusal.unwrap_err().reason, Reason::AgencyNotActive);
    assert!(directory.agency(code("H26")).is_none() && directory.agencies().count() == 0);
}

#[test]
fn a_refusal_gives_the_envelope_back() {
    let refusal = ask(Vec::new(), clerk()).unwrap_err();
    assert_eq!(refusal.context, clerk());
    assert_eq!(refusal.agency, code("H26"));
    assert_eq!(
        (refusal.verb, refusal.service),
        (Verb::Lookup, ServiceCode::LOOKUP_CITIZEN)
    );
}

#[test]
fn grants_add_up_over_the_licences_that_cover_and_over_no_others() {
    let religion = Licence {
        attributes: AttributeSet::of(&[Attribute::Religion]),
        explain: true,
        authority: vec![EventKind::Death],
        ..licence()
    };
    let number = Licence {
        attributes: AttributeSet::NONE,
        number_alone: true,
        authority: vec![EventKind::Death, EventKind::ResidenceChange],
        ..licence()
    };
    let for_others = Licence {
        officers: Patterns(vec!["truong".to_owned()]),
        attributes: AttributeSet::all(),
        ..licence()
    };
    let licences = vec![licence(), religion, for_others, number];
    let expected = AttributeSet::of(&[Attribute::FullName, Attribute::Religion]);
    let backwards = licences.iter().rev().cloned().collect();
    for licences in [licences.clone(), backwards] {
        let permit = ask(licences, clerk()).unwrap();
        assert_eq!(permit.attributes(), expected);
        assert!(permit.explain() && permit.number_alone());
        assert!(permit.is_authority_for(EventKind::Death));
        assert!(permit.is_authority_for(EventKind::ResidenceChange));
    }
    let permit = ask(licences[..1].to_vec(), clerk()).unwrap();
    assert!(
        !permit.attributes().has(Attribute::Religion),
        "a sensitive one needs its own grant"
    );
}

#[test]
fn debug_follows_the_credential_and_no_licence() {
    let credential = Credential {
        debug: true,
        ..credential()
    };
    let directory = Directory::new([agency()], [credential], [licence()]);
    let caller = directory.authenticate(&KEY, today()).unwrap();
    let service = ServiceCode::LOOKUP_CITIZEN;
    let permit = directory.permit(&caller, Verb::Lookup, service, clerk(), today());
    assert!(permit.unwrap().debug());
}
