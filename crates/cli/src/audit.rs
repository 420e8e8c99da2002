//! `dancu audit`: whether the ledger was edited, and what it holds under a receipt.

mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dancu_ledger::audit::{BadBlock, Report, Why};
use dancu_server::audit::At;
use dancu_server::{Config, LedgerPlace, Secret};
use serde_json::{Value, json};

use crate::choosing::Choosing;
use crate::exit::Failure;
use crate::output::{Form, print, print_json};
use crate::words::Lang;

/// Reads the ledger back. It may run beside the service.
#[derive(Args, Clone, Debug)]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Walks every chain from its first block, against the signed checkpoints; names the first
    /// bad block and exits with 1 where the ledger was edited.
    Verify(Verify),
    /// Shows the entries under a receipt, as it stands in an answer's header.
    Show(show::Show),
}

/// Which ledger.
#[derive(Args, Clone, Debug)]
struct Place {
    /// The file of settings of the service whose ledger it is, which says the rest.
    #[arg(long, env = "DANCU_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory. [default: .dancu]
    #[arg(long, env = "DANCU_DATA")]
    data: Option<PathBuf>,
    /// The ledger's database; left out, the file in the data directory.
    #[arg(long, env = "DANCU_LEDGER_URL", hide_env_values = true)]
    ledger_url: Option<Secret>,
    /// The file of keys; left out, the one in the data directory.
    #[arg(long, env = "DANCU_KEYS")]
    keys: Option<PathBuf>,
}

impl Place {
    /// The ledger, and the checkpoints that a file of settings names.
    fn at(&self, lang: Lang) -> Result<(At, Option<PathBuf>), Failure> {
        let chosen = match &self.config {
            Some(file) => Choosing::by(file).settle(lang)?.config,
            None => Config::default(),
        };
        let at = At {
            data: self.data.clone().unwrap_or(chosen.data),
            ledger: match &self.ledger_url {
                Some(url) => LedgerPlace::Postgres { url: url.clone() },
                None => chosen.ledger,
            },
            keys: self.keys.clone().or(chosen.keys),
        };
        Ok((at, chosen.checkpoints))
    }
}

#[derive(Args, Clone, Debug)]
struct Verify {
    #[command(flatten)]
    place: Place,
    /// The file of signed checkpoints; left out, the one in the data directory.
    #[arg(long, env = "DANCU_CHECKPOINTS")]
    checkpoints: Option<PathBuf>,
}

impl Audit {
    /// Does what was asked.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        match &self.what {
            What::Verify(verify) => verify.run(form, lang),
            What::Show(show) => show.run(form, lang),
        }
    }
}

impl Verify {
    fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let (at, named) = self.place.at(lang)?;
        let checkpoints = self.checkpoints.as_ref().or(named.as_ref());
        let report = dancu_server::audit::verify(at, checkpoints.map(PathBuf::as_path))
            .map_err(|error| Failure::unable(lang.of("đọc sổ", "read the ledger"), &error, lang))?;
        match form {
            Form::Json => print_json(&object(&report)),
            Form::Table => print(&text(&report, lang)),
        }
        if report.ok() && report.vouched() {
            Ok(())
        } else {
            Err(Failure::Wrong)
        }
    }
}

fn object(report: &Report) -> Value {
    json!({
        "ok": report.ok() && report.vouched(),
        "blocks": report.blocks,
        "entries": report.entries,
        "event_days": report.event_days,
        "checkpoints": report.checkpoints,
        "checkpoints_begun_at": report.begun_at,
        "counts_agree": report.counts_agree(),
        "first_bad": report.first_bad.as_ref().map(|bad| json!({
            "writer": bad.writer.0,
            "first": bad.first,
            "last": bad.last,
            "why": bad.why.to_string(),
        })),
        "bad_checkpoint": report.bad_checkpoint.as_ref().map(|bad| json!({
            "line": bad.line,
            "why": bad.why.to_string(),
        })),
        "difference": report.difference.as_ref().map(|difference| json!({
            "writer": difference.writer.0,
            "agency": difference.key.agency.text(),
            "verb": difference.key.verb.word(),
            "service_code": difference.key.service.to_string(),
            "outcome": difference.key.outcome.word(),
            "day": difference.key.day.date().map(|date| date.to_string()),
            "counted": difference.counted,
            "entries": difference.entries,
        })),
    })
}

/// What a report says, for people.
pub(crate) fn text(report: &Report, lang: Lang) -> String {
    let numbers = lang.numbers();
    let mut text = format!(
        "{}: {} {}, {} {}, {} {}\n",
        lang.of("đúng", "good"),
        numbers.whole(report.blocks),
        lang.of("khối", "blocks"),
        numbers.whole(report.entries),
        lang.of("mục", "entries"),
        numbers.whole(report.checkpoints),
        lang.of("điểm kiểm", "checkpoints"),
    );
    if report.event_days > 0 {
        let words = lang.of(
            "trong đó số mục tính theo ngày do người gọi nêu",
            "of these, entries under a day that the caller named",
        );
        text.extend([format!("{words}: {}\n", numbers.whole(report.event_days))]);
    }
    if !report.vouched() {
        text.push_str(lang.of(
            "thiếu điểm kiểm: không có gì chứng thực cho các chuỗi\n",
            "no checkpoints: nothing vouches for the chains\n",
        ));
    }
    if report.begun_at > 0 {
        let words = lang.of(
            "tệp điểm kiểm được lập mới sau từng này mục",
            "the file of checkpoints was begun anew after so many entries",
        );
        text.extend([format!("{words}: {}\n", numbers.whole(report.begun_at))]);
    }
    if let Some(bad) = &report.first_bad {
        let words = lang.of("khối sai đầu tiên", "first bad block");
        text.extend([format!("{words}: {}\n", bad_block(bad, lang))]);
    }
    if let Some(bad) = &report.bad_checkpoint {
        let words = lang.of("điểm kiểm sai", "bad checkpoint");
        text.extend([format!(
            "{words}: {} {}: {}\n",
            lang.of("dòng", "line"),
            bad.line,
            lang.word(&bad.why.to_string()),
        )]);
    }
    if let Some(difference) = &report.difference {
        let key = &difference.key;
        text.extend([format!(
            "{}: {} {}, {} {} {}: {} {}, {} {}\n",
            lang.of("số đếm sai", "wrong count"),
            lang.of("bên ghi", "writer"),
            difference.writer.0,
            key.agency,
            lang.word(key.verb.word()),
            lang.word(key.outcome.word()),
            lang.of("đếm được", "counted"),
            numbers.whole(difference.counted),
            lang.of("mục", "entries"),
            numbers.whole(difference.entries),
        )]);
    }
    text
}

/// Where a chain breaks, for people.
fn bad_block(bad: &BadBlock, lang: Lang) -> String {
    let (writer, first, last) = (bad.writer.0, bad.first, bad.last);
    match (lang, bad.why) {
        (Lang::En, _) => bad.to_string(),
        (Lang::Vi, Why::ContradictsCheckpoint { line }) => {
            format!("bên ghi {writer}, mục {first} đến {last}: trái với điểm kiểm ở dòng {line}")
        }
        (Lang::Vi, why) => {
            let why = why.to_string();
            format!(
                "bên ghi {writer}, mục {first} đến {last}: {}",
                lang.word(&why)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use dancu_domain::WriterId;

    use super::*;

    #[test]
    fn the_first_bad_block_is_named_with_writer_and_range() {
        let report = Report {
            first_bad: Some(BadBlock {
                writer: WriterId(2),
                first: 10,
                last: 19,
                why: Why::HashMismatch,
            }),
            ..Report::default()
        };
        let text = text(&report, Lang::En);
        assert!(
            text.contains("first bad block: writer 2, entries 10 to 19"),
            "{text}"
        );
        assert_eq!(object(&report)["first_bad"]["last"], 19);
        assert_eq!(object(&report)["ok"], false);
    }
}
