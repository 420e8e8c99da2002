//! The verbs as their callers see them, unary, batched and streamed.

use dancu_domain::{ChangeEvent, Fault, Reason};
use dancu_population::KeyState;
use dancu_wire::pb;
use dancu_wire::pb::authentication_service_client::AuthenticationServiceClient;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use dancu_wire::pb::statistics_service_client::StatisticsServiceClient;
use dancu_wire::pb::stream_lookup_citizens_response::Reply;
use dancu_wire::pb::sync_service_client::SyncServiceClient;

use crate::common::{
    Service, claims, claims_of, context, in_bulk, item, request, residence_change,
};

#[tokio::test]
async fn one_citizen_is_looked_up() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let mut client = LookupServiceClient::new(service.channel().await);
    let answer = client
        .lookup_citizen(request(
            &key,
            pb::LookupCitizenRequest {
                context: Some(context(&key, "r-1")),
                item: Some(item(&persona.claims)),
                ..Default::default()
            },
        ))
        .await
        .unwrap()
        .into_inner();
    let result = answer.result.unwrap();
    assert_eq!(result.outcome(), pb::LookupOutcome::Found);
    assert_eq!(result.item_id, "one");
    let header = answer.header.unwrap();
    assert_eq!(header.request_id, "r-1");
    let receipt = header.receipt.unwrap();
    assert_eq!((receipt.first_index, receipt.count), (0, 1));
    let report = service.running.drain();
    assert!(report.ledger_closed);
}

#[tokio::test]
async fn a_bad_item_of_a_batch_leaves_its_neighbours_unharmed() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let mut bad = item(&persona.claims);
    bad.claims.as_mut().unwrap().number =
        Some(pb::claims::Number::PersonalNumber("12345".to_owned()));
    let mut client = LookupServiceClient::new(service.channel().await);
    let answer = client
        .batch_lookup_citizens(request(
            &key,
            pb::BatchLookupCitizensRequest {
                context: Some(context(&key, "r-1")),
                items: vec![item(&persona.claims), bad, item(&persona.claims)],
                ..Default::default()
            },
        ))
        .await
        .unwrap()
        .into_inner();
    let outcomes: Vec<_> = answer
        .results
        .iter()
        .map(pb::LookupResult::outcome)
        .collect();
    let found = pb::LookupOutcome::Found;
    assert_eq!(outcomes, [found, pb::LookupOutcome::Unspecified, found]);
    let status = answer.results[1].status.as_ref().unwrap();
    assert_eq!(
        dancu_wire::reason_of_rpc(status),
        Some(Reason::NumberLength)
    );
    assert_eq!(answer.header.unwrap().receipt.unwrap().count, 2);
}

#[tokio::test]
async fn a_stream_is_answered_in_order_and_outlives_a_message_that_fails() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let nation = service.nation();
    let batch = |i: u64| pb::StreamLookupCitizensRequest {
        batch: Some(pb::BatchLookupCitizensRequest {
            context: Some(context(&key, &format!("r-{i}"))),
            items: vec![item(&claims_of(&nation.citizen(i)))],
            ..Default::default()
        }),
    };
    let mut messages: Vec<_> = (0..20).map(batch).collect();
    messages[3].batch.as_mut().unwrap().context = None;
    messages[7].batch = None;
    let mut client = LookupServiceClient::new(service.channel().await);
    let stream = futures::stream::iter(messages);
    let mut replies = client
        .stream_lookup_citizens(request(&key, stream))
        .await
        .unwrap()
        .into_inner();
    for i in 0..20 {
        let reply = replies.message().await.unwrap().unwrap().reply.unwrap();
        match (i, reply) {
            (3 | 7, Reply::Status(status)) => {
                assert_eq!(status.code, tonic::Code::InvalidArgument as i32);
                let reason = dancu_wire::reason_of_rpc(&status);
                assert_eq!(reason, Some(Reason::FieldRequired));
            }
            (_, Reply::Answer(answer)) => {
                assert_eq!(answer.header.unwrap().request_id, format!("r-{i}"));
                assert_eq!(answer.results[0].outcome(), pb::LookupOutcome::Found);
            }
            (_, Reply::Status(status)) => panic!("message {i}: {status:?}"),
        }
    }
    assert!(replies.message().await.unwrap().is_none());
}

#[tokio::test]
async fn an_answer_that_is_too_long_fails_in_its_place_and_is_told_as_a_failure() {
    let service = Service::with(|config| config.limits.answer_bytes = 1_024);
    let key = service.key(KeyState::Valid);
    let batch = |items: usize| pb::BatchLookupCitizensRequest {
        context: Some(context(&key, &format!("r-{items}"))),
        items: vec![item(&claims_of(&service.nation().citizen(1))); items],
        ..Default::default()
    };
    let mut client = LookupServiceClient::new(service.channel().await);
    let failed = client
        .batch_lookup_citizens(request(&key, batch(50)))
        .await
        .unwrap_err();
    assert_eq!(dancu_wire::reason_of(&failed), Some(Reason::Internal));
    let messages = [50, 1, 50].map(|items| pb::StreamLookupCitizensRequest {
        batch: Some(batch(items)),
    });
    let stream = futures::stream::iter(messages);
    let mut replies = client
        .stream_lookup_citizens(request(&key, stream))
        .await
        .unwrap()
        .into_inner();
    let mut seen = Vec::new();
    while let Some(reply) = replies.message().await.unwrap() {
        seen.push(match reply.reply.unwrap() {
            Reply::Answer(answer) => Ok(answer.results.len()),
            Reply::Status(status) => Err(dancu_wire::reason_of_rpc(&status)),
        });
    }
    let internal = Err(Some(Reason::Internal));
    assert_eq!(seen, [internal, Ok(1), internal]);
    let (_, metrics) = crate::ops::get(&service, "/metrics").await;
    let told = "dancu_failures_total{reason=\"INTERNAL\"} 3";
    assert!(metrics.contains(told), "{metrics}");
    // What was worked out has its entries, though nobody was told.
    assert!(
        metrics.contains("dancu_ledger_entries_total 151"),
        "{metrics}"
    );
}

#[tokio::test]
async fn claims_are_authenticated_and_rows_reconciled() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let citizen = (0..service.nation().len())
        .map(|index| service.nation().citizen(index))
        .find(|citizen| citizen.died_on.is_none() && !citizen.locked)
        .unwrap();
    let channel = service.channel().await;
    let answer = AuthenticationServiceClient::new(channel.clone())
        .authenticate_citizen(request(
            &key,
            pb::AuthenticateCitizenRequest {
                context: Some(context(&key, "r-1")),
                item: Some(pb::AuthenticationItem {
                    claims: Some(claims(&claims_of(&citizen))),
                    ..Default::default()
                }),
                ..Default::default()
            },
        ))
        .await
        .unwrap()
        .into_inner();
    let outcome = answer.result.unwrap().outcome();
    assert_eq!(outcome, pb::AuthenticationOutcome::Match);

    let row = pb::ReconcileRecord {
        claims: Some(claims(&claims_of(&citizen))),
        ..Default::default()
    };
    let answer = SyncServiceClient::new(channel)
        .reconcile_citizens(request(
            &service.key_of("G01"),
            pb::ReconcileCitizensRequest {
                context: Some(in_bulk("r-2", pb::Purpose::DataCleaning)),
                records: vec![row.clone(), row, pb::ReconcileRecord::default()],
                ..Default::default()
            },
        ))
        .await
        .unwrap()
        .into_inner();
    let outcomes: Vec<_> = answer
        .results
        .iter()
        .map(pb::ReconcileResult::outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            pb::ReconcileOutcome::InStep,
            pb::ReconcileOutcome::DuplicateInSource,
            pb::ReconcileOutcome::Invalid
        ]
    );
}

#[tokio::test]
async fn a_push_takes_effect_once_and_is_counted_once() {
    let service = Service::start();
    let key = service.key_of("G01");
    let (index, event) = (0..service.nation().len())
        .find_map(|index| match service.nation().event(index, 0) {
            Some(ChangeEvent::Residence { place, since }) => Some((index, (place, since))),
            _ => None,
        })
        .unwrap();
    let citizen = service.nation().citizen(index);
    let message = pb::PushChangesRequest {
        context: Some(in_bulk("push-1", pb::Purpose::LifeEvent)),
        records: vec![residence_change(&citizen, &event.0, event.1)],
    };
    let channel = service.channel().await;
    let mut client = SyncServiceClient::new(channel.clone());
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = client.push_changes(request(&key, message.clone())).await;
        answers.push(answer.unwrap().into_inner());
    }
    assert_eq!(answers[0].results[0].outcome(), pb::PushOutcome::Applied);
    assert_eq!(answers[0], answers[1]);

    let mut other = message;
    other.records[0].record_version += 1;
    let error = client.push_changes(request(&key, other)).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::AlreadyExists);
    assert_eq!(dancu_wire::reason_of(&error), Some(Reason::RequestIdReused));

    let volumes = StatisticsServiceClient::new(channel)
        .get_volumes(request(
            &key,
            pb::GetVolumesRequest {
                context: Some(in_bulk("v-1", pb::Purpose::Statistics)),
                ..Default::default()
            },
        ))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(volumes.totals.unwrap().syncs, 1);
    assert_eq!(volumes.volumes.len(), 1);
    assert_eq!(volumes.volumes[0].outcome(), pb::Outcome::Applied);
    assert_eq!(volumes.header.unwrap().revision.unwrap().number, 1);

    let source = dancu_domain::SourceKey::parse("other", "source").unwrap();
    let changed = service.running.changed_by_others(source).unwrap();
    assert_eq!(changed, [citizen.personal_id]);
    let own = dancu_domain::SourceKey::parse("tests", "source").unwrap();
    assert!(service.running.changed_by_others(own).unwrap().is_empty());
}

#[tokio::test]
async fn volumes_of_nobody_and_of_days_in_reverse_are_told() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let day = |day| {
        Some(pb::Date {
            year: 2023,
            month: 5,
            day,
        })
    };
    let question = pb::GetVolumesRequest {
        context: Some(in_bulk("r-1", pb::Purpose::Statistics)),
        ..Default::default()
    };
    let nobody = pb::GetVolumesRequest {
        agency: "ZZ99".into(),
        ..question.clone()
    };
    let reversed = pb::GetVolumesRequest {
        from_day: day(2),
        to_day: day(1),
        ..question
    };
    for (asked, field, reason) in [
        (nobody, "agency", Reason::AgencyUnknown),
        (reversed, "to_day", Reason::DaysReversed),
    ] {
        let mut client = StatisticsServiceClient::new(service.channel().await);
        let status = client.get_volumes(request(&key, asked)).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert_eq!(dancu_wire::reason_of(&status), Some(reason));
        let details = <pb::rpc::Status as prost::Message>::decode(status.details()).unwrap();
        let faults = dancu_wire::errors::faults_of(&details);
        assert_eq!(faults, [Fault::new(field, reason)]);
    }
}
