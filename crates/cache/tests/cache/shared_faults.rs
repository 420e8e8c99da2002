//! Redis is speed only: whatever happens to it, reads are answered from the registry, in time, and
//! rightly; and it is used again when it is back.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crate::support::over_redis::{Instance, PATIENT, config, seal_keys, until, until_up};
use crate::support::redis_server::RedisServer;
use crate::support::{Chance, Model, NATION, TestClock, at_least, change, personal_key};
use dancu_cache::{Away, RedisState};
use dancu_domain::{Freshness, Source};
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_millis(50);
const PEOPLE: u64 = 200;

fn over(url: &str, limit: Duration) -> (Arc<Model>, Instance<Model>) {
    let model = Model::new(TestClock::start(), 1, 0, PEOPLE);
    let instance = Instance::alone(model.clone(), NATION, 0, url, limit, config(&seal_keys()));
    (model, instance)
}

/// Reads of batches by chance, each held against the truth. Tells from where they came.
async fn reads(model: &Model, instance: &Instance<Model>, count: usize) -> Vec<Source> {
    let mut chance = Chance(count as u64);
    let mut sources = Vec::new();
    for _ in 0..count {
        let keys: Vec<_> = (0..20)
            .map(|_| personal_key(chance.below(PEOPLE + 20)))
            .collect();
        let token = at_least(instance.watermark.revision());
        let reading = instance.shared.read_from(&keys, token).await;
        for (key, found) in keys.iter().zip(&reading.candidates) {
            assert_eq!(found, &model.truth(*key, reading.revision.number));
        }
        sources.push(reading.source);
    }
    sources
}

/// Reading, where nothing may fail.
trait ReadFrom {
    async fn read_from(
        &self,
        keys: &[dancu_domain::IdKey],
        freshness: Freshness,
    ) -> dancu_domain::Reading;
}

impl ReadFrom for dancu_cache::Shared<Model> {
    async fn read_from(
        &self,
        keys: &[dancu_domain::IdKey],
        freshness: Freshness,
    ) -> dancu_domain::Reading {
        use dancu_domain::Registry as _;
        self.read(keys, freshness)
            .await
            .expect("the registry is there")
    }
}

/// Somebody as the registry has them now, which is kept.
async fn at_once(instance: &Instance<Model>) -> dancu_domain::Reading {
    let key = [personal_key(0)];
    let read = instance.shared.read_from(&key, Freshness::FullyConsistent);
    read.await
}

async fn until_away(instance: &Instance<Model>, away: Away) {
    until(&instance.link, |state| state == RedisState::Away(away)).await;
}

/// It is of use again: what is read once comes from Redis the next time.
async fn of_use(model: &Model, instance: &Instance<Model>) {
    let since = Instant::now();
    loop {
        until_up(&instance.link).await;
        let sources = reads(model, instance, 10).await;
        if sources.contains(&Source::Redis) {
            return;
        }
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "Redis is of no use"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn warm(limit: Duration) -> (RedisServer, Arc<Model>, Instance<Model>) {
    let server = RedisServer::start(&[]);
    let (model, instance) = over(&server.url(), limit);
    until_up(&instance.link).await;
    let keys: Vec<_> = (0..PEOPLE + 20).map(personal_key).collect();
    instance.shared.read_from(&keys, at_least(0)).await;
    instance.filled(PEOPLE + 20).await;
    of_use(&model, &instance).await;
    (server, model, instance)
}

#[tokio::test]
async fn lookup_answers_while_redis_was_never_there() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let (model, instance) = over(&format!("redis://127.0.0.1:{port}"), LIMIT);
    assert_eq!(
        *instance.link.state().borrow(),
        RedisState::Away(Away::Starting)
    );
    assert_eq!(reads(&model, &instance, 5).await, [Source::Registry; 5]);
    until_away(&instance, Away::Unreachable).await;
    assert_eq!(reads(&model, &instance, 5).await, [Source::Registry; 5]);
    let counts = instance.shared.counters();
    assert_eq!(
        (counts.bypassed, counts.timeouts, counts.errors),
        (200, 0, 0)
    );
}

#[tokio::test]
async fn lookup_answers_while_redis_is_killed_and_begun_again() {
    let (mut server, model, instance) = warm(PATIENT).await;
    for _ in 0..3 {
        server.kill();
        assert_eq!(reads(&model, &instance, 20).await, [Source::Registry; 20]);
        assert!(!instance.link.is_up());
        server.again();
        of_use(&model, &instance).await;
    }
    assert_eq!(instance.link.counters().connected, 4);
}

#[tokio::test]
async fn lookup_answers_while_redis_is_stopped_and_only_the_first_waits() {
    let (server, model, instance) = warm(LIMIT).await;
    server.signal("STOP");
    let began = Instant::now();
    assert_eq!(reads(&model, &instance, 1).await, [Source::Registry]);
    let first = began.elapsed();
    assert!(
        (LIMIT..LIMIT + Duration::from_secs(2)).contains(&first),
        "{first:?}"
    );
    assert_eq!(
        *instance.link.state().borrow(),
        RedisState::Away(Away::Slow)
    );
    // Longer than the limit altogether, if each of them waited.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        assert_eq!(reads(&model, &instance, 50).await, [Source::Registry; 50]);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let counts = instance.shared.counters();
    assert_eq!(counts.timeouts, 1, "{counts:?}");
    assert_eq!(instance.link.counters().timeouts, 1);
    server.signal("CONT");
    of_use(&model, &instance).await;
}

/// The late replies of a paused Redis belong to questions that nobody waits for any more.
#[tokio::test]
async fn lookup_answers_rightly_while_redis_is_paused_and_after() {
    let (server, model, instance) = warm(LIMIT).await;
    for _ in 0..3 {
        server.ask::<()>(redis::cmd("CLIENT").arg("PAUSE").arg(300).arg("ALL"));
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(600) {
            reads(&model, &instance, 5).await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        of_use(&model, &instance).await;
    }
    assert!(instance.shared.counters().timeouts >= 1);
    assert_eq!(instance.shared.counters().forged, 0);
}

#[tokio::test]
async fn lookup_answers_while_redis_is_emptied_again_and_again() {
    let (server, model, instance) = warm(PATIENT).await;
    for _ in 0..20 {
        server.flush();
        reads(&model, &instance, 5).await;
    }
    assert!(instance.link.is_up());
    of_use(&model, &instance).await;
}

#[tokio::test]
async fn lookup_answers_while_redis_evicts() {
    let (server, model, instance) = warm(PATIENT).await;
    let filler = "for i = 1, 4000 do redis.call('SET', 'filler:' .. i, string.rep('x', 500)) end";
    server.ask::<()>(redis::cmd("EVAL").arg(filler).arg(0));
    let used: String = server.ask(redis::cmd("INFO").arg("memory"));
    let used = used
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.unwrap().trim().parse().unwrap();
    let set = |name: &str, value: String| {
        server.ask::<()>(redis::cmd("CONFIG").arg("SET").arg(name).arg(value));
    };
    set("maxmemory-policy", "allkeys-lru".to_owned());
    set("maxmemory", (used - 1_000_000).to_string());
    let since = instance.shared.counters();
    reads(&model, &instance, 200).await;
    assert!(instance.link.is_up());
    let counts = instance.shared.counters();
    assert!(
        counts.misses > since.misses,
        "nothing was evicted: {counts:?}"
    );
    set("maxmemory", "0".to_owned());
    of_use(&model, &instance).await;
}

#[tokio::test]
async fn lookup_answers_while_redis_is_full() {
    let (server, model, instance) = warm(PATIENT).await;
    let set = |value: u64| {
        server.ask::<()>(redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(value));
    };
    set(1);
    model.commit(0);
    // A value that has to be kept meets the limit.
    let fresh = at_once(&instance).await;
    assert_eq!(fresh.revision.number, 1);
    until_away(&instance, Away::Full).await;
    assert_eq!(reads(&model, &instance, 20).await, [Source::Registry; 20]);
    set(0);
    of_use(&model, &instance).await;
}

#[tokio::test]
async fn lookup_answers_while_redis_is_a_replica() {
    let (server, model, instance) = warm(PATIENT).await;
    let follow = |host: &str, port: &str| {
        server.ask::<()>(redis::cmd("REPLICAOF").arg(host).arg(port));
    };
    follow("127.0.0.1", "1");
    at_once(&instance).await;
    until_away(&instance, Away::ReadOnly).await;
    assert_eq!(reads(&model, &instance, 20).await, [Source::Registry; 20]);
    follow("NO", "ONE");
    of_use(&model, &instance).await;
}

#[tokio::test]
async fn lookup_answers_while_the_password_is_wrong() {
    let server = RedisServer::start(&["--requirepass", "right"]);
    for url in [
        server.url(),
        format!("redis://:wrong@127.0.0.1:{}/0", server.port),
    ] {
        let (model, instance) = over(&url, PATIENT);
        until_away(&instance, Away::Denied).await;
        assert_eq!(reads(&model, &instance, 5).await, [Source::Registry; 5]);
    }
    let (model, instance) = over(
        &format!("redis://:right@127.0.0.1:{}/0", server.port),
        PATIENT,
    );
    of_use(&model, &instance).await;
}

/// Says the same to everybody, whatever is asked.
fn parrot(says: &'static [u8]) -> String {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut heard = [0; 4_096];
                while stream.read(&mut heard).is_ok_and(|count| count > 0) {
                    if stream.write_all(&says.repeat(8)).is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("redis://127.0.0.1:{port}")
}

#[tokio::test]
async fn lookup_answers_while_redis_still_loads() {
    let url = parrot(b"-LOADING Redis is loading the dataset in memory\r\n");
    let (model, instance) = over(&url, PATIENT);
    until_away(&instance, Away::Loading).await;
    assert_eq!(reads(&model, &instance, 5).await, [Source::Registry; 5]);
}

#[tokio::test]
async fn lookup_answers_while_somebody_else_listens() {
    for says in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        b"+OK\r\n",
        b"*1\r\n$1\r\n2\r\n",
        b"$-1\r\n",
        b"\x00\xff\x00\xff",
    ] {
        let (model, instance) = over(&parrot(says), LIMIT);
        until(&instance.link, |state| {
            state != RedisState::Away(Away::Starting)
        })
        .await;
        assert!(!instance.link.is_up());
        assert_eq!(reads(&model, &instance, 5).await, [Source::Registry; 5]);
    }
}

/// Attempts to connect become rare, and end with the last link.
#[tokio::test]
async fn who_is_away_is_not_besieged() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let (_, mut instance) = over(&format!("redis://127.0.0.1:{port}"), LIMIT);
    let mut attempts = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        // Each is closed at once.
        attempts += usize::from(listener.accept().is_ok());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(
        (3..=8).contains(&attempts),
        "{attempts} attempts in three seconds"
    );
    let mut back = std::mem::take(&mut instance.back);
    drop(instance);
    let ended = async { while back.join_next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .expect("keeper and filler end with the level");
}

/// Writes go on as if nothing were.
#[tokio::test]
async fn sync_proceeds_while_redis_is_away() {
    let (mut server, model, instance) = warm(PATIENT).await;
    server.kill();
    for turn in 1..=20 {
        use dancu_domain::Registry as _;
        let applied = instance.shared.apply(vec![change(turn % 5)]).await.unwrap();
        let token = Freshness::AtLeast(applied.revision);
        let reading = instance
            .shared
            .read_from(&[personal_key(turn % 5)], token)
            .await;
        assert!(reading.revision.number >= turn);
        assert_eq!(
            reading.candidates[0],
            model.truth(personal_key(turn % 5), reading.revision.number)
        );
    }
    server.again();
    of_use(&model, &instance).await;
}
