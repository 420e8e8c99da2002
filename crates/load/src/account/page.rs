//! One HTML file with everything in it: no script, no network, readable on paper.

use super::described::Described;
use super::markup::{escape, known_time, line, table, whole};
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
        let (class, verdict) = if !self.is_good() {
            ("broken", "a threshold was missed or a reply was wrong")
        } else if self.all.calls.answered == 0 && self.all.calls.lost() > 0 {
            ("broken", "nothing that was measured was answered")
        } else if self.away_at_the_end().is_some() {
            ("broken", "the service was away when the run ended")
        } else {
            ("held", "every threshold held, every reply read was right")
        };
        let generators = self.runs.len();
        let what = match (run.profile.as_str(), run.recording.as_str()) {
            ("", "") => "dancu load".to_owned(),
            ("", _) => "dancu replay".to_owned(),
            (profile, _) => format!("dancu load, {profile}"),
        };
        line(page, &format!("<h1>{}</h1>", escape(&what)));
        line(
            page,
            &format!(
                "<p class=\"soft\">{}, {} loop, {} generator{}, run {}</p>\
                 <p id=\"verdict\"><span class=\"{class}\">{verdict}</span></p>",
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
            ("p99, from when due", known_time(tail, calls.missed)),
            (
                "p99, service time",
                known_time(calls.service.known(0.99), 0),
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
            .filter(|share| share.calls.answered + share.calls.lost() > 0)
            .flat_map(|share| {
                let calls = &share.calls;
                let row = |kind: &str, of: &dyn Fn(f64) -> Option<u64>| {
                    let mut cells = vec![format!("{} {kind}", share.verb)];
                    let told = QUANTILES.iter().map(|q| known_time(of(*q), calls.missed));
                    cells.extend(told);
                    cells
                };
                [
                    row("service", &|q| calls.service.known(q)),
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
            named("sent", "l1", over(&|i| i.rate(i.all().sent))),
            named("answered", "l2", over(&|i| i.rate(i.all().answered))),
            named("failed", "l3", over(&|i| i.rate(i.all().failed))),
            named("missed", "l4", over(&|i| i.rate(i.all().missed))),
        ];
        page.push_str(&plot("rates", seconds, rates, &lines));
        let heading = match self
            .intervals
            .first()
            .map_or(1, |interval| interval.seconds)
        {
            1 => "second by second".to_owned(),
            seconds => format!("in intervals of {seconds} s"),
        };
        line(page, &format!("<h2>Latency, {heading}</h2>"));
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
            named("service", "l1", curve(&|q| calls.service.known(q))),
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

    #[test]
    fn where_nothing_was_answered_the_page_says_so_and_shows_no_time() {
        let mut account = Account::empty();
        account.verbs[0].calls.failed = 9;
        let mut account = Account::read(&serde_json::to_string(&account).unwrap()).unwrap();
        let page = account.html();
        assert!(
            page.contains("nothing that was measured was answered"),
            "{page}"
        );
        assert!(!page.contains("every threshold held"), "{page}");
        assert!(
            !page.contains("<b>0 µs</b>") && page.contains("<b>-</b>p99"),
            "{page}"
        );
        assert!(page.contains("<td>LOOKUP service</td><td>-</td>"), "{page}");
        assert_eq!(account.verbs[0].service_us["p50"], None);
        assert_eq!(account.all.corrected_us["p99"], None);
        // Each slot that was missed is worse than every bound, also where there are few of them.
        account.verbs[0].calls.missed = 1;
        let account = Account::read(&serde_json::to_string(&account).unwrap()).unwrap();
        let page = account.html();
        assert!(page.contains("<b>missed</b>p99, from when due"), "{page}");
        assert_eq!(account.all.corrected_us["p50"], None);
    }

    #[test]
    fn what_generators_were_told_otherwise_stands_side_by_side() {
        let mut account = Account::empty();
        account.runs[0].schedule = "ramp 0 100 10s".to_owned();
        let mut other = account.runs[0].clone();
        (other.schedule, other.connections) = ("hold 50 10s".to_owned(), 3);
        account.runs.push(other);
        let page = account.html();
        assert!(
            page.contains("<td>ramp 0 100 10s; hold 50 10s</td>"),
            "{page}"
        );
        assert!(page.contains("<td>0 × 0, 0; 3 × 0, 0</td>"), "{page}");
        assert!(page.contains("<td>0 of 0 items</td>") || page.contains("<td> of 0 items</td>"));
    }
}
