//! Schedules as they are written on a command line.

use std::fmt;

use super::{Schedule, Stage};

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceError(String);

impl fmt::Display for PaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PaceError {}

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
        for text in text.split(',') {
            let (stage, words) = stage(text)?;
            whole = whole.then(stage);
            written.push(words);
        }
        whole.words = written.join(", ");
        if whole.seconds() > LONGEST {
            return Err(PaceError("a schedule lasts at most 30 days".to_owned()));
        }
        if whole.messages() < 1.0 {
            return Err(PaceError("the schedule sends nothing".to_owned()));
        }
        Ok(whole)
    }
}

/// Reads a stage, and writes it as it is always written.
fn stage(text: &str) -> Result<(Schedule, String), PaceError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["hold", at, time] => {
            let (at, time) = (rate(at)?, duration(time)?);
            (Schedule::hold(at, time), format!("hold {at} {time}s"))
        }
        ["ramp", from, to, time] => {
            let stage = Stage {
                from: rate(from)?,
                to: rate(to)?,
                seconds: duration(time)?,
            };
            let Stage { from, to, seconds } = stage;
            let words = format!("ramp {from} {to} {seconds}s");
            (Schedule::new([stage]), words)
        }
        ["step", from, to, plateaus, time] => {
            let plateaus = plateaus.parse().ok().filter(|n| (2..=1000).contains(n));
            let plateaus =
                plateaus.ok_or_else(|| PaceError("plateaus are from 2 to 1,000".to_owned()))?;
            let (from, to, time) = (rate(from)?, rate(to)?, duration(time)?);
            let words = format!("step {from} {to} {plateaus} {time}s");
            (Schedule::steps(from, to, plateaus, time), words)
        }
        ["burst", low, high, every, length, time] => {
            let (every, length) = (duration(every)?, duration(length)?);
            if every < 0.001 {
                return Err(PaceError("bursts come at most every ms".to_owned()));
            }
            if length > every {
                return Err(PaceError(
                    "a burst is over before the next begins".to_owned(),
                ));
            }
            let (low, high, time) = (rate(low)?, rate(high)?, duration(time)?);
            let words = format!("burst {low} {high} {every}s {length}s {time}s");
            (Schedule::bursts(low, high, every, length, time), words)
        }
        ["day", peak, time] => {
            let (peak, time) = (rate(peak)?, duration(time)?);
            (Schedule::day(peak, time), format!("day {peak} {time}s"))
        }
        _ => {
            return Err(PaceError(format!(
                "`{}` is no stage: write `hold RATE TIME`, `ramp FROM TO TIME`, \
                 `step FROM TO PLATEAUS TIME`, `burst LOW HIGH EVERY LENGTH TIME` or \
                 `day PEAK TIME`",
                text.trim()
            )));
        }
    })
}

fn rate(text: &str) -> Result<f64, PaceError> {
    let rate = text.parse().ok();
    rate.filter(|rate| (0.0..=HIGHEST).contains(rate))
        .ok_or_else(|| PaceError(format!("`{text}` is no rate from 0 to 10,000,000")))
}

/// Reads a time in seconds: `90`, `90s`, `1.5m`, `250ms`, `1h`.
pub fn duration(text: &str) -> Result<f64, PaceError> {
    let (number, unit) = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
        .iter()
        .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))
        .unwrap_or((text, 1.0));
    let seconds = number.parse::<f64>().ok().map(|n| n * unit);
    seconds
        .filter(|seconds| (0.0..=LONGEST).contains(seconds))
        .ok_or_else(|| PaceError(format!("`{text}` is no time such as 90s, 1.5m or 250ms")))
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
    fn what_is_no_schedule_is_told_and_never_taken() {
        for text in [
            "",
            "hold 10",
            "hold -1 10s",
            "hold 10 -1s",
            "hold NaN 1s",
            "hold inf 1s",
            "hold 1e99 1s",
            "hold 10 1y",
            "step 1 2 0 3s",
            "step 1 2 1 3s",
            "burst 1 2 0 0 3s",
            "burst 1 2 1s 2s 3s",
            "hold 0 10s",
            "hold 1 1000h",
            "hold 1 1s, nothing",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }
}
