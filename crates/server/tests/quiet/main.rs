//! What the log says of a whole conversation when everything is at TRACE: one line a message, and
//! nothing about anybody.
#![expect(
    clippy::unwrap_used,
    reason = "what helps a test fails with it, at the line that it names"
)]

#[path = "../server/common.rs"]
#[expect(dead_code, reason = "the other tests take more of it")]
mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{Service, claims, claims_of, context, in_bulk, item, request, residence_change};
use dancu_domain::{ChangeEvent, LegacyId};
use dancu_population::KeyState;
use dancu_server::{LogForm, install_log_to};
use dancu_wire::pb;
use dancu_wire::pb::authentication_service_client::AuthenticationServiceClient;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use dancu_wire::pb::sync_service_client::SyncServiceClient;

/// Everything that was written.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Pages {
    /// The first line that holds a text, as it is or as bytes are printed.
    fn line_with(&self, text: &str) -> Option<String> {
        let escaped = text.as_bytes().escape_ascii().to_string();
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        all.lines()
            .find(|line| line.contains(text) || line.replace("\\\\", "\\").contains(&escaped))
            .map(str::to_owned)
    }
}

#[tokio::test]
async fn a_conversation_leaves_its_lines_and_nothing_about_anybody() {
    let pages = Pages::default();
    let writer = pages.clone();
    install_log_to(LogForm::Json, "trace", move || writer.clone()).unwrap();
    let service = Service::with(|config| config.log.answered_per_second = 1_000);
    let nation = service.nation();
    let key = service.key(KeyState::Valid);
    let mut canaries = vec![key.key.clone(), "canary-request-79".to_owned()];
    let channel = service.channel().await;

    let mut lookups = LookupServiceClient::new(channel.clone());
    for index in 0..20 {
        let citizen = nation.citizen(index);
        canaries.push(citizen.personal_id.text());
        canaries.extend(citizen.legacy_id.map(LegacyId::text));
        canaries.push(citizen.name.text().to_owned());
        let mut asked = item(&claims_of(&citizen));
        if index % 5 == 0 {
            asked.claims.as_mut().unwrap().full_name.push('7');
        }
        let message = pb::LookupCitizenRequest {
            context: Some(context(&key, "canary-request-79")),
            view: pb::LookupView::Full.into(),
            item: Some(asked),
            ..Default::default()
        };
        let answer = lookups.lookup_citizen(request(&key, message)).await;
        assert_eq!(answer.is_ok(), index % 5 != 0);
    }
    let citizen = nation.citizen(3);
    let message = pb::AuthenticateCitizenRequest {
        context: Some(context(&key, "canary-request-79")),
        item: Some(pb::AuthenticationItem {
            claims: Some(claims(&claims_of(&citizen))),
            ..Default::default()
        }),
        ..Default::default()
    };
    AuthenticationServiceClient::new(channel.clone())
        .authenticate_citizen(request(&key, message))
        .await
        .unwrap();
    let (index, place, since) = (0..nation.len())
        .find_map(|index| match nation.event(index, 0) {
            Some(ChangeEvent::Residence { place, since }) => Some((index, place, since)),
            _ => None,
        })
        .unwrap();
    let citizen = nation.citizen(index);
    canaries.push(citizen.personal_id.text());
    canaries.push(citizen.name.text().to_owned());
    let message = pb::PushChangesRequest {
        context: Some(in_bulk("canary-request-79", pb::Purpose::LifeEvent)),
        records: vec![residence_change(&citizen, &place, since)],
    };
    SyncServiceClient::new(channel)
        .push_changes(request(&service.key_of("G01"), message))
        .await
        .unwrap();
    tokio::task::spawn_blocking(|| service.running.drain())
        .await
        .unwrap();

    let text = String::from_utf8(pages.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let about = |verb: &str, code: &str| {
        lines
            .iter()
            .filter(|line| line["target"] == "dancu::request")
            .filter(|line| line["verb"] == verb && line["code"] == code)
            .count()
    };
    assert_eq!(about("LOOKUP", "Ok"), 16);
    assert_eq!(about("LOOKUP", "InvalidArgument"), 4);
    assert_eq!(about("AUTHENTICATE", "Ok"), 1);
    assert_eq!(about("PUSH", "Ok"), 1);
    for canary in &canaries {
        assert_eq!(pages.line_with(canary), None, "{canary}");
    }
    // The same scan sees a leak of a library at the deepest level.
    let leaked = &canaries[2];
    tracing::trace!(target: "h2::proto", payload = ?leaked.as_bytes().escape_ascii().to_string());
    assert!(pages.line_with(leaked).is_some());
}
