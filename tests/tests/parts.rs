//! The parts that other tests hurt can be hurt, and stand up again.

use std::time::Duration;

use dancu_tests::country::held::Held;
use dancu_tests::country::postgres::psql;
use dancu_tests::country::signals::{alive, within};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn parts_are_paused_killed_and_started_again_and_end_with_their_holder() {
    let mut parts = Held::start(&[]);
    let url = parts.told("POSTGRES").to_owned();
    psql(&url, "create table kept as select 1 as it").unwrap();
    let postmaster = parts.postgres.id();
    parts.postgres.kill_postmaster();
    assert!(psql(&url, "select 1").is_err());
    parts.postgres.start();
    assert_ne!(parts.postgres.id(), postmaster);
    parts.postgres.stop_immediately();
    parts.postgres.start();
    assert_eq!(psql(&url, "select it from kept").unwrap(), "1\n");
    assert_ne!(parts.fresh_database(), parts.fresh_database());

    parts.postgres.pause();
    let asked = url.clone();
    let held = std::thread::spawn(move || psql(&asked, "select 2"));
    std::thread::sleep(Duration::from_millis(500));
    assert!(!held.is_finished(), "a paused server answers");
    parts.postgres.go_on();
    assert_eq!(held.join().unwrap().unwrap(), "2\n");

    let redis = parts.redis();
    assert_eq!(redis.say(&["SET", "a", "b"]), "OK");
    redis.kill();
    redis.start();
    assert_eq!(redis.say(&["GET", "a"]), "", "nothing is left after a kill");
    assert_eq!(redis.info("redis_mode").as_deref(), Some("standalone"));

    let again = parts.postgres.id();
    drop(parts);
    assert!(
        within(SOON, || !alive(again)),
        "PostgreSQL outlived its holder"
    );
}
