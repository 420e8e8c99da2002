//! `dancu authenticate`: one citizen's claims, authenticated at a running service.

use clap::Args;
use dancu_wire::pb;
use dancu_wire::pb::authentication_service_client::AuthenticationServiceClient;
use serde_json::json;

use crate::exit::Failure;
use crate::output::{Form, print, print_json};
use crate::reach::{Reach, run, told};
use crate::show::{self, Shown};
use crate::who::Who;
use crate::words::Lang;

/// Authenticates one citizen's claims (xác thực): a verdict, and no attributes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Authenticate {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    who: Who,
}

impl Authenticate {
    /// Asks, and prints the verdict.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let answer = run(lang, self.ask(lang))?;
        let result = answer.result.unwrap_or_default();
        let outcome = show::word(result.outcome().as_str_name(), "AUTHENTICATION_OUTCOME_");
        let level = show::word(result.level().as_str_name(), "MATCH_LEVEL_");
        // A verdict without a level is about nobody, and has no version.
        let version = json!((!level.is_null()).then_some(result.version));
        let cause = show::word(result.cause().as_str_name(), "NO_MATCH_CAUSE_");
        let shown = Shown {
            verdict: vec![
                ("outcome", outcome),
                ("level", level),
                ("cause", cause),
                ("version", version),
            ],
            citizen: None,
            header: show::header(answer.header.as_ref()),
        };
        match form {
            Form::Json => print_json(&shown.object()),
            Form::Table => print(&shown.table(lang).text()),
        }
        Ok(())
    }

    async fn ask(&self, lang: Lang) -> Result<pb::AuthenticateCitizenResponse, Failure> {
        let body = pb::AuthenticateCitizenRequest {
            context: Some(self.who.context(&self.reach, lang)),
            freshness: self.who.freshness(),
            item: Some(pb::AuthenticationItem {
                claims: Some(self.who.claims(lang)?),
                ..Default::default()
            }),
        };
        let request = self.reach.request(body, lang)?;
        let mut calls = AuthenticationServiceClient::new(self.reach.connect(lang).await?);
        let answer = calls.authenticate_citizen(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| told(&status, lang))
    }
}
