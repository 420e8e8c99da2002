//! How much at once, and how long.

use std::time::Duration;

/// How much at once. What goes beyond is told so, never queued without bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections; never more than the descriptor limit allows.
    pub connections: usize,
    /// Streams of one connection at once (HTTP/2 `SETTINGS_MAX_CONCURRENT_STREAMS`). A caller keeps
    /// what goes beyond to itself, which costs the service nothing.
    pub streams_per_connection: u32,
    /// Calls in flight, over all cores.
    pub calls: usize,
    /// Unary calls in flight on one core, at most. They share the core, so one more only makes all of
    /// them wait longer: at 30,000 a second on a core, 1,024 in flight wait 34 ms.
    pub unary_per_core: usize,
    /// How long a core may be at work on the unary calls in flight on it, by what messages cost it
    /// lately; 64 may be in flight in any case. For up to 20 s after somebody was turned away, whoever
    /// asks for more than an equal part is not read while a busy core has a thirtieth of it in flight.
    pub work_per_core: Duration,
    /// Calls a second that one core turns away however little it answers; beyond them one for every
    /// twenty answers. Beyond that, connections that ask for more than their share are read in turns.
    pub refusals_per_core: usize,
    /// Items in flight, over all cores.
    pub items: usize,
    /// Bytes of request messages that are being received, over all cores.
    pub receiving_bytes: usize,
    /// Bytes of answers that are made and that no socket has taken yet, over all cores. Beyond that,
    /// callers who do not take what is theirs are answered no more until they do.
    pub sending_bytes: usize,
    /// Messages of one stream that are carried out at once; answers keep their order.
    pub messages_per_stream: usize,
    /// Items of one message.
    pub items_per_message: usize,
    /// Bytes of one request message.
    pub request_bytes: usize,
    /// Bytes of one answer.
    pub answer_bytes: usize,
    /// Entries that may wait for the ledger's next commit.
    pub waiting_entries: usize,
    /// Numbers that may wait for the registry.
    pub waiting_reads: usize,
    /// Citizens kept in memory.
    pub cached_citizens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            streams_per_connection: 256,
            calls: 8_192,
            unary_per_core: 1_024,
            work_per_core: Duration::from_millis(60),
            refusals_per_core: 2_000,
            items: 200_000,
            receiving_bytes: 512 << 20,
            sending_bytes: 512 << 20,
            messages_per_stream: 4,
            items_per_message: 1_000,
            request_bytes: 4 << 20,
            answer_bytes: 16 << 20,
            waiting_entries: 1_000_000,
            waiting_reads: 200_000,
            cached_citizens: 1_000_000,
        }
    }
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From accepting a connection to the end of its HTTP/2 preface.
    pub preface: Duration,
    /// How long a connection may stay without a call.
    pub idle: Duration,
    /// How long an answer may lie until its caller has taken it; at most twice as long, the whole
    /// connection is closed.
    pub unread: Duration,
    /// Between two pings to a silent peer.
    pub ping_every: Duration,
    /// How long the answer to a ping may take.
    pub ping_timeout: Duration,
    /// The deadline of a unary call that brings none.
    pub default_deadline: Duration,
    /// The longest deadline that a unary call can have.
    pub longest_deadline: Duration,
    /// The hard bound of a drain.
    pub drain: Duration,
    /// How often the directory of agencies, credentials and licences is read again.
    pub directory_every: Duration,
    /// How old the directory may get before nothing is answered on its authority.
    pub directory_oldest: Duration,
    /// How far behind the registry an answer of `minimize_latency` may be.
    pub freshness_bound: Duration,
    /// How long after it was last heard of the registry counts as away, and nothing is answered.
    pub registry_away: Duration,
    /// How long a read of the registry is waited for.
    pub registry_read: Duration,
    /// How often the change feed is asked.
    pub feed_every: Duration,
    /// What an exhausted caller is told to wait.
    pub retry_after: Duration,
    /// From what duration on a message is logged as slow.
    pub slow: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            preface: Duration::from_secs(5),
            idle: Duration::from_mins(5),
            unread: Duration::from_mins(1),
            ping_every: Duration::from_mins(1),
            ping_timeout: Duration::from_secs(20),
            default_deadline: Duration::from_secs(30),
            longest_deadline: Duration::from_mins(5),
            drain: Duration::from_secs(10),
            directory_every: Duration::from_secs(1),
            directory_oldest: Duration::from_secs(10),
            freshness_bound: Duration::from_secs(1),
            registry_away: Duration::from_secs(2),
            registry_read: Duration::from_secs(3),
            feed_every: Duration::from_millis(100),
            retry_after: Duration::from_millis(200),
            slow: Duration::from_secs(1),
        }
    }
}
