//! The replay itself: reads, waits until a message is due, sends it when nobody is in its way,
//! and keeps that it was answered before anybody behind it goes.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dancu_domain::Verb;
use dancu_population::Nation;
use dancu_wire::pb::recording::Exchange;
use tokio::task::LocalSet;

use super::asking::ask;
use super::bytes::sendable;
use super::history::History;
use super::order::Ordered;
use super::plan::{ReplayError, ReplayPlan, Speed};
use super::position::{Identity, Position};
use super::queue::Place;
use super::remake::Remaker;
use super::replayed::{Course, Replayed};
use super::state::{Letter, State};
use crate::clock::{cpu_seconds, now};
use crate::measure::{Logbook, Watch};
use crate::run::{Heads, Link, LoadError, Told, told_at};

/// How many messages may wait for others that are about the same people, or until they are due.
const WAITING: usize = 16_384;
/// How long before it is due a message takes its place behind those that it must wait for. The order
/// of effect is not quite that of arrival, and nobody is late because of somebody who came later.
const AHEAD: Duration = Duration::from_secs(1);

/// How often whoever waits for the service's first answer looks whether it is to wait on.
const LOOK: Duration = Duration::from_millis(20);

/// Replays. Blocks until the last answer is in; `watch` shows how it goes and may end it early, also
/// while files are read through and before the service has said anything.
pub fn replay(plan: &ReplayPlan, watch: &Arc<Watch>) -> Result<Replayed, ReplayError> {
    plan.validate()?;
    let (began, cpu) = (now(), cpu_seconds());
    let ordered = Ordered::open(&plan.recordings, &|| !watch.is_stopped())?;
    let header = &ordered.header;
    let nation = Nation::made_by(header.generator, header.seed, header.citizens)
        .ok_or(ReplayError::Generator)?;
    let fresh = Identity {
        run: plan.run_id.clone(),
        of: plan.identity(&ordered),
    };
    let course = |identity, began, cpu| Course {
        plan,
        watch,
        identity,
        nation,
        began,
        cpu,
    };
    let versions = !header.imported;
    let state = |position, began| {
        let book = Logbook::new(began, Arc::clone(watch));
        Rc::new(State::new(plan, position, versions, book))
    };
    let Some(told) = told(plan, &nation, watch)? else {
        let state = state(Position::nowhere(), began);
        return Ok(course(fresh, began, cpu).ended(&state, ordered.missing, 0.0));
    };
    let (position, identity) = match &plan.resume {
        None => (Position::nowhere(), fresh),
        Some(path) => Position::open(path, fresh)
            .map_err(|error| ReplayError::Position(path.clone(), error))?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ReplayError::Service(LoadError::Start(error)))?;
    // What is measured begins when the service has answered.
    let course = course(identity, now(), cpu_seconds());
    let state = state(position, course.began);
    let dispatcher = Dispatcher {
        plan,
        state: Rc::clone(&state),
        remaker: Remaker::new(&nation, course.identity.run.clone(), told.event_days),
        heads: Heads::new(plan.server.to_string(), plan.language, plan.deadline),
        history: History::default(),
        ordered,
        began: course.began,
        first: None,
    };
    let local = LocalSet::new();
    let (missing, seconds) = local.block_on(&runtime, dispatcher.run())?;
    if !watch.is_stopped() {
        state.sums.borrow().of_something(missing.cut)?;
    }
    Ok(course.ended(&state, missing, seconds))
}

/// What the service tells of itself; nothing where the replay was ended before. It is asked on a
/// thread of its own, which ends when the service answers or its time is over.
fn told(plan: &ReplayPlan, nation: &Nation, watch: &Watch) -> Result<Option<Told>, ReplayError> {
    if watch.is_stopped() {
        return Ok(None);
    }
    let (server, nation) = (plan.server, *nation);
    let asking = std::thread::Builder::new()
        .name("dancu-replay-told".to_owned())
        .spawn(move || told_at(server, &nation))
        .map_err(|error| ReplayError::Service(LoadError::Start(error)))?;
    while !asking.is_finished() {
        if watch.is_stopped() {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
    if watch.is_stopped() {
        return Ok(None);
    }
    match asking.join() {
        Ok(told) => told.map(Some).map_err(ReplayError::Service),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Reads the recordings and sends what is due.
struct Dispatcher<'a> {
    plan: &'a ReplayPlan,
    state: Rc<State>,
    remaker: Remaker,
    heads: Heads,
    history: History,
    ordered: Ordered,
    began: Instant,
    /// The offset of the first message that was sent.
    first: Option<u64>,
}

impl Dispatcher<'_> {
    /// Sends everything; what is missing from the files, and the seconds that were replayed.
    async fn run(mut self) -> Result<(super::order::Missing, f64), ReplayError> {
        self.connect().await?;
        let ticking = {
            let state = Rc::clone(&self.state);
            tokio::task::spawn_local(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    state.book.tick();
                }
            })
        };
        let mut position = 0;
        let (mut first, mut last) = (None, 0);
        while let Some(exchange) = self.ordered.next()? {
            if self.state.is_over() {
                break;
            }
            let at = exchange.at_micros;
            if self.plan.takes(&exchange) {
                first.get_or_insert(at);
                last = at.max(last);
                self.one(position, exchange).await;
            } else {
                self.history.note(&exchange);
                self.state.sums.borrow_mut().left_out += 1;
            }
            position += 1;
        }
        while self.state.queue.borrow().len() > 0 {
            self.state.over.notified().await;
        }
        ticking.abort();
        let seconds = last.saturating_sub(first.unwrap_or(last)) as f64 / 1e6;
        Ok((self.ordered.missing, seconds))
    }

    async fn connect(&self) -> Result<(), ReplayError> {
        for _ in 0..self.plan.connections {
            let link = Link::new(self.plan.server);
            match self.state.unless_over(link.open()).await {
                None => break,
                Some(Ok(_)) => self.state.links.borrow_mut().push(link),
                Some(Err(_)) => {
                    let error = LoadError::Connect(self.plan.server);
                    return Err(ReplayError::Service(error));
                }
            }
        }
        Ok(())
    }

    /// Sends one message, unless it was acknowledged before.
    async fn one(&mut self, position: u64, exchange: Box<Exchange>) {
        let state = Rc::clone(&self.state);
        {
            let mut sums = state.sums.borrow_mut();
            sums.messages += 1;
            sums.undated += u64::from(self.remaker.undated(&exchange));
        }
        let verb = Verb::from_code(u8::try_from(exchange.verb).unwrap_or(0));
        let kept = state.position.borrow_mut().take(position);
        if let (Some(kept), Some(verb)) = (kept, verb) {
            let mut sums = state.sums.borrow_mut();
            sums.acknowledged(verb, &exchange, &kept);
            sums.before += 1;
            if kept.applied_before() > 0 {
                // The same request may have been recorded twice, and its answer is the same.
                state.lost.borrow_mut().insert(exchange.request);
            }
            self.history.note(&exchange);
            return;
        }
        let remade = self
            .remaker
            .remake(&exchange, position, &self.history, state.revision.get());
        self.history.note(&exchange);
        let (Some(remade), Some(verb)) = (remade, verb) else {
            state.sums.borrow_mut().passed_over += 1;
            return;
        };
        let due = self.due(exchange.at_micros).await;
        while state.queue.borrow().len() >= WAITING && !state.is_over() {
            state.over.notified().await;
        }
        if state.is_over() {
            return;
        }
        let (about, shape) = (remade.about.clone(), remade.shape);
        let letter = Letter {
            position,
            verb,
            shape,
            sendable: sendable(remade, &mut self.heads),
            exchange: *exchange,
            due,
        };
        let place = state.queue.borrow_mut().add(position, about, letter);
        match place {
            Place::Goes(letter) => {
                tokio::task::spawn_local(send(Rc::clone(&state), letter));
            }
            Place::Waits => {}
            Place::Behind => state.sums.borrow_mut().held_back += 1,
        }
        // Answers are read although there is always more to send.
        if position.is_multiple_of(16) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a message of this offset is nearly due.
    async fn due(&mut self, at: u64) -> Option<Instant> {
        let first = *self.first.get_or_insert_with(|| {
            self.began = now();
            at
        });
        let Speed::Times(times) = self.plan.speed else {
            return None;
        };
        let micros = at.saturating_sub(first) as f64 / times;
        let due = self.began + Duration::from_secs_f64(micros / 1e6);
        if let Some(early) = due.checked_sub(AHEAD) {
            self.state.until(early).await;
        }
        Some(due)
    }
}

/// Sends a message once it is due, and then those that waited for it. Behind one that was not
/// answered nobody goes: it may have had no effect yet, and theirs comes after it.
async fn send(state: Rc<State>, letter: Letter) {
    let position = letter.position;
    let goes = match letter.due {
        Some(due) => state.until(due).await,
        None => true,
    };
    let mut acknowledged = false;
    if goes
        && let Ok(_room) = state.room.acquire().await
        && !state.is_over()
        && state.sends(&letter)
    {
        let link = {
            let links = state.links.borrow();
            let turn = state.turn.get();
            state.turn.set(turn.wrapping_add(1));
            Rc::clone(&links[turn % links.len()])
        };
        let sent = now();
        state.book.sent(
            letter.verb,
            letter.exchange.items.len() as u64,
            sent,
            letter.due,
        );
        let (kind, exchange) = ((letter.verb, letter.shape), &letter.exchange);
        let asked = ask(&link, kind, &letter.sendable, exchange, &state).await;
        acknowledged = state.settle(&letter, &asked, sent);
    }
    // The letter's own place is free only when its answer is kept.
    if acknowledged {
        let free = state.queue.borrow_mut().done(position);
        for (_, letter) in free {
            tokio::task::spawn_local(send(Rc::clone(&state), letter));
        }
    } else {
        let behind = state.queue.borrow_mut().given_up(position);
        if !state.is_over() {
            state.sums.borrow_mut().held_back += behind;
        }
    }
    state.over.notify_one();
}
