//! What the tests of the ledger share: blocks on a shelf that can fail and wait, and messages.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use dancu_domain::{
    AgencyCode, AttributeSet, Clock, IdKey, ItemRecord, KeptAnswer, MessageRecord, NationId,
    Outcome, PersonalId, Purpose, RequestContext, RequestId, ServiceCode, Timestamp, Verb,
    VolumeKey, VolumeRow, WriterId,
};
use dancu_ledger::{
    Asked, Block, BlockStore, BlockStoreError, ChainHead, Claim, CountRow, GENESIS, KeptKey,
    KeptRow, KeyMarks, LedgerConfig, LedgerKeys, Resolution, Standing, WriteClaim,
};
use tokio::sync::Semaphore;

/// Blocks of one writer in memory; clones are the same shelf.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    pub(crate) rows: Arc<Mutex<Rows>>,
    /// Each append takes a permit of the gate, when there is one.
    pub(crate) gate: Option<Arc<Semaphore>>,
    /// The append, counted from 1, that fails, and whether it has stored its block by then.
    pub(crate) fails_at: Option<(usize, bool)>,
    /// Whether another one has claimed the writer.
    pub(crate) lease_lost: bool,
    /// How often it cannot say what became of a failed append before it can; `None` if it never
    /// can.
    pub(crate) resolves_after: Option<usize>,
    /// Whether it leaves unanswered whether it is there.
    pub(crate) silent: Arc<AtomicBool>,
}

#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) blocks: Vec<Block>,
    pub(crate) counts: BTreeMap<VolumeKey, u64>,
    pub(crate) kept: HashMap<KeptKey, KeptRow>,
    /// Messages that this ledger has claimed.
    pub(crate) claims: HashSet<KeptKey>,
    /// Messages that another instance is at work on.
    pub(crate) elsewhere: HashSet<KeptKey>,
    pub(crate) appends: usize,
    pub(crate) asked: usize,
    nation: Option<NationId>,
    /// To which keys it is tied.
    pub(crate) keys: Option<KeyMarks>,
    /// How often the writer was claimed.
    pub(crate) epoch: u64,
}

const WRITER: WriterId = WriterId(1);

impl Shelf {
    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    fn head(&self) -> ChainHead {
        let rows = self.rows();
        ChainHead {
            writer: WRITER,
            next: rows.blocks.last().map_or(0, Block::end),
            hash: rows.blocks.last().map_or(GENESIS, |block| block.hash),
        }
    }
}

impl BlockStore for Shelf {
    async fn bind(&mut self, nation: NationId) -> Result<Option<KeyMarks>, BlockStoreError> {
        let mut rows = self.rows();
        let bound = *rows.nation.get_or_insert(nation);
        if bound == nation {
            Ok(rows.keys)
        } else {
            Err(BlockStoreError::AnotherNation { bound })
        }
    }

    async fn bind_keys(
        &mut self,
        marks: KeyMarks,
        new_signer: bool,
    ) -> Result<KeyMarks, BlockStoreError> {
        let mut rows = self.rows();
        let tied = rows.keys.get_or_insert(marks);
        if new_signer && tied.lasting == marks.lasting {
            *tied = marks;
        }
        Ok(*tied)
    }

    async fn find_writer(&mut self, _name: &str) -> Result<Option<WriterId>, BlockStoreError> {
        Ok((self.rows().epoch > 0).then_some(WRITER))
    }

    async fn claim_writer(&mut self, _name: &str) -> Result<Claim, BlockStoreError> {
        self.rows().epoch += 1;
        let epoch = self.rows().epoch;
        let ChainHead { writer, next, hash } = self.head();
        Ok(Claim {
            writer,
            epoch,
            next,
            hash,
        })
    }

    async fn append(
        &mut self,
        block: &Block,
        counts: &[VolumeRow],
        kept: &[KeptRow],
    ) -> Result<(), BlockStoreError> {
        if self.lease_lost {
            return Err(BlockStoreError::LeaseLost);
        }
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        tokio::task::yield_now().await;
        let mut rows = self.rows();
        let others = kept.iter().map(|row| row.key);
        let others: Vec<_> = others.filter(|key| !rows.claims.contains(key)).collect();
        if !others.is_empty() {
            return Err(BlockStoreError::NotOurs(others));
        }
        rows.appends += 1;
        let failure = BlockStoreError::Failed("the disk is full".to_owned());
        let failing = self.fails_at.filter(|(at, _)| rows.appends == *at);
        if failing.is_some_and(|(_, stored)| !stored) {
            return Err(failure);
        }
        rows.blocks.push(block.clone());
        for row in counts {
            *rows.counts.entry(row.key).or_default() += row.count;
        }
        for row in kept {
            rows.claims.remove(&row.key);
            rows.kept.insert(row.key, row.clone());
        }
        failing.map_or(Ok(()), |_| Err(failure))
    }

    async fn resolve(&mut self, block: &Block) -> Result<Resolution, BlockStoreError> {
        let Some(after) = self.resolves_after else {
            return Ok(Resolution::Unknowable);
        };
        if self.lease_lost {
            return Err(BlockStoreError::LeaseLost);
        }
        let mut rows = self.rows();
        rows.asked += 1;
        if rows.asked <= after {
            return Ok(Resolution::Later);
        }
        Ok(if rows.blocks.contains(block) {
            Resolution::Stored
        } else {
            Resolution::Absent
        })
    }

    async fn probe(&mut self) -> Result<(), BlockStoreError> {
        if self.silent.load(Ordering::Relaxed) {
            return Err(BlockStoreError::Failed("no answer".to_owned()));
        }
        if self.lease_lost {
            return Err(BlockStoreError::LeaseLost);
        }
        Ok(())
    }

    async fn blocks(
        &mut self,
        _writer: WriterId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Block>, BlockStoreError> {
        let rows = self.rows();
        let later = rows.blocks.iter().filter(|block| block.first >= from);
        Ok(later.take(limit).cloned().collect())
    }

    async fn block_before(
        &mut self,
        _writer: WriterId,
        index: u64,
    ) -> Result<Option<Block>, BlockStoreError> {
        let rows = self.rows();
        let place = rows.blocks.partition_point(|block| block.first <= index);
        Ok(rows.blocks[..place].last().cloned())
    }

    async fn heads(&mut self) -> Result<Vec<ChainHead>, BlockStoreError> {
        Ok(vec![self.head()])
    }

    async fn standing(&mut self) -> Result<Standing, BlockStoreError> {
        let heads = vec![self.head()];
        let counts = self
            .rows()
            .counts
            .iter()
            .map(|(key, count)| CountRow {
                writer: WRITER,
                row: VolumeRow {
                    key: *key,
                    count: *count,
                },
            })
            .collect();
        Ok(Standing { heads, counts })
    }

    async fn claim_writes(
        &mut self,
        asked: &[Asked],
        forgotten: Timestamp,
    ) -> Result<Vec<WriteClaim>, BlockStoreError> {
        let mut rows = self.rows();
        let mut told = Vec::new();
        for asked in asked {
            let answered = rows.kept.get(&asked.key).filter(|row| row.at > forgotten);
            told.push(match answered.cloned() {
                Some(row) => WriteClaim::Answered(row),
                None if rows.elsewhere.contains(&asked.key) => WriteClaim::Elsewhere,
                None => {
                    rows.claims.insert(asked.key);
                    WriteClaim::Ours
                }
            });
        }
        Ok(told)
    }

    async fn release_writes(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        let mut rows = self.rows();
        for key in keys {
            rows.claims.remove(key);
        }
        Ok(())
    }

    async fn discard_kept(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        let mut rows = self.rows();
        for key in keys {
            rows.kept.remove(key);
        }
        Ok(())
    }

    async fn purge_kept(&mut self, before: Timestamp) -> Result<u64, BlockStoreError> {
        let mut rows = self.rows();
        let had = rows.kept.len();
        rows.kept.retain(|_, row| row.at >= before);
        Ok((had - rows.kept.len()) as u64)
    }
}

/// A clock that stands still until it is moved.
pub(crate) struct StillClock(pub(crate) AtomicI64);

impl StillClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000_000)))
    }

    pub(crate) fn move_by(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) fn keys() -> LedgerKeys {
    LedgerKeys {
        pseudonym: [11; 16],
        request: [22; 16],
        checkpoint: [33; 32],
    }
}

pub(crate) fn config(folder: &Path) -> LedgerConfig {
    LedgerConfig::new(NationId([44; 16]), folder.join("checkpoints"))
}

pub(crate) fn agency(code: &str) -> AgencyCode {
    AgencyCode::parse(code, "agency").unwrap()
}

pub(crate) fn request_id(text: &str) -> RequestId {
    RequestId::parse(text, "request_id").unwrap()
}

/// The subject of item `place` of message `n`.
pub(crate) fn subject(n: u64, place: u64) -> IdKey {
    IdKey::Personal(PersonalId::from_digits(1_099_000_000 + n * 100 + place).unwrap())
}

/// How item `place` of message `n` ended.
pub(crate) fn outcome(n: u64, place: u64) -> Outcome {
    Outcome::ALL[(n * 7 + place) as usize % Outcome::ALL.len()]
}

/// Message number `n` with so many items.
pub(crate) fn message(n: u64, items: u64) -> MessageRecord {
    let item = |place| ItemRecord {
        subject: Some(subject(n, place)),
        outcome: outcome(n, place),
        given: AttributeSet::from_bits((n + place) as u32),
        dossier: None,
    };
    MessageRecord {
        agency: agency(["H26", "G05", "BYT"][n as usize % 3]),
        verb: Verb::ALL[n as usize % Verb::ALL.len()],
        service: ServiceCode::LOOKUP_CITIZEN,
        context: RequestContext {
            request_id: request_id(&format!("request-{n}")),
            officer: None,
            procedure: None,
            dossier: None,
            purpose: Purpose::DataCleaning,
            unit: None,
            event_day: None,
        },
        granted: AttributeSet::BASIC,
        items: (0..items).map(item).collect(),
        kept: None,
    }
}

/// A write message of agency H26 under this id, with an answer to keep.
pub(crate) fn write_message(id: &str, body: u8) -> MessageRecord {
    let mut message = message(u64::from(body), 2);
    message.agency = agency("H26");
    message.verb = Verb::Push;
    message.context.request_id = request_id(id);
    message.kept = Some(KeptAnswer {
        digest: [body; 32],
        body: vec![body; 5],
    });
    message
}
