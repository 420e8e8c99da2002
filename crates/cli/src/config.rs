//! `dancu config`: what would be followed, who chose it, and whether it can be followed.

use clap::{Args, Subcommand};
use dancu_server::{Settled, Shown};
use serde_json::{Map, Value, json};

use crate::choosing::Choosing;
use crate::exit::Failure;
use crate::output::{Form, print, print_json};
use crate::words::Lang;

/// Every setting with its default and what it means.
const MANUAL: &str = include_str!("../../../deploy/dancu.toml");

/// Checks and shows the configuration.
#[derive(Args, Clone, Debug)]
pub(crate) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Tells whether the configuration can be followed: exit code 0, or 2 with the first fault.
    Check(Box<Choosing>),
    /// Prints what would be followed and who chose it, as TOML or with `--output json`. Secrets
    /// are hidden.
    Print(Box<Choosing>),
    /// Prints the manual: a file of settings with every default, commented.
    Default,
}

impl Config {
    /// Does what was asked.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        match &self.what {
            What::Check(choosing) => {
                let settled = choosing.settle(lang)?;
                dancu_server::check_log(&settled.config.log.levels)
                    .map_err(|why| Failure::Usage(format!("log.levels: {why}")))?;
                match form {
                    Form::Json => print_json(&json!({ "ok": true })),
                    Form::Table => print(lang.of("thiết lập dùng được\n", "can be followed\n")),
                }
                Ok(())
            }
            What::Print(choosing) => {
                let settled = choosing.settle(lang)?;
                match form {
                    Form::Json => print_json(&object(&settled)),
                    Form::Table => print(&settled.toml()),
                }
                Ok(())
            }
            What::Default => {
                print(MANUAL);
                Ok(())
            }
        }
    }
}

/// Value and origin of every setting, by its name.
fn object(settled: &Settled) -> Value {
    let choices = settled.choices().into_iter().map(|choice| {
        let value = choice.value.map_or(Value::Null, |shown| match shown {
            Shown::Text(text) => json!(text),
            Shown::Number(number) => json!(number),
            Shown::Truth(truth) => json!(truth),
            Shown::Table(table) => json!(table),
        });
        let origin = choice.origin.to_string();
        (
            choice.name.to_owned(),
            json!({ "value": value, "from": origin }),
        )
    });
    Value::Object(choices.collect::<Map<_, _>>())
}
