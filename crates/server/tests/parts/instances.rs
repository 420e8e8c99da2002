//! Several instances over one nation.

use dancu_domain::{CivilDate, Reason};
use dancu_population::KeyState;
use dancu_server::{Config, Secret, Stop};
use dancu_wire::pb;
use dancu_wire::pb::sync_service_client::SyncServiceClient;
use tonic::Code;

use crate::common::{in_bulk, request, residence_change};
use crate::stage::{Stage, look_up, lookups, until_told};

#[tokio::test]
async fn what_one_instance_was_told_every_other_one_answers_and_counts() {
    let stage = Stage::new();
    let (one, two) = (stage.instance("one"), stage.instance("two"));
    assert_eq!(one.running.nation(), two.running.nation());
    for round in 1..=20_u32 {
        let persona = one.nation().personas().remove(0).citizen;
        let somebody = one.nation().citizen(5);
        let place = somebody.current_residence;
        let since = CivilDate::new(2022, 1, u8::try_from(round).unwrap()).unwrap();
        let key = one.key_of("G01");
        let mut record = residence_change(&persona, &place, since);
        record.record_id = format!("record-{round}");
        let pushed = SyncServiceClient::new(one.channel().await)
            .push_changes(request(
                &key,
                pb::PushChangesRequest {
                    context: Some(in_bulk(&format!("p-{round}"), pb::Purpose::LifeEvent)),
                    records: vec![record],
                },
            ))
            .await
            .unwrap()
            .into_inner();
        let revision = pushed.header.unwrap().revision.unwrap();
        let token = pb::Freshness {
            requirement: Some(pb::freshness::Requirement::AtLeastAsFresh(revision.clone())),
        };
        let found = look_up(&two, &format!("r-{round}"), Some(token))
            .await
            .unwrap();
        let header = found.header.unwrap();
        assert!(header.revision.unwrap().number >= revision.number);
    }
    // Both tell the same sums, each over the chains of both.
    look_up(&one, "r-one", None).await.unwrap();
    let key = one.key(KeyState::Valid);
    assert_eq!(lookups(&one, &key).await, 41);
    assert_eq!(lookups(&two, &key).await, 41);
    for service in [&one, &two] {
        until_told(
            service,
            "/metrics",
            "dancu_live_volumes{verb=\"LOOKUP\"} 21",
        )
        .await;
        until_told(service, "/metrics", "dancu_live_volumes{verb=\"PUSH\"} 20").await;
        until_told(service, "/readyz?verbose", "ready").await;
    }
}

#[tokio::test]
async fn a_start_that_is_refused_leaves_the_process_alone_that_has_its_name() {
    let stage = Stage::new();
    let first = stage.instance("main");
    look_up(&first, "r-1", None).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let foreign = elsewhere.path().join("foreign.log");
    std::fs::write(&foreign, "not a checkpoint\n").unwrap();
    let no_folder = elsewhere.path().join("foreign.log/recordings");
    let spoils: [&dyn Fn(&mut Config); 4] = [
        // A data folder of its own, where no checkpoints are.
        &|_| {},
        &|config| config.checkpoints = Some(foreign.clone()),
        &|config| config.checkpoints = Some(foreign.join("below a file")),
        &|config| {
            config.new_checkpoints = true;
            config.recording.folder = Some(no_folder.clone());
        },
    ];
    for (place, spoil) in spoils.into_iter().enumerate() {
        let refused = stage.try_instance("main", |config| spoil(config));
        assert!(refused.is_err(), "start {place} was not refused");
        let told = look_up(&first, &format!("r-2-{place}"), None).await;
        assert!(told.is_ok(), "after start {place}: {told:?}");
    }
    until_told(&first, "/readyz?verbose", "ready").await;
}

#[tokio::test]
async fn an_instance_with_keys_of_its_own_is_refused_and_one_with_another_cache_key_is_not() {
    let stage = Stage::new();
    let first = stage.instance("one");
    look_up(&first, "r-1", None).await.unwrap();
    let text = std::fs::read_to_string(stage.keys()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let lines = |change: &dyn Fn(&str) -> bool| {
        let other = |line: &str| {
            let (name, digits) = line.split_once('=').unwrap();
            let digits = if change(name) {
                let flip = |digit| if digit == '0' { '1' } else { '0' };
                digits.chars().map(flip).collect()
            } else {
                digits.to_owned()
            };
            format!("{name}={digits}\n")
        };
        text.lines().map(other).collect::<String>()
    };
    for name in ["pseudonym", "request", "checkpoint"] {
        std::fs::write(&path, lines(&|line| line == name)).unwrap();
        let refused = stage.try_instance("two", |config| config.keys = Some(path.clone()));
        let refused = refused.map(drop).expect_err(name);
        let cause = std::error::Error::source(&refused).map(ToString::to_string);
        let cause = cause.unwrap_or_default();
        assert!(cause.starts_with("`keys`: "), "{name}: {refused}: {cause}");
        look_up(&first, &format!("r-{name}"), None).await.unwrap();
    }
    std::fs::write(&path, lines(&|line| line == "cache")).unwrap();
    let second = stage.try_instance("two", |config| config.keys = Some(path.clone()));
    look_up(&second.unwrap(), "r-2", None).await.unwrap();
}

#[tokio::test]
async fn what_an_instance_that_cannot_reach_redis_answers_is_counted_by_the_others() {
    let stage = Stage::new();
    let one = stage.instance("one");
    until_told(&one, "/readyz?verbose", "live_volumes: ok").await;
    let two = stage.try_instance("two", |config| {
        let place = config.redis.as_mut().expect("instances share a Redis");
        let (scheme, rest) = place.url.reveal().split_once("://").expect("an address");
        // Nobody may come in with a password, where none is asked for.
        place.url = Secret::new(format!("{scheme}://:wrong@{rest}"));
    });
    let two = two.unwrap();
    until_told(&two, "/readyz?verbose", "redis: degraded: denied").await;
    look_up(&one, "r-one", None).await.unwrap();
    for round in 0..5 {
        look_up(&two, &format!("r-{round}"), None).await.unwrap();
    }
    let all = "dancu_live_volumes{verb=\"LOOKUP\"} 6";
    until_told(&one, "/metrics", all).await;
    until_told(&one, "/readyz?verbose", "live_volumes: ok").await;
    let degraded = "live_volumes: degraded: rebuilt from the ledger";
    until_told(&two, "/readyz?verbose", degraded).await;
    // And so is what it answers later.
    look_up(&two, "r-later", None).await.unwrap();
    let all = "dancu_live_volumes{verb=\"LOOKUP\"} 7";
    until_told(&one, "/metrics", all).await;
}

#[tokio::test]
async fn of_two_processes_with_one_name_the_first_is_fenced_and_asks_to_be_ended() {
    let stage = Stage::new();
    let first = stage.instance("main");
    look_up(&first, "r-1", None).await.unwrap();
    let taken = first.dir.path().join("checkpoints.log");
    let copy = tempfile::tempdir().unwrap();
    let checkpoints = copy.path().join("checkpoints.log");
    std::fs::copy(taken, &checkpoints).unwrap();
    let second = stage.try_instance("main", |config| {
        config.checkpoints = Some(checkpoints.clone());
    });
    let second = second.unwrap();
    let status = look_up(&first, "r-2", None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        dancu_wire::reason_of(&status),
        Some(Reason::LedgerUnavailable)
    );
    let stop = tokio::task::spawn_blocking(move || first.running.wait())
        .await
        .unwrap();
    let Stop::Failed(why) = stop else {
        panic!("the first one was not fenced");
    };
    assert!(why.contains("claimed by another one"), "{why}");
    look_up(&second, "r-3", None).await.unwrap();
}
