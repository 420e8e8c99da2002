//! Reconciles and pushes: agencies' own rows, and life events. A malformed record keeps its
//! fault, which becomes its outcome.

use dancu_domain::{
    BirthDate, ChangeEvent, Failure, Fault, IdKey, LegacyId, LifeEvent, PersonName, PersonalId,
    Push, Reason, Reconcile, Row, SocialInsuranceNumber, SourceKey,
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::context::{context, freshness, item_needs_dossier};
use super::views::{ClaimsView, Envelope};
use super::{Door, Faults, Parsed, decode, fields, items, no_batch};
use crate::pb;

/// Reads a ReconcileCitizens request, or one of a stream of them.
pub fn reconcile_citizens(
    door: &Door,
    request: pb::ReconcileCitizensRequest,
) -> Result<Parsed<Reconcile>, Failure> {
    let mut faults = Faults::default();
    let own_dossiers = request.records.iter().any(|row| !row.dossier.is_empty());
    let context = context(
        &mut faults,
        request.context.as_ref().map(Envelope::from),
        own_dossiers,
    );
    let freshness = freshness(door, &mut faults, request.freshness);
    items::count(door, &mut faults, request.records.len(), "records");
    let context = match context {
        Some(context) if faults.0.is_empty() => context,
        _ => return Err(faults.failure()),
    };
    let needs_dossier = item_needs_dossier(&context);
    let (ids, items) = items::each(
        request.records,
        |record| &record.item_id,
        |record| row(door, record, needs_dossier),
    );
    Ok(Parsed {
        context,
        message: Reconcile { freshness, items },
        ids,
    })
}

/// The same, from its bytes.
pub fn read_reconcile_citizens(door: &Door, bytes: &[u8]) -> Result<Parsed<Reconcile>, Failure> {
    reconcile_citizens(door, decode(bytes)?)
}

/// Reads a message of StreamReconcileCitizens from its bytes.
pub fn read_stream_reconcile_citizens(
    door: &Door,
    bytes: &[u8],
) -> Result<Parsed<Reconcile>, Failure> {
    let request: pb::StreamReconcileCitizensRequest = decode(bytes)?;
    reconcile_citizens(door, request.batch.ok_or_else(no_batch)?)
}

/// The same as [`push_changes`], from its bytes.
pub fn read_push_changes(door: &Door, bytes: &[u8]) -> Result<Parsed<Push>, Failure> {
    push_changes(door, decode(bytes)?)
}

/// Reads a message of StreamPushChanges from its bytes.
pub fn read_stream_push_changes(door: &Door, bytes: &[u8]) -> Result<Parsed<Push>, Failure> {
    let request: pb::StreamPushChangesRequest = decode(bytes)?;
    push_changes(door, request.batch.ok_or_else(no_batch)?)
}

/// Reads a PushChanges request, or one of a stream of them.
pub fn push_changes(
    door: &Door,
    mut request: pb::PushChangesRequest,
) -> Result<Parsed<Push>, Failure> {
    let mut faults = Faults::default();
    let context = context(
        &mut faults,
        request.context.as_ref().map(Envelope::from),
        false,
    );
    items::count(door, &mut faults, request.records.len(), "records");
    let context = match context {
        Some(context) if faults.0.is_empty() => context,
        _ => return Err(faults.failure()),
    };
    let digest = body_digest(&mut request);
    let (ids, items) = items::each(
        request.records,
        |record| &record.item_id,
        |record| life_event(door, record),
    );
    Ok(Parsed {
        context,
        message: Push { digest, items },
        ids,
    })
}

/// SHA-256 of the message without its request id, in protobuf's encoding with fields in the order
/// of their numbers; unknown fields play no part.
fn body_digest(request: &mut pb::PushChangesRequest) -> [u8; 32] {
    if let Some(context) = &mut request.context {
        context.request_id.clear();
    }
    Sha256::digest(request.encode_to_vec()).into()
}

fn row(door: &Door, record: pb::ReconcileRecord, needs_dossier: bool) -> Result<Row, Fault> {
    let address = |address: Option<pb::Address>, field| {
        address.map(|a| fields::place(door, a, field)).transpose()
    };
    Ok(Row {
        dossier: items::dossier(&record.dossier, needs_dossier)?,
        claims: fields::whole_claims(door, record.claims.as_ref().map(ClaimsView::from))?,
        sex: fields::sex(record.sex, "sex")?,
        legacy_id: given(&record.legacy_number)
            .map(|text| LegacyId::parse(text, "legacy_number"))
            .transpose()?,
        current_residence: address(record.current_residence, "current_residence")?,
        permanent_residence: address(record.permanent_residence, "permanent_residence")?,
        marital_status: fields::marital_status(record.marital_status, "marital_status")?,
        social_insurance: given(&record.social_insurance_number)
            .map(|text| SocialInsuranceNumber::parse(text, "social_insurance_number"))
            .transpose()?,
        died_on: record
            .died_on
            .map(|date| fields::event_day(door, Some(date), "died_on"))
            .transpose()?,
    })
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn life_event(door: &Door, record: pb::ChangeRecord) -> Result<LifeEvent, Fault> {
    let source = SourceKey::parse_owned(record.source, "source")?;
    let record_id = SourceKey::parse_owned(record.record_id, "record_id")?;
    let record_version = match u64::try_from(record.record_version) {
        Ok(0) => Err(Fault::new("record_version", Reason::FieldRequired)),
        Ok(version) => Ok(version),
        Err(_) => Err(Fault::new("record_version", Reason::FieldInvalid)),
    }?;
    let required = |field| Fault::new(field, Reason::FieldRequired);
    let claims = fields::claims(door, record.claims.as_ref().map(ClaimsView::from))?;
    let IdKey::Personal(personal_id) = claims.key else {
        return Err(required("claims.personal_number"));
    };
    let name = claims.name.ok_or_else(|| required("claims.full_name"))?;
    let birth = claims.birth.ok_or_else(|| required("claims.birth_date"))?;
    let event = event(door, record.event)?;
    let digest = Content {
        source: &source,
        record_id: &record_id,
        record_version,
        personal_id,
        name: &name,
        birth,
        event: &event,
    }
    .digest();
    Ok(LifeEvent {
        source,
        record_id,
        record_version,
        personal_id,
        name,
        birth,
        event,
        digest,
    })
}

fn event(door: &Door, event: Option<pb::change_record::Event>) -> Result<ChangeEvent, Fault> {
    match event {
        None => Err(Fault::new("event", Reason::FieldRequired)),
        Some(pb::change_record::Event::ResidenceChange(change)) => {
            let field = "residence_change.residence";
            let address = change
                .residence
                .ok_or_else(|| Fault::new(field, Reason::FieldRequired))?;
            Ok(ChangeEvent::Residence {
                place: fields::place(door, address, field)?,
                since: fields::event_day(door, change.since, "residence_change.since")?,
            })
        }
        Some(pb::change_record::Event::Death(death)) => Ok(ChangeEvent::Death {
            on: fields::event_day(door, death.died_on, "death.died_on")?,
        }),
    }
}

/// What a life event says, by which the same content is known again however it was written: names
/// are composed and folded, an empty country is VN.
struct Content<'a> {
    source: &'a SourceKey,
    record_id: &'a SourceKey,
    record_version: u64,
    personal_id: PersonalId,
    name: &'a PersonName,
    birth: BirthDate,
    event: &'a ChangeEvent,
}

impl Content<'_> {
    /// The first half of the SHA-256 of every part, texts with their length before them.
    fn digest(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        text(&mut hash, self.source.text());
        text(&mut hash, self.record_id.text());
        hash.update(self.record_version.to_be_bytes());
        hash.update(self.personal_id.digits().to_be_bytes());
        text(&mut hash, self.name.text());
        hash.update(self.birth.packed().to_be_bytes());
        hash.update([self.event.kind().code()]);
        hash.update(self.event.on().packed().to_be_bytes());
        if let ChangeEvent::Residence { place, .. } = self.event {
            hash.update([place.province]);
            hash.update(place.district.to_be_bytes());
            hash.update(place.commune.to_be_bytes());
            hash.update(place.country);
            text(&mut hash, place.detail.text());
        }
        let whole: [u8; 32] = hash.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        half
    }
}

fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}
