//! What a run came to: figures by verb, sums, and whether they add up.

use dancu_domain::Verb;
use dancu_load::Report;
use dancu_load::tally::VerbTally;
use serde_json::{Map, Value, json};

use crate::compare::{Counts, Evidence, Mismatch};
use crate::output::Table;
use crate::words::Lang;

/// How many of the things that are wrong are told one by one.
const TOLD: usize = 20;

/// What a run came to.
#[derive(Debug)]
pub(super) struct Sums<'a> {
    report: &'a Report,
    citizens: u64,
    seed: u64,
    evidence: Evidence<'a>,
    mismatches: Vec<Mismatch>,
}

impl<'a> Sums<'a> {
    /// Compares the three counts; `mismatches` are those found already.
    pub(super) fn new(
        report: &'a Report,
        (citizens, seed): (u64, u64),
        counted: &'a Counts,
        audited: &'a Counts,
        mut mismatches: Vec<Mismatch>,
    ) -> Self {
        let evidence = Evidence {
            tally: &report.tally,
            wrong: report.wrong,
            counted,
            audited,
        };
        mismatches.extend(evidence.mismatches());
        mismatches.sort_by_key(Mismatch::rank);
        Self {
            report,
            citizens,
            seed,
            evidence,
            mismatches,
        }
    }

    /// Whether everything adds up and every reply was right.
    pub(super) fn adds_up(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// One JSON object.
    pub(super) fn object(&self) -> Value {
        let report = self.report;
        let (counted, audited) = self.totals();
        let mut verbs = Map::new();
        for verb in Verb::ALL {
            let mut figures = parts(report.tally.verb(*verb));
            figures.insert("counted".into(), json!(self.evidence.counted(*verb)));
            figures.insert("audited".into(), json!(self.evidence.audited(*verb)));
            figures.insert("messages".into(), json!(report.latencies.messages(*verb)));
            figures.insert("rate".into(), json!(report.rate(*verb).round()));
            let quantile = |share| report.latencies.quantile(*verb, share);
            figures.insert("p50_us".into(), json!(quantile(0.5)));
            figures.insert("p99_us".into(), json!(quantile(0.99)));
            verbs.insert(verb.word().to_owned(), Value::Object(figures));
        }
        let total = report.tally.total();
        let mut object = parts(&total);
        object.insert("counted".into(), json!(counted));
        object.insert("audited".into(), json!(audited));
        object.insert(
            "unacknowledged".into(),
            json!(audited.saturating_sub(total.answered)),
        );
        object.insert("repeats".into(), json!(report.repeats));
        object.insert("swept".into(), json!(report.swept));
        object.insert("seconds".into(), json!(report.elapsed.as_secs_f64()));
        object.insert("verbs".into(), Value::Object(verbs));
        object.insert("run".into(), json!(report.run_id));
        object.insert("citizens".into(), json!(self.citizens));
        object.insert("seed".into(), json!(self.seed));
        object.insert("adds_up".into(), json!(self.adds_up()));
        object.insert("wrong_replies".into(), json!(report.wrong));
        object.insert("discrepancies".into(), json!(self.told(Lang::En)));
        Value::Object(object)
    }

    /// A table, the sums, and the verdict.
    pub(super) fn text(&self, lang: Lang) -> String {
        let numbers = lang.numbers();
        let heading = match lang {
            Lang::Vi => [
                "",
                "gửi",
                "trả lời",
                "từ chối",
                "sai dạng",
                "không có",
                "đếm",
                "kiểm toán",
                "mỗi giây",
                "p50 µs",
                "p99 µs",
            ],
            Lang::En => [
                "",
                "sent",
                "answered",
                "refused",
                "malformed",
                "unavailable",
                "counted",
                "audited",
                "rate/s",
                "p50 µs",
                "p99 µs",
            ],
        };
        let mut table = Table::new(&[0], &heading);
        let mut line = |name: &str, tally: &VerbTally, more: [u64; 3], quantiles: [String; 2]| {
            let [counted, audited, rate] = more;
            let counts = [
                tally.sent,
                tally.answered,
                tally.refused,
                tally.malformed,
                tally.unavailable,
                counted,
                audited,
                rate,
            ];
            let counts = counts.map(|count| numbers.whole(count));
            table.row([name.to_owned()].into_iter().chain(counts).chain(quantiles));
        };
        let report = self.report;
        for verb in Verb::ALL {
            let more = [
                self.evidence.counted(*verb),
                self.evidence.audited(*verb),
                report.rate(*verb) as u64,
            ];
            let quantile = |share| numbers.whole(report.latencies.quantile(*verb, share));
            let quantiles = [quantile(0.5), quantile(0.99)];
            let name = lang.word(verb.word());
            line(name, report.tally.verb(*verb), more, quantiles);
        }
        let total = report.tally.total();
        let (counted, audited) = self.totals();
        let rate = total.sent as f64 / report.elapsed.as_secs_f64().max(1e-9);
        let all = lang.of("TỔNG", "TOTAL");
        let none = [String::new(), String::new()];
        line(all, &total, [counted, audited, rate as u64], none);

        let n = |count| numbers.whole(count);
        let mut text = table.fitting();
        text.push('\n');
        text.extend([format!(
            "{} {} = {} {} + {} {} + {} {} + {} {}\n",
            lang.of("gửi", "sent"),
            n(total.sent),
            lang.of("trả lời", "answered"),
            n(total.answered),
            lang.of("từ chối", "refused"),
            n(total.refused),
            lang.of("sai dạng", "malformed"),
            n(total.malformed),
            lang.of("không có", "unavailable"),
            n(total.unavailable),
        )]);
        text.extend([format!(
            "{} {} = {} {} = {} {} + {} {}\n",
            lang.of("đếm", "counted"),
            n(counted),
            lang.of("kiểm toán", "audited"),
            n(audited),
            lang.of("trả lời", "answered"),
            n(total.answered),
            lang.of("chưa xác nhận", "unacknowledged"),
            n(audited.saturating_sub(total.answered)),
        )]);
        text.push_str(&self.sweep(lang));
        text.push_str(&self.verdict(lang));
        text
    }

    /// Whose records were held against the population, whether the traffic touched them or not.
    fn sweep(&self, lang: Lang) -> String {
        let n = |count| lang.numbers().whole(count);
        let (swept, all) = (n(self.report.swept), n(self.citizens));
        match lang {
            Lang::Vi => {
                format!("cuối cùng tra cứu lại toàn bộ hồ sơ của {swept} / {all} công dân\n")
            }
            Lang::En => {
                format!("{swept} of {all} citizens were looked up once more, whole records\n")
            }
        }
    }

    fn verdict(&self, lang: Lang) -> String {
        if self.adds_up() {
            let words = lang.of(
                "Khớp: mọi câu trả lời đều đúng, ba số đếm bằng nhau.",
                "It adds up: every reply was right, and the three counts are one.",
            );
            return format!("{words}\n");
        }
        let mut text = format!("{}\n", lang.of("KHÔNG khớp:", "It does NOT add up:"));
        for line in self.told(lang) {
            text.extend([format!("  {line}\n")]);
        }
        text
    }

    /// What is wrong, in words: sums and entries first, then replies.
    fn told(&self, lang: Lang) -> Vec<String> {
        let mismatches = self.mismatches.iter().take(TOLD);
        let mut told: Vec<String> = mismatches.map(|wrong| wrong.text(lang)).collect();
        if self.mismatches.len() > TOLD {
            let more = self.mismatches.len() - TOLD;
            told.push(match lang {
                Lang::Vi => format!("và {more} chỗ nữa"),
                Lang::En => format!("and {more} more"),
            });
        }
        let replies = self.report.discrepancies.iter().take(TOLD);
        told.extend(replies.map(ToString::to_string));
        told
    }

    fn totals(&self) -> (u64, u64) {
        let all = |of: &dyn Fn(Verb) -> u64| Verb::ALL.iter().map(|verb| of(*verb)).sum();
        (
            all(&|verb| self.evidence.counted(verb)),
            all(&|verb| self.evidence.audited(verb)),
        )
    }
}

fn parts(tally: &VerbTally) -> Map<String, Value> {
    let parts = [
        ("sent", tally.sent),
        ("answered", tally.answered),
        ("refused", tally.refused),
        ("malformed", tally.malformed),
        ("unavailable", tally.unavailable),
    ];
    parts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), json!(count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_domain::{AgencyCode, Outcome};
    use dancu_load::tally::Fate;

    fn run() -> (Report, Counts) {
        let agency = AgencyCode::parse("H26", "agency").unwrap();
        let mut report = Report::default();
        report.tally.sent(Verb::Lookup, 2);
        let fate = Fate::Answered(Outcome::Found);
        report.tally.item(agency, Verb::Lookup, fate);
        report.tally.item(agency, Verb::Lookup, Fate::Malformed);
        let counts = Counts::from([((agency, Verb::Lookup, Outcome::Found), 1)]);
        (report, counts)
    }

    #[test]
    fn the_object_has_every_key_that_programs_read() {
        let (report, counts) = run();
        let object = Sums::new(&report, (64, 1), &counts, &counts, Vec::new()).object();
        for key in [
            "sent",
            "answered",
            "refused",
            "malformed",
            "unavailable",
            "counted",
            "audited",
            "seconds",
            "verbs",
            "run",
            "adds_up",
            "discrepancies",
        ] {
            assert!(object.get(key).is_some(), "{key}");
        }
        for key in ["sent", "counted", "audited", "rate", "p50_us", "p99_us"] {
            assert!(object["verbs"]["LOOKUP"].get(key).is_some(), "{key}");
        }
        assert_eq!(object["adds_up"], true);
        assert_eq!(object["verbs"]["LOOKUP"]["audited"], 1);
    }

    #[test]
    fn what_does_not_add_up_is_told_in_table_and_object() {
        let (report, counts) = run();
        let none = Counts::new();
        let sums = Sums::new(&report, (64, 1), &counts, &none, Vec::new());
        assert!(!sums.adds_up());
        assert!(
            sums.text(Lang::En)
                .contains("H26 LOOKUP FOUND: counted 1, audited 0")
        );
        assert!(sums.text(Lang::Vi).contains("KHÔNG khớp"));
        assert_eq!(sums.object()["adds_up"], false);
        assert_ne!(sums.object()["discrepancies"], json!([]));
    }
}
