//! A lane that streams: many messages on long calls, answered in their order.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use dancu_domain::Verb;
use dancu_wire::EVENT_DAY;
use h2::SendStream;
use h2::client::ResponseFuture;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use super::desk::{Desk, Out};
use super::lane::GRACE;
use super::link::{Broken, Heard, Link, code, framed};

/// How many messages a stream carries before another one is opened in its place.
const PER_STREAM: u64 = 10_000;

/// A stream that is open, for one method and one caller.
struct Open {
    /// Kept, so that no other call's headers take its place in memory, by which it is known.
    head: Rc<http::Request<()>>,
    verb: Verb,
    sending: SendStream<Bytes>,
    sent: u64,
    way: Rc<Way>,
    reading: JoinHandle<()>,
}

impl Open {
    fn send(&mut self, out: Out) {
        let body = out.ask.body.clone();
        self.way.out.borrow_mut().push_back(out);
        self.sent += 1;
        if self.sending.send_data(body, false).is_err() {
            self.way.ended.set(true);
        }
        self.way.wake.notify_one();
    }
}

/// What is on its way on a stream.
struct Way {
    out: RefCell<VecDeque<Out>>,
    ended: Cell<bool>,
    wake: Notify,
    /// The window of the lane, into which each reply lets one more message.
    window: Rc<Semaphore>,
}

impl Way {
    /// Lets one more message out, where it has to wait for that long not before.
    fn makes_room(&self, wait: Option<Duration>) {
        let Some(wait) = wait else {
            self.window.add_permits(1);
            return;
        };
        let window = Rc::clone(&self.window);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(wait).await;
            window.add_permits(1);
        });
    }
}

/// Streams until the run is over: at most `window` messages at once, on a stream for each method
/// and caller that comes up.
pub(crate) async fn flow(desk: Rc<Desk>, link: Rc<Link>, deadline: Duration, window: usize) {
    let window = Rc::new(Semaphore::new(window));
    let mut streams: HashMap<*const http::Request<()>, Open> = HashMap::new();
    // Streams on which no more is sent: their replies are read to the end beside the others.
    let mut ending: Vec<JoinHandle<()>> = Vec::new();
    loop {
        // The slot is taken only when there is room for the message.
        let Ok(room) = window.acquire().await else {
            break;
        };
        room.forget();
        let Some(out) = desk.next().await else { break };
        let key = Rc::as_ptr(&out.ask.head);
        let spent = |open: &Open| open.way.ended.get() || open.sent >= PER_STREAM;
        if streams.get(&key).is_some_and(spent)
            && let Some(old) = streams.remove(&key)
        {
            ending.push(finish(old));
        }
        if !streams.contains_key(&key) {
            ending.retain(|reading| !reading.is_finished());
            ending.extend(finish_other_days(&mut streams, &out));
        }
        let opened = match streams.entry(key) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(room) => open(&desk, &link, &window, deadline, &out)
                .await
                .map(|opened| room.insert(opened)),
        };
        match opened {
            Ok(open) => open.send(out),
            Err(broken) => {
                desk.heard(out, Err(broken));
                window.add_permits(1);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    ending.extend(streams.into_values().map(finish));
    for reading in ending {
        drop(reading.await);
    }
}

/// Sends no more on the streams of a verb that carry another event day than the next message: a
/// calendar hardly goes back, and a connection has room for so many streams only.
fn finish_other_days(
    streams: &mut HashMap<*const http::Request<()>, Open>,
    out: &Out,
) -> Vec<JoinHandle<()>> {
    let day = out.ask.head.headers().get(EVENT_DAY);
    let of_another = |open: &Open| {
        open.verb == out.ask.message.verb && open.head.headers().get(EVENT_DAY) != day
    };
    let over: Vec<_> = streams
        .iter()
        .filter(|(_, open)| of_another(open))
        .map(|(key, _)| *key)
        .collect();
    over.into_iter()
        .filter_map(|key| streams.remove(&key).map(finish))
        .collect()
}

/// Sends no more on a stream; returns its reader, which ends once everything was answered.
fn finish(mut open: Open) -> JoinHandle<()> {
    drop(open.sending.send_data(Bytes::new(), true));
    open.way.ended.set(true);
    open.way.wake.notify_one();
    open.reading
}

async fn open(
    desk: &Rc<Desk>,
    link: &Rc<Link>,
    window: &Rc<Semaphore>,
    deadline: Duration,
    first: &Out,
) -> Result<Open, Broken> {
    // A stream as a whole has no deadline. What is late is a stream on which nothing comes: a reply
    // that was read is an answer, however long its message had to wait for those before it.
    let mut head = (*first.ask.head).clone();
    head.headers_mut().remove("grpc-timeout");
    let (reply, sending) = link.request(head).await?;
    let way = Rc::new(Way {
        out: RefCell::default(),
        ended: Cell::new(false),
        wake: Notify::new(),
        window: Rc::clone(window),
    });
    let read = read(Rc::clone(desk), Rc::clone(&way), reply, deadline + GRACE);
    Ok(Open {
        head: Rc::clone(&first.ask.head),
        verb: first.ask.message.verb,
        sending,
        sent: 0,
        way,
        reading: tokio::task::spawn_local(read),
    })
}

/// How a stream ended, for the messages that were not answered on it.
enum End {
    Late,
    Broken,
    Status(Heard),
}

/// Reads replies and hands each to the message it answers.
async fn read(desk: Rc<Desk>, way: Rc<Way>, reply: ResponseFuture, patience: Duration) {
    let end = replies(&desk, &way, reply, patience).await;
    way.ended.set(true);
    loop {
        let Some(out) = way.out.borrow_mut().pop_front() else {
            return;
        };
        let wait = match &end {
            End::Late => {
                desk.late(out);
                None
            }
            End::Broken => desk.heard(out, Err(Broken { sent: true })),
            End::Status(heard) => desk.heard(out, Ok(heard.clone())),
        };
        way.makes_room(wait);
    }
}

async fn replies(desk: &Desk, way: &Way, reply: ResponseFuture, patience: Duration) -> End {
    let head = match tokio::time::timeout(patience, reply).await {
        Ok(Ok(head)) => head,
        Ok(Err(_)) => return End::Broken,
        Err(_) => return End::Late,
    };
    let (head, mut body) = head.into_parts();
    let mut gathered = BytesMut::new();
    loop {
        // While nothing is on its way there is nothing to be late. A stream on which no more is
        // sent is read to its end: a peer takes streams that are cut off for an attack.
        while way.out.borrow().is_empty() && !way.ended.get() {
            way.wake.notified().await;
        }
        let Ok(chunk) = tokio::time::timeout(patience, body.data()).await else {
            return End::Late;
        };
        let Some(Ok(chunk)) = chunk else {
            let trailers = body.trailers().await.ok().flatten();
            let trailers = trailers.unwrap_or(head.headers);
            return match code(&trailers) {
                Some(code) if code != 0 => End::Status(Heard {
                    code,
                    status: Some(trailers),
                    body: Bytes::new(),
                }),
                _ => End::Broken,
            };
        };
        if body.flow_control().release_capacity(chunk.len()).is_err() {
            return End::Broken;
        }
        gathered.extend_from_slice(&chunk);
        while gathered.len() >= 5 {
            let Some(length) = framed(&gathered) else {
                return End::Broken;
            };
            if gathered.len() < 5 + length {
                break;
            }
            gathered.advance(5);
            let message = gathered.split_to(length).freeze();
            let Some(out) = way.out.borrow_mut().pop_front() else {
                return End::Broken;
            };
            let heard = Heard {
                code: 0,
                status: None,
                body: message,
            };
            let wait = desk.heard(out, Ok(heard));
            way.makes_room(wait);
        }
    }
}
