//! Made-up people, agencies and permits for the tests.

use dancu_domain::{
    Agency, AgencyCode, AgencyKind, AttributeSet, Authentication, BirthDate, BloodType, Citizen,
    CivilDate, Claims, Credential, Directory, EventKind, IdKey, LegacyId, Licence, MaritalStatus,
    Patterns, Permit, PersonName, PersonalId, Place, Purpose, PurposeSet, Refusal, RelationToHead,
    RequestContext, RequestId, ServiceCode, Sex, Subject, Validity, Verb,
};

pub(crate) fn date(year: u16, month: u8, day: u8) -> CivilDate {
    CivilDate::new(year, month, day).unwrap()
}

pub(crate) fn name(text: &str) -> PersonName {
    PersonName::parse(text, "name").unwrap()
}

pub(crate) fn personal(digits: u64) -> PersonalId {
    PersonalId::from_digits(digits).unwrap()
}

pub(crate) fn legacy(digits: u32) -> LegacyId {
    LegacyId::from_digits(digits).unwrap()
}

/// A plain citizen, living, without household, with sensitive attributes recorded.
pub(crate) fn citizen(digits: u64) -> Citizen {
    let place = Place::domestic(1, 1, 1, "");
    Citizen {
        personal_id: personal(digits),
        legacy_id: None,
        version: 3,
        name: name("Nguyễn Thị Hoà"),
        birth: BirthDate::Day(date(1990, 2, 3)),
        sex: Sex::Female,
        birth_registration: place.clone(),
        native_place: place.clone(),
        ethnicity: 1,
        religion: 2,
        nationality: *b"VN",
        marital_status: MaritalStatus::Single,
        permanent_residence: place.clone(),
        current_residence: place,
        resident_since: date(2010, 1, 1),
        blood_type: BloodType::O,
        father: None,
        mother: None,
        spouse: None,
        representative: None,
        household: 0,
        head: None,
        relation_to_head: RelationToHead::Unknown,
        died_on: None,
        missing_since: None,
        social_insurance: None,
        locked: false,
    }
}

/// The claims that are true of a citizen, by the personal number.
pub(crate) fn claims_of(citizen: &Citizen) -> Claims {
    Claims {
        key: IdKey::Personal(citizen.personal_id),
        name: Some(citizen.name.clone()),
        birth: Some(citizen.birth),
    }
}

pub(crate) const fn subject(claims: Claims) -> Subject {
    Subject {
        dossier: None,
        claims,
    }
}

/// What a test's only licence says.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) attributes: AttributeSet,
    pub(crate) number_alone: bool,
    pub(crate) explain: bool,
    pub(crate) debug: bool,
    pub(crate) authority: Vec<EventKind>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            attributes: AttributeSet::all().without(AttributeSet::SENSITIVE),
            number_alone: false,
            explain: false,
            debug: false,
            authority: Vec::new(),
        }
    }
}

pub(crate) fn agency() -> AgencyCode {
    AgencyCode::parse("H26", "agency").unwrap()
}

const SERVICES: [(Verb, ServiceCode); 4] = [
    (Verb::Lookup, ServiceCode::LOOKUP_CITIZEN),
    (Verb::Authenticate, ServiceCode::AUTHENTICATE_CITIZEN),
    (Verb::Reconcile, ServiceCode::RECONCILE_CITIZENS),
    (Verb::Push, ServiceCode::PUSH_CHANGES),
];

fn service_of(verb: Verb) -> ServiceCode {
    SERVICES.into_iter().find(|s| s.0 == verb).unwrap().1
}

pub(crate) fn context(request_id: &str) -> RequestContext {
    RequestContext {
        request_id: RequestId::parse(request_id, "request_id").unwrap(),
        officer: None,
        procedure: None,
        dossier: None,
        purpose: Purpose::DataCleaning,
        unit: None,
        event_day: None,
    }
}

fn caller(services: Vec<ServiceCode>, terms: &Terms) -> (Directory, Authentication) {
    let (code, digest) = (agency(), [9; 32]);
    let directory = Directory::new(
        [Agency {
            code,
            name: "Hà Nội".to_owned(),
            kind: AgencyKind::Province,
            validity: Validity::default(),
            successor: None,
            assumed: false,
        }],
        [Credential {
            digest,
            agency: code,
            validity: Validity::default(),
            revoked: false,
            debug: terms.debug,
            sandbox: true,
        }],
        [Licence {
            agency: code,
            services,
            officers: Patterns::default(),
            procedures: Patterns::default(),
            purposes: PurposeSet::of(&[Purpose::DataCleaning]),
            attributes: terms.attributes,
            number_alone: terms.number_alone,
            explain: terms.explain,
            authority: terms.authority.clone(),
            validity: Validity::default(),
        }],
    );
    let caller = directory.authenticate(&digest, date(2023, 1, 1)).unwrap();
    (directory, caller)
}

pub(crate) fn permit_for(verb: Verb, request_id: &str, terms: &Terms) -> Permit {
    let (directory, caller) = caller(SERVICES.iter().map(|s| s.1).collect(), terms);
    directory
        .permit(
            &caller,
            verb,
            service_of(verb),
            context(request_id),
            date(2023, 1, 1),
        )
        .unwrap()
}

pub(crate) fn permit(verb: Verb) -> Permit {
    permit_for(verb, "req-1", &Terms::default())
}

pub(crate) fn refusal(verb: Verb) -> Refusal {
    let (directory, caller) = caller(Vec::new(), &Terms::default());
    directory
        .permit(
            &caller,
            verb,
            service_of(verb),
            context("req-1"),
            date(2023, 1, 1),
        )
        .unwrap_err()
}
