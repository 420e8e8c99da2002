//! Whatever is wrong with the live counts is noticed while they are added to, and mended.

use std::sync::Arc;
use std::time::Duration;

use super::{Ledger, in_redis, lose, nation};
use crate::support::Chance;
use crate::support::redis_server::RedisServer;
use dancu_cache::{LiveVolumes, NoVolumes};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Keeps the counts of writer 1 under constant load, while `hurt` is done to them; returns once they
/// were told not to be whole, were whole again, and are the ledger's.
async fn mended_under_load(id: u8, hurt: impl AsyncFnOnce(&Ledger, &LiveVolumes)) {
    hurt_under_load(id, true, hurt).await;
}

/// The same; `told` says whether they must have been told not to be whole.
async fn hurt_under_load(id: u8, told: bool, hurt: impl AsyncFnOnce(&Ledger, &LiveVolumes)) {
    let (ledger, mut chance) = (Arc::new(Ledger::default()), Chance(u64::from(id)));
    // Of an instance that is down.
    ledger.commit(2, &mut chance);
    let mut back = JoinSet::new();
    let volumes = Arc::new(in_redis(id, 1, &mut back).await);
    let (blocks, committed) = mpsc::channel(64);
    let (kept, has) = (volumes.clone(), ledger.clone());
    back.spawn(async move {
        let heads = || async { Some(has.heads()) };
        let standing = || async { Some(has.standing()) };
        kept.keep(standing, heads, committed).await;
    });
    let whole = volumes.whole();
    let busy = ledger.clone();
    back.spawn(async move {
        while blocks.send(busy.commit(1, &mut chance)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let until = |so: bool| {
        let mut whole = whole.clone();
        async move {
            let told = timeout(
                Duration::from_secs(20),
                whole.wait_for(|whole| *whole == so),
            );
            let told = told.await.map(drop);
            told.unwrap_or_else(|_| {
                panic!("{id}: under load it was never told that whole is {so}")
            });
        }
    };
    until(true).await;
    hurt(&ledger, &volumes).await;
    if told {
        until(false).await;
    }
    until(true).await;
    // What was committed a moment ago may not be added yet.
    let due: u64 = ledger.heads().iter().map(|(_, next)| next).sum();
    let there = async {
        loop {
            let totals = volumes.totals().await.unwrap_or_default();
            if totals.iter().map(|row| row.count).sum::<u64>() >= due {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), there)
        .await
        .expect("the counts are the ledger's");
}

#[tokio::test]
async fn a_writer_that_is_lost_is_noticed_under_the_load_of_another() {
    mended_under_load(50, async |_, _| lose(50, ":2")).await;
    mended_under_load(51, async |_, _| lose(51, ":writers")).await;
}

#[tokio::test]
async fn something_else_in_the_place_of_counts_is_removed_and_they_are_rebuilt() {
    for (id, what, put, is) in [
        (53, "1", "SET", "hash"),
        (54, "2", "LPUSH", "hash"),
        (55, "writers", "SET", "set"),
    ] {
        let name = format!("dancu:v:{{{}}}:{what}", nation(id).text());
        // Whoever comes to it first puts it right, at a look or on the way.
        hurt_under_load(id, false, async |_, _| {
            let mut exchange = redis::pipe();
            exchange.atomic().cmd("DEL").arg(&name);
            exchange.cmd(put).arg(&name).arg("x");
            RedisServer::shared().ask_pipeline(&exchange);
            let healed = async {
                let ask = || RedisServer::shared().ask::<String>(redis::cmd("TYPE").arg(&name));
                while ask() != is {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let healed = timeout(Duration::from_secs(20), healed).await;
            healed.unwrap_or_else(|_| panic!("{what} is still something else"));
        })
        .await;
    }
}

#[tokio::test]
async fn a_writer_that_nobody_counts_for_is_noticed_under_the_load_of_another() {
    mended_under_load(52, async |ledger, _| {
        // Of an instance that cannot reach Redis, and of one that could before.
        ledger.commit(3, &mut Chance(1));
        ledger.commit(2, &mut Chance(2));
    })
    .await;
}

#[tokio::test]
async fn counts_that_are_damaged_are_noticed_and_put_anew() {
    let writer = |id: u8, writer: &str| format!("dancu:v:{{{}}}:{writer}", nation(id).text());
    let set = |id: u8, of: &str, field: &str, value: &str| {
        let mut set = redis::cmd("HSET");
        set.arg(writer(id, of)).arg(field).arg(value);
        RedisServer::shared().ask::<()>(&set);
    };
    mended_under_load(53, async |_, volumes| {
        set(53, "2", "H26/1/1/1/1", "many");
        // Whoever reads them finds it.
        assert_eq!(volumes.totals().await, Err(NoVolumes::Unsettled));
    })
    .await;
    mended_under_load(54, async |_, _| set(54, "2", "next", "far")).await;
    mended_under_load(55, async |_, _| {
        let mut add = redis::cmd("SADD");
        add.arg(writer(55, "writers")).arg("77").arg("somebody");
        RedisServer::shared().ask::<()>(&add);
    })
    .await;
    // As if it were the counts of another ledger, which has more.
    mended_under_load(56, async |_, _| set(56, "2", "next", "1000000")).await;
}
