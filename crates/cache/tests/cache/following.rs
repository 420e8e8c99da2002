//! The follower keeps the watermark moving, and says only what it has seen.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Model, NATION, TestClock};
use dancu_cache::{Watermark, follow};
use dancu_domain::Clock;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

#[tokio::test(start_paused = true)]
async fn changes_are_noted_at_every_round_and_at_once_when_asked() {
    let clock = TestClock::start();
    let model = Model::new(clock.clone(), 1, 0, 4);
    let watermark = Watermark::new(NATION, 0);
    let (stop, stopped) = oneshot::channel::<()>();
    let every = Duration::from_secs(100);
    let following = tokio::spawn(follow(
        model.clone(),
        watermark.clone(),
        clock.clone(),
        every,
        async move {
            let _ = stopped.await;
        },
    ));
    sleep(Duration::from_millis(1)).await;
    assert!(watermark.confirmed_within(clock.now(), 10));
    for _ in 0..10_000 {
        model.commit(1);
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(watermark.revision(), 0, "it looked before its time");
    watermark.kick();
    sleep(Duration::from_secs(6)).await;
    assert_eq!(watermark.revision(), 10_000);
    model.commit(1);
    sleep(Duration::from_secs(101)).await;
    assert_eq!(watermark.revision(), 10_001);
    drop(stop);
    timeout(Duration::from_secs(20), following)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_fails_confirms_nothing_and_is_asked_again() {
    let clock = TestClock::start();
    let model = Model::new(clock.clone(), 1, 0, 4);
    let watermark = Watermark::new(NATION, 0);
    model.feed_away.store(true, Ordering::Relaxed);
    model.commit(0);
    let every = Duration::from_millis(10);
    let round = |time| {
        follow(
            model.clone(),
            watermark.clone(),
            clock.clone(),
            every,
            sleep(time),
        )
    };
    round(Duration::from_secs(1)).await;
    assert!(!watermark.confirmed_within(clock.now(), i64::MAX));
    assert_eq!(watermark.revision(), 0);
    model.feed_away.store(false, Ordering::Relaxed);
    round(Duration::from_millis(15)).await;
    assert!(watermark.confirmed_within(clock.now(), 20));
    assert_eq!(watermark.revision(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_speaks_of_the_moment_of_the_question_not_of_the_answer() {
    let clock = TestClock::start();
    let model = Model::new(clock.clone(), 3, 500, 4);
    let watermark = Watermark::new(NATION, 0);
    let asked_at = clock.now();
    let every = Duration::from_secs(1_000);
    let time = Duration::from_secs(2);
    follow(model, watermark.clone(), clock.clone(), every, sleep(time)).await;
    assert!(watermark.confirmed_within(asked_at, 0));
    assert!(!watermark.confirmed_within(clock.now(), 1_999));
}

#[tokio::test(start_paused = true)]
async fn the_feed_of_another_nation_is_not_followed() {
    let clock = TestClock::start();
    let model = Model::new(clock.clone(), 1, 0, 4);
    model.commit(0);
    let watermark = Watermark::new(dancu_domain::NationId([9; 16]), 0);
    let (every, time) = (Duration::from_millis(10), Duration::from_secs(1));
    follow(model, watermark.clone(), clock.clone(), every, sleep(time)).await;
    assert_eq!(watermark.revision(), 0);
    assert!(!watermark.confirmed_within(clock.now(), i64::MAX));
}
