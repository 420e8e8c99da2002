//! A core's side of the recording: notes are kept until there are enough of them, and handed over
//! without waiting.

use std::hash::Hasher as _;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dancu_domain::{
    AgencyCode, ErrorClass, Outcome, ProcedureCode, Reason, RequestContext, Revision, Verb,
};
use siphasher::sip::SipHasher13;

use super::notes::{Manner, Note, Page, Rare};
use super::sheet::{Lost, Sheet};
use super::sketch::{Beside, Noted, Sketched};
use super::writer::{Counters, Handed};
use crate::grpc::method::Method;

/// How many bytes of notes a core gathers before it hands them over: every time, the writer is woken and
/// takes the place of somebody who answers, and many more would drive out of the processor's caches what
/// answers need.
const FULL: usize = 128 << 10;

/// One core's notebook. Its lock is only ever taken by that core's own thread.
#[derive(Debug)]
pub(crate) struct Notebook {
    key: [u8; 16],
    open: Mutex<Open>,
    writer: SyncSender<Handed>,
    counters: Arc<Counters>,
}

/// The sheet that is being filled.
#[derive(Debug, Default)]
struct Open {
    sheet: Sheet,
    /// Bytes of the notes on it.
    bytes: usize,
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

/// A message that is being answered, noted so far. The note is made once and handed over where it lies:
/// to copy it onto the sheet was the dearest of all that a core does for it.
#[derive(Debug)]
pub(crate) struct Draft {
    note: Box<Note>,
    /// How many of its items have ended.
    ended: usize,
    /// The last change that it made.
    change: Option<u64>,
}

impl Notebook {
    pub(super) fn new(key: [u8; 16], writer: SyncSender<Handed>, counters: Arc<Counters>) -> Self {
        Self {
            key,
            open: Mutex::default(),
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
    ) -> Draft {
        let hasher = Hasher {
            key: self.key,
            agency: &agency,
        };
        let page = message.page(&hasher);
        let (freshness, wanted) = message.wants();
        let request = match method.verb() {
            Some(Verb::Push) => hasher.of(&[context.request_id.text()]),
            _ => 0,
        };
        let procedure = context.procedure.as_ref().map(ProcedureCode::text);
        let manner = Manner {
            method,
            agency,
            purpose: context.purpose,
            officer: context.officer.is_some(),
            has_procedure: procedure.is_some(),
            procedure: procedure.and_then(ProcedureCode::published),
            dossier: context.dossier.is_some(),
            freshness: freshness.into(),
            wanted,
            event_day: context.event_day,
        };
        let note = Box::new(Note {
            at,
            took: Duration::ZERO,
            manner,
            request,
            reason: None,
            revision: 0,
            count: u32::try_from(page.items.all().len()).unwrap_or(u32::MAX),
            page,
        });
        Draft {
            note,
            ended: 0,
            change: None,
        }
    }

    /// Keeps a message that is over.
    pub(crate) fn keep(&self, draft: Draft, took: Duration) {
        let mut note = draft.note;
        note.took = took;
        let mut open = self.open();
        open.bytes += size_of::<Note>() + size_of_val(note.page.items.all());
        open.sheet.notes.push(note);
        if open.bytes >= FULL {
            self.hand_over(&mut open);
        }
    }

    /// Hands over what there is.
    pub(crate) fn flush(&self) {
        let mut open = self.open();
        if !open.sheet.is_empty() {
            self.hand_over(&mut open);
        }
    }

    fn hand_over(&self, open: &mut Open) {
        let full = std::mem::take(open).sheet;
        // The next one will be about as full.
        open.sheet.notes.reserve(full.notes.len());
        let refused = match self.writer.try_send(Handed::Sheet(full)) {
            Ok(()) => return,
            Err(TrySendError::Full(refused) | TrySendError::Disconnected(refused)) => refused,
        };
        if let Handed::Sheet(refused) = refused {
            self.counters.dropped(refused.notes.len() as u64);
            open.sheet.lost = Lost::either(refused.lost, refused.losing(0));
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Draft {
    /// Notes how the next item ended.
    pub(crate) fn result<T: Noted>(&mut self, result: &T, outcome: Option<Outcome>) {
        let Page { items, rows, rare } = &mut self.note.page;
        let nth = self.ended;
        self.ended += 1;
        let Some(item) = items.all_mut().get_mut(nth) else {
            return;
        };
        item.kind.outcome = outcome;
        match result.note(item) {
            Beside::Nothing => {}
            Beside::Differed(differed) => {
                if let Some(row) = rows.get_mut(nth) {
                    row.differed = differed;
                }
            }
            Beside::Change(number) => self.change = self.change.max(Some(number)),
            // What was malformed at the door is noted.
            Beside::Fault(_) if item.key().is_none() => {}
            Beside::Fault(fault) => rare.push((nth as u32, Rare::Fault(fault.clone()))),
        }
    }

    /// Notes that it was answered, and up to which change that is true.
    pub(crate) fn answered(&mut self, revision: Revision) {
        // Others' changes of the same moment may be between its own and the revision of the answer.
        self.note.revision = self.change.unwrap_or(revision.number);
    }

    /// Notes that it was not. Of what was refused each item is kept, because each has its entry.
    pub(crate) fn failed(&mut self, reason: Reason) {
        self.note.reason = Some(reason);
        if reason.class() == ErrorClass::Denied {
            for item in self.note.page.items.all_mut() {
                item.kind.outcome = Some(Outcome::Refused);
            }
        } else {
            self.note.page = Page::empty();
        }
    }
}
