//! Messages as bytes: prost's encoding, with buffers for small messages, and bytes that are no
//! message told apart as a fault of the caller.

use std::marker::PhantomData;

use dancu_domain::{Failure, Fault, Reason};
use prost::bytes::{Buf as _, Bytes};
use prost::{DecodeError, Message};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::errors::{Lang, status};

/// What a call allocates before it knows the size of its message, in bytes. A lookup and its
/// answer fit; a batch grows by this much at a time.
const BUFFER: usize = 1024;
/// How many encoded bytes of a stream are gathered before they are handed to the transport.
const YIELD_AT: usize = 32 * 1024;

/// The codec of every generated server and client.
#[derive(Debug)]
pub struct MessageCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for MessageCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Clone for MessageCodec<T, U> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T, U> Codec for MessageCodec<T, U>
where
    T: Message + 'static,
    U: Message + Default + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = MessageEncoder<T>;
    type Decoder = MessageDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        MessageEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        MessageDecoder(PhantomData)
    }
}

/// Writes messages.
#[derive(Debug)]
pub struct MessageEncoder<T>(PhantomData<T>);

impl<T: Message> Encoder for MessageEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buf).expect("the buffer grows as it is written");
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER, YIELD_AT)
    }
}

/// Reads messages.
#[derive(Debug)]
pub struct MessageDecoder<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for MessageDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        match U::decode(buf) {
            Ok(message) => Ok(Some(message)),
            Err(error) => Err(status(&undecodable(&error), Lang::En, None)),
        }
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER, YIELD_AT)
    }
}

/// Passes messages on as bytes, to be read elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct BytesDecoder;

impl Decoder for BytesDecoder {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buf.copy_to_bytes(buf.remaining())))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER, YIELD_AT)
    }
}

/// The failure of bytes that are no message. The language of the caller is not known here.
pub fn undecodable(error: &DecodeError) -> Failure {
    let path = path(&error.to_string());
    if path.is_empty() {
        return Failure::new(Reason::Undecodable);
    }
    Failure::from(Fault::new(&path, Reason::Undecodable))
}

/// The path of the field at which decoding stopped, out of `prefix: Inner.field: Outer.field: why`.
///
/// Only names of messages and fields are kept. What follows them may speak of the bytes.
fn path(error: &str) -> String {
    let mut fields: Vec<&str> = error
        .split(": ")
        .skip(1)
        .map_while(|part| part.split_once('.'))
        .filter(|(message, field)| is_name(message) && is_name(field))
        .map(|(_, field)| field)
        .collect();
    fields.reverse();
    fields.join(".")
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
