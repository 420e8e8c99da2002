//! An agency gets its items a second, over all instances, and hardly more.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::over_redis::{PATIENT, link, until_up};
use crate::support::redis_server::RedisServer;
use crate::support::{NATION, TestClock};
use dancu_cache::{QuotaLimits, Quotas};
use dancu_domain::{AgencyCode, NationId, Quota};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

fn agency(text: &str) -> AgencyCode {
    AgencyCode::parse(text, "agency").unwrap()
}

fn limits(each: &[(&str, u32)]) -> QuotaLimits {
    let each = each.iter().map(|(code, limit)| (agency(code), *limit));
    QuotaLimits {
        usual: None,
        agencies: each.collect::<BTreeMap<_, _>>(),
    }
}

/// Takes messages of `items` as fast as they are given, for so long; tells how many items it got.
async fn greedy(quotas: &Quotas, code: &str, items: u32, length: Duration) -> u64 {
    let (began, mut got) = (Instant::now(), 0);
    while began.elapsed() < length {
        match quotas.take(agency(code), items) {
            Ok(()) => got += u64::from(items),
            Err(Quota { retry_after, .. }) => sleep(retry_after.unwrap().min(length)).await,
        }
    }
    got
}

#[tokio::test(start_paused = true)]
async fn an_agency_alone_gets_its_limit_and_no_more() {
    let (quotas, driver) = Quotas::new(limits(&[("G01", 1_000)]), None, TestClock::start());
    let driver = tokio::spawn(driver);
    for items in [1, 7, 100] {
        sleep(Duration::from_secs(5)).await;
        let got = greedy(&quotas, "G01", items, Duration::from_secs(20)).await;
        // One second's items may have been saved, and a quarter of them be at hand.
        let most = 20_000 + 1_000 + 250 + u64::from(items);
        assert!(
            (19_000..=most).contains(&got),
            "{got} items of {items} at once"
        );
    }
    assert!(quotas.counters().refused > 0);
    assert_eq!(quotas.counters().leased, 0);
    drop(quotas);
    tokio::time::timeout(Duration::from_secs(5), driver)
        .await
        .expect("the driver ends with the quotas")
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_larger_than_the_limit_is_let_through_and_owed() {
    let (quotas, driver) = Quotas::new(limits(&[("G01", 100)]), None, TestClock::start());
    let _driver = tokio::spawn(driver);
    quotas.take(agency("G01"), 1_000).unwrap();
    let refused = quotas.take(agency("G01"), 1).unwrap_err();
    assert_eq!(refused.limit, 100);
    // 25 were at hand: 975 are owed, at 100 a second.
    let seconds = refused.retry_after.unwrap().as_secs_f64();
    assert!((9.7..=9.9).contains(&seconds), "{seconds}");
    let began = Instant::now();
    while quotas.take(agency("G01"), 1).is_err() {
        sleep(Duration::from_millis(50)).await;
    }
    let waited = began.elapsed().as_secs_f64();
    // One second's items lay in the bucket.
    assert!((8.5..=10.0).contains(&waited), "{waited}");
    let got = greedy(&quotas, "G01", 1_000, Duration::from_secs(100)).await;
    assert!((9_000..=12_000).contains(&got), "{got}");
}

#[tokio::test(start_paused = true)]
async fn each_agency_has_its_own_limit_or_none() {
    let mut limits = limits(&[("G01", 10)]);
    let (quotas, driver) = Quotas::new(limits.clone(), None, TestClock::start());
    let _driver = tokio::spawn(driver);
    for _ in 0..1_000 {
        assert_eq!(quotas.take(agency("H26"), 1_000), Ok(()), "it has no limit");
    }
    while quotas.take(agency("G01"), 1).is_ok() {}
    limits.usual = Some(5);
    let (quotas, driver) = Quotas::new(limits, None, TestClock::start());
    let _driver = tokio::spawn(driver);
    while quotas.take(agency("H26"), 1).is_ok() {}
    assert_eq!(quotas.take(agency("H26"), 1).unwrap_err().limit, 5);
    assert_eq!(
        quotas.take(agency("G01"), 1),
        Ok(()),
        "another's is used up"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_share_a_limit_through_redis() {
    let mut back = JoinSet::new();
    let mut instances = Vec::new();
    for _ in 0..3 {
        let link = link(&RedisServer::shared().url(), PATIENT, &mut back);
        until_up(&link).await;
        let limits = limits(&[("G02", 2_000)]);
        let (quotas, driver) = Quotas::new(limits, Some((link, NATION)), TestClock::start());
        back.spawn(driver);
        instances.push(quotas);
    }
    let mut takers = JoinSet::new();
    let began = Instant::now();
    for quotas in instances.clone() {
        takers.spawn(async move { greedy(&quotas, "G02", 10, Duration::from_secs(3)).await });
    }
    let got: u64 = takers.join_all().await.into_iter().sum();
    // What three of them have at hand, one bucket, and the time it really took.
    let filled = (began.elapsed().as_secs_f64() * 2_000.0) as u64;
    let most = filled + 2_000 + 3 * (500 + 20);
    assert!((5_000..=most).contains(&got), "{got} of at most {most}");
    assert!(instances.iter().all(|of| of.counters().leased > 0));
    assert!(instances.iter().all(|of| of.counters().alone == 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn something_else_in_the_place_of_a_quota_is_removed() {
    let mut back = JoinSet::new();
    let link = link(&RedisServer::shared().url(), PATIENT, &mut back);
    until_up(&link).await;
    let nation = NationId([9; 16]);
    let bucket = format!("dancu:q:{}:G05", nation.text());
    RedisServer::shared().ask::<()>(redis::cmd("SET").arg(&bucket).arg("x"));
    let limits = limits(&[("G05", 1_000)]);
    let (quotas, driver) = Quotas::new(limits, Some((link, nation)), TestClock::start());
    back.spawn(driver);
    greedy(&quotas, "G05", 10, Duration::from_secs(1)).await;
    let counters = quotas.counters();
    assert!(counters.leased > 0 && counters.alone == 0, "{counters:?}");
}

/// Nations that share a Redis have the same agencies, and nothing else in common.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nations_do_not_share_a_limit() {
    let mut back = JoinSet::new();
    let mut takers = JoinSet::new();
    for nation in [NATION, NationId([8; 16])] {
        let link = link(&RedisServer::shared().url(), PATIENT, &mut back);
        until_up(&link).await;
        let limits = limits(&[("G04", 1_000)]);
        let (quotas, driver) = Quotas::new(limits, Some((link, nation)), TestClock::start());
        back.spawn(driver);
        takers.spawn(async move { greedy(&quotas, "G04", 10, Duration::from_secs(2)).await });
    }
    for got in takers.join_all().await {
        // Half of it, and no more than what was saved, were the bucket shared.
        assert!(got >= 2_200, "{got}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_gives_out_its_limit_alone_while_redis_is_away() {
    let mut server = RedisServer::start(&[]);
    let mut back = JoinSet::new();
    let link = link(&server.url(), PATIENT, &mut back);
    until_up(&link).await;
    let limits = limits(&[("G03", 1_000)]);
    let (quotas, driver) = Quotas::new(limits, Some((link.clone(), NATION)), TestClock::start());
    back.spawn(driver);
    greedy(&quotas, "G03", 10, Duration::from_millis(500)).await;
    let leased = quotas.counters().leased;
    assert!(leased > 0);
    server.kill();
    let began = Instant::now();
    let got = greedy(&quotas, "G03", 10, Duration::from_secs(2)).await;
    let most = (began.elapsed().as_secs_f64() * 1_000.0) as u64 + 1_000 + 250 + 20;
    assert!((1_500..=most).contains(&got), "{got} of at most {most}");
    assert!(quotas.counters().alone > 0);
    server.again();
    until_up(&link).await;
    let leased = quotas.counters().leased;
    greedy(&quotas, "G03", 10, Duration::from_millis(500)).await;
    assert!(quotas.counters().leased > leased, "it leases again");
}
