//! What the messages of a replay that are on their way share with whoever sends them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use dancu_domain::{Revision, Verb};
use dancu_wire::pb::recording::Exchange;
use tokio::sync::{Notify, Semaphore};

use super::asking::{Asked, Times};
use super::bytes::Sendable;
use super::heard::Answer;
use super::plan::ReplayPlan;
use super::position::Position;
use super::queue::Queue;
use super::sums::Sums;
use crate::clock::now;
use crate::draw::Shape;
use crate::measure::Logbook;
use crate::run::Link;

/// How often whoever waits for its time looks whether all is over.
const LOOK: Duration = Duration::from_millis(200);

/// A message that is to be sent.
pub(super) struct Letter {
    pub(super) position: u64,
    pub(super) verb: Verb,
    pub(super) shape: Shape,
    pub(super) sendable: Sendable,
    pub(super) exchange: Exchange,
    pub(super) due: Option<Instant>,
}

/// What the dispatcher and the messages on their way share.
pub(super) struct State {
    pub(super) times: Times,
    pub(super) queue: RefCell<Queue<Letter>>,
    pub(super) position: RefCell<Position>,
    pub(super) sums: RefCell<Sums>,
    pub(super) book: Logbook,
    pub(super) room: Semaphore,
    /// Requests of pushes that may have been applied, although no answer said so.
    pub(super) lost: RefCell<HashSet<u64>>,
    /// Told whenever a message is over.
    pub(super) over: Notify,
    /// The last revision that was read.
    pub(super) revision: Cell<Option<Revision>>,
    /// When the last answer came.
    pub(super) heard: Cell<Instant>,
    /// Whether none came for as long as a message is asked again.
    pub(super) away: Cell<bool>,
    /// Why the position cannot be kept any more.
    pub(super) failed: RefCell<Option<std::io::Error>>,
    pub(super) turn: Cell<usize>,
    pub(super) links: RefCell<Vec<Rc<Link>>>,
}

impl State {
    /// Nothing is on its way yet.
    pub(super) fn new(
        plan: &ReplayPlan,
        position: Position,
        versions: bool,
        book: Logbook,
    ) -> Self {
        Self {
            times: Times {
                deadline: plan.deadline,
                patience: plan.patience,
                versions,
            },
            queue: RefCell::new(Queue::new()),
            position: RefCell::new(position),
            sums: RefCell::default(),
            book,
            room: Semaphore::new(plan.connections * plan.in_flight),
            lost: RefCell::default(),
            over: Notify::new(),
            revision: Cell::new(None),
            heard: Cell::new(now()),
            away: Cell::new(false),
            failed: RefCell::new(None),
            turn: Cell::new(0),
            links: RefCell::default(),
        }
    }

    /// Whether no more is to be sent.
    pub(super) fn is_over(&self) -> bool {
        self.book.is_stopped() || self.away.get() || self.failed.borrow().is_some()
    }

    /// Waits for an instant, and no longer than anything is to be sent; whether anything is.
    pub(super) async fn until(&self, due: Instant) -> bool {
        while !self.is_over() {
            let wait = due.saturating_duration_since(now());
            if wait.is_zero() {
                return true;
            }
            tokio::time::sleep(wait.min(LOOK)).await;
        }
        false
    }

    /// Waits for something, and no longer than anything is to be sent.
    pub(super) async fn unless_over<T>(&self, something: impl Future<Output = T>) -> Option<T> {
        let mut something = pin!(something);
        while !self.is_over() {
            if let Ok(came) = tokio::time::timeout(LOOK, &mut something).await {
                return Some(came);
            }
        }
        None
    }

    /// Keeps that a message is to be sent; whether it may be.
    pub(super) fn sends(&self, letter: &Letter) -> bool {
        if letter.verb != Verb::Push {
            return true;
        }
        let mut position = self.position.borrow_mut();
        if position.was_sent(letter.position) {
            self.lost.borrow_mut().insert(letter.exchange.request);
        }
        match position.sends(letter.position) {
            Ok(()) => true,
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                false
            }
        }
    }

    /// Keeps what came back; whether the message is acknowledged, so that others may go past it.
    pub(super) fn settle(&self, letter: &Letter, asked: &Asked, first_sent: Instant) -> bool {
        for code in &asked.codes {
            self.book.code(code);
        }
        let mut sums = self.sums.borrow_mut();
        let Some((answer, held)) = &asked.answer else {
            sums.unanswered += 1;
            let quiet = now().saturating_duration_since(self.heard.get());
            let quiet = quiet >= self.times.patience && !self.book.is_stopped();
            let away = self.away.get() || quiet;
            self.away.set(away);
            let items = letter.exchange.items.len() as u64;
            self.book
                .unanswered(letter.verb, items, first_sent, asked.unreached);
            return false;
        };
        self.heard.set(asked.came);
        if let Answer::Items(_, Some(revision)) = answer {
            let known = self.revision.get();
            if known.is_none_or(|known| known.number < revision.number) {
                self.revision.set(Some(*revision));
            }
        }
        let kept = self
            .position
            .borrow_mut()
            .acknowledge(letter.position, &held.kept);
        let is_kept = kept.is_ok();
        match kept {
            Ok(()) => sums.acknowledged(letter.verb, &letter.exchange, &held.kept),
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                sums.unkept += 1;
                sums.ended(&held.kept);
            }
        }
        if held.different > 0 {
            sums.differs(letter.position, &letter.exchange, held);
        }
        let due = letter.due.unwrap_or(first_sent);
        self.book.answered(
            (letter.verb, &letter.exchange.agency),
            &answer.outcomes(letter.exchange.items.len()),
            (due, asked.sent, asked.came),
            held.different,
        );
        is_kept
    }
}
