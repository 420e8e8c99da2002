//! Schedules as they are written on a command line.

use std::fmt;

use super::{Schedule, Stage};

/// What every schedule keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A stage is one of those that there are.
    Stage,
    /// A stage has as many values as its form says.
    Values,
    /// Of rates.
    Rate,
    /// Of times.
    Time,
    /// Of plateaus.
    Plateaus,
    /// Bursts do not come more often than every millisecond.
    Every,
    /// A burst is over before the next begins.
    Length,
    /// The whole does not last longer than that.
    Longest,
    /// The whole sends something.
    Something,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stage => return write!(f, "must be one of `{}`", FORMS.join("`, `")),
            Self::Values => "must have just these values, told apart by spaces",
            Self::Rate => "must be a rate from 0 to 10,000,000",
            Self::Time => "must be a time such as 90s, 1.5m or 250ms, and at most 30 days",
            Self::Plateaus => "must be a number from 2 to 1,000",
            Self::Every => "must be at least 1ms",
            Self::Length => "must be no longer than EVERY: a burst is over before the next begins",
            Self::Longest => "the whole schedule must last at most 30 days",
            Self::Something => "the whole schedule must send at least one message",
        })
    }
}

/// Where a text breaks a rule: of which stage, and at which of its values. It names no value, as what
/// stands in the wrong place may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub stage: usize,
    /// How such a stage is written, where that is known.
    pub form: Option<&'static str>,
    /// The value, by its name in the form.
    pub value: Option<&'static str>,
}

/// Why a text is no schedule, or no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceError {
    /// Where, unless it is the whole.
    pub place: Option<Place>,
    /// Which rule it breaks.
    pub rule: Rule,
}

impl PaceError {
    const fn whole(rule: Rule) -> Self {
        Self { place: None, rule }
    }
}

impl fmt::Display for PaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { stage, form, value }) = self.place {
            write!(f, "stage {stage}")?;
            if let Some(form) = form {
                write!(f, " (`{form}`)")?;
            }
            if let Some(value) = value {
                write!(f, ", {value}")?;
            }
            f.write_str(": ")?;
        }
        self.rule.fmt(f)
    }
}

impl std::error::Error for PaceError {}

/// How each kind of stage is written.
const FORMS: [&str; 5] = [
    "hold RATE TIME",
    "ramp FROM TO TIME",
    "step FROM TO PLATEAUS TIME",
    "burst LOW HIGH EVERY LENGTH TIME",
    "day PEAK TIME",
];
/// The longest schedule, in seconds: thirty days.
const LONGEST: f64 = 30.0 * 86_400.0;
/// The highest rate that is taken at its word.
const HIGHEST: f64 = 10_000_000.0;

impl Schedule {
    /// Reads stages, told apart by commas:
    ///
    /// | words | what it is |
    /// | --- | --- |
    /// | `hold RATE TIME` | one rate |
    /// | `ramp FROM TO TIME` | evenly from one rate to another |
    /// | `step FROM TO PLATEAUS TIME` | plateaus of equal length |
    /// | `burst LOW HIGH EVERY LENGTH TIME` | a low rate with bursts |
    /// | `day PEAK TIME` | a day from midnight to midnight, its busiest hour at the peak |
    ///
    /// Times are seconds, or end in `ms`, `s`, `m` or `h`.
    pub fn parse(text: &str) -> Result<Self, PaceError> {
        let mut whole = Self::default();
        let mut written = Vec::new();
        for (nth, text) in (1..).zip(text.split(',')) {
            let (stage, words) = stage(nth, text)?;
            whole = whole.then(stage);
            written.push(words);
        }
        whole.words = written.join(", ");
        if whole.seconds() > LONGEST {
            return Err(PaceError::whole(Rule::Longest));
        }
        if whole.messages() < 1.0 {
            return Err(PaceError::whole(Rule::Something));
        }
        Ok(whole)
    }
}

/// Reads the nth stage, and writes it as it is always written.
fn stage(nth: usize, text: &str) -> Result<(Schedule, String), PaceError> {
    let breaks = |form, value, rule| PaceError {
        place: Some(Place {
            stage: nth,
            form,
            value,
        }),
        rule,
    };
    let mut words = text.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let form = FORMS.into_iter().find(|form| first(form) == kind);
    let form = form.ok_or(breaks(None, None, Rule::Stage))?;
    let (names, words): (Vec<&str>, Vec<&str>) =
        (form.split_whitespace().skip(1).collect(), words.collect());
    if words.len() != names.len() {
        return Err(breaks(Some(form), None, Rule::Values));
    }
    let values = names.iter().zip(&words).map(|(name, word)| {
        let (value, rule) = match *name {
            "TIME" | "EVERY" | "LENGTH" => (seconds(word), Rule::Time),
            "PLATEAUS" => (plateaus(word), Rule::Plateaus),
            _ => (rate(word), Rule::Rate),
        };
        value.ok_or(breaks(Some(form), Some(*name), rule))
    });
    let values = values.collect::<Result<Vec<f64>, _>>()?;
    Ok(match (kind, values.as_slice()) {
        ("hold", &[at, time]) => (Schedule::hold(at, time), format!("hold {at} {time}s")),
        ("ramp", &[from, to, seconds]) => {
            let words = format!("ramp {from} {to} {seconds}s");
            (Schedule::new([Stage { from, to, seconds }]), words)
        }
        ("step", &[from, to, plateaus, time]) => {
            let words = format!("step {from} {to} {plateaus} {time}s");
            (Schedule::steps(from, to, plateaus as u32, time), words)
        }
        ("burst", &[low, high, every, length, time]) => {
            if every < 0.001 {
                return Err(breaks(Some(form), Some("EVERY"), Rule::Every));
            }
            if length > every {
                return Err(breaks(Some(form), Some("LENGTH"), Rule::Length));
            }
            let words = format!("burst {low} {high} {every}s {length}s {time}s");
            (Schedule::bursts(low, high, every, length, time), words)
        }
        ("day", &[peak, time]) => (Schedule::day(peak, time), format!("day {peak} {time}s")),
        _ => return Err(breaks(Some(form), None, Rule::Values)),
    })
}

/// The kind of stage of which a form is.
fn first(form: &str) -> &str {
    form.split_once(' ').map_or(form, |(kind, _)| kind)
}

fn plateaus(text: &str) -> Option<f64> {
    let number = text.parse::<u32>().ok();
    number.filter(|n| (2..=1000).contains(n)).map(f64::from)
}

fn rate(text: &str) -> Option<f64> {
    let rate = text.parse().ok();
    rate.filter(|rate| (0.0..=HIGHEST).contains(rate))
}

/// Reads a time in seconds: `90`, `90s`, `1.5m`, `250ms`, `1h`.
pub fn duration(text: &str) -> Result<f64, PaceError> {
    seconds(text).ok_or(PaceError::whole(Rule::Time))
}

fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
        .iter()
        .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))
        .unwrap_or((text, 1.0));
    let seconds = number.parse::<f64>().ok().map(|n| n * unit);
    seconds.filter(|seconds| (0.0..=LONGEST).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_stage_is_read() {
        let text = "ramp 0 100 10s, hold 100 1m, step 100 200 2 20, burst 10 1000 5s 500ms 10s, \
                    day 50 24s";
        let schedule = Schedule::parse(text).unwrap();
        assert!((schedule.seconds() - 124.0).abs() < 1e-6);
        assert!((schedule.peak() - 1000.0).abs() < 1e-6);
        let words = schedule.words();
        assert_eq!(
            words,
            "ramp 0 100 10s, hold 100 60s, step 100 200 2 20s, burst 10 1000 5s 0.5s 10s, \
             day 50 24s"
        );
        assert_eq!(Schedule::parse(&words), Ok(schedule));
        assert_eq!(Schedule::hold(5.0, 2.0).words(), "hold 5 2s");
    }

    #[test]
    fn what_is_no_schedule_is_told_by_its_place_and_rule_and_never_repeated() {
        for (text, told) in [
            ("", "stage 1: must be one of `hold RATE TIME`, `ramp"),
            (
                "hold 10",
                "stage 1 (`hold RATE TIME`): must have just these values",
            ),
            (
                "hold -1 10s",
                "stage 1 (`hold RATE TIME`), RATE: must be a rate from 0",
            ),
            (
                "hold 10 -1s",
                "stage 1 (`hold RATE TIME`), TIME: must be a time",
            ),
            ("hold NaN 1s", "RATE: "),
            ("hold inf 1s", "RATE: "),
            ("hold 1e99 1s", "RATE: "),
            ("hold 10 1y", "TIME: "),
            (
                "hold 1 1s, ramp 1 Chim3 1s",
                "stage 2 (`ramp FROM TO TIME`), TO: must be a rate",
            ),
            (
                "step 1 2 0 3s",
                "PLATEAUS: must be a number from 2 to 1,000",
            ),
            ("step 1 2 1 3s", "PLATEAUS: "),
            ("burst 1 2 0 0 3s", "EVERY: must be at least 1ms"),
            ("burst 1 2 1s 2s 3s", "LENGTH: must be no longer than EVERY"),
            ("hold 0 10s", "the whole schedule must send"),
            ("hold 1 1000h", "TIME: "),
            ("hold 1 20d", "TIME: "),
            ("hold 1 700h, hold 1 700h", "the whole schedule must last"),
            ("hold 1 1s, hold 1 1s, Chim3", "stage 3: must be one of"),
        ] {
            let error = Schedule::parse(text).unwrap_err().to_string();
            assert!(
                error.contains(told) && !error.contains("Chim3"),
                "{text}: {error}"
            );
        }
    }
}
