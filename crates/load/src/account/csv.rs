//! The intervals of a run, a line each, for spreadsheets.

use std::fmt::Write as _;

use dancu_domain::Verb;

use super::model::Account;

impl Account {
    /// A heading and a line for each interval and verb; latencies are those of all verbs together.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "second,seconds,verb,sent,answered,items,failed,missed,wrong,\
             service_p50_us,service_p99_us,service_max_us,\
             corrected_p50_us,corrected_p99_us,corrected_max_us\n",
        );
        for interval in &self.intervals {
            let all = interval.all();
            let named = Verb::ALL.iter().map(|verb| verb.word());
            for (word, counts) in named.zip(&interval.verbs).chain([("ALL", &all)]) {
                let line = format!(
                    "{},{},{word},{},{},{},{},{}",
                    interval.second,
                    interval.seconds,
                    counts.sent,
                    counts.answered,
                    counts.items,
                    counts.failed,
                    counts.missed
                );
                text.push_str(&line);
                if word == "ALL" {
                    write!(text, ",{}", interval.wrong).expect("a string takes every write");
                    for latency in [&interval.service, &interval.corrected] {
                        // Of a second without an answer nothing is known.
                        for share in [0.5, 0.99, 1.0] {
                            let micros = latency.known(share).map(|micros| micros.to_string());
                            text.push(',');
                            text.push_str(&micros.unwrap_or_default());
                        }
                    }
                } else {
                    text.push_str(",,,,,,,");
                }
                text.push('\n');
            }
        }
        text
    }
}
