//! `dancu audit`: whether the ledger was edited, and what it holds under a receipt.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dancu_domain::{Receipt, WriterId};
use dancu_ledger::audit::{BadBlock, EntryView, Report, Why};
use dancu_server::audit::At;
use dancu_server::{Config, LedgerPlace, Secret};
use serde_json::{Value, json};

use crate::choosing::Choosing;
use crate::exit::Failure;
use crate::output::{Form, Table, print, print_json, tell};
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
    Show(Show),
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

#[derive(Args, Clone, Debug)]
struct Show {
    #[command(flatten)]
    place: Place,
    /// WRITER:FIRST or WRITER:FIRST:COUNT.
    #[arg(value_parser = receipt)]
    receipt: Receipt,
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

impl Show {
    fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let found = dancu_server::audit::entries(self.place.at(lang)?.0, vec![self.receipt])
            .map_err(|error| Failure::unable(lang.of("đọc sổ", "read the ledger"), &error, lang))?;
        let entries: Vec<&EntryView> = found.iter().flatten().collect();
        match form {
            Form::Json => {
                let list: Vec<Value> = entries.iter().map(|entry| entry_object(entry)).collect();
                print_json(&json!({ "entries": list }));
            }
            Form::Table => {
                let heading = match lang {
                    Lang::Vi => [
                        "mục",
                        "ngày",
                        "cơ quan",
                        "thao tác",
                        "dịch vụ",
                        "kết quả",
                        "đã cho",
                        "mục đích",
                        "cán bộ",
                        "thủ tục",
                        "hồ sơ",
                    ],
                    Lang::En => [
                        "index",
                        "day",
                        "agency",
                        "verb",
                        "service",
                        "outcome",
                        "given",
                        "purpose",
                        "officer",
                        "procedure",
                        "dossier",
                    ],
                };
                let mut table = Table::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &heading);
                for entry in &entries {
                    table.row([
                        entry.index.to_string(),
                        entry
                            .day
                            .date()
                            .map(|date| date.to_string())
                            .unwrap_or_default(),
                        entry.agency.to_string(),
                        lang.word(entry.verb.word()).to_owned(),
                        entry.service.to_string(),
                        lang.word(entry.outcome.word()).to_owned(),
                        given(entry)
                            .map(|word| lang.word(word))
                            .collect::<Vec<_>>()
                            .join(","),
                        lang.word(entry.purpose.word()).to_owned(),
                        entry.officer.clone().unwrap_or_default(),
                        entry.procedure.clone().unwrap_or_default(),
                        entry.dossier.clone().unwrap_or_default(),
                    ]);
                }
                print(&table.fitting());
            }
        }
        if entries.len() == self.receipt.count as usize {
            return Ok(());
        }
        let words = lang.of(
            "mục của biên nhận này có trong sổ, trên tổng số",
            "entries of this receipt are in the ledger, of",
        );
        tell(&format!(
            "dancu: {} {words} {}",
            entries.len(),
            self.receipt.count
        ));
        Err(Failure::Wrong)
    }
}

fn entry_object(entry: &EntryView) -> Value {
    json!({
        "writer": entry.writer.0,
        "index": entry.index,
        "day": entry.day.date().map(|date| date.to_string()),
        "agency": entry.agency.text(),
        "verb": entry.verb.word(),
        "service_code": entry.service.to_string(),
        "outcome": entry.outcome.word(),
        "given": given(entry).collect::<Vec<_>>(),
        "purpose": entry.purpose.word(),
        "officer": entry.officer,
        "procedure": entry.procedure,
        "dossier": entry.dossier,
        "unit": entry.unit,
    })
}

fn given(entry: &EntryView) -> impl Iterator<Item = &'static str> {
    entry.given.iter().map(dancu_domain::Attribute::word)
}

/// Reads WRITER:FIRST or WRITER:FIRST:COUNT.
fn receipt(text: &str) -> Result<Receipt, String> {
    let wrong = || "it must be WRITER:FIRST or WRITER:FIRST:COUNT".to_owned();
    let mut parts = text.split(':');
    let writer = parts
        .next()
        .and_then(|t| t.parse().ok())
        .ok_or_else(wrong)?;
    let first = parts
        .next()
        .and_then(|t| t.parse().ok())
        .ok_or_else(wrong)?;
    let count = match parts.next() {
        None => 1,
        Some(text) => text.parse().map_err(|_| wrong())?,
    };
    if parts.next().is_some() {
        return Err(wrong());
    }
    Ok(Receipt {
        writer: WriterId(writer),
        first,
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_as_an_answer_tells_it() {
        let read = receipt("1:100:3").unwrap();
        assert_eq!((read.writer.0, read.first, read.count), (1, 100, 3));
        assert_eq!(receipt("1:100").unwrap().count, 1);
        for wrong in ["", "1", "a:b", "1:2:3:4", "1:-2"] {
            assert!(receipt(wrong).is_err(), "{wrong}");
        }
    }

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
