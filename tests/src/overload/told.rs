//! What came of it, as text and as JSON, and whether the promise was kept.

use serde::Serialize;

/// The most that the service held during a step.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Most {
    /// Descriptors.
    pub descriptors: u64,
    /// Bytes of memory that are in core.
    pub memory: u64,
}

/// One run. Rates are messages a second unless they say otherwise.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Step {
    /// What it was.
    pub name: String,
    /// How many were due, in an open loop.
    pub due: Option<f64>,
    /// How many were sent, the warm-up included.
    pub sent: f64,
    /// How many were not sent because the load tool was too late.
    pub missed: f64,
    /// How many were answered: the goodput.
    pub messages: f64,
    /// Items answered a second.
    pub items: f64,
    /// Of the answered: the median in microseconds, from sending.
    pub p50: u64,
    /// Of the answered: the 99th percentile, from sending.
    pub p99: u64,
    /// The same from when the message was due.
    pub corrected_p99: u64,
    /// How many were answered RESOURCE_EXHAUSTED, with a delay.
    pub shed: f64,
    /// How many were over their deadline.
    pub late: f64,
    /// How many ended otherwise.
    pub other: f64,
    /// Replies that were not right.
    pub wrong: u64,
    /// Cores that the service used.
    pub server_cpu: f64,
    /// Cores that the load tool used.
    pub generator_cpu: f64,
    /// The most that the service held.
    pub most: Most,
}

/// The whole.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Messages a second in the best of the closed loops.
    pub capacity: f64,
    /// Whether more callers than in that loop were tried too, and were answered less.
    pub is_peak: bool,
    /// Steps in which callers wait.
    pub closed: Vec<Step>,
    /// The best of these again, before each of the following and after the last.
    pub peaks: Vec<Step>,
    /// Steps in which a schedule does not wait.
    pub open: Vec<Step>,
}

impl Step {
    /// The heading of the lines of steps.
    pub fn heading() -> String {
        format!(
            "{:<22} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>9} {:>7} {:>6} {:>6} {:>6} {:>6}",
            "messages a second",
            "due",
            "sent",
            "answered",
            "shed",
            "p50 us",
            "p99 us",
            "due p99",
            "missed",
            "late",
            "srv",
            "gen",
            "MiB",
            "fds"
        )
    }

    /// The step on a line.
    pub fn line(&self) -> String {
        let due = self.due.map_or("-".to_owned(), |due| format!("{due:.0}"));
        format!(
            "{:<22} {due:>9} {:>9.0} {:>9.0} {:>9.0} {:>8} {:>8} {:>8} {:>9.0} {:>7.0} {:>6.2} {:>6.2} {:>6} {:>6}",
            self.name,
            self.sent,
            self.messages,
            self.shed,
            self.p50,
            self.p99,
            self.corrected_p99,
            self.missed,
            self.late + self.other,
            self.server_cpu,
            self.generator_cpu,
            self.most.memory >> 20,
            self.most.descriptors,
        )
    }
}

impl Report {
    /// The promise, step by step beyond the peak: goodput and accepted p99 as shares of those at
    /// the peak, which are the means of what was measured before and after.
    pub fn shares(&self) -> Vec<(&Step, f64, f64)> {
        let share = |(step, peaks): (_, &[Step])| {
            let step: &Step = step;
            let mean = |of: fn(&Step) -> f64| peaks.iter().map(of).sum::<f64>() / 2.0;
            let (messages, p99) = (mean(|peak| peak.messages), mean(|peak| peak.p99 as f64));
            (step, step.messages / messages, step.p99 as f64 / p99)
        };
        self.open
            .iter()
            .zip(self.peaks.windows(2))
            .map(share)
            .collect()
    }

    /// Whether goodput stayed at 80 % of the peak and accepted p99 within twice its value there.
    pub fn is_kept(&self) -> bool {
        let shares = self.shares();
        shares
            .iter()
            .all(|(_, goodput, p99)| *goodput >= 0.8 && *p99 <= 2.0)
    }

    /// Whether every reply was right, and everything beyond the answered was shed or late.
    pub fn is_sound(&self) -> bool {
        let mut all = self.closed.iter().chain(&self.peaks).chain(&self.open);
        all.all(|step| step.wrong == 0)
    }

    /// The shares as text.
    pub fn text(&self) -> String {
        let shares = self.shares().into_iter().map(|(step, goodput, p99)| {
            format!("  {:<22} goodput {goodput:.2}, p99 {p99:.2}\n", step.name)
        });
        let shares: Vec<String> = shares.collect();
        let verdict = if self.is_kept() { "kept" } else { "not kept" };
        let higher = if self.is_peak {
            ""
        } else {
            "no more callers were tried than those of the best closed loop: the peak may lie higher, \
             and what follows is held against less; give --closed more\n"
        };
        format!(
            "capacity {:.0} messages a second in a closed loop; shares of the peaks around each step\n{higher}{}\
             goodput at least 0.8 and p99 at most 2: {verdict}\n",
            self.capacity,
            shares.concat()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(messages: f64, p99: u64) -> Step {
        Step {
            messages,
            p99,
            ..Step::default()
        }
    }

    #[test]
    fn the_promise_is_judged_by_goodput_and_by_what_the_answered_waited() {
        let report = |open| Report {
            capacity: 100.0,
            is_peak: true,
            closed: vec![step(200.0, 100)],
            peaks: vec![step(90.0, 1_200), step(110.0, 800)],
            open: vec![open],
        };
        assert!(report(step(80.0, 2_000)).is_kept());
        assert!(!report(step(79.0, 2_000)).is_kept());
        assert!(!report(step(90.0, 2_100)).is_kept());
        assert!(report(step(90.0, 2_100)).text().contains("not kept"));
        assert!(!report(step(0.0, 0)).is_kept());
        let higher = "the peak may lie higher";
        let mut found = report(step(90.0, 900));
        assert!(!found.text().contains(higher));
        found.is_peak = false;
        assert!(found.text().contains(higher));
    }
}
