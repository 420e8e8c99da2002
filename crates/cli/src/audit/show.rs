//! The entries under a receipt.

use clap::Args;
use dancu_domain::{Receipt, Timestamp, WriterId};
use dancu_ledger::audit::EntryView;
use serde_json::{Value, json};

use super::Place;
use crate::exit::Failure;
use crate::output::{Form, Table, print, print_json, tell};
use crate::words::Lang;

/// Which receipt, of which ledger.
#[derive(Args, Clone, Debug)]
pub(super) struct Show {
    #[command(flatten)]
    place: Place,
    /// WRITER:FIRST or WRITER:FIRST:COUNT.
    #[arg(value_parser = receipt)]
    receipt: Receipt,
}

impl Show {
    pub(super) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
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
                        "ghi lúc",
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
                        "recorded",
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
                let mut table = Table::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], &heading);
                for entry in &entries {
                    table.row([
                        entry.index.to_string(),
                        entry
                            .day
                            .date()
                            .map(|date| date.to_string())
                            .unwrap_or_default(),
                        recorded(entry.at),
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
        "event_day": entry.event_day,
        "recorded_at": recorded(entry.at),
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

/// When a block was made, as the clocks of Viet Nam show it.
fn recorded(at: Timestamp) -> String {
    let Some(date) = at.day().date() else {
        return String::new();
    };
    let offset = i64::from(OFFSET_HOURS) * 3_600_000;
    let seconds =
        at.0.saturating_add(offset)
            .div_euclid(1_000)
            .rem_euclid(86_400);
    format!(
        "{date}T{:02}:{:02}:{:02}+{OFFSET_HOURS:02}:00",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
    )
}

/// The hours by which the clocks of Viet Nam are ahead of UTC.
const OFFSET_HOURS: u8 = 7;

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
    fn the_time_of_recording_is_told_by_the_clocks_of_viet_nam() {
        assert_eq!(recorded(Timestamp(0)), "1970-01-01T07:00:00+07:00");
        let late = Timestamp(1_675_097_999_999);
        assert_eq!(recorded(late), "2023-01-30T23:59:59+07:00");
        assert_eq!(recorded(Timestamp(late.0 + 1)), "2023-01-31T00:00:00+07:00");
    }
}
