//! Lookups and authentications: who is asked about, and how much is wanted.

use dancu_domain::{
    Attribute, AttributeSet, Authenticate, Failure, Fault, Freshness, Lookup, Reason,
    RequestContext, Subject,
};

use super::context::{context, freshness, item_needs_dossier};
use super::plain::{self, Odd};
use super::views::Asked;
use super::{Door, Faults, Parsed, decode, fields, items, no_batch};
use crate::pb;

/// Reads a LookupCitizen request; a bad item fails the call.
pub fn lookup_citizen(
    door: &Door,
    request: pb::LookupCitizenRequest,
) -> Result<Parsed<Lookup>, Failure> {
    lookup_one(door, Asked::from(&request))
}

/// The same, from its bytes.
pub fn read_lookup_citizen(door: &Door, bytes: &[u8]) -> Result<Parsed<Lookup>, Failure> {
    match plain::lookup(bytes, false) {
        Ok(asked) => lookup_one(door, asked),
        Err(Odd) => lookup_citizen(door, decode(bytes)?),
    }
}

/// Reads a BatchLookupCitizens request, or one of a stream of them; bad items keep their place.
pub fn batch_lookup_citizens(
    door: &Door,
    request: pb::BatchLookupCitizensRequest,
) -> Result<Parsed<Lookup>, Failure> {
    lookup(door, Asked::from(&request), Shape::MANY)
}

/// The same, from its bytes.
pub fn read_batch_lookup_citizens(door: &Door, bytes: &[u8]) -> Result<Parsed<Lookup>, Failure> {
    match plain::lookup(bytes, true) {
        Ok(asked) => lookup(door, asked, Shape::MANY),
        Err(Odd) => batch_lookup_citizens(door, decode(bytes)?),
    }
}

/// Reads a message of StreamLookupCitizens from its bytes.
pub fn read_stream_lookup_citizens(door: &Door, bytes: &[u8]) -> Result<Parsed<Lookup>, Failure> {
    match plain::batch(bytes).and_then(|batch| plain::lookup(batch, true)) {
        Ok(asked) => lookup(door, asked, Shape::MANY),
        Err(Odd) => {
            let request: pb::StreamLookupCitizensRequest = decode(bytes)?;
            batch_lookup_citizens(door, request.batch.ok_or_else(no_batch)?)
        }
    }
}

/// Reads an AuthenticateCitizen request; a bad item fails the call.
pub fn authenticate_citizen(
    door: &Door,
    request: pb::AuthenticateCitizenRequest,
) -> Result<Parsed<Authenticate>, Failure> {
    authenticate_one(door, Asked::from(&request))
}

/// The same, from its bytes.
pub fn read_authenticate_citizen(
    door: &Door,
    bytes: &[u8],
) -> Result<Parsed<Authenticate>, Failure> {
    match plain::authenticate(bytes, false) {
        Ok(asked) => authenticate_one(door, asked),
        Err(Odd) => authenticate_citizen(door, decode(bytes)?),
    }
}

/// Reads a BatchAuthenticateCitizens request, or one of a stream; bad items keep their place.
pub fn batch_authenticate_citizens(
    door: &Door,
    request: pb::BatchAuthenticateCitizensRequest,
) -> Result<Parsed<Authenticate>, Failure> {
    authenticate(door, Asked::from(&request), Shape::MANY)
}

/// The same, from its bytes.
pub fn read_batch_authenticate_citizens(
    door: &Door,
    bytes: &[u8],
) -> Result<Parsed<Authenticate>, Failure> {
    match plain::authenticate(bytes, true) {
        Ok(asked) => authenticate(door, asked, Shape::MANY),
        Err(Odd) => batch_authenticate_citizens(door, decode(bytes)?),
    }
}

/// Reads a message of StreamAuthenticateCitizens from its bytes.
pub fn read_stream_authenticate_citizens(
    door: &Door,
    bytes: &[u8],
) -> Result<Parsed<Authenticate>, Failure> {
    match plain::batch(bytes).and_then(|batch| plain::authenticate(batch, true)) {
        Ok(asked) => authenticate(door, asked, Shape::MANY),
        Err(Odd) => {
            let request: pb::StreamAuthenticateCitizensRequest = decode(bytes)?;
            batch_authenticate_citizens(door, request.batch.ok_or_else(no_batch)?)
        }
    }
}

fn lookup_one(door: &Door, asked: Asked<'_>) -> Result<Parsed<Lookup>, Failure> {
    let mut parsed = lookup(door, asked, Shape::ONE)?;
    parsed.message.items = items::only(parsed.message.items)?;
    Ok(parsed)
}

fn authenticate_one(door: &Door, asked: Asked<'_>) -> Result<Parsed<Authenticate>, Failure> {
    let mut parsed = authenticate(door, asked, Shape::ONE)?;
    parsed.message.items = items::only(parsed.message.items)?;
    Ok(parsed)
}

/// Where the items of a message stand, and what is said when there are none.
struct Shape {
    field: &'static str,
    none: Reason,
}

impl Shape {
    const ONE: Self = Self {
        field: "item",
        none: Reason::FieldRequired,
    };
    const MANY: Self = Self {
        field: "items",
        none: Reason::ItemsRequired,
    };
}

fn lookup(door: &Door, asked: Asked<'_>, shape: Shape) -> Result<Parsed<Lookup>, Failure> {
    let mut faults = Faults::default();
    let wanted = wanted(&mut faults, asked.view, &asked.mask);
    let (context, freshness) = envelope(door, faults, &asked, &shape)?;
    let needs_dossier = item_needs_dossier(&context);
    let (ids, items) = items::each(
        asked.items,
        |item| item.item_id,
        |item| {
            Ok(Subject {
                dossier: items::dossier(item.dossier, needs_dossier)?,
                claims: fields::claims(door, item.claims)?,
            })
        },
    );
    Ok(Parsed {
        context,
        message: Lookup {
            freshness,
            wanted,
            items,
        },
        ids,
    })
}

fn authenticate(
    door: &Door,
    asked: Asked<'_>,
    shape: Shape,
) -> Result<Parsed<Authenticate>, Failure> {
    let (context, freshness) = envelope(door, Faults::default(), &asked, &shape)?;
    let needs_dossier = item_needs_dossier(&context);
    let (ids, items) = items::each(
        asked.items,
        |item| item.item_id,
        |item| {
            Ok(Subject {
                dossier: items::dossier(item.dossier, needs_dossier)?,
                claims: fields::whole_claims(door, item.claims)?,
            })
        },
    );
    Ok(Parsed {
        context,
        message: Authenticate { freshness, items },
        ids,
    })
}

/// Reads what a message has around its items, and fails with every fault that was noted.
fn envelope(
    door: &Door,
    mut faults: Faults,
    asked: &Asked<'_>,
    shape: &Shape,
) -> Result<(RequestContext, Freshness), Failure> {
    let own_dossiers = asked.items.iter().any(|item| !item.dossier.is_empty());
    let context = context(&mut faults, asked.context, own_dossiers);
    let freshness = freshness(door, &mut faults, asked.freshness.clone());
    let length = asked.items.len();
    match length {
        0 => faults.note(shape.field, shape.none),
        _ => items::count(door, &mut faults, length, shape.field),
    }
    match context {
        Some(context) if faults.0.is_empty() => Ok((context, freshness)),
        _ => Err(faults.failure()),
    }
}

/// How much of a record is wanted: the fields of the mask, or else the view.
fn wanted(faults: &mut Faults, view: i32, paths: &[String]) -> AttributeSet {
    let view = match pb::LookupView::try_from(view) {
        Ok(pb::LookupView::Unspecified | pb::LookupView::Basic) => Ok(AttributeSet::BASIC),
        Ok(pb::LookupView::Full) => Ok(AttributeSet::all()),
        Err(_) => Err(Fault::new("view", Reason::EnumInvalid)),
    };
    let view = faults.keep(view).unwrap_or_default();
    if paths.is_empty() {
        return view;
    }
    let mut wanted = AttributeSet::NONE;
    for path in paths {
        match granted_by(path) {
            Some(attributes) => wanted = wanted.or(attributes),
            None => {
                faults.note("read_mask", Reason::FieldInvalid);
                break;
            }
        }
    }
    wanted
}

/// The attribute under which a field of Citizen is granted; `version` needs none, and `*` stands
/// for every field.
fn granted_by(path: &str) -> Option<AttributeSet> {
    let attribute = match path {
        "*" => return Some(AttributeSet::all()),
        "version" => return Some(AttributeSet::NONE),
        "personal_number" => Attribute::PersonalNumber,
        "legacy_number" => Attribute::LegacyNumber,
        "full_name" => Attribute::FullName,
        "birth_date" => Attribute::BirthDate,
        "sex" => Attribute::Sex,
        "birth_registration" => Attribute::BirthRegistration,
        "native_place" => Attribute::NativePlace,
        "ethnicity" => Attribute::Ethnicity,
        "religion" => Attribute::Religion,
        "nationality" => Attribute::Nationality,
        "marital_status" => Attribute::MaritalStatus,
        "permanent_residence" => Attribute::PermanentResidence,
        "current_residence" | "resident_since" => Attribute::CurrentResidence,
        "blood_type" => Attribute::BloodType,
        "father" => Attribute::Father,
        "mother" => Attribute::Mother,
        "spouse" => Attribute::Spouse,
        "representative" => Attribute::Representative,
        "head_of_household" | "relation_to_head" => Attribute::Household,
        "died_on" | "missing_since" => Attribute::Death,
        "social_insurance_number" => Attribute::SocialInsurance,
        _ => return None,
    };
    Some(AttributeSet::of(&[attribute]))
}
