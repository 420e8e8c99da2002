//! What whoever reads an account must be told before the figures.

use super::model::Account;
use super::plot::time;
use crate::measure::{Interval, VerbInterval};

/// The share of a core that a generator thread may use before it may be the limit itself.
const BUSY: f64 = 0.9;
/// How late messages may be sent at the 99th percentile before the schedule was not kept.
const LATE_US: u64 = 10_000;

/// By which share of its time a schedule may be overrun before it was not kept.
const BEHIND: f64 = 0.01;

/// How far apart generators may begin that ask at the same time, as people and schedulers start them.
const TOGETHER_MS: u64 = 2_000;

/// The code of messages that did not leave.
const NO_CONNECTION: &str = "UNAVAILABLE (no connection)";

impl Account {
    /// For how many seconds at the end of what was asked messages found no connection and nothing was
    /// answered.
    pub fn away_at_the_end(&self) -> Option<u64> {
        if self.away.is_kept() {
            let lasted = self.away.lasted()?.as_secs_f64();
            return Some((lasted.ceil() as u64).max(1));
        }
        // An earlier build kept no more than the intervals.
        let last = |of: &dyn Fn(&VerbInterval) -> u64| {
            let mut busy = self.intervals.iter().filter(|i| of(&i.all()) > 0);
            busy.next_back().map(Interval::end)
        };
        let unreached = last(&|all| all.unreached)?;
        let answered = last(&|all| all.answered).unwrap_or(0);
        (unreached > answered).then(|| unreached - answered)
    }
}

/// The warnings of an account.
pub(super) fn warnings(account: &Account) -> Vec<String> {
    let mut list = Vec::new();
    let missed = account.all.calls.missed;
    let due = missed + account.all.calls.answered + account.all.calls.failed;
    let away = account.codes.get(NO_CONNECTION).copied().unwrap_or(0);
    if missed > 0 {
        let why = if away > 0 {
            format!(
                "because everybody waited for a service that was away: {away} messages found no \
                 connection"
            )
        } else {
            "because nobody was free to take them in time; give it more calls in flight, or a lower \
             rate"
                .to_owned()
        };
        list.push(format!(
            "the schedule was not kept: {missed} of {due} slots were missed, {why}"
        ));
    }
    if missed == 0 && away > 0 {
        list.push(format!(
            "{away} messages found no connection: they never left, and count as sent and failed"
        ));
    }
    if let Some(seconds) = account.away_at_the_end() {
        list.push(format!(
            "the service was away when the run ended: nothing was answered any more, and messages \
             found no connection for {seconds} s"
        ));
    }
    let failed = account.all.calls.failed;
    if account.all.calls.answered == 0 && due > 0 {
        list.push(format!(
            "nothing that was measured was answered, of {due} messages that were due: there are no \
             latencies"
        ));
    } else if failed > 0 {
        list.push(format!(
            "{failed} of {due} messages failed: the latencies above are those of the others, and \
             every bound of a threshold counts them as never answered"
        ));
    }
    let lag = account.lag.quantile(0.99);
    if account.is_open() && lag > LATE_US {
        list.push(format!(
            "the schedule was not kept: one message in a hundred left {} late or later; the \
             corrected latencies hold that",
            time(lag as f64)
        ));
    }
    if account.overrun_share().is_some_and(|share| share > BEHIND) {
        list.push(format!(
            "the schedule was not kept: its last message left {} after its end, and rates count \
             that time",
            time(account.overrun * 1e6)
        ));
    }
    let threads: usize = account.runs.iter().map(|run| run.threads).sum();
    let busy = account.cpu / (account.elapsed * threads.max(1) as f64).max(1e-9);
    if busy > BUSY {
        list.push(format!(
            "the generator used {:.0} % of its threads: it may be the limit itself",
            busy * 100.0
        ));
    }
    if account.left_out > 0 {
        list.push(format!(
            "{} of the calls in flight were left out: the service takes fewer at once on a \
             connection; give it more connections",
            account.left_out
        ));
    }
    if account.put_off > 0 {
        list.push(format!(
            "{} messages were missed or shed and sent once the calendar was over, under their days",
            account.put_off
        ));
    }
    if account.reconnects > 0 {
        list.push(format!(
            "{} connections broke and were made anew",
            account.reconnects
        ));
    }
    let items = &account.all.items;
    if items.in_doubt > 0 {
        list.push(format!(
            "{} items are in doubt: their answers did not come, their entries may be written",
            items.in_doubt
        ));
    }
    if !items.adds_up() {
        list.push(format!(
            "{} items were sent, and {} are found again",
            items.sent,
            items.answered + items.refused + items.malformed + items.unavailable
        ));
    }
    if let Some(apart) = began_apart(account) {
        list.push(format!(
            "the generators did not ask at the same time: by their clocks the last began {apart:.1} s \
             after the first, and the rates are a sum that the service may never have met"
        ));
    }
    if let Some(parts) = parts_missing(account) {
        list.push(format!(
            "the account is not whole: of the parts of the run {parts} is missing, and neither its \
             messages nor its rate are in the figures"
        ));
    }
    if account.stopped {
        list.push("the run was ended before its time".to_owned());
    }
    if account.runs.iter().any(|run| run.verified_share < 1.0) {
        let share = account.runs.iter().map(|run| run.verified_share);
        let share = share.fold(1.0, f64::min);
        list.push(format!(
            "only a share of {share} of the replies was verified; outcomes of the others were \
             not read"
        ));
    }
    list
}

/// By how many seconds the beginnings of merged runs lie apart, where they do.
fn began_apart(account: &Account) -> Option<f64> {
    let first = account.began_ms()?;
    let last = account.runs.iter().map(|run| run.began_ms).max()?;
    let apart = last.saturating_sub(first);
    (apart > TOGETHER_MS).then(|| apart as f64 / 1e3)
}

/// The parts of the run that were not merged, where others were, counted from 1 on.
fn parts_missing(account: &Account) -> Option<String> {
    let (first, more) = account.runs.split_first()?;
    let of = first.part.1;
    let has = |part: u32| account.runs.iter().any(|run| run.part.0 == part);
    // Whoever lacks more than a few sees that from the first of them.
    let missing = (0..of).filter(|part| !has(*part)).take(8);
    let missing: Vec<String> = missing.map(|part| format!("{}/{of}", part + 1)).collect();
    (!more.is_empty() && !missing.is_empty()).then(|| missing.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::Absence;

    #[test]
    fn a_merged_account_tells_which_part_of_the_run_it_lacks() {
        let of = |parts: &[u32]| {
            let mut account = Account::empty();
            let run = account.runs.remove(0);
            for part in parts {
                let mut run = run.clone();
                run.part = (*part, 3);
                account.runs.push(run);
            }
            warnings(&account).concat()
        };
        assert!(of(&[0, 2]).contains("2/3 is missing"), "{}", of(&[0, 2]));
        assert!(!of(&[2, 0, 1]).contains("missing"));
        // However many there are to be, a few are named.
        let mut many = Account::empty();
        many.runs[0].part = (0, u32::MAX);
        many.runs.push(many.runs[0].clone());
        assert!(warnings(&many).concat().len() < 1_000);
        // One part by itself is what somebody asked for.
        assert!(!of(&[1]).contains("missing"));
    }

    #[test]
    fn generators_that_did_not_ask_at_the_same_time_are_told_of() {
        let of = |began: &[u64]| {
            let mut account = Account::empty();
            let run = account.runs.remove(0);
            for began_ms in began {
                let mut run = run.clone();
                run.began_ms = *began_ms;
                account.runs.push(run);
            }
            warnings(&account).concat()
        };
        let apart = of(&[1_700_000_012_300, 1_700_000_000_000]);
        assert!(apart.contains("12.3 s after the first"), "{apart}");
        assert!(!of(&[1_700_000_001_000, 1_700_000_000_000]).contains("same time"));
        // Of an earlier build nobody knows.
        assert!(!of(&[0, 1_700_000_000_000]).contains("same time"));
    }

    #[test]
    fn a_service_is_away_at_the_end_only_where_it_could_not_be_reached_there() {
        // Of each second: answered, failed, and of these without a connection.
        let away = |seconds: &[(u64, u64, u64)]| {
            let mut account = Account::empty();
            for (second, (answered, failed, unreached)) in (0..).zip(seconds) {
                let mut interval = Interval::new(second);
                let verb = &mut interval.verbs[0];
                (verb.answered, verb.failed, verb.unreached) = (*answered, *failed, *unreached);
                account.intervals.push(interval);
            }
            account.away_at_the_end()
        };
        assert_eq!(away(&[(9, 0, 0), (0, 9, 9), (0, 9, 9)]), Some(2));
        assert_eq!(away(&[(0, 9, 9)]), Some(1));
        // It was away, and came back; what failed last was turned away or late.
        assert_eq!(away(&[(9, 0, 0), (0, 9, 9), (9, 0, 0), (0, 1, 0)]), None);
        assert_eq!(away(&[(9, 0, 0), (0, 9, 0)]), None);
        assert_eq!(away(&[]), None);
    }

    #[test]
    fn a_service_that_went_within_a_long_interval_or_before_a_silence_was_away_at_the_end() {
        let mut interval = Interval::new(0);
        (interval.seconds, interval.verbs[0].answered) = (4, 9);
        (interval.verbs[0].failed, interval.verbs[0].unreached) = (9, 9);
        let mut account = Account::empty();
        account.intervals.push(interval);
        let at = Duration::from_millis;
        account.away.ends(at(1_000));
        account.away.goes_on(at(1_500));
        // Nobody asks for a while, and then in vain again.
        account.away.goes_on(at(3_700));
        assert_eq!(account.away_at_the_end(), Some(3));
        let text = serde_json::to_string(&account).unwrap();
        let mut read = Account::read(&text).unwrap();
        assert_eq!(read.away_at_the_end(), Some(3));
        // Of one that was answered after that the other generator knows.
        let mut other = Account::empty();
        other.away.ends(at(3_800));
        read.merge(other);
        assert_eq!(read.away_at_the_end(), None);
        // It was asked once, and was not there.
        account.away = Absence::default();
        account.away.goes_on(at(700));
        assert_eq!(account.away_at_the_end(), Some(1));
    }

    #[test]
    fn a_run_of_which_nothing_was_answered_has_no_latencies_to_speak_of() {
        let mut account = Account::empty();
        account.all.calls.failed = 7;
        let told = warnings(&account).concat();
        assert!(
            told.contains("nothing that was measured was answered"),
            "{told}"
        );
        assert!(!told.contains("latencies above"), "{told}");
        account.all.calls.answered = 1;
        let told = warnings(&account).concat();
        assert!(told.contains("7 of 8 messages failed"), "{told}");
    }
}
