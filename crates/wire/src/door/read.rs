//! Lookups and authentications: who is asked about, and how much is wanted.

use dancu_domain::{
    Attribute, AttributeSet, Authenticate, Failure, Fault, Freshness, Lookup, Reason,
    RequestContext, Subject,
};

use super::context::{context, freshness, item_needs_dossier};
use super::{Door, Faults, Parsed, fields, items};
use crate::pb;

/// Reads a LookupCitizen request; a bad item fails the call.
pub fn lookup_citizen(
    door: &Door,
    request: pb::LookupCitizenRequest,
) -> Result<Parsed<Lookup>, Failure> {
    let batch = pb::BatchLookupCitizensRequest {
        context: request.context,
        freshness: request.freshness,
        view: request.view,
        read_mask: request.read_mask,
        items: request.item.into_iter().collect(),
    };
    let mut parsed = lookup(door, batch, Shape::ONE)?;
    parsed.message.items = items::only(parsed.message.items)?;
    Ok(parsed)
}

/// Reads a BatchLookupCitizens request, or one of a stream of them; bad items keep their place.
pub fn batch_lookup_citizens(
    door: &Door,
    request: pb::BatchLookupCitizensRequest,
) -> Result<Parsed<Lookup>, Failure> {
    lookup(door, request, Shape::MANY)
}

/// Reads an AuthenticateCitizen request; a bad item fails the call.
pub fn authenticate_citizen(
    door: &Door,
    request: pb::AuthenticateCitizenRequest,
) -> Result<Parsed<Authenticate>, Failure> {
    let batch = pb::BatchAuthenticateCitizensRequest {
        context: request.context,
        freshness: request.freshness,
        items: request.item.into_iter().collect(),
    };
    let mut parsed = authenticate(door, batch, Shape::ONE)?;
    parsed.message.items = items::only(parsed.message.items)?;
    Ok(parsed)
}

/// Reads a BatchAuthenticateCitizens request, or one of a stream; bad items keep their place.
pub fn batch_authenticate_citizens(
    door: &Door,
    request: pb::BatchAuthenticateCitizensRequest,
) -> Result<Parsed<Authenticate>, Failure> {
    authenticate(door, request, Shape::MANY)
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

fn lookup(
    door: &Door,
    request: pb::BatchLookupCitizensRequest,
    shape: Shape,
) -> Result<Parsed<Lookup>, Failure> {
    let mut faults = Faults::default();
    let own_dossiers = request.items.iter().any(|item| !item.dossier.is_empty());
    let wanted = wanted(&mut faults, request.view, request.read_mask);
    let (context, freshness) = envelope(
        door,
        faults,
        (request.context, request.freshness),
        (request.items.len(), own_dossiers),
        &shape,
    )?;
    let needs_dossier = item_needs_dossier(&context);
    let (ids, items) = items::each(
        request.items,
        |item| std::mem::take(&mut item.item_id),
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
    request: pb::BatchAuthenticateCitizensRequest,
    shape: Shape,
) -> Result<Parsed<Authenticate>, Failure> {
    let own_dossiers = request.items.iter().any(|item| !item.dossier.is_empty());
    let (context, freshness) = envelope(
        door,
        Faults::default(),
        (request.context, request.freshness),
        (request.items.len(), own_dossiers),
        &shape,
    )?;
    let needs_dossier = item_needs_dossier(&context);
    let (ids, items) = items::each(
        request.items,
        |item| std::mem::take(&mut item.item_id),
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
    (wire_context, wire_freshness): (Option<pb::RequestContext>, Option<pb::Freshness>),
    (length, own_dossiers): (usize, bool),
    shape: &Shape,
) -> Result<(RequestContext, Freshness), Failure> {
    let context = context(&mut faults, wire_context, own_dossiers);
    let freshness = freshness(door, &mut faults, wire_freshness);
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
fn wanted(faults: &mut Faults, view: i32, mask: Option<prost_types::FieldMask>) -> AttributeSet {
    let view = match pb::LookupView::try_from(view) {
        Ok(pb::LookupView::Unspecified | pb::LookupView::Basic) => Ok(AttributeSet::BASIC),
        Ok(pb::LookupView::Full) => Ok(AttributeSet::all()),
        Err(_) => Err(Fault::new("view", Reason::EnumInvalid)),
    };
    let view = faults.keep(view).unwrap_or_default();
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return view;
    }
    let mut wanted = AttributeSet::NONE;
    for path in &paths {
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
