//! Holds what callers were told against what the ledger has: acknowledged = audited = counted.

use std::collections::{BTreeMap, HashMap};

use dancu_domain::{AgencyCode, Outcome, Verb, VolumeKey};
use dancu_ledger::{BlockStore, audit};

use crate::witness::Told;

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Balance {
    /// Items that callers were told the outcome of.
    pub acknowledged: u64,
    /// Entries in the raw blocks.
    pub audited: u64,
    /// The sum of the counters.
    pub counted: u64,
    /// Entries of answers that nobody was told of.
    pub unacknowledged: u64,
    /// Items whose call ended without an answer.
    pub unanswered: u64,
    /// Everything that does not add up, in words.
    pub differences: Vec<String>,
}

/// Compares every acknowledged item with its entry, and the counters with the entries.
pub async fn balance<S: BlockStore>(store: &mut S, told: &Told) -> Balance {
    let mut balance = Balance {
        unanswered: told.unanswered,
        differences: told.wrong.clone(),
        ..Balance::default()
    };
    let (entries, recount) = all_entries(store).await;
    balance.audited = entries.values().map(|chain| chain.len() as u64).sum();
    let standing = store.standing().await.expect("the ledger can be read");
    let mut counters: BTreeMap<VolumeKey, u64> = BTreeMap::new();
    for counted in standing.counts {
        *counters.entry(counted.row.key).or_default() += counted.row.count;
    }
    balance.counted = counters.values().sum();
    counters.retain(|_, count| *count > 0);
    if counters != recount {
        balance
            .differences
            .push("the counters are not the entries".to_owned());
    }
    let mut taken: HashMap<u32, Vec<bool>> = entries
        .iter()
        .map(|(writer, chain)| (*writer, vec![false; chain.len()]))
        .collect();
    for message in &told.acknowledged {
        balance.acknowledged += message.outcomes.len() as u64;
        for (offset, outcome) in message.outcomes.iter().enumerate() {
            let index = message.first as usize + offset;
            let entry = entries
                .get(&message.writer)
                .and_then(|chain| chain.get(index));
            let agency = AgencyCode::parse(&message.agency, "agency").expect("agencies have codes");
            if entry != Some(&(agency, message.verb, *outcome)) {
                balance.differences.push(format!(
                    "writer {} entry {index}: told {} {outcome} of {agency}, found {entry:?}",
                    message.writer, message.verb
                ));
                continue;
            }
            let seen = &mut taken.get_mut(&message.writer).expect("the entry was there")[index];
            if std::mem::replace(seen, true) {
                balance.differences.push(format!(
                    "writer {} entry {index}: acknowledged twice",
                    message.writer
                ));
            }
        }
    }
    balance.unacknowledged = taken
        .values()
        .flatten()
        .filter(|acknowledged| !**acknowledged)
        .count() as u64;
    if balance.counted != balance.audited {
        balance
            .differences
            .push("counted and audited differ".to_owned());
    }
    if balance.audited != balance.acknowledged + balance.unacknowledged {
        balance
            .differences
            .push("audited is not acknowledged + unacknowledged".to_owned());
    }
    if balance.unacknowledged > balance.unanswered {
        balance.differences.push(format!(
            "{} entries that nobody was told of, and only {} items without an answer",
            balance.unacknowledged, balance.unanswered
        ));
    }
    balance
}

type Chains = HashMap<u32, Vec<(AgencyCode, Verb, Outcome)>>;

async fn all_entries<S: BlockStore>(store: &mut S) -> (Chains, BTreeMap<VolumeKey, u64>) {
    let mut chains = Chains::new();
    let mut counts: BTreeMap<VolumeKey, u64> = BTreeMap::new();
    for head in store.heads().await.expect("the ledger can be read") {
        let chain = chains.entry(head.writer.0).or_default();
        loop {
            let from = chain.len() as u64;
            let blocks = store
                .blocks(head.writer, from, 64)
                .await
                .expect("the ledger can be read");
            if blocks.is_empty() {
                break;
            }
            for block in blocks {
                assert_eq!(block.first, chain.len() as u64, "blocks lie side by side");
                for entry in audit::decode(&block).expect("a block decodes") {
                    let key = VolumeKey {
                        agency: entry.agency,
                        verb: entry.verb,
                        service: entry.service,
                        outcome: entry.outcome,
                        day: entry.day,
                    };
                    *counts.entry(key).or_default() += 1;
                    chain.push((entry.agency, entry.verb, entry.outcome));
                }
            }
        }
    }
    (chains, counts)
}
