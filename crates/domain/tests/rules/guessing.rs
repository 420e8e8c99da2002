//! How long whoever asks about a number has to wait once too many claims about it failed.

use std::time::Duration;

use dancu_domain::{Day, GuessLimits, Guessed, Outcome, Timestamp, Verb};

const LIMITS: GuessLimits = GuessLimits {
    per_agency: Some(3),
    per_subject: Some(5),
    window: Duration::from_hours(24),
    first_delay: Duration::from_mins(1),
    longest_delay: Duration::from_mins(10),
};

fn wait(failed: u32, under_way: u32, passed_ms: i64) -> Option<Duration> {
    let guessed = Guessed {
        failed,
        under_way,
        last: Timestamp(1_000_000),
    };
    let now = Timestamp(1_000_000 + passed_ms);
    LIMITS.wait(LIMITS.per_agency, &guessed, now)
}

#[test]
fn nobody_waits_up_to_the_limit_and_each_failure_beyond_it_doubles_the_delay() {
    assert_eq!([0, 1, 2].map(|failed| wait(failed, 0, 0)), [None; 3]);
    let minutes = [3, 4, 5, 6, 7, 8, 40, u32::MAX].map(|failed| {
        let wait = wait(failed, 0, 0).expect("it has to wait");
        wait.as_secs() / 60
    });
    assert_eq!(minutes, [1, 2, 4, 8, 10, 10, 10, 10]);
}

#[test]
fn the_delay_runs_from_the_last_failure() {
    assert_eq!(wait(3, 0, 59_000), Some(Duration::from_secs(1)));
    assert_eq!(wait(3, 0, 60_000), None);
    // A clock that was set back makes nobody wait longer than the delay.
    assert_eq!(wait(3, 0, -500_000), Some(Duration::from_mins(1)));
}

#[test]
fn claims_under_way_count_and_beyond_the_limit_one_is_judged_at_a_time() {
    assert_eq!(wait(1, 1, 0), None);
    assert_eq!(wait(0, 3, 0), Some(LIMITS.first_delay));
    assert_eq!(wait(3, 0, 60_000), None);
    assert_eq!(wait(3, 1, 60_000), Some(LIMITS.first_delay));
}

#[test]
fn without_a_limit_nobody_waits() {
    let guessed = Guessed {
        failed: u32::MAX,
        under_way: 9,
        last: Timestamp(0),
    };
    assert_eq!(LIMITS.wait(None, &guessed, Timestamp(0)), None);
    let none = GuessLimits {
        per_agency: None,
        per_subject: None,
        ..LIMITS
    };
    assert!(LIMITS.any() && !none.any());
}

#[test]
fn only_lookups_and_authentications_that_did_not_match_are_guesses() {
    for verb in Verb::ALL {
        for outcome in Outcome::ALL {
            let expected = !verb.is_sync() && *outcome == Outcome::NoMatch;
            assert_eq!(GuessLimits::counts(*verb, *outcome), expected);
        }
    }
}

#[test]
fn a_day_begins_and_ends_in_viet_nam() {
    // 2023-11-15 05:13:20 there.
    let now = Timestamp(1_700_000_000_000);
    let begins = now.day().begins();
    assert_eq!(begins.day(), now.day());
    assert_eq!(Timestamp(begins.0 - 1).day(), Day(now.day().0 - 1));
    let since = Duration::from_millis((now.0 - begins.0).cast_unsigned());
    assert_eq!(since, Duration::from_secs(5 * 3_600 + 13 * 60 + 20));
    assert_eq!(now.until_midnight() + since, Duration::from_hours(24));
    assert_eq!(begins.until_midnight(), Duration::from_hours(24));
    let other = now.on(Day(-40));
    assert_eq!(other.day(), Day(-40));
    assert_eq!(other.0 - other.day().begins().0, now.0 - begins.0);
}
