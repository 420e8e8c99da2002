//! `dancu volumes`: exact totals beside the figures of the first nine months of 2023.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use dancu_domain::{AgencyCode, CivilDate, Day, Outcome, Verb, VolumeKey, VolumeRow, VolumeTotals};
use dancu_wire::pb;
use dancu_wire::pb::statistics_service_client::StatisticsServiceClient;
use serde_json::json;
use tonic::Request;
use tonic::transport::Channel;

use crate::edge::fresh_id;
use crate::exit::Failure;
use crate::output::{Form, Numbers, Table, print, print_json};
use crate::reach::{Reach, run, told};
use crate::words::Lang;

/// Prints totals by verb, outcome, day and agency.
#[derive(Args, Clone, Debug)]
pub(crate) struct Volumes {
    #[command(flatten)]
    reach: Reach,
    /// Count the raw blocks of a data directory, in place of asking a running service.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Only from this day of Asia/Ho_Chi_Minh on, such as 2023-01-01.
    #[arg(long, value_name = "DAY", value_parser = a_day)]
    from: Option<CivilDate>,
    /// Only up to this day.
    #[arg(long, value_name = "DAY", value_parser = a_day)]
    to: Option<CivilDate>,
    /// Write numbers in the Vietnamese way: 1.200.000.000.
    #[arg(long)]
    vi: bool,
}

impl Volumes {
    /// Prints the totals.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let rows = match &self.data {
            Some(data) => match dancu_server::audit::recount(data) {
                Ok(recount) => recount
                    .into_iter()
                    .map(|(key, count)| VolumeRow { key, count })
                    .filter(|row| self.wants(row.key.day))
                    .collect(),
                Err(error) => {
                    let doing = lang.of("đếm sổ", "count the ledger");
                    return Err(Failure::unable(doing, &error, lang));
                }
            },
            None => run(lang, async {
                let channel = self.reach.connect(lang).await?;
                let days = (self.from, self.to);
                let request = |body| self.reach.request(body, lang);
                let volumes = ask(channel, days, request, lang).await?;
                rows(&volumes).ok_or_else(|| {
                    Failure::just(lang.of(
                        "đọc số tổng: có từ mà bản dựng này không biết",
                        "read the totals: they hold words that this build does not know",
                    ))
                })
            })?,
        };
        let numbers = if self.vi {
            Numbers::Vietnamese
        } else {
            lang.numbers()
        };
        match form {
            Form::Json => print_json(&object(&rows)),
            Form::Table => print(&text(&rows, numbers, lang)),
        }
        Ok(())
    }

    fn wants(&self, day: Day) -> bool {
        self.from.is_none_or(|from| day >= Day::of(from))
            && self.to.is_none_or(|to| day <= Day::of(to))
    }
}

/// Reads a day of the command line.
fn a_day(text: &str) -> Result<CivilDate, &'static str> {
    CivilDate::from_iso(text).map_err(|_| "write a day such as 2023-01-31")
}

/// Asks for all totals from a day to a day, verb by verb: all of them over many days could be more
/// than one answer may hold.
pub(crate) async fn ask(
    channel: Channel,
    (from, to): (Option<CivilDate>, Option<CivilDate>),
    request: impl Fn(pb::GetVolumesRequest) -> Result<Request<pb::GetVolumesRequest>, Failure>,
    lang: Lang,
) -> Result<Vec<pb::Volume>, Failure> {
    let date = |date: CivilDate| pb::Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    };
    let mut calls = StatisticsServiceClient::new(channel).max_decoding_message_size(64 << 20);
    let mut volumes = Vec::new();
    for verb in Verb::ALL {
        let body = pb::GetVolumesRequest {
            context: Some(pb::RequestContext {
                request_id: format!("cli-{}", fresh_id()),
                purpose: pb::Purpose::Statistics.into(),
                ..Default::default()
            }),
            verb: verb.code().into(),
            from_day: from.map(date),
            to_day: to.map(date),
            ..Default::default()
        };
        let answer = calls.get_volumes(request(body)?).await;
        let answer = answer.map_err(|status| told(&status, lang))?;
        volumes.extend(answer.into_inner().volumes);
    }
    Ok(volumes)
}

fn rows(volumes: &[pb::Volume]) -> Option<Vec<VolumeRow>> {
    let row = |volume: &pb::Volume| {
        let day = volume.day?;
        let part = |n: i32| u8::try_from(n).ok();
        let date = CivilDate::new(
            u16::try_from(day.year).ok()?,
            part(day.month)?,
            part(day.day)?,
        )?;
        Some(VolumeRow {
            key: VolumeKey {
                agency: AgencyCode::parse(&volume.agency, "agency").ok()?,
                verb: Verb::from_code(u8::try_from(volume.verb).ok()?)?,
                service: dancu_domain::ServiceCode(volume.service_code.parse().ok()?),
                outcome: Outcome::from_code(u8::try_from(volume.outcome).ok()?)?,
                day: Day::of(date),
            },
            count: u64::try_from(volume.count).ok()?,
        })
    };
    volumes.iter().map(row).collect()
}

fn object(rows: &[VolumeRow]) -> serde_json::Value {
    let totals = VolumeTotals::of(rows);
    let yardstick = VolumeTotals::NINE_MONTHS_OF_2023;
    let list: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "agency": row.key.agency.text(),
                "verb": row.key.verb.word(),
                "service_code": row.key.service.to_string(),
                "outcome": row.key.outcome.word(),
                "day": day(row.key.day),
                "count": row.count,
            })
        })
        .collect();
    json!({
        "totals": {
            "lookups_and_authentications": totals.lookups_and_authentications,
            "syncs": totals.syncs,
            "refused": totals.refused,
        },
        "yardstick": {
            "lookups_and_authentications": yardstick.lookups_and_authentications,
            "syncs": yardstick.syncs,
        },
        "volumes": list,
    })
}

fn text(rows: &[VolumeRow], numbers: Numbers, lang: Lang) -> String {
    let totals = VolumeTotals::of(rows);
    let yardstick = VolumeTotals::NINE_MONTHS_OF_2023;
    let mut beside = Table::new(
        &[0],
        &[
            "",
            lang.of("đã trả lời", "answered"),
            lang.of("9 tháng đầu năm 2023", "nine months of 2023"),
            lang.of("tỷ lệ", "share"),
        ],
    );
    let mut line = |name: &str, count: u64, whole: u64| {
        beside.row([
            name.to_owned(),
            numbers.whole(count),
            numbers.whole(whole),
            numbers.percent(count, whole, 6),
        ]);
    };
    line(
        lang.of("tra cứu, xác thực", "lookups and authentications"),
        totals.lookups_and_authentications,
        yardstick.lookups_and_authentications,
    );
    line(lang.of("đồng bộ", "syncs"), totals.syncs, yardstick.syncs);
    let mut text = beside.text();
    if totals.refused > 0 {
        let words = lang.of("bị từ chối, tính riêng", "refused, counted apart");
        text.extend([format!("{words}: {}\n", numbers.whole(totals.refused))]);
    }
    let groups: [(&str, By); 4] = [
        (lang.of("thao tác", "verb"), |row, lang| {
            lang.word(row.key.verb.word()).to_owned()
        }),
        (lang.of("kết quả", "outcome"), |row, lang| {
            let (verb, outcome) = (row.key.verb.word(), row.key.outcome.word());
            format!("{}: {}", lang.word(verb), lang.word(outcome))
        }),
        (lang.of("ngày", "day"), |row, _| day(row.key.day)),
        (lang.of("cơ quan", "agency"), |row, _| {
            row.key.agency.to_string()
        }),
    ];
    for (heading, by) in groups {
        text.push('\n');
        text.push_str(&group(rows, heading, by, numbers, lang).text());
    }
    text
}

/// The thing by which counts are summed.
type By = fn(&VolumeRow, Lang) -> String;

/// The counts summed by one thing: answered and refused.
fn group(rows: &[VolumeRow], heading: &str, by: By, numbers: Numbers, lang: Lang) -> Table {
    let mut sums: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for row in rows {
        let refused = usize::from(row.key.outcome == Outcome::Refused);
        sums.entry(by(row, lang)).or_default()[refused] += row.count;
    }
    let heading = [
        heading,
        lang.of("đã trả lời", "answered"),
        lang.of("bị từ chối", "refused"),
    ];
    let mut table = Table::new(&[0], &heading);
    for (name, [answered, refused]) in sums {
        table.row([name, numbers.whole(answered), numbers.whole(refused)]);
    }
    table
}

fn day(day: Day) -> String {
    day.date()
        .map_or_else(|| day.0.to_string(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_domain::ServiceCode;

    fn row(verb: Verb, outcome: Outcome, count: u64) -> VolumeRow {
        VolumeRow {
            key: VolumeKey {
                agency: AgencyCode::parse("H26", "agency").unwrap(),
                verb,
                service: ServiceCode::LOOKUP_CITIZEN,
                outcome,
                day: Day(19_642),
            },
            count,
        }
    }

    #[test]
    fn totals_stand_beside_the_nine_months_and_refusals_apart() {
        let rows = [
            row(Verb::Lookup, Outcome::Found, 12_000),
            row(Verb::Lookup, Outcome::Refused, 7),
            row(Verb::Reconcile, Outcome::InStep, 5_360),
        ];
        let text = text(&rows, Numbers::Vietnamese, Lang::Vi);
        let has = |line: &str| {
            let words = |text: &str| {
                text.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            text.lines().any(|l| words(l) == words(line))
        };
        assert!(
            has("tra cứu, xác thực 12.000 1.200.000.000 0,001000 %"),
            "{text}"
        );
        assert!(has("đồng bộ 5.360 536.000.000 0,001000 %"), "{text}");
        assert!(has("bị từ chối, tính riêng: 7"), "{text}");
        assert!(has("tra cứu 12.000 7"), "{text}");
        assert!(has("2023-10-12 17.360 7"), "{text}");
        assert_eq!(object(&rows)["totals"]["refused"], 7);
    }
}
