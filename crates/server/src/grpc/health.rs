//! The health protocol, following the parts.

use std::pin::Pin;

use dancu_wire::codec::MessageCodec;
use dancu_wire::pb::health::health_check_response::ServingStatus;
use dancu_wire::pb::health::{HealthCheckRequest, HealthCheckResponse};
use futures::Stream;
use tokio::sync::watch;
use tonic::Status;
use tower::service_fn;

use super::inflow::Inflow;
use super::method::Method;
use crate::parts::Parts;

/// What is told of a service: the empty name is the whole; `None` for one that is not here.
fn standing(service: &str, parts: &Parts) -> Option<ServingStatus> {
    let serving = if service.is_empty() || service.starts_with("dancu.") {
        parts.serving()
    } else {
        parts.open()
    };
    let known = service.is_empty() || Method::ALL.iter().any(|m| m.service() == service);
    (known && service != Method::Unknown.service()).then_some(if serving {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    })
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

/// Answers Check: how it is now. A service that is not here is NOT_FOUND.
pub(crate) async fn check(
    parts: watch::Receiver<Parts>,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body> {
    let answer = service_fn(|request: tonic::Request<HealthCheckRequest>| {
        let found = standing(&request.get_ref().service, &parts.borrow());
        std::future::ready(
            found
                .map(|status| tonic::Response::new(response(status)))
                .ok_or_else(|| Status::not_found("no such service")),
        )
    });
    tonic::server::Grpc::new(MessageCodec::default())
        .unary(answer, request)
        .await
}

/// Answers Watch: how it is now, and every change. A service that is not here is
/// SERVICE_UNKNOWN, as the protocol says.
pub(crate) async fn watch(
    parts: watch::Receiver<Parts>,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body> {
    let answer = service_fn(|request: tonic::Request<HealthCheckRequest>| {
        let changes = changes(request.into_inner().service, parts.clone());
        std::future::ready(Ok::<_, Status>(tonic::Response::new(changes)))
    });
    tonic::server::Grpc::new(MessageCodec::default())
        .server_streaming(answer, request)
        .await
}

type Changes = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

fn changes(service: String, parts: watch::Receiver<Parts>) -> Changes {
    let start = (service, parts, None);
    Box::pin(futures::stream::unfold(
        start,
        |(service, mut parts, mut last)| async move {
            loop {
                let now = *parts.borrow_and_update();
                let status = standing(&service, &now).unwrap_or(ServingStatus::ServiceUnknown);
                if last != Some(status) {
                    last = Some(status);
                    return Some((Ok(response(status)), (service, parts, last)));
                }
                // The last state was told; a drain ends the watch so that it holds nobody up.
                if !now.open() {
                    return None;
                }
                parts.changed().await.ok()?;
            }
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::{Part, PartState};

    #[test]
    fn a_service_of_ours_serves_only_while_every_part_does() {
        let all = Parts::EMBEDDED;
        let lookup = "dancu.v1.LookupService";
        assert_eq!(standing("", &all), Some(ServingStatus::Serving));
        assert_eq!(standing(lookup, &all), Some(ServingStatus::Serving));
        assert_eq!(standing("dancu.v1.NoService", &all), None);
        assert_eq!(standing("unknown", &all), None);
        for part in [Part::Registry, Part::Ledger, Part::Directory, Part::Open] {
            let broken = all.with(part, PartState::Away("gone"));
            assert_eq!(standing("", &broken), Some(ServingStatus::NotServing));
            assert_eq!(standing(lookup, &broken), Some(ServingStatus::NotServing));
        }
        for part in [
            Part::Redis,
            Part::LiveVolumes,
            Part::Feed,
            Part::LedgerStandby,
        ] {
            let worse = all.with(part, PartState::Degraded("slow"));
            assert_eq!(standing(lookup, &worse), Some(ServingStatus::Serving));
        }
    }
}
