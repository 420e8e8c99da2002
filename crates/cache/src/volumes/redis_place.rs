//! The live counts in Redis: a hash a writer, the set of writers, and two scripts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use dancu_domain::{AgencyCode, Day, NationId, Outcome, ServiceCode, Verb, VolumeKey, WriterId};
use redis::{Cmd, Pipeline, Value};

use super::{Added, BlockVolumes, NoVolumes, Totals, WriterVolumes};
use crate::Link;
use crate::link::{Away, Unanswered};

const ADD: &str = include_str!("../../lua/add_volumes.lua");
const PUT: &str = include_str!("../../lua/put_volumes.lua");

/// Fields written or read at once: a millisecond of Redis at most.
const PIECE: usize = 1_000;
/// What is written beside and never put in place goes by itself.
const BESIDE_SECONDS: u64 = 60;
/// How often counts that were exchanged in the middle are read again.
const READINGS: usize = 3;

/// The names of fields that are no counts: how far, and by which rebuild.
const NEXT: &str = "next";
const MADE: &str = "made";

/// Where the counts of a nation are.
pub(super) struct RedisPlace {
    link: Link,
    /// The braces have a cluster keep all names of a nation together.
    prefix: String,
    own: WriterId,
    turn: u64,
    rebuilds: AtomicU64,
}

impl From<Unanswered> for NoVolumes {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            // Something else lies in the place of the counts.
            Unanswered::Failed(Away::Refused) => Self::Unsettled,
            Unanswered::NotAsked | Unanswered::Failed(_) => Self::Away,
        }
    }
}

impl RedisPlace {
    pub(super) fn new(link: Link, nation: NationId, own: WriterId, turn: u64) -> Self {
        Self {
            link,
            prefix: format!("dancu:v:{{{}}}", nation.text()),
            own,
            turn,
            rebuilds: AtomicU64::new(0),
        }
    }

    pub(super) async fn added(&self, block: &BlockVolumes) -> Added {
        let mut add = redis::cmd("EVAL");
        add.arg(ADD).arg(2);
        add.arg(self.counts(block.writer)).arg(self.writers());
        add.arg(block.writer.0).arg(block.first).arg(block.next);
        for row in &block.counts {
            add.arg(field(&row.key)).arg(row.count);
        }
        match self.link.ask(&add).await.map(said) {
            Ok(Said::Counted) => Added::Counted,
            Ok(Said::Repeated) => Added::Repeated,
            Ok(Said::Gap) => Added::Gap,
            Ok(Said::Nonsense) | Err(_) => Added::Away,
        }
    }

    pub(super) async fn rebuild(&self, standing: &[WriterVolumes]) -> Result<(), NoVolumes> {
        for of in standing {
            self.put(of).await?;
        }
        Ok(())
    }

    /// Writes a writer's counts beside, and puts them in place.
    async fn put(&self, of: &WriterVolumes) -> Result<(), NoVolumes> {
        let rebuild = self.rebuilds.fetch_add(1, Ordering::Relaxed);
        let made = format!("{}:{}:{rebuild}", self.own.0, self.turn);
        let beside = format!("{}:beside:{made}", self.prefix);
        let mut index = match self.index(of.writer).await {
            // What is no number is put anew.
            Err(NoVolumes::Unsettled) => None,
            index => index?,
        };
        if of.writer == self.own && index > Some(of.next) {
            // Nobody else counts for this writer, and it has counted nothing that is not durable:
            // these are the counts of another ledger.
            let mut forget = redis::cmd("UNLINK");
            forget.arg(self.counts(of.writer));
            self.link.ask(&forget).await?;
            index = None;
        }
        if index.is_none_or(|at| at < of.next) {
            let mut first = Pipeline::new();
            first.cmd("UNLINK").arg(&beside);
            let head = first.cmd("HSET").arg(&beside).arg(NEXT).arg(of.next);
            head.arg(MADE).arg(&made);
            first.cmd("EXPIRE").arg(&beside).arg(BESIDE_SECONDS);
            self.link.ask_all(&first).await?;
            for piece in of.counts.chunks(PIECE) {
                let mut write = redis::cmd("HSET");
                write.arg(&beside);
                for row in piece {
                    write.arg(field(&row.key)).arg(row.count);
                }
                self.link.ask(&write).await?;
            }
        }
        let mut put = redis::cmd("EVAL");
        put.arg(PUT).arg(3);
        put.arg(self.counts(of.writer))
            .arg(&beside)
            .arg(self.writers());
        put.arg(of.writer.0).arg(of.next).arg(of.counts.len() + 2);
        match said(self.link.ask(&put).await?) {
            Said::Counted | Said::Repeated => Ok(()),
            Said::Gap | Said::Nonsense => Err(NoVolumes::Unsettled),
        }
    }

    pub(super) async fn totals(&self) -> Result<Totals, NoVolumes> {
        let mut members = redis::cmd("SMEMBERS");
        members.arg(self.writers());
        let writers = self.link.ask(&members).await?;
        let writers: Vec<u32> = redis::from_redis_value(writers).map_err(unread)?;
        if writers.is_empty() {
            return Err(NoVolumes::Unsettled);
        }
        let mut totals = Totals::new();
        for writer in writers {
            for (key, count) in self.settled(WriterId(writer)).await? {
                *totals.entry(key).or_default() += count;
            }
        }
        Ok(totals)
    }

    /// Whoever the set of writers names, and how far their counts are, where those are there.
    pub(super) async fn standing(&self) -> Result<BTreeMap<String, Option<u64>>, NoVolumes> {
        self.clear(&[self.writers()], "set").await?;
        let mut members = redis::cmd("SMEMBERS");
        members.arg(self.writers());
        let members: Vec<String> =
            redis::from_redis_value(self.link.ask(&members).await?).map_err(unread)?;
        if members.is_empty() {
            return Ok(BTreeMap::new());
        }
        let counts: Vec<String> = members.iter().map(|member| self.named(member)).collect();
        self.clear(&counts, "hash").await?;
        let mut ask = Pipeline::new();
        for member in &members {
            ask.cmd("HGET").arg(self.named(member)).arg(NEXT);
        }
        let told = self.link.ask_all(&ask).await?;
        let index = |value| redis::from_redis_value(value).ok().flatten();
        Ok(members
            .into_iter()
            .zip(told.into_iter().map(index))
            .collect())
    }

    /// Removes what lies at these names and is of another type: nothing of ours is, and every question
    /// about it would be refused.
    async fn clear(&self, names: &[String], of_type: &str) -> Result<(), NoVolumes> {
        let mut ask = Pipeline::new();
        for name in names {
            ask.cmd("TYPE").arg(name);
        }
        let told = self.link.ask_all(&ask).await?;
        let mut forget = Pipeline::new();
        for (name, told) in names.iter().zip(told) {
            let told: String = redis::from_redis_value(told).map_err(unread)?;
            if told != of_type && told != "none" {
                forget.cmd("UNLINK").arg(name);
            }
        }
        if forget.is_empty() {
            return Ok(());
        }
        tracing::warn!("something else lay in the place of live volumes, and was removed");
        self.link.ask_all(&forget).await?;
        Ok(())
    }

    /// Whether a writer's counts can be read and add up to its index: every entry counts once.
    /// Counts that go on meanwhile are taken for whole if they can be read.
    pub(super) async fn is_whole(&self, writer: WriterId) -> Result<bool, NoVolumes> {
        let before = self.index(writer).await;
        let rows = match (before, self.rows(writer).await) {
            (Err(NoVolumes::Unsettled), _) | (_, Err(NoVolumes::Unsettled)) => return Ok(false),
            (_, rows) => rows?,
        };
        let sum: u64 = rows.values().fold(0, |sum, n| sum.saturating_add(*n));
        let quiet = self.index(writer).await == before;
        Ok(!quiet || before == Ok(Some(sum)))
    }

    /// Removes a member of the set of writers with its counts.
    pub(super) async fn forget(&self, member: &str) -> Result<(), NoVolumes> {
        let mut forget = Pipeline::new();
        forget.cmd("SREM").arg(self.writers()).arg(member);
        forget.cmd("UNLINK").arg(self.named(member));
        self.link.ask_all(&forget).await?;
        Ok(())
    }

    /// How far a writer's counts are, whether the set names it or not.
    async fn index(&self, writer: WriterId) -> Result<Option<u64>, NoVolumes> {
        let mut ask = redis::cmd("HGET");
        ask.arg(self.counts(writer)).arg(NEXT);
        redis::from_redis_value(self.link.ask(&ask).await?).map_err(unread)
    }

    /// A writer's counts, read in pieces that are all of one rebuild.
    async fn settled(&self, writer: WriterId) -> Result<Totals, NoVolumes> {
        for _ in 0..READINGS {
            let before = self.made(writer).await?;
            let rows = self.rows(writer).await?;
            if self.made(writer).await? == before {
                return Ok(rows);
            }
        }
        Err(NoVolumes::Unsettled)
    }

    async fn made(&self, writer: WriterId) -> Result<String, NoVolumes> {
        let mut ask = redis::cmd("HGET");
        ask.arg(self.counts(writer)).arg(MADE);
        let made = self.link.ask(&ask).await?;
        let made: Option<String> = redis::from_redis_value(made).map_err(unread)?;
        made.ok_or(NoVolumes::Unsettled)
    }

    async fn rows(&self, writer: WriterId) -> Result<Totals, NoVolumes> {
        let mut rows = Totals::new();
        let mut cursor = 0_u64;
        loop {
            let mut scan: Cmd = redis::cmd("HSCAN");
            scan.arg(self.counts(writer)).arg(cursor);
            scan.arg("COUNT").arg(PIECE);
            let piece = self.link.ask(&scan).await?;
            let (after, fields): (u64, Vec<(String, String)>) =
                redis::from_redis_value(piece).map_err(unread)?;
            for (name, count) in fields {
                if name == NEXT || name == MADE {
                    continue;
                }
                let count = count.parse().map_err(|_| NoVolumes::Unsettled)?;
                // A field may come twice; the later count is the later one.
                rows.insert(key(&name).ok_or(NoVolumes::Unsettled)?, count);
            }
            cursor = after;
            if cursor == 0 {
                return Ok(rows);
            }
        }
    }

    fn counts(&self, writer: WriterId) -> String {
        self.named(&writer.0.to_string())
    }

    fn named(&self, member: &str) -> String {
        format!("{}:{member}", self.prefix)
    }

    fn writers(&self) -> String {
        format!("{}:writers", self.prefix)
    }
}

/// What a script said.
enum Said {
    Counted,
    Repeated,
    Gap,
    Nonsense,
}

fn said(value: Value) -> Said {
    let word = match &value {
        Value::BulkString(word) => word.as_slice(),
        Value::SimpleString(word) => word.as_bytes(),
        _ => b"",
    };
    match word {
        b"counted" => Said::Counted,
        b"repeated" | b"newer" => Said::Repeated,
        b"gap" => Said::Gap,
        _ => Said::Nonsense,
    }
}

fn unread(_: redis::ParsingError) -> NoVolumes {
    NoVolumes::Unsettled
}

/// The field of a key: agency, verb, service, outcome and day, in that order.
fn field(key: &VolumeKey) -> String {
    let (verb, outcome) = (key.verb.code(), key.outcome.code());
    format!(
        "{}/{verb}/{}/{outcome}/{}",
        key.agency, key.service.0, key.day.0
    )
}

/// Undoes [`field`].
fn key(field: &str) -> Option<VolumeKey> {
    let mut parts = field.split('/');
    let key = VolumeKey {
        agency: AgencyCode::parse(parts.next()?, "agency").ok()?,
        verb: Verb::from_code(parts.next()?.parse().ok()?)?,
        service: ServiceCode(parts.next()?.parse().ok()?),
        outcome: Outcome::from_code(parts.next()?.parse().ok()?)?,
        day: Day(parts.next()?.parse().ok()?),
    };
    parts.next().is_none().then_some(key)
}

#[cfg(test)]
mod tests {
    use dancu_domain::VolumeRow;

    use super::*;

    #[test]
    fn a_field_gives_its_key_back() {
        let row = VolumeRow {
            key: VolumeKey {
                agency: AgencyCode::parse("000.H26-1", "agency").unwrap(),
                verb: Verb::Reconcile,
                service: ServiceCode(902),
                outcome: Outcome::InStep,
                day: Day(-3),
            },
            count: 1,
        };
        assert_eq!(key(&field(&row.key)), Some(row.key));
        for broken in [
            "",
            "next",
            "H26/3/902/6",
            "H26/3/902/6/1/1",
            "H26/9/902/6/1",
        ] {
            assert_eq!(key(broken), None, "{broken}");
        }
    }
}
