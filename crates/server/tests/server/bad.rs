//! What is no request of ours.

use dancu_domain::Reason;
use dancu_population::KeyState;
use tonic::Code;

use crate::common::Service;
use crate::raw::{call, framed};

const LOOKUP: &str = "/dancu.v1.LookupService/LookupCitizen";
const STREAM: &str = "/dancu.v1.LookupService/StreamLookupCitizens";

#[tokio::test]
async fn what_is_no_request_of_ours_is_told_so_and_the_connection_stays_good() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let mut channel = service.channel().await;
    let gzip: &[(&'static str, &str)] = &[("grpc-encoding", "gzip")];
    let mut squeezed = framed(b"\x0a\x00");
    squeezed[0] = 1;
    let mut truncated = framed(&[0; 100]);
    truncated.truncate(50);
    let too_large = framed(&vec![0; (4 << 20) + 1]);
    let malformed = Code::InvalidArgument;
    let unary = [
        (
            "/dancu.v1.LookupService/NoSuch",
            framed(b""),
            &[][..],
            Code::Unimplemented,
            Reason::MethodUnknown,
        ),
        (
            "/no.such.Service/Method",
            framed(b""),
            &[],
            Code::Unimplemented,
            Reason::MethodUnknown,
        ),
        (
            LOOKUP,
            framed(b"\xff\xff\xff"),
            &[],
            malformed,
            Reason::Undecodable,
        ),
        (
            LOOKUP,
            truncated.clone(),
            &[],
            malformed,
            Reason::Undecodable,
        ),
        (LOOKUP, Vec::new(), &[], malformed, Reason::Undecodable),
        (
            LOOKUP,
            framed(b""),
            gzip,
            malformed,
            Reason::CompressionUnsupported,
        ),
        (
            LOOKUP,
            squeezed.clone(),
            &[],
            malformed,
            Reason::CompressionUnsupported,
        ),
        (
            LOOKUP,
            too_large.clone(),
            &[],
            malformed,
            Reason::MessageTooLarge,
        ),
        (LOOKUP, framed(b""), &[], malformed, Reason::FieldRequired),
        (
            STREAM,
            framed(b"\xff\xff\xff"),
            &[],
            malformed,
            Reason::Undecodable,
        ),
        (STREAM, truncated, &[], malformed, Reason::Undecodable),
        (
            STREAM,
            squeezed,
            &[],
            malformed,
            Reason::CompressionUnsupported,
        ),
        (STREAM, too_large, &[], malformed, Reason::MessageTooLarge),
    ];
    for (i, (path, body, headers, code, reason)) in unary.into_iter().enumerate() {
        for lang in ["en", "vi"] {
            let mut headers = headers.to_vec();
            headers.push(("accept-language", lang));
            let answer = call(&mut channel, path, Some(&key), &headers, body.clone()).await;
            assert_eq!((i, answer.code()), (i, code));
            assert_eq!((i, answer.reason()), (i, Some(reason)));
            assert_eq!(answer.http, 200);
        }
    }
    assert_eq!(connections_accepted(&service).await, 1);
}

#[tokio::test]
async fn who_has_no_credential_is_told_before_the_body_is_looked_at() {
    let service = Service::start();
    let mut channel = service.channel().await;
    let answer = call(&mut channel, LOOKUP, None, &[], framed(b"\xff")).await;
    assert_eq!(answer.reason(), Some(Reason::CredentialMissing));
}

#[tokio::test]
async fn who_does_not_speak_grpc_is_told_so_in_http() {
    let service = Service::start();
    let mut channel = service.channel().await;
    let answer = crate::raw::plain(&mut channel, LOOKUP).await;
    assert_eq!(answer.http, 415);
    assert!(answer.status.is_none());
}

async fn connections_accepted(service: &Service) -> u64 {
    let metrics = crate::ops::get(service, "/metrics").await.1;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("dancu_connections_accepted_total "));
    line.unwrap().parse().unwrap()
}
