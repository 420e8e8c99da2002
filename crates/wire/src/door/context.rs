//! The envelope, and the table of what each purpose requires.

use dancu_domain::{
    Dossier, Fault, Freshness, NationId, OfficerId, ProcedureCode, Purpose, Reason, RequestContext,
    RequestId, Revision, UnitCode,
};

use super::views::Envelope;
use super::{Door, Faults};
use crate::pb;

/// Reads the envelope. `items_have_dossiers` tells that some item brings a dossier of its own, so
/// that those without one are judged on their own.
///
/// `None` means that faults were noted.
pub(super) fn context(
    faults: &mut Faults,
    context: Option<Envelope<'_>>,
    items_have_dossiers: bool,
) -> Option<RequestContext> {
    let Some(context) = context else {
        faults.note("context", Reason::FieldRequired);
        return None;
    };
    let request_id = RequestId::parse(context.request_id, "context.request_id");
    let request_id = faults.keep(request_id);
    let purpose = faults.keep(purpose(context.purpose));
    let (officer, procedure, dossier) = purpose.map_or((false, false, false), Purpose::requires);

    let officer = optional(
        context.officer,
        "context.officer",
        officer,
        OfficerId::parse,
    );
    let officer = faults.keep(officer);
    let procedure = optional(
        context.procedure,
        "context.procedure",
        procedure,
        ProcedureCode::parse,
    );
    let procedure = faults.keep(procedure);
    let dossier = optional(
        context.dossier,
        "context.dossier",
        dossier && !items_have_dossiers,
        Dossier::parse,
    );
    let dossier = faults.keep(dossier);
    let unit = optional(context.unit, "context.unit", false, UnitCode::parse);
    let unit = faults.keep(unit);

    Some(RequestContext {
        request_id: request_id?,
        officer: officer?,
        procedure: procedure?,
        dossier: dossier?,
        purpose: purpose?,
        unit: unit?,
        // It is told by the call, not by the message: see `door::event_day`.
        event_day: None,
    })
}

/// Whether an item must bring a dossier of its own.
pub(super) fn item_needs_dossier(context: &RequestContext) -> bool {
    context.purpose.requires().2 && context.dossier.is_none()
}

/// Reads how fresh the answer must be. A token of another nation is a fault at once.
pub(super) fn freshness(
    door: &Door,
    faults: &mut Faults,
    freshness: Option<pb::Freshness>,
) -> Freshness {
    let read = match freshness.and_then(|f| f.requirement) {
        None => Ok(Freshness::MinimizeLatency),
        Some(pb::freshness::Requirement::MinimizeLatency(yes)) => {
            chosen(yes, "freshness.minimize_latency").map(|()| Freshness::MinimizeLatency)
        }
        Some(pb::freshness::Requirement::FullyConsistent(yes)) => {
            chosen(yes, "freshness.fully_consistent").map(|()| Freshness::FullyConsistent)
        }
        Some(pb::freshness::Requirement::AtLeastAsFresh(token)) => {
            revision(door, &token).map(Freshness::AtLeast)
        }
    };
    faults.keep(read).unwrap_or_default()
}

/// A requirement that is named and denied in one is a contradiction.
fn chosen(yes: bool, field: &str) -> Result<(), Fault> {
    if yes {
        Ok(())
    } else {
        Err(Fault::new(field, Reason::FieldInvalid))
    }
}

fn revision(door: &Door, token: &pb::Revision) -> Result<Revision, Fault> {
    let field = "freshness.at_least_as_fresh.nation";
    if token.nation.is_empty() {
        return Err(Fault::new(field, Reason::FieldRequired));
    }
    let nation =
        NationId::parse(&token.nation).ok_or_else(|| Fault::new(field, Reason::FieldInvalid))?;
    let number = u64::try_from(token.number)
        .map_err(|_| Fault::new("freshness.at_least_as_fresh.number", Reason::FieldInvalid))?;
    if nation != door.nation {
        return Err(Fault::new(field, Reason::RevisionOfAnotherNation));
    }
    Ok(Revision { nation, number })
}

fn purpose(wire: i32) -> Result<Purpose, Fault> {
    let wrong = |reason| Err(Fault::new("context.purpose", reason));
    match pb::Purpose::try_from(wire) {
        Err(_) => wrong(Reason::EnumInvalid),
        Ok(pb::Purpose::Unspecified) => wrong(Reason::FieldRequired),
        Ok(pb::Purpose::AdministrativeProcedure) => Ok(Purpose::AdministrativeProcedure),
        Ok(pb::Purpose::HealthCheckIn) => Ok(Purpose::HealthCheckIn),
        Ok(pb::Purpose::DataCleaning) => Ok(Purpose::DataCleaning),
        Ok(pb::Purpose::LifeEvent) => Ok(Purpose::LifeEvent),
        Ok(pb::Purpose::Statistics) => Ok(Purpose::Statistics),
    }
}

/// Reads a field that may be empty unless it is required.
fn optional<T>(
    text: &str,
    field: &str,
    required: bool,
    parse: impl FnOnce(&str, &str) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    if text.is_empty() && !required {
        return Ok(None);
    }
    parse(text, field).map(Some)
}
