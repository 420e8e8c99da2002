//! `dancu lookup`: one citizen, looked up at a running service.

use clap::Args;
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use serde_json::json;

use crate::exit::Failure;
use crate::output::{Form, print, print_json};
use crate::reach::{Reach, run, told};
use crate::show::{self, Shown};
use crate::who::Who;
use crate::words::Lang;

/// Looks one citizen up (tra cứu).
#[derive(Args, Clone, Debug)]
pub(crate) struct Lookup {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    who: Who,
    /// How much of the record is wanted, within the licence.
    #[arg(long, value_enum, default_value_t = View::Basic)]
    view: View,
    /// Exactly these fields of the record, with commas between them.
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
}

/// How much of a record is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum View {
    /// Numbers, name, birth date, sex, current residence.
    Basic,
    /// Everything that the licence grants.
    Full,
}

impl Lookup {
    /// Asks, and prints the answer.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let answer = run(lang, self.ask(lang))?;
        let result = answer.result.unwrap_or_default();
        let record = result.citizen.as_ref();
        let shown = Shown {
            verdict: vec![
                (
                    "outcome",
                    show::word(result.outcome().as_str_name(), "LOOKUP_OUTCOME_"),
                ),
                (
                    "level",
                    show::word(result.level().as_str_name(), "MATCH_LEVEL_"),
                ),
                (
                    "cause",
                    show::word(result.cause().as_str_name(), "NO_MATCH_CAUSE_"),
                ),
                ("version", json!(record.map(|record| record.version))),
            ],
            citizen: record.map(show::citizen),
            header: show::header(answer.header.as_ref()),
        };
        match form {
            Form::Json => print_json(&shown.object()),
            Form::Table => print(&shown.table(lang).text()),
        }
        Ok(())
    }

    async fn ask(&self, lang: Lang) -> Result<pb::LookupCitizenResponse, Failure> {
        let mut body = pb::LookupCitizenRequest {
            context: Some(self.who.context(&self.reach, lang)),
            freshness: self.who.freshness(),
            item: Some(pb::LookupItem {
                claims: Some(self.who.claims(lang)?),
                ..Default::default()
            }),
            ..Default::default()
        };
        body.view = match self.view {
            View::Basic => pb::LookupView::Basic,
            View::Full => pb::LookupView::Full,
        }
        .into();
        if !self.fields.is_empty() {
            body.read_mask
                .get_or_insert_default()
                .paths
                .clone_from(&self.fields);
        }
        let request = self.reach.request(body, lang)?;
        let mut calls = LookupServiceClient::new(self.reach.connect(lang).await?);
        let answer = calls.lookup_citizen(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| told(&status, lang))
    }
}
