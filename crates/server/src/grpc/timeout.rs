//! The `grpc-timeout` header.

use std::time::Duration;

use http::HeaderMap;

use crate::config::Times;
use crate::grpc::method::Kind;

/// How long a call may take: what its caller gave it, and for unary calls at most the configured
/// longest and at least something. `None` for streams of callers who gave no time.
pub(crate) fn deadline(headers: &HeaderMap, kind: Kind, times: &Times) -> Option<Duration> {
    let asked = headers
        .get("grpc-timeout")
        .and_then(|value| parse(value.as_bytes()));
    match kind {
        Kind::Unary => Some(
            asked
                .unwrap_or(times.default_deadline)
                .min(times.longest_deadline),
        ),
        Kind::ServerStream | Kind::Bidi => asked,
    }
}

/// One to eight digits and a unit.
fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = digits
        .iter()
        .fold(0_u64, |n, digit| n * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(n * 3_600),
        b'M' => Duration::from_secs(n * 60),
        b'S' => Duration::from_secs(n),
        b'm' => Duration::from_millis(n),
        b'u' => Duration::from_micros(n),
        b'n' => Duration::from_nanos(n),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn every_unit_is_read_and_nothing_else() {
        assert_eq!(parse(b"2H"), Some(Duration::from_hours(2)));
        assert_eq!(parse(b"3M"), Some(Duration::from_mins(3)));
        assert_eq!(parse(b"4S"), Some(Duration::from_secs(4)));
        assert_eq!(parse(b"50m"), Some(Duration::from_millis(50)));
        assert_eq!(parse(b"60u"), Some(Duration::from_micros(60)));
        assert_eq!(parse(b"99999999n"), Some(Duration::from_nanos(99_999_999)));
        for wrong in ["", "S", "5", "-5S", "123456789S", "5s", "5 S", "5.0S"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_unary_call_has_a_deadline_within_the_longest_and_a_stream_only_its_callers_own() {
        let times = Times {
            default_deadline: Duration::from_secs(30),
            longest_deadline: Duration::from_mins(1),
            ..Times::default()
        };
        let none = HeaderMap::new();
        let mut long = HeaderMap::new();
        long.insert("grpc-timeout", HeaderValue::from_static("2H"));
        let of = |headers, kind| deadline(headers, kind, &times);
        assert_eq!(of(&none, Kind::Unary), Some(Duration::from_secs(30)));
        assert_eq!(of(&long, Kind::Unary), Some(Duration::from_mins(1)));
        assert_eq!(of(&none, Kind::Bidi), None);
        assert_eq!(of(&long, Kind::Bidi), Some(Duration::from_hours(2)));
    }
}
