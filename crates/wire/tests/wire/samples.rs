//! Well-formed messages for the tests to send, to break, and to answer.

use std::sync::Arc;

use dancu_domain::{
    Answer, BirthDate, BloodType, Citizen, CivilDate, LegacyId, MaritalStatus, NationId,
    PersonName, PersonalId, Place, Receipt, RelationToHead, Relative, RequestId, Revision, Sex,
    SocialInsuranceNumber, Source, WriterId,
};
use dancu_wire::door::Door;
use dancu_wire::pb;

/// The personal number of the samples.
pub(crate) const NUMBER: &str = "012345678903";
/// The name of the samples, as it is sent.
pub(crate) const NAME: &str = "ĐẶNG THỊ THUÝ QUỲNH";

pub(crate) fn nation() -> NationId {
    NationId([7; 16])
}

pub(crate) fn day(year: u16, month: u8, day: u8) -> CivilDate {
    CivilDate::new(year, month, day).expect("a day of the calendar")
}

/// The door of a nation whose reference date is 2023-01-01.
pub(crate) fn door() -> Door {
    Door::new(nation(), day(2023, 1, 1))
}

pub(crate) fn date(year: i32, month: i32, day: i32) -> pb::Date {
    pb::Date { year, month, day }
}

pub(crate) fn context() -> pb::RequestContext {
    pb::RequestContext {
        request_id: "run-1:42".into(),
        officer: "can.bo-07".into(),
        procedure: "1.004222".into(),
        dossier: "000.00.00.H26-231012-0001".into(),
        purpose: pb::Purpose::AdministrativeProcedure.into(),
        unit: "to-1".into(),
    }
}

pub(crate) fn claims() -> pb::Claims {
    pb::Claims {
        number: Some(pb::claims::Number::PersonalNumber(NUMBER.into())),
        full_name: NAME.into(),
        birth_date: Some(date(1987, 6, 5)),
    }
}

pub(crate) fn address() -> pb::Address {
    pb::Address {
        province: "01".into(),
        district: "007".into(),
        commune: "00049".into(),
        detail: "12 Ngõ Huyện".into(),
        country: String::new(),
    }
}

pub(crate) fn lookup_item(id: &str) -> pb::LookupItem {
    pb::LookupItem {
        item_id: id.into(),
        dossier: String::new(),
        claims: Some(claims()),
    }
}

pub(crate) fn lookup() -> pb::BatchLookupCitizensRequest {
    pb::BatchLookupCitizensRequest {
        context: Some(context()),
        freshness: None,
        view: pb::LookupView::Basic.into(),
        read_mask: None,
        items: vec![lookup_item("a"), lookup_item("b"), lookup_item("c")],
    }
}

pub(crate) fn authenticate() -> pb::BatchAuthenticateCitizensRequest {
    let item = |id: &str| pb::AuthenticationItem {
        item_id: id.into(),
        dossier: String::new(),
        claims: Some(claims()),
    };
    pb::BatchAuthenticateCitizensRequest {
        context: Some(context()),
        freshness: None,
        items: vec![item("a"), item("b"), item("c")],
    }
}

pub(crate) fn row(id: &str) -> pb::ReconcileRecord {
    pb::ReconcileRecord {
        item_id: id.into(),
        dossier: String::new(),
        claims: Some(claims()),
        sex: pb::Sex::Female.into(),
        legacy_number: "012345678".into(),
        current_residence: Some(address()),
        permanent_residence: Some(address()),
        marital_status: pb::MaritalStatus::Widowed.into(),
        social_insurance_number: "0123456789".into(),
        died_on: Some(date(2022, 12, 31)),
    }
}

pub(crate) fn reconcile() -> pb::ReconcileCitizensRequest {
    pb::ReconcileCitizensRequest {
        context: Some(context()),
        freshness: None,
        records: vec![row("a"), row("b"), row("c")],
    }
}

pub(crate) fn record(id: &str) -> pb::ChangeRecord {
    pb::ChangeRecord {
        item_id: id.into(),
        source: "ho-tich".into(),
        record_id: "2023/000017".into(),
        record_version: 1,
        claims: Some(claims()),
        event: Some(pb::change_record::Event::ResidenceChange(
            pb::ResidenceChange {
                residence: Some(address()),
                since: Some(date(2023, 5, 4)),
            },
        )),
    }
}

pub(crate) fn push() -> pb::PushChangesRequest {
    pb::PushChangesRequest {
        context: Some(context()),
        records: vec![record("a"), record("b"), record("c")],
    }
}

pub(crate) fn volumes() -> pb::GetVolumesRequest {
    let mut context = context();
    context.purpose = pb::Purpose::Statistics.into();
    pb::GetVolumesRequest {
        context: Some(context),
        from_day: Some(date(2023, 1, 1)),
        to_day: Some(date(2023, 9, 30)),
        agency: "H26".into(),
        verb: pb::Verb::Push.into(),
    }
}

fn relative(name: &str, digits: u64) -> Relative {
    Relative {
        name: PersonName::parse(name, "").expect("a name"),
        personal_id: PersonalId::from_digits(digits),
        nationality: *b"VN",
    }
}

/// A record with a value in every attribute.
pub(crate) fn citizen() -> Arc<Citizen> {
    Arc::new(Citizen {
        personal_id: PersonalId::parse(NUMBER, "").expect("a number"),
        legacy_id: LegacyId::from_digits(12_345_678),
        version: 3,
        name: PersonName::parse("Đặng Thị Thuý Quỳnh", "").expect("a name"),
        birth: BirthDate::Year(1950),
        sex: Sex::Female,
        birth_registration: Place::domestic(1, 7, 49, "Trạm y tế"),
        native_place: Place::domestic(79, 760, 26_734, ""),
        ethnicity: 54,
        religion: 2,
        nationality: *b"VN",
        marital_status: MaritalStatus::Widowed,
        permanent_residence: Place::domestic(1, 7, 49, "12 Ngõ Huyện"),
        current_residence: Place::domestic(1, 7, 49, "14 Ngõ Huyện"),
        resident_since: day(2020, 2, 29),
        blood_type: BloodType::Ab,
        father: Some(relative("Đặng Văn Cha", 1)),
        mother: Some(relative("Lê Thị Mẹ", 2)),
        spouse: Some(relative("Phạm Văn Chồng", 3)),
        representative: Some(relative("Đặng Văn Diện", 4)),
        household: 9,
        head: Some(relative("Đặng Văn Hộ", 5)),
        relation_to_head: RelationToHead::Parent,
        died_on: Some(day(2023, 3, 3)),
        missing_since: Some(day(2019, 1, 1)),
        social_insurance: SocialInsuranceNumber::from_digits(123_456_789),
        locked: false,
    })
}

/// An answer with these items.
pub(crate) fn answer<T>(items: Vec<T>) -> Answer<T> {
    Answer {
        request_id: RequestId::parse("run-1:42", "").expect("an id"),
        revision: Revision {
            nation: nation(),
            number: 17,
        },
        source: Some(Source::Memory),
        receipt: Receipt {
            writer: WriterId(2),
            first: 40,
            count: items.len() as u32,
        },
        items,
    }
}
