//! Who may ask, who is told why not, and what is recorded of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::{KeyState, SandboxKey};
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use tonic::{Code, Status};

use crate::common::{Service, context, item, request};

async fn look_up(service: &Service, key: &SandboxKey, lang: Option<&'static str>) -> Status {
    let persona = service.nation().personas().remove(0);
    let mut asked = request(
        key,
        pb::LookupCitizenRequest {
            context: Some(context(key, "r-1")),
            item: Some(item(&persona.claims)),
            ..Default::default()
        },
    );
    if key.key.is_empty() {
        asked.metadata_mut().remove("authorization");
    }
    if let Some(lang) = lang {
        let lang = lang.parse().unwrap();
        asked.metadata_mut().insert("accept-language", lang);
    }
    let mut client = LookupServiceClient::new(service.channel().await);
    match client.lookup_citizen(asked).await {
        Ok(_) => Status::ok(""),
        Err(status) => status,
    }
}

#[tokio::test]
async fn who_is_not_known_is_told_why() {
    let service = Service::start();
    let mut none = service.key(KeyState::Valid);
    none.key = String::new();
    let mut stranger = none.clone();
    stranger.key = "dancu-sandbox-0000".to_owned();
    for (key, reason) in [
        (none, Reason::CredentialMissing),
        (stranger, Reason::CredentialUnknown),
        (service.key(KeyState::Expired), Reason::CredentialExpired),
        (service.key(KeyState::Revoked), Reason::CredentialRevoked),
        (
            service.key(KeyState::NotYetValid),
            Reason::CredentialNotYetValid,
        ),
    ] {
        let status = look_up(&service, &key, None).await;
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(dancu_wire::reason_of(&status), Some(reason));
    }
    let valid = look_up(&service, &service.key(KeyState::Valid), None).await;
    assert_eq!(valid.code(), Code::Ok);
}

#[tokio::test]
async fn two_credentials_are_none() {
    let service = Service::start();
    let (valid, revoked) = (service.key(KeyState::Valid), service.key(KeyState::Revoked));
    for (first, second) in [(&valid, &revoked), (&revoked, &valid), (&valid, &valid)] {
        let persona = service.nation().personas().remove(0);
        let mut asked = request(
            first,
            pb::LookupCitizenRequest {
                context: Some(context(first, "r-1")),
                item: Some(item(&persona.claims)),
                ..Default::default()
            },
        );
        let other = format!("Bearer {}", second.key).parse().unwrap();
        asked.metadata_mut().append("authorization", other);
        let mut client = LookupServiceClient::new(service.channel().await);
        let status = client.lookup_citizen(asked).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        let reason = dancu_wire::reason_of(&status);
        assert_eq!(reason, Some(dancu_domain::Reason::CredentialAmbiguous));
    }
}

#[tokio::test]
async fn errors_speak_the_callers_language() {
    let service = Service::start();
    let revoked = service.key(KeyState::Revoked);
    for (asked, spoken) in [
        (None, "en"),
        (Some("vi"), "vi"),
        (Some("fr, vi;q=0.9, en;q=0.5"), "vi"),
        (Some("en-GB"), "en"),
    ] {
        let status = look_up(&service, &revoked, asked).await;
        let details = <pb::rpc::Status as prost::Message>::decode(status.details()).unwrap();
        let said = details
            .details
            .iter()
            .find(|any| any.type_url.ends_with("LocalizedMessage"))
            .unwrap();
        let said: pb::rpc::LocalizedMessage =
            prost::Message::decode(said.value.as_slice()).unwrap();
        assert_eq!(said.locale, spoken);
    }
}

#[tokio::test]
async fn sandbox_keys_are_refused_beyond_loopback_unless_they_are_allowed() {
    for (allowed, code) in [(false, Code::Unauthenticated), (true, Code::Ok)] {
        let service = Service::with(|config| {
            config.listen = "0.0.0.0:0".parse().unwrap();
            config.allow_sandbox_keys_anywhere = allowed;
        });
        let status = look_up(&service, &service.key(KeyState::Valid), None).await;
        assert_eq!(status.code(), code);
    }
}

#[tokio::test]
async fn a_refusal_is_recorded_before_it_is_told() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let mut envelope = context(&key, "r-1");
    envelope.officer = "nobody-we-know".to_owned();
    let mut client = LookupServiceClient::new(service.channel().await);
    let refused = client
        .batch_lookup_citizens(request(
            &key,
            pb::BatchLookupCitizensRequest {
                context: Some(envelope),
                items: vec![item(&persona.claims); 3],
                ..Default::default()
            },
        ))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(
        dancu_wire::reason_of(&refused),
        Some(Reason::OfficerNotAuthorised)
    );
    service.running.drain();
    let counts = dancu_server::audit::recount(service.dir.path()).unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|(key, n)| (key.agency, key.outcome, *n))
        .collect();
    assert_eq!(counts, [(key.agency, dancu_domain::Outcome::Refused, 3)]);
}

#[tokio::test]
async fn a_revocation_ends_an_open_stream_at_its_next_message() {
    let (service, trouble) = crate::memory::start(|config| {
        config.times.directory_every = Duration::from_millis(50);
    });
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let message = |id: &str| pb::StreamLookupCitizensRequest {
        batch: Some(pb::BatchLookupCitizensRequest {
            context: Some(context(&key, id)),
            items: vec![item(&persona.claims)],
            ..Default::default()
        }),
    };
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    sender.unbounded_send(message("r-1")).unwrap();
    let mut client = LookupServiceClient::new(service.channel().await);
    let mut replies = client
        .stream_lookup_citizens(request(&key, receiver))
        .await
        .unwrap()
        .into_inner();
    assert!(replies.message().await.unwrap().is_some());
    trouble.revoked.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    sender.unbounded_send(message("r-2")).unwrap();
    let status = replies.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let reason = dancu_wire::reason_of(&status);
    assert_eq!(reason, Some(Reason::CredentialRevoked));
}
