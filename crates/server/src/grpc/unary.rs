//! Unary calls of the verbs: one message in and one out, with no more in between than gRPC asks.

use std::sync::Arc;

use bytes::Bytes;
use dancu_domain::{Recorder, Registry};
use dancu_wire::errors::status;
use http::HeaderMap;
use tonic::Status;

use super::dispatch::Heading;
use super::exchange::Exchange;
use super::inflow::Inflow;
use super::message::{Read, message};
use super::whole::whole;
use crate::core::Core;
use crate::credentials::Caller;

/// How a unary call ends.
pub(crate) enum Answered {
    /// With a message in its frame.
    Message(Bytes),
    /// With these headers: there was no room for it.
    Full(HeaderMap),
    /// With a status; `told` says that its line is written.
    Failed {
        /// The status, complete.
        status: Box<Status>,
        /// Whether its message has had its line.
        told: bool,
    },
}

impl Answered {
    /// With a status; `told` says whether its message has had its line.
    pub(crate) fn failed(status: Status, told: bool) -> Self {
        Self::Failed {
            status: Box::new(status),
            told,
        }
    }
}

/// Answers a call.
#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` keeps every argument twice, and thousands of these wait at once"
)]
pub(crate) fn unary<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    caller: Caller,
    heading: Heading,
    mut body: Inflow,
) -> impl Future<Output = Answered> + Send {
    async move {
        let (place, read) = {
            let bytes = match whole(&mut body, core.message_bytes.0).await {
                Ok(bytes) => bytes,
                Err(status) => return Answered::failed(status, false),
            };
            let Some(place) = body.place() else {
                core.numbers.shed.add(1);
                return Answered::Full(core.full.headers(heading.lang));
            };
            (place, Read::of::<X>(&core.door, &bytes))
        };
        // What was received makes room for others.
        drop(body);
        let answered = message::<X, R, L>(&core, Ok(caller), read, heading).await;
        drop(place);
        match answered {
            Ok(message) => Answered::Message(message),
            Err(failure) => {
                let retry = Some(core.retry_after());
                Answered::failed(status(&failure, heading.lang, retry), true)
            }
        }
    }
}
