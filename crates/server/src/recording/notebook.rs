//! A core's side of the recording: notes are kept until there are enough of them, and handed over
//! without waiting.

use std::hash::Hasher as _;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dancu_domain::{
    AgencyCode, Answer, ErrorClass, Outcome, ProcedureCode, Reason, RequestContext, Verb,
};
use siphasher::sip::SipHasher13;

use super::notes::{ItemNote, Lost, Note, Sheet, published};
use super::sketch::{Noted, Sketched};
use super::writer::{Counters, Handed};
use crate::grpc::asked::Ended;
use crate::grpc::method::Method;

/// How many messages and items a core gathers before it hands them over.
const FULL: usize = 2_048;

/// One core's notebook. Its lock is only ever taken by that core's own thread.
#[derive(Debug)]
pub(crate) struct Notebook {
    key: [u8; 16],
    sheet: Mutex<Sheet>,
    writer: SyncSender<Handed>,
    counters: Arc<Counters>,
}

/// The keyed hashes that stand for what must not be told.
#[derive(Debug)]
pub(crate) struct Hasher<'a> {
    key: [u8; 16],
    agency: &'a AgencyCode,
}

impl Hasher<'_> {
    /// The hash of texts of this agency.
    pub(crate) fn of(&self, texts: &[&str]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        for text in std::iter::once(self.agency.text()).chain(texts.iter().copied()) {
            hasher.write_usize(text.len());
            hasher.write(text.as_bytes());
        }
        hasher.finish()
    }
}

/// A message that is being answered, noted so far.
#[derive(Debug)]
pub(crate) struct Draft {
    note: Note,
    items: Vec<ItemNote>,
}

impl Notebook {
    pub(super) fn new(key: [u8; 16], writer: SyncSender<Handed>, counters: Arc<Counters>) -> Self {
        Self {
            key,
            sheet: Mutex::default(),
            writer,
            counters,
        }
    }

    /// Notes what is asked.
    pub(crate) fn draft<A: Sketched>(
        &self,
        (method, at): (Method, Instant),
        agency: AgencyCode,
        context: &RequestContext,
        message: &A,
    ) -> Box<Draft> {
        let hasher = Hasher {
            key: self.key,
            agency: &agency,
        };
        let items = message.items(&hasher);
        let (freshness, wanted) = message.wants();
        let request = match method.verb() {
            Some(Verb::Push) => hasher.of(&[context.request_id.text()]),
            _ => 0,
        };
        let procedure = context.procedure.as_ref().map(ProcedureCode::text);
        let note = Note {
            at,
            took: Duration::ZERO,
            method,
            agency,
            purpose: context.purpose,
            officer: context.officer.is_some(),
            has_procedure: procedure.is_some(),
            procedure: procedure.and_then(published),
            dossier: context.dossier.is_some(),
            freshness,
            wanted,
            request,
            reason: None,
            revision: 0,
            count: u32::try_from(items.len()).unwrap_or(u32::MAX),
            items: 0,
        };
        Box::new(Draft { note, items })
    }

    /// Keeps a message that is over.
    pub(crate) fn keep(&self, draft: Draft, took: Duration) {
        let Draft { mut note, items } = draft;
        note.took = took;
        note.items = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let mut sheet = self.sheet();
        sheet.notes.push(note);
        sheet.items.extend(items);
        if sheet.entries() >= FULL {
            self.hand_over(&mut sheet);
        }
    }

    /// Hands over what there is.
    pub(crate) fn flush(&self) {
        let mut sheet = self.sheet();
        if !sheet.is_empty() {
            self.hand_over(&mut sheet);
        }
    }

    fn hand_over(&self, sheet: &mut Sheet) {
        let full = std::mem::take(sheet);
        let refused = match self.writer.try_send(Handed::Sheet(full)) {
            Ok(()) => return,
            Err(TrySendError::Full(refused) | TrySendError::Disconnected(refused)) => refused,
        };
        if let Handed::Sheet(refused) = refused {
            self.counters.dropped(refused.notes.len() as u64);
            sheet.lost = Lost::either(refused.lost, refused.losing(0));
        }
    }

    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.sheet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Draft {
    /// Notes what was answered.
    pub(crate) fn answered<T: Noted + Ended>(&mut self, answer: &Answer<T>) {
        self.note.revision = answer.revision.number;
        for (item, result) in self.items.iter_mut().zip(&answer.items) {
            item.outcome = result.outcome();
            result.note(item);
        }
        // Others' changes of the same moment may be between this and the revision of the answer.
        if let Some(change) = self.items.iter().filter_map(|item| item.change).max() {
            self.note.revision = change;
        }
    }

    /// Notes that it was not. Of what was refused each item is kept, because each has its entry.
    pub(crate) fn failed(&mut self, reason: Reason) {
        self.note.reason = Some(reason);
        if reason.class() == ErrorClass::Denied {
            for item in &mut self.items {
                item.outcome = Some(Outcome::Refused);
            }
        } else {
            self.items.clear();
        }
    }
}
