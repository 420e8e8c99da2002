//! Server reflection, v1 and v1alpha, over the descriptor set of the contract.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::{Builder, Error};
use tower::Service;

use super::inflow::Inflow;

type Answer = BoxFuture<'static, http::Response<tonic::body::Body>>;
type Service1 = Arc<dyn Fn(http::Request<Inflow>) -> Answer + Send + Sync>;

/// Both versions of the protocol.
#[derive(Clone)]
pub(crate) struct Reflection {
    v1: Service1,
    v1alpha: Service1,
}

impl Reflection {
    /// Reads the descriptor set once; all cores share what is made of it.
    pub(crate) fn new() -> Result<Self, Error> {
        // Each version lists both, whichever a caller asks by.
        let builder = || {
            Builder::configure()
                .register_encoded_file_descriptor_set(dancu_wire::DESCRIPTORS)
                .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(v1alpha::FILE_DESCRIPTOR_SET)
                .include_reflection_service(false)
        };
        Ok(Self {
            v1: shared(builder().build_v1()?),
            v1alpha: shared(builder().build_v1alpha()?),
        })
    }

    /// Answers version 1.
    pub(crate) fn v1(&self, request: http::Request<Inflow>) -> Answer {
        (self.v1)(request)
    }

    /// Answers the version before.
    pub(crate) fn v1alpha(&self, request: http::Request<Inflow>) -> Answer {
        (self.v1alpha)(request)
    }
}

impl fmt::Debug for Reflection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reflection")
    }
}

fn shared<S>(service: S) -> Service1
where
    S: Service<
            http::Request<Inflow>,
            Response = http::Response<tonic::body::Body>,
            Error = Infallible,
        > + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    Arc::new(move |request| {
        let answer = service.clone().call(request);
        answer.map(|Ok(response)| response).boxed()
    })
}
