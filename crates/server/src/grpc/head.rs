//! What the head of a request says, before anything else is read.

use dancu_wire::errors::Lang;
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderMap, Request};

/// Whether it asks for an answer in gRPC.
pub(super) fn is_grpc<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    request.method() == http::Method::POST && kind.is_some_and(|kind| means_grpc(kind.as_bytes()))
}

/// Whether a content type is gRPC's own, with or without a format behind it. `grpc-web` begins
/// alike and is another protocol: its callers would not understand our frames.
fn means_grpc(kind: &[u8]) -> bool {
    let rest = kind.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
}

/// The language in which its caller is answered.
pub(super) fn language(headers: &HeaderMap) -> Lang {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map_or_else(Lang::default, Lang::from_header)
}
