//! From a method to whoever answers it.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use dancu_domain::{Day, Failure, Reason, Recorder, Registry, Volumes};
use dancu_wire::errors::{Lang, status};

use super::exchange::{
    AuthenticateCitizen, BatchAuthenticateCitizens, BatchLookupCitizens, LookupCitizen,
    PushChanges, ReconcileCitizens, StreamAuthenticateCitizens, StreamLookupCitizens,
    StreamPushChanges, StreamReconcileCitizens,
};
use super::inflow::Inflow;
use super::method::Method;
use super::stream::stream;
use super::unary::{Answered, unary};
use super::{health, statistics};
use crate::core::Core;
use crate::credentials::Caller;

/// A call that is being answered. Each method's work is boxed by itself: the state of the largest
/// one would otherwise be carried about for the smallest.
pub(crate) enum Work {
    /// By a message or a status.
    Unary(Pin<Box<dyn Future<Output = Answered> + Send>>),
    /// By a response whose body is still to come.
    Framed(Pin<Box<dyn Future<Output = http::Response<tonic::body::Body>> + Send>>),
}

/// What the headers of a call say of all its messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heading {
    /// The caller's language.
    pub(crate) lang: Lang,
    /// The day on which it says that it takes place, where it may.
    pub(crate) event_day: Option<Day>,
}

/// An admitted call.
#[derive(Debug)]
pub(crate) struct Call {
    /// Which method.
    pub(crate) method: Method,
    /// What its headers say.
    pub(crate) heading: Heading,
    /// Who calls, where the method asks for it.
    pub(crate) caller: Option<Caller>,
}

/// Answers a call.
pub(crate) fn dispatch<R, L>(
    core: Arc<Core<R, L>>,
    call: Call,
    request: http::Request<Inflow>,
) -> Work
where
    R: Registry,
    L: Recorder + Volumes + Clone,
{
    let Call {
        method,
        heading,
        caller,
    } = call;
    let lang = heading.lang;
    macro_rules! unary {
        ($exchange:ident) => {
            match caller {
                Some(caller) => Work::Unary(Box::pin(unary::<$exchange, R, L>(
                    core,
                    caller,
                    heading,
                    request.into_body(),
                ))),
                None => failed(Reason::CredentialMissing, lang),
            }
        };
    }
    macro_rules! framed {
        ($work:expr) => {
            Work::Framed(Box::pin($work))
        };
    }
    macro_rules! stream {
        ($exchange:ident) => {
            framed!(ready(stream::<$exchange, R, L>(core, heading, request)))
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
        Method::GetVolumes => framed!(statistics::get_volumes(core, caller, lang, request)),
        Method::HealthCheck => framed!(health::check(core.parts.clone(), request)),
        Method::HealthWatch => framed!(health::watch(core.parts.clone(), request)),
        Method::ReflectionV1 => Work::Framed(core.reflection.v1(request)),
        Method::ReflectionV1Alpha => Work::Framed(core.reflection.v1alpha(request)),
        Method::Unknown => failed(Reason::MethodUnknown, lang),
    }
}

fn failed(reason: Reason, lang: Lang) -> Work {
    let status = status(&Failure::new(reason), lang, None);
    Work::Unary(Box::pin(ready(Answered::failed(status, false))))
}
