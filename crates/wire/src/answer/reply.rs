//! An answer on its way onto the wire. Its results are written one by one while they are worked
//! out, when those whom they are about are in the processor's caches; what stands before them, the
//! receipt among it, is known when they have their record.

use std::fmt;
use std::marker::PhantomData;

use dancu_domain::{
    Answer, AuthenticateResult, Failure, LookupResult, PushResult, Reason, ReconcileResult,
    RequestId,
};
use prost::Message;
use prost::bytes::{Buf as _, Bytes};

use super::pen::{self, Room};
use super::written::{InBytes, header};
use super::{push_changes_response, reconcile_citizens_response};
use crate::errors::Lang;
use crate::pb::rpc;

/// Bytes of gRPC's frame before a message: a flag, and four of its length.
pub const FRAME: usize = 5;

/// What stands before the results at most, beside the request's own id: the frame, the field of a
/// stream's answer, and a header of revision, source and receipt.
const FRONT: usize = 96;

/// Which message of the contract an answer becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The answer of a call about one item.
    One,
    /// The answer of a call about several.
    Batch,
    /// An answer within a stream.
    Stream,
}

/// What is known of an answer before its first result.
#[derive(Debug)]
pub struct Opening<'a> {
    /// Which message.
    pub form: Form,
    /// The language of statuses among its results.
    pub lang: Lang,
    /// The request's own id.
    pub request_id: &'a RequestId,
    /// The items' own ids; those that are missing are empty.
    pub ids: Vec<String>,
    /// How many items there are.
    pub items: usize,
}

/// An answer that is being written.
pub trait Reply<T>: Sized + Send {
    /// Begins it.
    fn open(opening: Opening<'_>) -> Self;

    /// Takes the next result.
    fn result(&mut self, result: T);

    /// The message in its frame. An item without an outcome is the failure of a call about one.
    fn close<U>(self, answer: Answer<U>) -> Result<Bytes, Failure>;
}

/// A reply whose results become bytes as they come. `Debug` shows how many.
pub struct Written<T> {
    form: Form,
    lang: Lang,
    ids: std::vec::IntoIter<String>,
    /// Room for what comes before the results, and the results.
    out: Vec<u8>,
    room: usize,
    /// Why the only item has no outcome.
    failed: Option<Failure>,
    of: PhantomData<fn(T)>,
}

impl<T> fmt::Debug for Written<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Written({} bytes)", self.out.len())
    }
}

impl<T: InBytes> Reply<T> for Written<T> {
    fn open(opening: Opening<'_>) -> Self {
        let room = FRONT + opening.request_id.text().len();
        // The header is written behind the results before it is put in front of them.
        let mut out = Vec::with_capacity(2 * room + T::BYTES * opening.items);
        out.resize(room, 0);
        Self {
            form: opening.form,
            lang: opening.lang,
            ids: opening.ids.into_iter(),
            out,
            room,
            // A call about one item has one.
            failed: (opening.form == Form::One).then(|| Failure::new(Reason::Internal)),
            of: PhantomData,
        }
    }

    fn result(&mut self, result: T) {
        if self.form == Form::One {
            self.failed = result.unanswered();
        }
        let id = self.ids.next();
        result.write(&mut self.out, id.as_deref().unwrap_or(""), self.lang);
    }

    fn close<U>(self, answer: Answer<U>) -> Result<Bytes, Failure> {
        let Self {
            mut out,
            room,
            form,
            failed,
            ..
        } = self;
        if let Some(failure) = failed {
            return Err(failure);
        }
        let end = out.len();
        header(&mut out, &answer);
        let (results, header) = (end - room, out.len() - end);
        let mut front = [0; FRAME + 1 + 10];
        let mut before = FRAME;
        if form == Form::Stream {
            before += pen::opening(&mut front[FRAME..], 1, header + results);
        }
        head(&mut front[..FRAME], before - FRAME + header + results)?;
        // The room is enough for every header that there is.
        let start = room.checked_sub(before + header);
        let start = start.ok_or(Failure::new(Reason::Internal))?;
        out.copy_within(end.., room - header);
        out[start..start + before].copy_from_slice(&front[..before]);
        out.truncate(end);
        // What waits to be sent is counted by its length: nothing much larger may hang on it.
        if out.capacity() / 2 > out.len() {
            return Ok(Bytes::copy_from_slice(&out[start..]));
        }
        let mut message = Bytes::from(out);
        message.advance(start);
        Ok(message)
    }
}

/// A reply whose message is built when all of it is there.
#[derive(Debug)]
pub struct Gathered<T> {
    form: Form,
    ids: Vec<String>,
    results: Vec<T>,
}

impl<T: Built + Send> Reply<T> for Gathered<T> {
    fn open(opening: Opening<'_>) -> Self {
        Self {
            form: opening.form,
            ids: opening.ids,
            results: Vec::with_capacity(opening.items),
        }
    }

    fn result(&mut self, result: T) {
        self.results.push(result);
    }

    fn close<U>(self, answer: Answer<U>) -> Result<Bytes, Failure> {
        let message = T::message(answer.with_items(self.results), self.ids);
        let length = message.encoded_len();
        framed(length + FRONT, |out| match self.form {
            Form::One | Form::Batch => put(out, &message),
            Form::Stream => pen::nested(out, 1, Room::of(length), |out| put(out, &message)),
        })
    }
}

/// A result whose answers are built as messages first.
pub trait Built: Sized {
    /// The message.
    type Message: Message;

    /// Builds it.
    fn message(answer: Answer<Self>, ids: Vec<String>) -> Self::Message;
}

impl Built for ReconcileResult {
    type Message = crate::pb::ReconcileCitizensResponse;

    fn message(answer: Answer<Self>, ids: Vec<String>) -> Self::Message {
        reconcile_citizens_response(answer, ids)
    }
}

impl Built for PushResult {
    type Message = crate::pb::PushChangesResponse;

    fn message(answer: Answer<Self>, ids: Vec<String>) -> Self::Message {
        push_changes_response(answer, ids)
    }
}

/// The reply of a verb whose items end like this.
pub trait Told: Sized {
    /// How it is written.
    type Reply: Reply<Self>;
}

impl Told for LookupResult {
    type Reply = Written<Self>;
}

impl Told for AuthenticateResult {
    type Reply = Written<Self>;
}

impl Told for ReconcileResult {
    type Reply = Gathered<Self>;
}

impl Told for PushResult {
    type Reply = Gathered<Self>;
}

/// The status that stands in the place of an answer of any stream, in its frame.
pub fn stream_status(status: &rpc::Status) -> Result<Bytes, Failure> {
    let status = status.encode_to_vec();
    framed(status.len() + FRONT, |out| pen::bytes(out, 2, &status))
}

/// A message in its frame.
fn framed(room: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<Bytes, Failure> {
    let mut out = Vec::with_capacity(room);
    out.resize(FRAME, 0);
    write(&mut out);
    let length = out.len() - FRAME;
    head(&mut out[..FRAME], length)?;
    Ok(out.into())
}

/// Fills in the frame of an uncompressed message.
fn head(frame: &mut [u8], length: usize) -> Result<(), Failure> {
    let length = u32::try_from(length).map_err(|_| Failure::new(Reason::Internal))?;
    frame[1..].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn put(out: &mut Vec<u8>, message: &impl Message) {
    message
        .encode(out)
        .expect("the buffer grows as it is written");
}
