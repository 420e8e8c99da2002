//! The part of the page that says how a run was done, so that it can be done again.

use super::described::Described;
use super::markup::{escape, line, table, whole};
use super::model::Account;
use super::plot::time;

impl Account {
    /// Adds it; `run` is the first of the runs.
    pub(super) fn conduct(&self, page: &mut String, run: &Described) {
        line(page, "<h2>How it was done</h2>");
        let verified = &self.verified;
        let parts = |map: &std::collections::BTreeMap<String, u64>| {
            let words: Vec<String> = map.iter().map(|(k, v)| format!("{k} {v}")).collect();
            words.join(", ")
        };
        // Of several generators whatever they were told otherwise stands side by side.
        let of = |told: &dyn Fn(&Described) -> String| {
            let mut all: Vec<String> = Vec::new();
            for run in &self.runs {
                let told = told(run);
                if !all.contains(&told) {
                    all.push(told);
                }
            }
            all.join("; ")
        };
        let facts = [
            (
                "nation",
                format!("{} citizens of seed {}", run.citizens, run.nation_seed),
            ),
            ("seed of the draw", of(&|run| run.seed.to_string())),
            ("profile", of(&|run| run.profile.clone())),
            ("what was replayed", of(&|run| run.recording.clone())),
            ("loop", run.loop_kind.clone()),
            ("schedule", of(&|run| run.schedule.clone())),
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
                of(&|run| format!("{} × {}, {}", run.connections, run.in_flight, run.threads)),
            ),
            (
                "messages",
                of(&|run| format!("{} of {} items", run.shape, run.size)),
            ),
            (
                "messages of a stream in flight",
                of(&|run| match run.shape.as_str() {
                    "stream" => run.window.to_string(),
                    _ => String::new(),
                }),
            ),
            (
                "deadline",
                of(&|run| match run.deadline {
                    0.0 => String::new(),
                    seconds => time(seconds * 1e6),
                }),
            ),
            ("mix", of(&|run| parts(&run.mix))),
            ("shares in a thousand", of(&|run| parts(&run.shares))),
            ("citizens chosen", of(&|run| run.choice.clone())),
            (
                "items prepared a verb and thread",
                of(&|run| whole(run.stock as u64)),
            ),
            (
                "replies verified",
                format!(
                    "share {}: {} by digest, {} in full, {} not read",
                    of(&|run| run.verified_share.to_string()),
                    verified.by_digest,
                    verified.in_full,
                    verified.unread
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
        let told = facts.iter().filter(|(_, told)| !told.is_empty());
        let rows = told.map(|(a, b)| vec![(*a).to_owned(), escape(b)]);
        table(page, &["", ""], rows);
    }
}
