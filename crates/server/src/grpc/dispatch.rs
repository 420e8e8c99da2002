//! From a method to whoever answers it.

use std::sync::Arc;

use dancu_domain::{Failure, Reason, Recorder, Registry, Volumes};
use dancu_wire::errors::{Lang, status};

use super::exchange::{
    AuthenticateCitizen, BatchAuthenticateCitizens, BatchLookupCitizens, LookupCitizen,
    PushChanges, ReconcileCitizens, StreamAuthenticateCitizens, StreamLookupCitizens,
    StreamPushChanges, StreamReconcileCitizens,
};
use super::inflow::Inflow;
use super::method::Method;
use super::stream::{stream, unary};
use super::{health, statistics};
use crate::core::Core;
use crate::credentials::Caller;

/// An admitted call.
#[derive(Debug)]
pub(crate) struct Call {
    /// Which method.
    pub(crate) method: Method,
    /// The caller's language.
    pub(crate) lang: Lang,
    /// Who calls, where the method asks for it.
    pub(crate) caller: Option<Caller>,
}

/// Answers a call.
pub(crate) async fn dispatch<R, L>(
    core: Arc<Core<R, L>>,
    call: Call,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body>
where
    R: Registry,
    L: Recorder + Volumes + Clone,
{
    let Call {
        method,
        lang,
        caller,
    } = call;
    macro_rules! unary {
        ($exchange:ident) => {
            unary::<$exchange, R, L>(core, caller, lang, request).await
        };
    }
    macro_rules! stream {
        ($stream:ident) => {
            stream::<$stream, R, L>(core, lang, request).await
        };
    }
    match method {
        Method::LookupCitizen => unary!(LookupCitizen),
        Method::BatchLookupCitizens => unary!(BatchLookupCitizens),
        Method::StreamLookupCitizens => stream!(StreamLookupCitizens),
        Method::AuthenticateCitizen => unary!(AuthenticateCitizen),
        Method::BatchAuthenticateCitizens => unary!(BatchAuthenticateCitizens),
        Method::StreamAuthenticateCitizens => stream!(StreamAuthenticateCitizens),
        Method::ReconcileCitizens => unary!(ReconcileCitizens),
        Method::StreamReconcileCitizens => stream!(StreamReconcileCitizens),
        Method::PushChanges => unary!(PushChanges),
        Method::StreamPushChanges => stream!(StreamPushChanges),
        Method::GetVolumes => statistics::get_volumes(core, caller, lang, request).await,
        Method::HealthCheck => health::check(core.parts.clone(), request).await,
        Method::HealthWatch => health::watch(core.parts.clone(), request).await,
        Method::ReflectionV1 => core.reflection.v1(request).await,
        Method::ReflectionV1Alpha => core.reflection.v1alpha(request).await,
        Method::Unknown => status(&Failure::new(Reason::MethodUnknown), lang, None).into_http(),
    }
}
