//! How much an agency may ask in a day, and how often claims about a number may fail.

use std::collections::BTreeMap;
use std::time::Duration;

use dancu_domain::{Citizen, PersonalId, Reason};
use dancu_population::SandboxKey;
use dancu_server::{Config, GuessConfig, Part, PartState, QuotaConfig};
use dancu_wire::pb;
use dancu_wire::pb::authentication_service_client::AuthenticationServiceClient;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use dancu_wire::pb::sync_service_client::SyncServiceClient;
use dancu_wire::{quota_of, reason_of, reason_of_rpc, retry_after_of, retry_after_of_rpc};
use prost::Message as _;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::common::{Service, claims, claims_of, context, in_bulk, item, request};
use crate::ops;

const PATIENCE: Duration = Duration::from_mins(1);

/// A service whose limits are known.
async fn limited(change: impl FnOnce(&mut Config)) -> Service {
    let service = Service::with(change);
    let known = async {
        while service.running.parts().of(Part::Limits) != PartState::Up {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, known).await.unwrap();
    service
}

fn per_day(usual: u32) -> impl FnOnce(&mut Config) {
    move |config| {
        config.quotas = QuotaConfig {
            items_per_day: Some(usual),
            agencies_per_day: BTreeMap::from([("H29".to_owned(), 3)]),
            ..QuotaConfig::default()
        };
    }
}

fn guesses(config: &mut Config) {
    config.guesses = GuessConfig {
        per_agency: Some(2),
        per_subject: Some(4),
        ..GuessConfig::default()
    };
}

/// Somebody who lives and is not locked.
fn somebody(service: &Service, nth: usize) -> Citizen {
    let nation = service.nation();
    let citizens = (0..nation.len()).map(|index| nation.citizen(index));
    let lives = |citizen: &Citizen| !citizen.locked && citizen.died_on.is_none();
    citizens.filter(lives).nth(nth).unwrap()
}

/// A lookup of somebody, under the right name or another one.
fn asked(
    key: &SandboxKey,
    citizen: &Citizen,
    name: Option<&str>,
) -> tonic::Request<pb::LookupCitizenRequest> {
    let mut item = item(&claims_of(citizen));
    if let (Some(name), Some(claims)) = (name, &mut item.claims) {
        name.clone_into(&mut claims.full_name);
    }
    request(
        key,
        pb::LookupCitizenRequest {
            context: Some(context(key, "r")),
            item: Some(item),
            ..Default::default()
        },
    )
}

async fn look_up(
    channel: &Channel,
    key: &SandboxKey,
    citizen: &Citizen,
    name: Option<&str>,
) -> Result<pb::LookupOutcome, Status> {
    let mut client = LookupServiceClient::new(channel.clone());
    let answer = client.lookup_citizen(asked(key, citizen, name)).await?;
    Ok(answer.into_inner().result.unwrap().outcome())
}

async fn batch(
    channel: &Channel,
    key: &SandboxKey,
    items: Vec<pb::LookupItem>,
) -> Result<Vec<pb::LookupResult>, Status> {
    let message = pb::BatchLookupCitizensRequest {
        context: Some(context(key, "b")),
        items,
        ..Default::default()
    };
    let mut client = LookupServiceClient::new(channel.clone());
    let answer = client.batch_lookup_citizens(request(key, message)).await?;
    Ok(answer.into_inner().results)
}

#[tokio::test]
async fn who_has_used_up_a_day_is_told_the_limit_and_when_the_day_ends() {
    let service = limited(per_day(10)).await;
    let (key, channel) = (service.key_of("H26"), service.channel().await);
    let items = |n| vec![item(&claims_of(&somebody(&service, 0))); n];
    batch(&channel, &key, items(4)).await.unwrap();
    // A message that does not fit whole is turned away whole, and uses nothing.
    let status = batch(&channel, &key, items(7)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason_of(&status), Some(Reason::DailyQuotaExceeded));
    assert_eq!(quota_of(&status).unwrap().limit, 10);
    let wait = retry_after_of(&status).unwrap();
    assert!(wait <= Duration::from_hours(24), "{wait:?}");
    // Other verbs use of the same; what is malformed, of nothing.
    let message = pb::ReconcileCitizensRequest {
        context: Some(in_bulk("s", pb::Purpose::DataCleaning)),
        ..Default::default()
    };
    let status = SyncServiceClient::new(channel.clone())
        .reconcile_citizens(request(&key, message))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    batch(&channel, &key, items(5)).await.unwrap();
    look_up(&channel, &key, &somebody(&service, 1), None)
        .await
        .unwrap();
    let status = look_up(&channel, &key, &somebody(&service, 1), None)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&status), Some(Reason::DailyQuotaExceeded));
    // An agency of its own limit, which another one's use is nothing to.
    let other = service.key_of("H29");
    batch(&channel, &other, items(3)).await.unwrap();
    let status = batch(&channel, &other, items(1)).await.unwrap_err();
    assert_eq!(quota_of(&status).unwrap().limit, 3);
    let (_, text) = ops::get(&service, "/metrics").await;
    assert!(
        text.contains("dancu_daily_quota_refused_items_total 9\n"),
        "{text}"
    );
    assert!(text.contains("dancu_failures_total{reason=\"DAILY_QUOTA_EXCEEDED\"} 3\n"));
    assert!(text.contains("dancu_part_up{part=\"limits\"} 1\n"));
}

#[tokio::test]
async fn concurrent_callers_use_a_day_to_the_item_and_never_more() {
    let service = limited(per_day(100)).await;
    let (key, channel) = (service.key_of("H26"), service.channel().await);
    let callers = (0..24).map(|n| {
        let (key, channel, citizen) = (key.clone(), channel.clone(), somebody(&service, n));
        tokio::spawn(async move {
            let mut answered = 0_u32;
            loop {
                match look_up(&channel, &key, &citizen, None).await {
                    Ok(_) => answered += 1,
                    Err(status) => {
                        let reason = reason_of(&status);
                        assert_eq!(reason, Some(Reason::DailyQuotaExceeded));
                        // Whoever is told to come back soon met others who hold what is left.
                        let wait = retry_after_of(&status).unwrap();
                        if wait > Duration::from_secs(2) {
                            return answered;
                        }
                        tokio::time::sleep(wait / 10).await;
                    }
                }
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut answered = 0;
    for caller in callers {
        let caller = tokio::time::timeout(PATIENCE, caller).await;
        answered += caller.unwrap().unwrap();
    }
    assert_eq!(answered, 100);
}

#[tokio::test]
async fn of_large_messages_at_once_no_more_are_let_in_than_fit() {
    let service = limited(per_day(900)).await;
    let (key, nation) = (service.key_of("H26"), service.nation());
    let items: Vec<_> = (0..500)
        .map(|index| item(&claims_of(&nation.citizen(index))))
        .collect();
    let mut callers = Vec::new();
    for _ in 0..12 {
        let (key, items, channel) = (key.clone(), items.clone(), service.channel().await);
        callers.push(tokio::spawn(
            async move { batch(&channel, &key, items).await },
        ));
    }
    let mut answered = 0;
    for caller in callers {
        match caller.await.unwrap() {
            Ok(results) => {
                assert_eq!(results.len(), 500);
                answered += 1;
            }
            Err(status) => assert_eq!(reason_of(&status), Some(Reason::DailyQuotaExceeded)),
        }
    }
    assert_eq!(
        answered, 1,
        "two of five hundred do not fit into nine hundred"
    );
}

#[tokio::test]
async fn claims_about_a_number_wait_once_too_many_failed_and_the_others_do_not() {
    let service = limited(guesses).await;
    let (key, channel) = (service.key_of("H26"), service.channel().await);
    let (one, other) = (somebody(&service, 0), somebody(&service, 1));
    let wrong = Some("Người Nào Khác");
    for _ in 0..2 {
        let outcome = look_up(&channel, &key, &one, wrong).await.unwrap();
        assert_eq!(outcome, pb::LookupOutcome::NoMatch);
    }
    // Also with the right name, and by the other verb.
    let status = look_up(&channel, &key, &one, None).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason_of(&status), Some(Reason::GuessLimitExceeded));
    let wait = retry_after_of(&status).unwrap();
    assert!((Duration::from_secs(1)..=Duration::from_mins(1)).contains(&wait));
    let message = pb::AuthenticateCitizenRequest {
        context: Some(context(&key, "a")),
        item: Some(pb::AuthenticationItem {
            claims: Some(claims(&claims_of(&one))),
            ..Default::default()
        }),
        ..Default::default()
    };
    let status = AuthenticationServiceClient::new(channel.clone())
        .authenticate_citizen(request(&key, message))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&status), Some(Reason::GuessLimitExceeded));
    // In a batch the item alone; the others are answered, and it takes no entry.
    let items = [&other, &one, &other].map(|citizen| item(&claims_of(citizen)));
    let results = batch(&channel, &key, items.to_vec()).await.unwrap();
    let outcomes: Vec<_> = results.iter().map(pb::LookupResult::outcome).collect();
    use pb::LookupOutcome::{Found, Unspecified};
    assert_eq!(outcomes, [Found, Unspecified, Found]);
    let told = results[1].status.as_ref().unwrap();
    assert_eq!(reason_of_rpc(told), Some(Reason::GuessLimitExceeded));
    assert!(retry_after_of_rpc(told).is_some());
    // Another agency may ask, until all together have failed too often.
    let second = service.key_of("H29");
    for _ in 0..2 {
        look_up(&channel, &second, &one, wrong).await.unwrap();
    }
    let third = service.key_of("G01");
    let status = look_up(&channel, &third, &one, None).await.unwrap_err();
    assert_eq!(reason_of(&status), Some(Reason::GuessLimitExceeded));
    let (_, text) = ops::get(&service, "/metrics").await;
    assert!(text.contains("dancu_guesses_withheld_total 4\n"), "{text}");
    assert!(text.contains("dancu_guesses_remembered 4\n"));
    assert!(text.contains("dancu_answers_total{verb=\"LOOKUP\",outcome=\"FOUND\"} 2\n"));
}

#[tokio::test]
async fn one_message_full_of_guesses_has_no_more_of_them_judged_than_may_fail() {
    let service = limited(guesses).await;
    let (key, channel) = (service.key_of("H26"), service.channel().await);
    let one = somebody(&service, 0);
    let items: Vec<_> = (0..50)
        .map(|n| {
            let mut item = item(&claims_of(&one));
            item.claims.as_mut().unwrap().full_name =
                format!("Nguyễn Văn {}", ["A", "B"][n % 2].repeat(2 + n / 2));
            item
        })
        .collect();
    let results = batch(&channel, &key, items).await.unwrap();
    let judged = results.iter().filter(|result| result.status.is_none());
    assert_eq!(judged.count(), 2);
}

/// What three asks with claims that come to nothing are told, without what is the caller's own, the
/// ledger's place and the milliseconds of the delay.
async fn told(service: &Service, citizen: &Citizen, name: &str) -> Vec<String> {
    let (key, channel) = (service.key_of("H26"), service.channel().await);
    let mut told = Vec::new();
    for _ in 0..3 {
        let asked = asked(&key, citizen, Some(name));
        let answer = LookupServiceClient::new(channel.clone())
            .lookup_citizen(asked)
            .await;
        told.push(match answer {
            Ok(answer) => format!("{:?}", answer.into_inner().result.unwrap()),
            Err(status) => {
                let mut details = pb::rpc::Status::decode(status.details()).unwrap();
                let wait = retry_after_of(&status).unwrap().as_secs();
                assert!((55..=60).contains(&wait), "{wait}");
                details
                    .details
                    .retain(|any| !any.type_url.ends_with("RetryInfo"));
                format!("{:?} {} {details:?}", status.code(), status.message())
            }
        });
    }
    told
}

#[tokio::test]
async fn unknown_mistaken_and_locked_wait_alike() {
    let service = limited(guesses).await;
    let nation = service.nation();
    let personas = nation.personas().into_iter();
    let mut locked = personas
        .map(|persona| persona.citizen)
        .filter(|citizen| citizen.locked);
    let locked = locked.next().unwrap();
    let mistaken = somebody(&service, 5);
    let mut unknown = somebody(&service, 6);
    unknown.personal_id = PersonalId::parse("901085999999", "number").unwrap();
    let right = |citizen: &Citizen| citizen.name.text().to_owned();
    let cases = [
        (&locked, right(&locked)),
        (&mistaken, "Người Nào Khác".to_owned()),
        (&unknown, right(&unknown)),
    ];
    let mut all = Vec::new();
    for (citizen, name) in cases {
        all.push(told(&service, citizen, &name).await);
    }
    assert!(
        all[0][1].contains("NoMatch") && all[0][2].contains("ResourceExhausted"),
        "{all:#?}"
    );
    assert_eq!(all[0], all[1]);
    assert_eq!(all[1], all[2]);
}

#[tokio::test]
async fn reconciled_rows_are_neither_counted_nor_held_up() {
    let service = limited(guesses).await;
    let (key, channel) = (service.key_of("H26"), service.channel().await);
    let one = somebody(&service, 0);
    let reconciler = service.key_of("G03");
    let reconcile = async |name: &str, n: usize| {
        let mut asked = claims(&claims_of(&one));
        name.clone_into(&mut asked.full_name);
        let message = pb::ReconcileCitizensRequest {
            context: Some(in_bulk(&format!("s-{n}"), pb::Purpose::DataCleaning)),
            records: vec![pb::ReconcileRecord {
                claims: Some(asked),
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut client = SyncServiceClient::new(channel.clone());
        let answer = client
            .reconcile_citizens(request(&reconciler, message))
            .await;
        answer.unwrap().into_inner().results[0].outcome()
    };
    for n in 0..5 {
        let outcome = reconcile("Người Nào Khác", n).await;
        assert_eq!(outcome, pb::ReconcileOutcome::NoMatch);
    }
    for _ in 0..2 {
        look_up(&channel, &key, &one, Some("Người Nào Khác"))
            .await
            .unwrap();
    }
    assert!(look_up(&channel, &key, &one, None).await.is_err());
    let outcome = reconcile(one.name.text(), 9).await;
    assert_ne!(outcome, pb::ReconcileOutcome::NoMatch);
}
