//! The figures of reading: the levels of the cache, the waiting list, the registry's store.

use std::sync::atomic::Ordering::Relaxed;

use super::Sources;
use super::gather::{count, labelled, rows};
use super::list::*;
use super::text::{Family, Figure};
use crate::backing::RegistryHome;
use crate::numbers::BOUNDS_US;
use crate::observed::Operation;

/// All of them.
pub(crate) fn families<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let mut families = reads(sources);
    families.extend(registry(sources));
    families
}

fn reads<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let level = sources.reader.counters();
    let list = sources.reader.inner().counters();
    let redis = sources.shared.counters();
    let kept = [
        ("hit", level.hits),
        ("absent", level.absent_hits),
        ("miss", level.misses),
        ("stale", level.stale),
        ("bypassed", level.bypassed),
    ]
    .map(|(result, n)| ("memory", result, n));
    let shared = [
        ("hit", redis.hits),
        ("absent", redis.absent_hits),
        ("miss", redis.misses),
        ("stale", redis.stale),
        ("forged", redis.forged),
        ("passed", redis.passed),
        ("bypassed", redis.bypassed),
    ]
    .map(|(result, n)| ("redis", result, n));
    let asked = kept.into_iter().chain(shared).map(|(level, result, n)| {
        let labels = vec![level.to_owned(), result.to_owned()];
        (labels, Figure::Count(n))
    });
    vec![
        rows(&CACHE_READS, asked),
        labelled(
            &CACHE_REREAD,
            &[("memory", level.reread), ("redis", redis.reread)],
        ),
        labelled(
            &CACHE_FILLS,
            &[("kept", redis.filled), ("unkept", redis.unkept)],
        ),
        labelled(
            &REDIS_FAILURES,
            &[("timeout", redis.timeouts), ("error", redis.errors)],
        ),
        labelled(
            &CROSSED,
            &[("memory", level.crossed), ("registry", list.crossed)],
        ),
        labelled(
            &COALESCED,
            &[
                ("asked", list.asks),
                ("attached", list.attached),
                ("shed", list.shed),
                ("dropped", list.dropped),
            ],
        ),
        labelled(
            &COALESCED_BATCHES,
            &[("read", list.batches), ("failed", list.failed)],
        ),
        count(&COALESCED_NUMBERS, list.keys),
    ]
}

/// The registry's store: as it was seen from here, and what it tells of itself.
fn registry<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let seen = Operation::ALL.map(|operation| (operation.word(), sources.seen.of(operation)));
    let seconds = seen.map(|(word, seen)| {
        let bound = |us: &u64| *us as f64 / 1e6;
        let bounds = BOUNDS_US.iter().map(bound).chain([f64::INFINITY]);
        let counts = seen.buckets.iter().map(|n| n.load(Relaxed));
        let sum = seen.micros.load(Relaxed) as f64 / 1e6;
        let figure = Figure::Durations(sum, bounds.zip(counts).collect());
        (vec![word.to_owned()], figure)
    });
    let failures = seen.iter().flat_map(|(word, seen)| {
        let timed_out = seen.timed_out.load(Relaxed);
        [
            (
                "failed",
                seen.failed.load(Relaxed).saturating_sub(timed_out),
            ),
            ("timed_out", timed_out),
            ("spared", seen.spared.load(Relaxed)),
        ]
        .map(|(result, n)| {
            let labels = vec![(*word).to_owned(), result.to_owned()];
            (labels, Figure::Count(n))
        })
    });
    let own = sources.registry.counters().unwrap_or_default();
    vec![
        rows(&REGISTRY_SECONDS, seconds),
        rows(&REGISTRY_FAILURES, failures),
        count(&REGISTRY_COMMITS, own.commits),
        count(&REGISTRY_BATCHES, own.batches),
        count(&REGISTRY_RECORDS, own.records),
        count(&REGISTRY_READS, own.reads),
        count(&REGISTRY_NUMBERS, own.keys),
        labelled(
            &REPLICA_READS,
            &[
                ("answered", own.replica_reads),
                ("behind", own.replica_refused),
                ("away", own.replica_away),
            ],
        ),
        count(&REGISTRY_SHED, own.shed),
    ]
}
