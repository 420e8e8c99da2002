//! What a run looks like on paper and on plain lines.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use dancu_load::account::{Account, Change, Compared, Share};
use dancu_load::measure::{Interval, QUANTILES, Watch};
use dancu_load::run::{Found, LoadPlan};

use crate::output::{Numbers, Table, tell};
use crate::words::Lang;

/// Tells a line a second until `ended`.
pub(super) fn lines(plan: &LoadPlan, watch: &Watch, ended: impl Fn() -> bool, lang: Lang) {
    let mut next = 0;
    let seconds = plan.pace.duration().as_secs_f64();
    let seconds = format!("{} {seconds:.0} s", lang.of("trong", "for"));
    let items = plan.goal.map(|goal| {
        let goal = lang.numbers().whole(goal);
        format!("{goal} {}", lang.of("mục", "items"))
    });
    let whole = match items {
        Some(items) if plan.pace.is_open() => format!("{items} {seconds}"),
        Some(items) => items,
        None => seconds,
    };
    tell(&format!(
        "{}: {whole}, {} × {} → {}",
        lang.of("chạy tải", "driving"),
        plan.connections,
        plan.in_flight,
        plan.server,
    ));
    loop {
        let over = ended();
        let intervals = watch.intervals(next);
        // The last interval may still grow, until the run is over.
        let whole = if over {
            intervals.len()
        } else {
            intervals.len().saturating_sub(1)
        };
        for interval in &intervals[..whole] {
            tell(&line(interval, lang));
            next = interval.end();
        }
        if over {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

pub(crate) fn line(interval: &Interval, lang: Lang) -> String {
    let (all, numbers) = (interval.all(), lang.numbers());
    // Of a second without an answer nothing is known.
    let quantile = |share| match all.answered {
        0 => "-".to_owned(),
        _ => time(Some(interval.corrected.quantile(share))),
    };
    format!(
        "{:>5} s  {} {}  {} {}  {} {}  {} {}  p50 {}  p99 {}  {} {}",
        interval.second,
        numbers.whole(all.sent),
        lang.of("gửi", "sent"),
        numbers.whole(all.answered),
        lang.of("trả lời", "answered"),
        numbers.whole(all.failed),
        lang.of("lỗi", "failed"),
        numbers.whole(all.missed),
        lang.of("lỡ", "missed"),
        quantile(0.5),
        quantile(0.99),
        numbers.whole(interval.wrong),
        lang.of("sai", "wrong"),
    )
}

/// Microseconds with a unit that fits; `None` is a missed slot.
pub(super) fn time(micros: Option<u64>) -> String {
    match micros {
        None => "missed".to_owned(),
        Some(us @ 0..1_000) => format!("{us} µs"),
        Some(us @ 1_000..1_000_000) => format!("{:.2} ms", us as f64 / 1e3),
        Some(us) => format!("{:.2} s", us as f64 / 1e6),
    }
}

/// One try of a search.
pub(super) fn tried(rate: f64, account: &Account, lang: Lang) -> String {
    let held: Vec<String> = account
        .thresholds
        .iter()
        .map(|held| {
            let word = if held.held {
                lang.of("giữ được", "held")
            } else {
                lang.of("không giữ được", "did not hold")
            };
            format!("{}: {}, {word}", held.threshold, held.measured)
        })
        .collect();
    format!("{rate:.0}/s: {}", held.join("; "))
}

/// What a search found.
pub(super) fn found(found: &Found, lang: Lang) -> String {
    let mut told = match (found.best, found.worst) {
        (Some(best), Some(worst)) => format!(
            "{}: {best:.0}/s; {worst:.0}/s {}",
            lang.of("cao nhất", "highest rate that held"),
            lang.of("không giữ được", "did not hold"),
        ),
        (Some(best), None) => format!(
            "{best:.0}/s {}",
            lang.of("vẫn giữ được", "held, and nothing higher was tried")
        ),
        (None, _) => lang
            .of("không tốc độ nào giữ được", "no rate held that was tried")
            .to_owned(),
    };
    if found.ended {
        told.push_str(lang.of(
            "; việc tìm bị dừng giữa chừng",
            "; the search was ended before its time",
        ));
    }
    told
}

/// The account as tables.
pub(crate) fn text(account: &Account, compared: &[Compared], lang: Lang) -> String {
    let numbers = lang.numbers();
    let mut text = String::new();
    let mut part = |block: &str| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(block);
    };
    part(&latencies(account, numbers, lang));
    part(&items(account, numbers, lang));
    if !account.volumes.is_empty() {
        part(&outcomes(account, numbers, lang));
    }
    let codes: Vec<String> = account
        .codes
        .iter()
        .map(|(code, n)| format!("{code} {}", numbers.whole(*n)))
        .collect();
    part(&format!(
        "{}: {}\n{}: {} {}, {} {}, {} {}; {} {}\n{}: p50 {}, p99 {}; {}: {:.2} s / {:.2} s\n",
        lang.of("mã", "codes"),
        codes.join(", "),
        lang.of("kiểm chứng", "verified"),
        numbers.whole(account.verified.by_digest),
        lang.of("theo tóm lược", "by digest"),
        numbers.whole(account.verified.in_full),
        lang.of("đọc toàn bộ", "in full"),
        numbers.whole(account.verified.unread),
        lang.of("không đọc", "not read"),
        numbers.whole(account.wrong),
        lang.of("sai", "wrong"),
        lang.of("gửi trễ", "sent late by"),
        time(Some(account.lag.quantile(0.5))),
        time(Some(account.lag.quantile(0.99))),
        lang.of(
            "thời gian xử lý của máy phát",
            "processor time of the generator"
        ),
        account.cpu,
        account.elapsed,
    ));
    for wrong in account.discrepancies.iter().take(20) {
        part(&format!("{}: {wrong}\n", lang.of("sai", "wrong")));
    }
    for warning in &account.warnings {
        part(&format!("{}: {warning}\n", lang.of("lưu ý", "warning")));
    }
    if !account.thresholds.is_empty() {
        part(&thresholds(account, lang));
    }
    if !compared.is_empty() {
        part(&comparison(compared, lang));
    }
    text
}

fn latencies(account: &Account, numbers: Numbers, lang: Lang) -> String {
    let mut heading = vec![
        "",
        lang.of("trả lời", "answered"),
        lang.of("/s", "a second"),
        lang.of("lỗi", "failed"),
        lang.of("lỡ", "missed"),
        "",
    ];
    heading.extend(["p50", "p75", "p90", "p99", "p99.9", "p99.99", "max"]);
    let mut table = Table::new(&[0, 5], &heading);
    let shares = account.verbs.iter().chain([&account.all]);
    for share in shares.filter(|s| s.calls.answered + s.calls.failed + s.calls.missed > 0) {
        let calls = &share.calls;
        let mut row = vec![
            share.verb.clone(),
            numbers.whole(calls.answered),
            numbers.whole(share.rate.round() as u64),
            numbers.whole(calls.failed),
            numbers.whole(calls.missed),
            lang.of("xử lý", "service").to_owned(),
        ];
        let known = |micros: Option<u64>, missed: u64| match micros {
            // Neither one of the answered nor one of the missed.
            None if missed == 0 => "-".to_owned(),
            micros => time(micros),
        };
        let service = QUANTILES.iter().map(|q| calls.service.known(*q));
        row.extend(service.map(|micros| known(micros, 0)));
        table.row(row);
        if account.is_open() {
            let mut row = vec![String::new(); 5];
            row.push(lang.of("hiệu chỉnh", "corrected").to_owned());
            let corrected = QUANTILES.iter();
            let corrected =
                corrected.map(|q| calls.corrected.quantile_with_missed(*q, calls.missed));
            row.extend(corrected.map(|micros| known(micros, calls.missed)));
            table.row(row);
        }
    }
    table.text()
}

fn items(account: &Account, numbers: Numbers, lang: Lang) -> String {
    let mut table = Table::new(
        &[0],
        &[
            lang.of("mục", "items"),
            lang.of("gửi", "sent"),
            lang.of("trả lời", "answered"),
            lang.of("từ chối", "refused"),
            lang.of("sai dạng", "malformed"),
            lang.of("không phục vụ", "unavailable"),
            lang.of("chưa rõ", "in doubt"),
        ],
    );
    let row = |share: &Share| {
        let items = &share.items;
        let counts = [
            items.sent,
            items.answered,
            items.refused,
            items.malformed,
            items.unavailable,
            items.in_doubt,
        ];
        let counts = counts.map(|n| numbers.whole(n));
        std::iter::once(share.verb.clone())
            .chain(counts)
            .collect::<Vec<_>>()
    };
    for share in account.verbs.iter().filter(|s| s.items.sent > 0) {
        table.row(row(share));
    }
    table.row(row(&account.all));
    table.text()
}

/// How the answered items of each verb ended, a line each.
fn outcomes(account: &Account, numbers: Numbers, lang: Lang) -> String {
    let mut ended: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for volume in &account.volumes {
        let verb = ended.entry(&volume.verb).or_default();
        *verb.entry(&volume.outcome).or_default() += volume.count;
    }
    let mut table = Table::new(
        &[0, 1],
        &[lang.of("kết quả", "outcomes"), "", lang.of("mục", "items")],
    );
    for share in &account.verbs {
        let outcomes = ended.remove(share.verb.as_str()).unwrap_or_default();
        for (outcome, count) in outcomes {
            table.row([
                share.verb.clone(),
                lang.word(outcome).to_owned(),
                numbers.whole(count),
            ]);
        }
    }
    table.text()
}

fn thresholds(account: &Account, lang: Lang) -> String {
    let mut table = Table::new(
        &[0, 2],
        &[
            lang.of("ngưỡng", "threshold"),
            lang.of("đo được", "measured"),
            "",
        ],
    );
    for held in &account.thresholds {
        let verdict = if held.held {
            lang.of("giữ được", "held")
        } else {
            lang.of("không giữ được", "MISSED")
        };
        table.row([held.threshold.as_str(), &held.measured, verdict]);
    }
    table.text()
}

fn comparison(compared: &[Compared], lang: Lang) -> String {
    let mut table = Table::new(
        &[0, 5],
        &[
            "",
            lang.of("trước", "earlier"),
            lang.of("nay", "now"),
            lang.of("đổi", "change"),
            lang.of("nhiễu", "noise"),
            "",
        ],
    );
    for one in compared {
        let verdict = match one.verdict() {
            Change::Noise => lang.of("như trước", "no difference"),
            Change::Better => lang.of("tốt hơn", "better"),
            Change::Worse => lang.of("kém hơn", "WORSE"),
        };
        table.row([
            one.figure.clone(),
            format!("{:.0}", one.earlier),
            format!("{:.0}", one.now),
            format!("{:+.1} %", one.change() * 100.0),
            format!("±{:.1} %", one.noise * 100.0),
            verdict.to_owned(),
        ]);
    }
    table.text()
}
