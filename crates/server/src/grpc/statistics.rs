//! Totals without people: they need a credential of an agency that exists, and make no entry.

use std::sync::Arc;

use dancu_domain::{Failure, Fault, Reason, Recorder, Registry, Volumes, VolumesQuery};
use dancu_wire::codec::MessageCodec;
use dancu_wire::errors::{Lang, code, status};
use dancu_wire::{answer, door, pb};
use tonic::Code;
use tower::service_fn;

use super::inflow::Inflow;
use super::message::Told;
use super::method::Method;
use super::ticket::Told as _;
use crate::clock::instant;
use crate::core::Core;
use crate::credentials::Caller;
use crate::log::{Line, Outcomes};

/// Answers GetVolumes.
pub(crate) async fn get_volumes<R, L>(
    core: Arc<Core<R, L>>,
    caller: Option<Caller>,
    lang: Lang,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body>
where
    R: Registry,
    L: Recorder + Volumes + Clone,
{
    let began = instant();
    let (most_in, most_out) = core.message_bytes;
    let mut told = false;
    let mut response = {
        let (core, caller, told) = (&core, &caller, &mut told);
        let answer = service_fn(|request: tonic::Request<pb::GetVolumesRequest>| {
            *told = true;
            async move {
                let answered = volumes(core, caller.as_ref(), request.into_inner()).await;
                let now = instant();
                let failure = answered.as_ref().err();
                let line = Line {
                    method: Method::GetVolumes,
                    agency: caller.as_ref().map(|caller| caller.who.agency()),
                    code: failure.map_or(Code::Ok, |failure| code(failure.reason)),
                    reason: failure.map(|failure| failure.reason),
                    items: 0,
                    outcomes: Outcomes::default(),
                    took: now.duration_since(began),
                    source: None,
                    request: None,
                };
                core.tell(&line, now);
                answered
                    .map(tonic::Response::new)
                    .map_err(|failure| status(&failure, lang, Some(core.retry_after())))
            }
        });
        tonic::server::Grpc::new(MessageCodec::default())
            .max_decoding_message_size(most_in)
            .max_encoding_message_size(most_out)
            .unary(answer, request)
            .await
    };
    if told {
        response.extensions_mut().insert(Told);
    }
    response
}

async fn volumes<R, L>(
    core: &Core<R, L>,
    caller: Option<&Caller>,
    request: pb::GetVolumesRequest,
) -> Result<pb::GetVolumesResponse, Failure>
where
    R: Registry,
    L: Recorder + Volumes + Clone,
{
    let caller = caller.ok_or(Failure::new(Reason::CredentialMissing))?;
    let parsed = door::get_volumes(&core.door, request)?;
    let active = caller
        .directory
        .agency(caller.who.agency())
        .is_some_and(|agency| agency.validity.holds(core.doorman.today()));
    if !active {
        return Err(Failure::new(Reason::AgencyNotActive));
    }
    let wanted = parsed.message;
    if wanted
        .agency
        .is_some_and(|agency| caller.directory.agency(agency).is_none())
    {
        return Err(Fault::new("agency", Reason::AgencyUnknown).into());
    }
    let query = VolumesQuery {
        from: wanted.from,
        to: wanted.to,
        agency: wanted.agency,
        verb: wanted.verb,
    };
    let answer = dancu_service::volumes(&*core.registry, &core.desk, parsed.context, query).await?;
    Ok(pb::GetVolumesResponse {
        event_days: core.event_days.map(answer::event_days),
        mock_nation: Some(pb::MockNation {
            citizens: core.made_of.citizens,
            generator: core.made_of.generator,
        }),
        ..answer::get_volumes_response(answer)
    })
}
