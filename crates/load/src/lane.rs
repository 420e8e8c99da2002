//! One lane: asks, waits, judges, and asks again, until its time is over.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dancu_domain::{Reason, Verb};
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt as _;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::ask::{Body, End, Message};
use crate::chance::Chance;
use crate::clock::now;
use crate::draw::{Draw, Shape, Step, World};
use crate::mix::Mix;
use crate::report::{Discrepancy, Report};
use crate::speak::{Authenticate, Lookup, Push, Reconcile, Spoken};
use crate::tally::Fate;
use crate::told::Told;
use crate::verify::{self, Judged};

/// How a run goes, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    sent: AtomicU64,
    answered: AtomicU64,
    wrong: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    /// Ends the run before its time: what has been sent is waited for, nothing more is sent.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the run was told to end before its time.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Items sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Takes note of items sent.
    pub(crate) fn count_sent(&self, items: u64) {
        self.sent.fetch_add(items, Ordering::Relaxed);
    }

    /// Items answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Wrong replies so far.
    pub fn wrong(&self) -> u64 {
        self.wrong.load(Ordering::Relaxed)
    }
}

/// The deadline of a call, and of a stream as a whole.
const DEADLINE: Duration = Duration::from_secs(15);
/// How much longer than the deadline the lane itself waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a lane holds back where it was not told how long.
const BACK_OFF: Duration = Duration::from_millis(50);
/// The longest that it holds back.
const LONGEST_BACK_OFF: Duration = Duration::from_millis(500);

/// One lane of a run.
pub(crate) struct Lane {
    /// What all lanes share.
    pub(crate) world: Arc<World>,
    /// What it asks.
    pub(crate) draw: Draw,
    /// Which verb comes next, for all lanes of a thread.
    pub(crate) mix: Arc<Mutex<Mix>>,
    /// What the lanes of a thread found.
    pub(crate) report: Arc<Mutex<Report>>,
    /// How the run goes.
    pub(crate) progress: Arc<Progress>,
    /// Its connection.
    pub(crate) channel: Channel,
    /// Chance for what is done beside the draw.
    pub(crate) chance: Chance,
    /// The language in which it wants to be told what failed.
    pub(crate) language: &'static str,
    /// When to stop.
    pub(crate) until: Instant,
    /// How many citizens all lanes together look up once more at the end.
    pub(crate) sweep: u64,
}

impl Lane {
    /// Asks until the time is over. What has been sent is waited for.
    pub(crate) async fn run(mut self) {
        while now() < self.until && !self.progress.stopped() {
            let step = self.next();
            if step.messages.is_empty() {
                sleep(BACK_OFF).await;
                continue;
            }
            match step.verb {
                Verb::Lookup => self.take::<Lookup>(step).await,
                Verb::Authenticate => self.take::<Authenticate>(step).await,
                Verb::Reconcile => self.take::<Reconcile>(step).await,
                Verb::Push => self.take::<Push>(step).await,
            }
        }
        self.sweep(self.sweep).await;
    }

    fn next(&mut self) -> Step {
        let mut mix = lock(&self.mix);
        let step = self.draw.step(mix.next());
        let items: usize = step.messages.iter().map(|m| m.items.len()).sum();
        mix.sent(step.verb, items as u64);
        step
    }

    async fn take<V: Spoken>(&mut self, step: Step) {
        let items: usize = step.messages.iter().map(|m| m.items.len()).sum();
        lock(&self.report).tally.sent(V::VERB, items as u64);
        self.progress
            .sent
            .fetch_add(items as u64, Ordering::Relaxed);
        if step.shape == Shape::Stream {
            self.stream::<V>(step.messages).await;
            return;
        }
        for message in step.messages {
            let answer = self.call::<V>(step.shape, message.clone()).await;
            if V::VERB == Verb::Push
                && let Some(answer) = answer
            {
                self.repeat::<V>(message, answer).await;
            }
        }
    }

    /// One call, judged; its answer, where there is one.
    async fn call<V: Spoken>(&mut self, shape: Shape, message: Message) -> Option<V::Answer> {
        self.judged::<V>(shape, message, true).await
    }

    /// One call, judged, and timed among the others or not.
    pub(crate) async fn judged<V: Spoken>(
        &mut self,
        shape: Shape,
        message: Message,
        timed: bool,
    ) -> Option<V::Answer> {
        let request = self.request(V::request(&message), &message);
        let channel = self.channel.clone();
        let began = now();
        let reply = timeout(DEADLINE + PATIENCE, async {
            match shape {
                Shape::Unary => V::unary(channel, request).await,
                _ => V::batch(channel, request).await,
            }
        })
        .await;
        let took = now().duration_since(began);
        let timed = timed.then_some(took);
        match reply {
            Ok(Ok(answer)) => {
                let judged = V::judge(&self.world, &message, &answer);
                self.note(message, judged, timed);
                Some(answer)
            }
            Ok(Err(status)) => {
                self.failed(message, &Told::of(&status), timed).await;
                None
            }
            Err(_) => {
                self.failed(message, &Told::nothing(), None).await;
                None
            }
        }
    }

    /// One stream of messages, each judged in its place.
    async fn stream<V: Spoken>(&mut self, messages: Vec<Message>) {
        let Some(first) = messages.first() else {
            return;
        };
        // The transport draws the messages; each one's time begins when it is drawn.
        let sent = Arc::new(Mutex::new(Vec::with_capacity(messages.len())));
        let times = Arc::clone(&sent);
        let requests: Vec<_> = messages.iter().map(V::request).collect();
        let requests = tokio_stream::iter(requests.into_iter().map(move |request| {
            lock(&times).push(now());
            V::wrap(request)
        }));
        let request = self.request(requests, first);
        let patience = now() + DEADLINE + PATIENCE;
        let mut waiting = messages.into_iter();
        let end = match self
            .within(patience, V::stream(self.channel.clone(), request))
            .await
        {
            Ok(mut replies) => {
                let mut place = 0;
                loop {
                    let reply = self.within(patience, async { replies.next().await.transpose() });
                    let reply = match reply.await {
                        Ok(Some(reply)) => reply,
                        Ok(None) => break Told::of(&Status::unknown("the stream ended")),
                        Err(told) => break told,
                    };
                    let Some(message) = waiting.next() else {
                        self.surplus(V::VERB);
                        return;
                    };
                    let took = lock(&sent).get(place).map(|t| now().duration_since(*t));
                    place += 1;
                    match V::unwrap(reply) {
                        Some(Ok(answer)) => {
                            let judged = V::judge(&self.world, &message, &answer);
                            self.note(message, judged, took);
                        }
                        Some(Err(status)) => {
                            self.failed(message, &Told::of_rpc(&status), took).await;
                        }
                        None => {
                            let told = Told::of(&Status::unknown("the reply is empty"));
                            self.failed(message, &told, took).await;
                        }
                    }
                }
            }
            Err(told) => told,
        };
        for message in waiting {
            self.failed(message, &end, None).await;
        }
    }

    async fn within<T>(
        &self,
        patience: Instant,
        call: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Told> {
        match timeout(patience.saturating_duration_since(now()), call).await {
            Ok(reply) => reply.map_err(|status| Told::of(&status)),
            Err(_) => Err(Told::nothing()),
        }
    }

    /// Now and then sends a write message again: with the same body it gets the same answer under
    /// the same receipt and counts no second time; with another body it is refused.
    async fn repeat<V: Spoken>(&mut self, message: Message, answer: V::Answer) {
        if self.chance.permille(100) {
            let request = self.request(V::request(&message), &message);
            let again = timeout(DEADLINE, V::batch(self.channel.clone(), request)).await;
            match again {
                Ok(Ok(again)) if again == answer => lock(&self.report).repeats += 1,
                Ok(Err(status)) if Told::of(&status).excusable() => {}
                Err(_) => {}
                Ok(_) => self.wrong(&message, "repeat", "the first answer once more"),
            }
        }
        if self.chance.permille(50) {
            let mut other = message;
            for item in &mut other.items {
                item.id.push('x');
            }
            other.end = End::Fails(Reason::RequestIdReused, None);
            let items = other.items.len() as u64;
            lock(&self.mix).sent(V::VERB, items);
            lock(&self.report).tally.sent(V::VERB, items);
            self.progress.sent.fetch_add(items, Ordering::Relaxed);
            self.call::<V>(Shape::Batch, other).await;
        }
    }

    fn request<T>(&self, body: T, message: &Message) -> Request<T> {
        let mut request = Request::new(body);
        request.set_timeout(DEADLINE);
        let metadata = request.metadata_mut();
        if let Some(key) = &message.key
            && let Ok(bearer) = AsciiMetadataValue::try_from(format!("Bearer {key}"))
        {
            metadata.insert("authorization", bearer);
        }
        metadata.insert(
            "accept-language",
            AsciiMetadataValue::from_static(self.language),
        );
        request
    }

    async fn failed(&mut self, message: Message, told: &Told, took: Option<Duration>) {
        let judged = verify::failure(&message, told);
        self.note(message, judged, took);
        if matches!(told.fate(), Fate::Unavailable { .. }) {
            sleep(told.wait.unwrap_or(BACK_OFF).min(LONGEST_BACK_OFF)).await;
        }
    }

    fn note(&mut self, message: Message, judged: Judged, took: Option<Duration>) {
        let agency = message.standing.caller.agency;
        let mut report = lock(&self.report);
        let mut answered = 0;
        for fate in &judged.fates {
            answered += u64::from(matches!(fate, Fate::Answered(_)));
            report.tally.item(agency, message.verb, *fate);
        }
        if let Some(receipt) = judged.receipt {
            report
                .receipts
                .keep(receipt, agency, message.verb, &judged.acknowledged);
        }
        if let Some(took) = took {
            report.latencies.note(message.verb, took);
        }
        self.progress
            .answered
            .fetch_add(answered, Ordering::Relaxed);
        self.progress
            .wrong
            .fetch_add(judged.wrong.len() as u64, Ordering::Relaxed);
        for wrong in judged.wrong {
            report.wrong(wrong);
        }
        drop(report);
        for (item, effect) in message.items.into_iter().zip(judged.effects) {
            if let (Body::Event(_), Some(revision)) = (&item.body, effect) {
                let standing = Arc::clone(&message.standing);
                self.draw.register().acknowledge(item, standing, revision);
            }
        }
    }

    fn wrong(&self, message: &Message, field: &str, expected: &str) {
        self.progress.wrong.fetch_add(1, Ordering::Relaxed);
        lock(&self.report).wrong(Discrepancy {
            verb: message.verb,
            request_id: message.request_id.clone(),
            item: None,
            citizen: None,
            field: field.to_owned(),
            expected: expected.to_owned(),
        });
    }

    fn surplus(&self, verb: Verb) {
        self.progress.wrong.fetch_add(1, Ordering::Relaxed);
        lock(&self.report).wrong(Discrepancy {
            verb,
            request_id: String::new(),
            item: None,
            citizen: None,
            field: "stream".to_owned(),
            expected: "one reply a message".to_owned(),
        });
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
