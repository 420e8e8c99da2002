//! What was counted: by the service's totals, by the raw blocks, by its metrics.

use std::collections::BTreeMap;

use dancu_domain::{Outcome, Verb};
use dancu_ledger::{BlockStore as _, audit};
use dancu_wire::pb::dancu::v1 as pb;
use prost::Message as _;

use super::home::Home;

/// Items by verb and outcome.
pub type Tally = BTreeMap<(Verb, Outcome), u64>;
/// Calls by service, method and code.
pub type Calls = BTreeMap<(String, String, String), u64>;

/// Three independent counts of items, and the count of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// As GetVolumes tells them.
    pub volumes: Tally,
    /// As the entries of the raw blocks add up.
    pub audited: Tally,
    /// As the metrics have them.
    pub answers: Tally,
    /// Calls, as the metrics have them.
    pub handled: Calls,
}

impl Counts {
    /// Counts now; `totals` is an answer of GetVolumes.
    pub async fn now(home: &Home, totals: &[u8]) -> Self {
        let mut counts = Self::default();
        let totals = pb::GetVolumesResponse::decode(totals).expect("the totals decode");
        for row in &totals.volumes {
            let verb = row.verb().as_str_name();
            let outcome = row.outcome().as_str_name();
            let key = key(
                verb.trim_start_matches("VERB_"),
                outcome.trim_start_matches("OUTCOME_"),
            );
            *counts.volumes.entry(key).or_default() += row.count as u64;
        }
        let mut blocks = home.blocks.clone();
        let recount = audit::recount(&mut blocks).await;
        for (row, count) in recount.expect("the blocks decode") {
            *counts.audited.entry((row.verb, row.outcome)).or_default() += count;
        }
        let ops = home
            .running
            .ops_addr()
            .expect("the operators' port is open");
        for line in crate::ops::get(ops, "/metrics").await.lines() {
            let Some((labels, count)) = line.rsplit_once(' ') else {
                continue;
            };
            let Ok(count) = count.trim().parse::<u64>() else {
                continue;
            };
            let texts: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
            match (labels.split('{').next(), texts.as_slice()) {
                (Some("dancu_answers_total"), [verb, outcome]) => {
                    *counts.answers.entry(key(verb, outcome)).or_default() += count;
                }
                (Some("grpc_server_handled_total"), [_, service, method, code]) => {
                    let key = ((*service).into(), (*method).into(), (*code).into());
                    *counts.handled.entry(key).or_default() += count;
                }
                _ => {}
            }
        }
        counts
    }
}

fn key(verb: &str, outcome: &str) -> (Verb, Outcome) {
    let verb = Verb::ALL.iter().find(|v| v.word() == verb);
    let outcome = Outcome::ALL.iter().find(|o| o.word() == outcome);
    (
        *verb.expect("the verb is known"),
        *outcome.expect("the outcome is known"),
    )
}

/// What has come to a count since `before`; what stayed is left out.
pub fn since<K: Ord + Clone>(
    before: &BTreeMap<K, u64>,
    now: &BTreeMap<K, u64>,
) -> BTreeMap<K, u64> {
    now.iter()
        .map(|(key, count)| (key.clone(), count - before.get(key).unwrap_or(&0)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Every entry of the raw blocks, in order.
pub async fn entries(home: &Home) -> Vec<audit::EntryView> {
    let mut blocks = home.blocks.clone();
    let mut found = Vec::new();
    for head in blocks.heads().await.expect("the ledger can be read") {
        let mut from = 0;
        loop {
            let page = blocks.blocks(head.writer, from, 64).await;
            let page = page.expect("the ledger can be read");
            let Some(last) = page.last() else { break };
            from = last.first + u64::from(last.count);
            for block in &page {
                found.extend(audit::decode(block).expect("a block decodes"));
            }
        }
    }
    found
}
