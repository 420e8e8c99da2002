//! Whose a write message is, between the instances of one ledger.
//!
//! Within an instance [`crate::inflight`] lets one message at a time through. Between instances a
//! row in the ledger's database does, one for each agency and request: first the claim of whoever
//! carries the message out, then its answer. The claim says whom to wait for; what makes a message
//! counted once is the append, which turns the claim into the answer in the transaction of its
//! block and leaves the block out where the row is not its writer's. So a claim may be lost, with a
//! connection, a process or the database, and may be taken over from somebody who still works:
//! one of them appends, and the other is given its answer.

use std::collections::{HashMap, HashSet};

use dancu_domain::{RecordError, Timestamp};

use crate::commit::Commit;
use crate::counters::Counting;
use crate::lookups::Lookup;
use crate::writer::Writer;
use crate::{Asked, BlockStore, BlockStoreError, KeptKey, KeptRow, WriteClaim};

/// The most questions that one query of the store answers.
const LOOKUPS_A_QUERY: usize = 500;

/// How often lost claims of one block are claimed again before its messages are given up.
const ATTEMPTS: u32 = 3;

impl<S: BlockStore> Writer<S> {
    /// Releases the claims that are over, then answers the questions that wait. In this order: a
    /// claim that is released here was over before any of these questions was asked.
    pub(crate) async fn answer_lookups(&mut self) {
        let shared = self.shared();
        let mut waiting = shared.lookups.take();
        // Nobody waits for the answer any more; its key may have been asked for again.
        waiting.retain(|lookup| !lookup.reply.is_closed());
        self.release(&waiting).await;
        let mut waiting = waiting.into_iter();
        loop {
            let part: Vec<_> = waiting.by_ref().take(LOOKUPS_A_QUERY).collect();
            if part.is_empty() {
                return;
            }
            Counting::add(&shared.counting.kept_lookups, part.len() as u64);
            let asked: Vec<Asked> = part.iter().map(|lookup| lookup.asked).collect();
            let told = self.claimed(&asked).await;
            let unheard = match told {
                Ok(told) => answer(part, told),
                Err(error) => {
                    tracing::error!(%error, "claim write messages");
                    for lookup in part {
                        let _ = lookup.reply.send(Err(RecordError::Unavailable));
                    }
                    continue;
                }
            };
            if !unheard.is_empty() {
                shared.in_flight.release(unheard);
                shared.wake.notify_one();
            }
        }
    }

    /// Gives up claims that nobody works under. What cannot be given up now is, with a later turn,
    /// unless it is asked for again, when the claim is taken back.
    async fn release(&mut self, waiting: &[Lookup]) {
        let shared = self.shared();
        let mut keys = shared.in_flight.released();
        if keys.is_empty() {
            return;
        }
        if let Err(error) = self.store.release_writes(&keys).await {
            tracing::warn!(%error, "release claims of write messages");
            keys.retain(|key| waiting.iter().all(|lookup| lookup.asked.key != *key));
            shared.in_flight.release(keys);
        }
    }

    /// Claims messages; an answer that somebody edited is alarmed of and as good as none: its
    /// message is carried out again, finds its effects done, and is recorded with a receipt that
    /// holds.
    async fn claimed(&mut self, asked: &[Asked]) -> Result<Vec<WriteClaim>, BlockStoreError> {
        let shared = self.shared();
        let forgotten = Timestamp(shared.clock.now().0 - shared.config.keep_answers_ms);
        let mut told = self.store.claim_writes(asked, forgotten).await?;
        let edited: Vec<usize> = (0..told.len())
            .filter(|place| matches!(&told[*place], WriteClaim::Answered(row) if !self.knows(row)))
            .collect();
        if edited.is_empty() {
            return Ok(told);
        }
        let asked: Vec<Asked> = edited.iter().map(|place| asked[*place]).collect();
        let keys: Vec<KeptKey> = asked.iter().map(|asked| asked.key).collect();
        self.store.discard_kept(&keys).await?;
        let again = self.store.claim_writes(&asked, forgotten).await?;
        for (place, mut claim) in edited.into_iter().zip(again) {
            if matches!(&claim, WriteClaim::Answered(row) if !self.knows(row)) {
                claim = WriteClaim::Elsewhere;
            }
            told[place] = claim;
        }
        Ok(told)
    }

    /// Whether a row is as it was kept.
    fn knows(&self, row: &KeptRow) -> bool {
        let known = self.sealer.knows(row);
        if !known {
            Counting::add(&self.shared().counting.kept_edited, 1);
            tracing::error!(
                agency = row.key.0.text(),
                "a kept answer was edited: it is taken for absent"
            );
        }
        known
    }

    /// Which messages of a block that was not appended are another writer's. A claim that got lost
    /// is made again, and its message is not among them.
    pub(crate) async fn lost(
        &mut self,
        commit: &Commit,
        keys: Vec<KeptKey>,
        attempt: u32,
    ) -> HashSet<KeptKey> {
        let digests: HashMap<KeptKey, [u8; 32]> = commit
            .kept
            .iter()
            .map(|row| (row.key, row.kept.answer.digest))
            .collect();
        let of = |key: &KeptKey| digests.get(key).map(|digest| (*key, *digest));
        let asked = keys.iter().filter_map(of);
        let asked: Vec<Asked> = asked.map(|(key, digest)| Asked { key, digest }).collect();
        if asked.is_empty() {
            // A store that names none of the block's messages: none of them can be answered.
            return digests.into_keys().collect();
        }
        if attempt >= ATTEMPTS {
            return keys.into_iter().collect();
        }
        match self.claimed(&asked).await {
            Ok(told) => {
                let lost = asked.iter().zip(told);
                let lost = lost.filter(|(_, claim)| *claim != WriteClaim::Ours);
                lost.map(|(asked, _)| asked.key).collect()
            }
            Err(error) => {
                tracing::error!(%error, "claim write messages again");
                asked.iter().map(|asked| asked.key).collect()
            }
        }
    }
}

/// Tells everybody who asked; the keys that were claimed for somebody who has gone.
fn answer(part: Vec<Lookup>, told: Vec<WriteClaim>) -> Vec<KeptKey> {
    let mut unheard = Vec::new();
    for (lookup, claim) in part.into_iter().zip(told) {
        let key = lookup.asked.key;
        if let Err(Ok(WriteClaim::Ours)) = lookup.reply.send(Ok(claim)) {
            unheard.push(key);
        }
    }
    unheard
}
