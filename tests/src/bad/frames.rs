//! The table of bytes that are no message of the method, or come in no form that is taken.

use bytes::Bytes;
use dancu_domain::Reason;

use super::line::Extra;
use super::rpcs::{Form, Rpc};
use super::session::framed;

/// The mark that a good message holds, for bytes to be changed in.
pub const MARK: &str = "Zqwx-9753124680";

/// One way in which bytes are bad.
pub struct Frame {
    /// In words.
    pub what: &'static str,
    /// Makes the parts of a body out of a good message whose request id is [`MARK`].
    pub body: fn(&Rpc, Vec<u8>) -> Vec<Bytes>,
    /// What is said.
    pub reason: Reason,
    /// The field that must be named, before the form of the method is known.
    field: &'static str,
    /// Headers of its own.
    pub headers: fn() -> Extra,
    /// Whether a stream gives its earlier answers first.
    pub after_others: bool,
    /// The methods that it fits.
    pub fits: fn(&Rpc) -> bool,
}

impl Frame {
    /// The field that must be named.
    pub fn field(&self, rpc: &Rpc) -> Option<String> {
        let field = match self.field {
            "" => return None,
            NAME => format!("{}.claims.full_name", rpc.list()),
            NUMBER => format!("{}.claims.number", rpc.list()),
            field => field.to_owned(),
        };
        Some(rpc.field_of_bytes(&field))
    }
}

const NAME: &str = "the name";
const NUMBER: &str = "the number";

fn all(_: &Rpc) -> bool {
    true
}

fn items(rpc: &Rpc) -> bool {
    rpc.verb.is_some()
}

fn unary(rpc: &Rpc) -> bool {
    rpc.form != Form::Stream
}

fn plain() -> Extra {
    Vec::new()
}

fn gzip() -> Extra {
    vec![("grpc-encoding", b"gzip".to_vec())]
}

fn unknown_encoding() -> Extra {
    vec![("grpc-encoding", b"zqwx97".to_vec())]
}

/// The message with bytes in the place of a text's end.
fn broken(mut message: Vec<u8>, text: &str, with: &[u8]) -> Vec<Bytes> {
    let text = text.as_bytes();
    let at = message
        .windows(text.len())
        .position(|window| window == text)
        .expect("the message holds the text");
    let end = at + text.len();
    message[end - with.len()..end].copy_from_slice(with);
    vec![framed(&message)]
}

fn name(message: &[u8]) -> String {
    let lossy = String::from_utf8_lossy(message).into_owned();
    let end = lossy.find(super::people::NAME).map(|_| super::people::NAME);
    end.expect("the message is about somebody made up")
        .to_owned()
}

/// The message with another flag, its length as it is.
fn flagged(message: &[u8], flag: u8) -> Vec<Bytes> {
    let mut frame = framed(message).to_vec();
    frame[0] = flag;
    vec![frame.into()]
}

/// A frame that says it is `length` long and holds `sent` bytes.
fn said(length: u32, sent: &[u8]) -> Vec<Bytes> {
    let mut frame = vec![0];
    frame.extend(length.to_be_bytes());
    frame.extend_from_slice(sent);
    vec![frame.into()]
}

macro_rules! rows {
    ($($fits:ident $headers:ident $after:literal: $what:literal, $reason:ident $field:expr, $body:expr;)*) => {
        /// Every row.
        pub const FRAMES: &[Frame] = &[$(Frame {
            what: $what,
            body: $body,
            reason: Reason::$reason,
            field: $field,
            headers: $headers,
            after_others: $after,
            fits: $fits,
        }),*];
    };
}

rows! {
    all plain true: "a request id that is no UTF-8", Undecodable "context.request_id",
        |_, m| broken(m, MARK, &[0xff]);
    all plain true: "a request id with half a character", Undecodable "context.request_id",
        |_, m| broken(m, MARK, &[0xe1, 0xbb]);
    all plain true: "a request id with a surrogate", Undecodable "context.request_id",
        |_, m| broken(m, MARK, &[0xed, 0xa0, 0x80]);
    items plain true: "a name in Latin-1", Undecodable NAME,
        |_, m| { let name = name(&m); broken(m, &name, b"Nguy\xea\xf1") };
    items plain true: "a name of zeros too long", Undecodable NAME,
        |_, m| { let name = name(&m); broken(m, &name, &[0xc0, 0x80]) };
    items plain true: "a number that is no UTF-8", Undecodable NUMBER,
        |_, m| broken(m, super::people::NUMBER, &[0xff, 0xfe]);
    all plain true: "a message that ends within a field", Undecodable "",
        |_, m| vec![framed(&[&m[..], &[0x7a, 0x40, b'Z']].concat())];
    all plain true: "bytes of nothing", Undecodable "", |_, _| vec![framed(&[0xff; 32])];
    all plain true: "a field without a number", Undecodable "", |_, _| vec![framed(&[0x00, 0x01])];
    all plain true: "another protocol", Undecodable "",
        |_, _| vec![framed(b"{\"number\": \"987654321098\"}")];
    all plain true: "a frame that is cut", Undecodable "",
        |_, m| said(m.len() as u32 + 10, &m);
    all plain true: "a frame without its message", Undecodable "", |_, m| said(m.len() as u32, &[]);
    all plain true: "the beginning of a frame", Undecodable "", |_, _| vec![Bytes::from_static(&[0, 0, 0])];
    unary plain true: "no frame at all", Undecodable "", |_, _| Vec::new();
    all plain true: "a flag of compression without any", CompressionUnsupported "",
        |_, m| flagged(&m, 1);
    all plain true: "a flag that is none", Undecodable "", |_, m| flagged(&m, 2);
    all plain true: "a flag of every bit", Undecodable "", |_, m| flagged(&m, 0xff);
    all gzip false: "gzip", CompressionUnsupported "", |_, m| flagged(&m, 1);
    all gzip false: "gzip that is announced and not used", CompressionUnsupported "",
        |_, m| vec![framed(&m)];
    all unknown_encoding false: "a compression that nobody knows", CompressionUnsupported "",
        |_, m| flagged(&m, 1);
    all plain true: "a message of 5 MiB", MessageTooLarge "",
        |_, mut m| { m.extend([0x7a, 0x80, 0x80, 0xc0, 0x02]); m.resize(m.len() + (5 << 20), b'Z'); vec![framed(&m)] };
    all plain true: "a message of 4 GiB that is only announced", MessageTooLarge "",
        |_, m| said(u32::MAX, &m);
}
