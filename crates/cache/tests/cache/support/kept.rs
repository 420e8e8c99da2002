//! Instances over one Redis, and the values that they keep in it.

use std::sync::Arc;

use dancu_cache::{SealKeys, SharedCounts};
use dancu_domain::{ChangeFeed, IdKey, NationId, Reading, Registry};

use super::over_redis::{Instance, PATIENT, config, until_up};
use super::redis_server::RedisServer;
use super::{Model, NATION, at_least};

pub(crate) async fn instance<R: Registry + ChangeFeed>(
    registry: &Arc<R>,
    head: u64,
    seal: &SealKeys,
) -> Instance<R> {
    instance_of(registry, NATION, head, seal).await
}

pub(crate) async fn instance_of<R: Registry + ChangeFeed>(
    registry: &Arc<R>,
    nation: NationId,
    head: u64,
    seal: &SealKeys,
) -> Instance<R> {
    let url = RedisServer::shared().url();
    let instance = Instance::alone(registry.clone(), nation, head, &url, PATIENT, config(seal));
    until_up(&instance.link).await;
    instance
}

/// Reads as the coalescer does: at the watermark of the instance.
pub(crate) async fn read<R: Registry + ChangeFeed>(
    instance: &Instance<R>,
    keys: &[IdKey],
) -> Reading {
    let token = at_least(instance.watermark.revision());
    instance.shared.read(keys, token).await.unwrap()
}

pub(crate) fn versions(reading: &Reading) -> Vec<Vec<u32>> {
    let each = reading.candidates.iter();
    each.map(|found| found.citizens().iter().map(|c| c.version).collect())
        .collect()
}

/// The names of all kept values.
pub(crate) fn names() -> Vec<Vec<u8>> {
    RedisServer::shared().ask(redis::cmd("KEYS").arg("dancu:c:*"))
}

/// The name under which an instance keeps a number: it is the one that appears.
pub(crate) async fn kept_name(instance: &Instance<Model>, key: IdKey) -> Vec<u8> {
    let before = names();
    let filled = instance.shared.counters().filled;
    read(instance, &[key]).await;
    instance.filled(filled + 1).await;
    let new = names().into_iter().filter(|name| !before.contains(name));
    let new: Vec<_> = new.collect();
    assert_eq!(new.len(), 1, "one value was kept");
    new.into_iter().next().unwrap()
}

pub(crate) fn get(name: &[u8]) -> Vec<u8> {
    RedisServer::shared().ask(redis::cmd("GET").arg(name))
}

pub(crate) fn set(name: &[u8], value: &[u8]) {
    RedisServer::shared().ask::<()>(redis::cmd("SET").arg(name).arg(value));
}

pub(crate) fn change_of(counts: SharedCounts, since: SharedCounts) -> (u64, u64, u64) {
    (
        counts.hits + counts.absent_hits - since.hits - since.absent_hits,
        counts.stale - since.stale,
        counts.forged - since.forged,
    )
}

/// The names of a nation's values are looked for by what appears: one such test at a time.
pub(crate) static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
