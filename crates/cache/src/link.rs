//! The connection to Redis: one, watched, and given up at the first doubt.
//!
//! Redis is speed only, so nobody ever waits for it to come back. While the link is [`Up`], a
//! question has the time that the configuration gives; whoever asks while it is [`Away`] is told
//! so at once and goes to the database. The first question that is answered late, or with an
//! error that more questions would meet as well, ends the connection: no question is asked on it
//! any more, so that a reply that comes too late meets nobody who could take it for its own, and a
//! stalled Redis costs the limit once, and not once a batch.
//!
//! The keeper, a future for the back runtime, connects again, with growing pauses that shrink
//! only after a connection has held for a while. A connection is taken into service once it has
//! written and read back: a Redis that takes no writes (a read-only replica, one that is full)
//! could only serve values that age, so it counts as away, and there is one state instead of two.
//!
//! [`Up`]: RedisState::Up
//! [`Away`]: RedisState::Away

mod keeper;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::{Notify, watch};

/// Where Redis is, and how long a question to it may take.
#[derive(Clone)]
pub struct LinkConfig {
    /// `redis://[user:password@]host[:port][/database]`. Not shown by `Debug`.
    pub url: String,
    /// The time for one batch.
    pub timeout: Duration,
}

/// Whether Redis is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisState {
    /// It answers.
    Up,
    /// It is passed by, for this reason.
    Away(Away),
}

/// Why Redis is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Away {
    /// It was not reached yet.
    Starting,
    /// Nobody listens, or the name is not known.
    Unreachable,
    /// It did not answer in time.
    Slow,
    /// The connection ended.
    Lost,
    /// The password is wrong, or the user may not do what is needed.
    Denied,
    /// It takes no writes: a replica, or its disk has failed.
    ReadOnly,
    /// Its memory is used up, and it may evict nothing.
    Full,
    /// It is still reading its files.
    Loading,
    /// What it says is not understood.
    Garbled,
    /// It refuses this question; others may go well.
    Refused,
}

impl Away {
    /// Every one of them.
    pub const ALL: &[Self] = &[
        Self::Starting,
        Self::Unreachable,
        Self::Slow,
        Self::Lost,
        Self::Denied,
        Self::ReadOnly,
        Self::Full,
        Self::Loading,
        Self::Garbled,
        Self::Refused,
    ];

    /// Its word in health, metrics and log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::Lost => "lost",
            Self::Denied => "denied",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::Loading => "loading",
            Self::Garbled => "garbled",
            Self::Refused => "refused",
        }
    }
}

impl RedisState {
    /// Whether Redis is asked.
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Up)
    }
}

/// The address cannot be one of a Redis. The text names no part of it, since it may hold a
/// password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAddress;

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("read the address of Redis")
    }
}

impl std::error::Error for BadAddress {}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Redis was away already.
    NotAsked,
    /// It failed on this question.
    Failed(Away),
}

/// What the link did since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Connections taken into service.
    pub connected: u64,
    /// Connections given up because an answer came late.
    pub timeouts: u64,
    /// Connections given up for any other reason, and questions that were refused.
    pub errors: u64,
}

/// The connection, shared by whoever asks Redis. Cheap to clone.
#[derive(Clone)]
pub struct Link(Arc<Line>);

struct Line {
    timeout: Duration,
    current: Mutex<Current>,
    state: watch::Sender<RedisState>,
    /// Wakes the keeper; kept by it as well, so that it learns when the last link is gone.
    bell: Arc<Notify>,
    connected: AtomicU64,
    timeouts: AtomicU64,
    errors: AtomicU64,
}

#[derive(Default)]
struct Current {
    /// How many connections there have been.
    generation: u64,
    connection: Option<MultiplexedConnection>,
}

impl Link {
    /// A link that is not connected yet; the future is its keeper, for the back runtime. It ends
    /// when the last link is gone.
    pub fn new(
        config: &LinkConfig,
    ) -> Result<(Self, impl Future<Output = ()> + Send + use<>), BadAddress> {
        let client = Client::open(config.url.as_str()).map_err(|_| BadAddress)?;
        let bell = Arc::new(Notify::new());
        let line = Arc::new(Line {
            timeout: config.timeout,
            current: Mutex::default(),
            state: watch::Sender::new(RedisState::Away(Away::Starting)),
            bell: bell.clone(),
            connected: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        });
        let keeper = keeper::keep(client, config.timeout, Arc::downgrade(&line), bell);
        Ok((Self(line), keeper))
    }

    /// Whether a text is an address that Redis can be reached by.
    pub fn is_address(url: &str) -> bool {
        Client::open(url).is_ok()
    }

    /// Whether Redis is asked, and every later change of it.
    pub fn state(&self) -> watch::Receiver<RedisState> {
        self.0.state.subscribe()
    }

    /// Whether Redis is asked now.
    pub fn is_up(&self) -> bool {
        self.0.state.borrow().is_up()
    }

    /// What happened since the start.
    pub fn counters(&self) -> LinkCounts {
        LinkCounts {
            connected: self.0.connected.load(Ordering::Relaxed),
            timeouts: self.0.timeouts.load(Ordering::Relaxed),
            errors: self.0.errors.load(Ordering::Relaxed),
        }
    }

    /// Asks one question.
    pub(crate) async fn ask(&self, question: &Cmd) -> Result<Value, Unanswered> {
        let (generation, mut connection) = self.0.connection()?;
        let answer = connection.send_packed_command(question);
        let answer = self.0.in_time(generation, answer).await?;
        self.0.judged(generation, answer.extract_error())
    }

    /// Asks many at once; the answers stand in the order of the questions.
    pub(crate) async fn ask_all(&self, questions: &Pipeline) -> Result<Vec<Value>, Unanswered> {
        let (generation, mut connection) = self.0.connection()?;
        let answers = connection.send_packed_commands(questions, 0, questions.len());
        let answers = self.0.in_time(generation, answers).await?;
        if answers.len() != questions.len() {
            return Err(self.0.give_up(generation, Away::Garbled));
        }
        let answers = answers.into_iter().map(Value::extract_error).collect();
        self.0.judged(generation, answers)
    }

    /// Gives the present connection up: an answer made no sense.
    pub(crate) fn garbled(&self) -> Unanswered {
        let generation = self.0.current().generation;
        self.0.give_up(generation, Away::Garbled)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link")
            .field(&*self.0.state.borrow())
            .finish()
    }
}

impl fmt::Debug for LinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkConfig")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Line {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> Result<(u64, MultiplexedConnection), Unanswered> {
        let current = self.current();
        let connection = current.connection.clone().ok_or(Unanswered::NotAsked)?;
        Ok((current.generation, connection))
    }

    async fn in_time<T>(
        &self,
        generation: u64,
        answer: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Unanswered> {
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(answer) => self.judged(generation, answer),
            Err(_) => Err(self.give_up(generation, Away::Slow)),
        }
    }

    fn judged<T>(&self, generation: u64, answer: RedisResult<T>) -> Result<T, Unanswered> {
        answer.map_err(|error| match reason(&error) {
            Away::Refused => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                Unanswered::Failed(Away::Refused)
            }
            away => self.give_up(generation, away),
        })
    }

    /// Ends a connection, unless a later one is in service already.
    fn give_up(&self, generation: u64, away: Away) -> Unanswered {
        let mut current = self.current();
        if current.generation != generation || current.connection.is_none() {
            return Unanswered::Failed(away);
        }
        current.connection = None;
        self.state.send_replace(RedisState::Away(away));
        drop(current);
        let counter = match away {
            Away::Slow => &self.timeouts,
            _ => &self.errors,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(reason = away.word(), "redis is away");
        self.bell.notify_one();
        Unanswered::Failed(away)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bell.notify_one();
    }
}

/// What an error of the client means for the questions that would follow.
fn reason(error: &RedisError) -> Away {
    match error.kind() {
        ErrorKind::AuthenticationFailed => Away::Denied,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Away::Garbled,
        ErrorKind::Io if error.is_timeout() => Away::Slow,
        ErrorKind::Io if error.is_connection_refusal() => Away::Unreachable,
        ErrorKind::Io => Away::Lost,
        ErrorKind::Server(ServerErrorKind::BusyLoading) => Away::Loading,
        ErrorKind::Server(ServerErrorKind::ReadOnly) => Away::ReadOnly,
        ErrorKind::Server(ServerErrorKind::NoPerm) => Away::Denied,
        ErrorKind::Server(ServerErrorKind::MasterDown) => Away::ReadOnly,
        _ => match error.code() {
            Some("OOM") => Away::Full,
            Some("NOAUTH" | "WRONGPASS") => Away::Denied,
            Some("MISCONF" | "NOREPLICAS") => Away::ReadOnly,
            Some("BUSY") => Away::Slow,
            _ => Away::Refused,
        },
    }
}
