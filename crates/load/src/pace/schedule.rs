//! Rates over time: stretches in which the rate stays or changes evenly.

use crate::profile::working_hours;

/// A stretch of time in which the rate goes evenly from one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Messages a second at the beginning.
    pub from: f64,
    /// Messages a second at the end.
    pub to: f64,
    /// How long it lasts.
    pub seconds: f64,
}

impl Stage {
    /// Messages due in the whole stage.
    fn messages(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.seconds
    }

    /// Seconds into the stage at which `n` messages have been due.
    fn seconds_to(&self, n: f64) -> f64 {
        if n <= 0.0 {
            // Also where the rate begins at nothing.
            return 0.0;
        }
        let slope = (self.to - self.from) / self.seconds;
        if slope.abs() < 1e-9 {
            return n / self.from;
        }
        // The root of slope/2 t² + from t - n that is stable whichever way the rate goes.
        let root = (self.from * self.from + 2.0 * slope * n).max(0.0).sqrt();
        2.0 * n / (self.from + root)
    }
}

/// How many messages a second are due, from the beginning of a run to its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    stages: Vec<Stage>,
    /// As it is written, where it was.
    pub(super) words: String,
}

impl Schedule {
    /// A schedule of these stages; those that last no time are left out.
    pub fn new(stages: impl IntoIterator<Item = Stage>) -> Self {
        Self {
            stages: stages.into_iter().filter(|s| s.seconds > 0.0).collect(),
            words: String::new(),
        }
    }

    /// One rate all the time.
    pub fn hold(rate: f64, seconds: f64) -> Self {
        Self::new([Stage {
            from: rate,
            to: rate,
            seconds,
        }])
    }

    /// Plateaus of equal length from one rate to another.
    pub fn steps(from: f64, to: f64, plateaus: u32, seconds: f64) -> Self {
        let last = f64::from(plateaus.max(2) - 1);
        let each = seconds / f64::from(plateaus.max(1));
        Self::new((0..plateaus.max(1)).map(|nth| {
            let rate = from + (to - from) * f64::from(nth) / last;
            Stage {
                from: rate,
                to: rate,
                seconds: each,
            }
        }))
    }

    /// A low rate, and every so often a high one for a while.
    pub fn bursts(low: f64, high: f64, every: f64, length: f64, seconds: f64) -> Self {
        let hold = |rate, seconds| Stage {
            from: rate,
            to: rate,
            seconds,
        };
        let (mut stages, mut left) = (Vec::new(), seconds);
        let length = length.min(every);
        while left > 0.0 {
            let calm = (every - length).min(left);
            stages.push(hold(low, calm));
            left -= calm;
            let burst = length.min(left);
            stages.push(hold(high, burst));
            left -= burst;
            if calm + burst <= 0.0 {
                break;
            }
        }
        Self::new(stages)
    }

    /// A working day from midnight to midnight within so many seconds, whose busiest hour has this
    /// rate; how busy the others are stands in the data of the profile.
    pub fn day(peak: f64, seconds: f64) -> Self {
        let hours = working_hours();
        let most = hours.iter().copied().fold(0.0, f64::max);
        Self::new((0..24).map(|hour| Stage {
            from: peak * hours[hour] / most,
            to: peak * hours[(hour + 1) % 24] / most,
            seconds: seconds / 24.0,
        }))
    }

    /// This schedule and then another.
    pub fn then(mut self, other: Self) -> Self {
        self.stages.extend(other.stages);
        self
    }

    /// The schedule as it is written: stages told apart by commas.
    pub fn words(&self) -> String {
        if !self.words.is_empty() {
            return self.words.clone();
        }
        let stages = self.stages.iter().map(|stage| {
            let Stage { from, to, seconds } = stage;
            if from.total_cmp(to).is_eq() {
                format!("hold {from} {seconds}s")
            } else {
                format!("ramp {from} {to} {seconds}s")
            }
        });
        stages.collect::<Vec<_>>().join(", ")
    }

    /// The stages.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// How long it lasts.
    pub fn seconds(&self) -> f64 {
        self.stages.iter().map(|s| s.seconds).sum()
    }

    /// How many messages are due in all.
    pub fn messages(&self) -> f64 {
        self.stages.iter().map(Stage::messages).sum()
    }

    /// The highest rate.
    pub fn peak(&self) -> f64 {
        let rates = self.stages.iter().flat_map(|s| [s.from, s.to]);
        rates.fold(0.0, f64::max)
    }
}

/// A schedule being walked from its beginning; it is never asked for less than before.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    schedule: Schedule,
    stage: usize,
    messages: f64,
    seconds: f64,
}

impl Walk {
    pub(super) const fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            stage: 0,
            messages: 0.0,
            seconds: 0.0,
        }
    }

    /// Seconds from the beginning at which `n` messages have been due; `None` beyond the end.
    pub(super) fn seconds_to(&mut self, n: f64) -> Option<f64> {
        loop {
            let stage = self.schedule.stages.get(self.stage)?;
            let within = n - self.messages;
            if within < stage.messages() {
                return Some(self.seconds + stage.seconds_to(within.max(0.0)));
            }
            self.messages += stage.messages();
            self.seconds += stage.seconds;
            self.stage += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(schedule: &Schedule) -> Vec<f64> {
        let mut walk = Walk::new(schedule.clone());
        (0..).map_while(|n| walk.seconds_to(f64::from(n))).collect()
    }

    #[test]
    fn a_steady_rate_is_due_at_even_steps() {
        let due = all(&Schedule::hold(10.0, 2.0));
        assert_eq!(due.len(), 20);
        assert!((due[19] - 1.9).abs() < 1e-9);
    }

    #[test]
    fn a_ramp_is_due_ever_more_often_and_adds_up() {
        let ramp = Schedule::new([Stage {
            from: 0.0,
            to: 100.0,
            seconds: 10.0,
        }]);
        let due = all(&ramp);
        assert_eq!(due.len(), 500);
        // Half of the time has a quarter of the messages.
        assert_eq!(due.iter().filter(|t| **t < 5.0).count(), 125);
        assert!(due.windows(2).all(|pair| pair[0] < pair[1]));
        let down = Schedule::new([Stage {
            from: 100.0,
            to: 0.0,
            seconds: 10.0,
        }]);
        let due = all(&down);
        assert_eq!(due.iter().filter(|t| **t < 5.0).count(), 375);
        assert!(due.iter().all(|t| (0.0..=10.0).contains(t)));
    }

    #[test]
    fn steps_bursts_and_days_last_as_long_as_they_are_told() {
        for schedule in [
            Schedule::steps(10.0, 40.0, 4, 8.0),
            Schedule::bursts(5.0, 50.0, 4.0, 1.0, 8.0),
            Schedule::day(60.0, 8.0),
        ] {
            assert!((schedule.seconds() - 8.0).abs() < 1e-9);
            assert_eq!(all(&schedule).len(), schedule.messages().ceil() as usize);
        }
        assert!((Schedule::steps(10.0, 40.0, 4, 8.0).messages() - 200.0).abs() < 1e-6);
        assert!((Schedule::bursts(5.0, 50.0, 4.0, 1.0, 8.0).messages() - 130.0).abs() < 1e-6);
        assert!((Schedule::day(60.0, 8.0).peak() - 60.0).abs() < 1e-9);
    }
}
