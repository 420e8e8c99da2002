//! One HTML file with everything in it: no script, no network, readable on paper.

use super::described::Described;
use super::markup::{escape, line, or_missed, table, whole};
use super::model::{Account, Share};
use super::plot::{Axis, Line, plot, short, time};
use crate::measure::{Interval, QUANTILES};

const STYLE: &str = include_str!("page.css");

impl Account {
    /// The page.
    pub fn html(&self) -> String {
        let run = self.runs.first().cloned().unwrap_or_default();
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>dancu load {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
            escape(&run.run)
        );
        self.head(&mut page, &run);
        self.told(&mut page);
        self.latencies(&mut page);
        self.plots(&mut page);
        self.items(&mut page);
        self.conduct(&mut page, &run);
        page.push_str("</body>\n</html>\n");
        page
    }

    fn head(&self, page: &mut String, run: &Described) {
        let verdict = if self.is_good() {
            "<span class=\"held\">every threshold held, every reply read was right</span>"
        } else {
            "<span class=\"broken\">a threshold was missed or a reply was wrong</span>"
        };
        let generators = self.runs.len();
        line(page, "<h1>dancu load</h1>");
        line(
            page,
            &format!(
                "<p class=\"soft\">{}, {} loop, {} generator{}, run {}</p><p id=\"verdict\">{verdict}</p>",
                escape(&run.server),
                escape(&run.loop_kind),
                generators,
                if generators == 1 { "" } else { "s" },
                escape(&run.run)
            ),
        );
        let calls = &self.all.calls;
        let tail = calls.corrected.quantile_with_missed(0.99, calls.missed);
        let cards = [
            ("messages answered a second", short(self.all.rate)),
            ("items answered a second", short(self.all.item_rate)),
            ("p99, from when due", or_missed(tail)),
            (
                "p99, service time",
                time(calls.service.quantile(0.99) as f64),
            ),
            ("messages failed", short(calls.failed as f64)),
            ("slots missed", short(calls.missed as f64)),
            ("wrong replies", short(self.wrong as f64)),
        ];
        line(page, "<div class=\"cards\">");
        for (name, value) in cards {
            line(
                page,
                &format!("<div class=\"card\"><b>{value}</b>{name}</div>"),
            );
        }
        line(page, "</div>");
    }

    fn told(&self, page: &mut String) {
        if !self.warnings.is_empty() {
            line(page, "<h2>What you must know</h2>\n<ul class=\"warnings\">");
            for warning in &self.warnings {
                line(page, &format!("<li>{}</li>", escape(warning)));
            }
            line(page, "</ul>");
        }
        if !self.thresholds.is_empty() {
            line(page, "<h2>Thresholds</h2>");
            let rows = self.thresholds.iter().map(|held| {
                let value = escape(&held.measured);
                let verdict = if held.held {
                    "<span class=\"held\">held</span>"
                } else {
                    "<span class=\"broken\">missed</span>"
                };
                vec![escape(&held.threshold), value, verdict.to_owned()]
            });
            table(page, &["threshold", "measured", ""], rows);
        }
        if !self.discrepancies.is_empty() {
            line(page, "<h2>Wrong replies</h2>\n<ul class=\"warnings\">");
            for wrong in &self.discrepancies {
                line(page, &format!("<li>{}</li>", escape(wrong)));
            }
            line(page, "</ul>");
        }
    }

    fn latencies(&self, page: &mut String) {
        line(page, "<h2>Latency</h2>");
        line(
            page,
            "<p class=\"soft\">Service time counts from sending, corrected time from when the \
             message was due: a service that stalls shows in the second. Missed slots are in the \
             corrected quantiles as worse than everything measured.</p>",
        );
        let shares = self.verbs.iter().chain([&self.all]);
        let rows = shares
            .filter(|share| share.calls.answered + share.calls.missed > 0)
            .flat_map(|share| {
                let row = |kind: &str, of: &dyn Fn(f64) -> Option<u64>| {
                    let mut cells = vec![format!("{} {kind}", share.verb)];
                    cells.extend(QUANTILES.iter().map(|q| or_missed(of(*q))));
                    cells
                };
                let calls = &share.calls;
                [
                    row("service", &|q| Some(calls.service.quantile(q))),
                    row("corrected", &|q| {
                        calls.corrected.quantile_with_missed(q, calls.missed)
                    }),
                ]
            });
        table(
            page,
            &["", "p50", "p75", "p90", "p99", "p99.9", "p99.99", "max"],
            rows,
        );
    }

    fn plots(&self, page: &mut String) {
        // The last second of a run is seldom a whole one.
        let last = self.intervals.len().saturating_sub(1).max(1);
        let over = |of: &dyn Fn(&Interval) -> f64| -> Vec<(f64, f64)> {
            let points = self.intervals.iter().take(last);
            points.map(|i| (i.second as f64, of(i))).collect()
        };
        let named = |name, class, points| Line {
            name,
            class,
            points,
        };
        let seconds = Axis {
            title: "seconds",
            logarithmic: false,
            write: short,
        };
        let rates = Axis {
            title: "messages a second",
            logarithmic: false,
            write: short,
        };
        let latency = Axis {
            title: "latency",
            logarithmic: true,
            write: time,
        };
        line(page, "<h2>Messages a second</h2>");
        let lines = [
            named("sent", "l1", over(&|i| i.all().sent as f64)),
            named("answered", "l2", over(&|i| i.all().answered as f64)),
            named("failed", "l3", over(&|i| i.all().failed as f64)),
            named("missed", "l4", over(&|i| i.all().missed as f64)),
        ];
        page.push_str(&plot("rates", seconds, rates, &lines));
        line(page, "<h2>Latency, second by second</h2>");
        let lines = [
            named(
                "p50, corrected",
                "l1",
                over(&|i| i.corrected.quantile(0.5) as f64),
            ),
            named(
                "p99, corrected",
                "l2",
                over(&|i| i.corrected.quantile(0.99) as f64),
            ),
            named(
                "p99, service",
                "l3",
                over(&|i| i.service.quantile(0.99) as f64),
            ),
        ];
        page.push_str(&plot("latencies", seconds, latency, &lines));
        line(page, "<h2>Latency by quantile</h2>");
        let calls = &self.all.calls;
        let steps: Vec<f64> = (0..=48).map(|n| 10_f64.powf(f64::from(n) / 12.0)).collect();
        let curve = |of: &dyn Fn(f64) -> Option<u64>| -> Vec<(f64, f64)> {
            let points = steps.iter();
            points
                .filter_map(|step| Some((*step, of(1.0 - 1.0 / step)? as f64)))
                .collect()
        };
        let lines = [
            named("service", "l1", curve(&|q| Some(calls.service.quantile(q)))),
            named(
                "corrected",
                "l2",
                curve(&|q| calls.corrected.quantile_with_missed(q, calls.missed)),
            ),
        ];
        let quantile = Axis {
            title: "quantile: one message in so many is slower",
            logarithmic: true,
            write: |step| match step {
                s if s <= 1.0 => "p0".to_owned(),
                s => super::model::quantile_word(1.0 - 1.0 / s),
            },
        };
        page.push_str(&plot("quantiles", quantile, latency, &lines));
    }

    fn items(&self, page: &mut String) {
        line(page, "<h2>Items</h2>");
        line(
            page,
            "<p class=\"soft\">Of the whole run, warm-up included: sent = answered + refused + \
             malformed + unavailable.</p>",
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
            let mut cells = vec![share.verb.clone()];
            cells.extend(counts.map(whole));
            cells
        };
        table(
            page,
            &[
                "verb",
                "sent",
                "answered",
                "refused",
                "malformed",
                "unavailable",
                "of them in doubt",
            ],
            self.verbs.iter().chain([&self.all]).map(row),
        );
        let mut outcomes = std::collections::BTreeMap::<(&str, &str), u64>::new();
        for volume in &self.volumes {
            *outcomes.entry((&volume.verb, &volume.outcome)).or_default() += volume.count;
        }
        line(page, "<h2>Outcomes</h2>");
        table(
            page,
            &["verb", "outcome", "items"],
            outcomes
                .iter()
                .map(|((verb, outcome), n)| vec![escape(verb), escape(outcome), whole(*n)]),
        );
        line(page, "<h2>Messages by code</h2>");
        let codes = self.codes.iter();
        table(
            page,
            &["code", "messages"],
            codes.map(|(code, n)| vec![escape(code), whole(*n)]),
        );
    }

    fn conduct(&self, page: &mut String, run: &Described) {
        line(page, "<h2>How it was done</h2>");
        let verified = &self.verified;
        let parts = |map: &std::collections::BTreeMap<String, u64>| {
            let words: Vec<String> = map.iter().map(|(k, v)| format!("{k} {v}")).collect();
            words.join(", ")
        };
        let facts = [
            (
                "nation",
                format!("{} citizens of seed {}", run.citizens, run.nation_seed),
            ),
            ("seed of the draw", run.seed.to_string()),
            ("loop", run.loop_kind.clone()),
            (
                "due in all",
                whole(self.runs.iter().map(|r| r.scheduled).sum()),
            ),
            (
                "seconds, of them warm-up",
                format!("{}, {}", run.seconds, run.warm_up),
            ),
            (
                "connections × in flight, threads",
                format!("{} × {}, {}", run.connections, run.in_flight, run.threads),
            ),
            ("messages", format!("{} of {} items", run.shape, run.size)),
            ("mix", parts(&run.mix)),
            ("shares in a thousand", parts(&run.shares)),
            ("citizens chosen", run.choice.clone()),
            ("items prepared a verb and thread", whole(run.stock as u64)),
            (
                "replies verified",
                format!(
                    "share {}: {} by digest, {} in full, {} not read",
                    run.verified_share, verified.by_digest, verified.in_full, verified.unread
                ),
            ),
            (
                "sent late by, p50, p99, most",
                format!(
                    "{}, {}, {}",
                    time(self.lag.quantile(0.5) as f64),
                    time(self.lag.quantile(0.99) as f64),
                    time(self.lag.most() as f64)
                ),
            ),
            (
                "processor time of the generators",
                format!("{:.2} s of {:.2} s", self.cpu, self.elapsed),
            ),
            ("version", self.version.clone()),
        ];
        let rows = facts.iter().map(|(a, b)| vec![(*a).to_owned(), escape(b)]);
        table(page, &["", ""], rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_page_needs_nothing_from_anywhere_and_carries_no_markup_of_others() {
        let mut account = Account::empty();
        account
            .discrepancies
            .push("<script>alert(1)</script>".into());
        account.runs[0].server = "\"><i>".into();
        let mut interval = Interval::new(3);
        interval.verbs[0].sent = 10;
        interval.corrected.note(Duration::from_millis(5));
        account.intervals.push(interval);
        let page = account.html();
        assert!(!page.contains("<script") && !page.contains("\"><i>"));
        for word in ["http:", "https:", "src=", "url(", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
        assert_eq!(page.matches("<svg id=").count(), 3);
        assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    }
}
