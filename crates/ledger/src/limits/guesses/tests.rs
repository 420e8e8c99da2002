use super::*;

const MINUTE: i64 = 60_000;
const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn agency(code: &str) -> AgencyCode {
    AgencyCode::parse(code, "agency").expect("a code")
}

fn guesses(per_agency: Option<u32>, per_subject: Option<u32>, remembered: usize) -> Arc<Guesses> {
    let limits = GuessLimits {
        per_agency,
        per_subject,
        window: Duration::from_hours(1),
        first_delay: Duration::from_mins(1),
        longest_delay: Duration::from_mins(10),
    };
    Arc::new(Guesses::new(limits, remembered))
}

fn failed(pseudonym: u64, code: &str, at: i64) -> Failed {
    Failed {
        pseudonym,
        agency: agency(code),
        at: Timestamp(NOW.0 + at),
        event_day: false,
    }
}

fn waits(guesses: &Arc<Guesses>, code: &str, pseudonyms: &[u64], at: i64) -> Vec<Option<Duration>> {
    let asked = pseudonyms.iter().copied();
    let now = Timestamp(NOW.0 + at);
    guesses.ask(agency(code), None, asked, now).waits
}

#[test]
fn an_agency_waits_for_its_own_failures_and_everybody_for_those_of_all() {
    let guesses = guesses(Some(2), Some(4), 1_000);
    guesses.note(&[failed(7, "H26", 0), failed(7, "H26", 0)]);
    let minute = Some(Duration::from_mins(1));
    assert_eq!(waits(&guesses, "H26", &[7, 8], 0), [minute, None]);
    assert_eq!(waits(&guesses, "H29", &[7], 0), [None]);
    guesses.note(&[failed(7, "H29", 0), failed(7, "G01", 0)]);
    assert_eq!(waits(&guesses, "G05", &[7], 0), [minute], "four by all");
    assert_eq!(waits(&guesses, "G05", &[7], MINUTE), [None]);
    assert_eq!(guesses.kept(), (4, 0));
}

#[test]
fn claims_that_are_being_judged_count_until_they_are_done() {
    let guesses = guesses(Some(3), None, 1_000);
    let agency = agency("H26");
    // One message with many guesses at one number: no more are judged than may fail.
    let asked = guesses.ask(agency, None, [7; 10].into_iter(), NOW);
    let let_in = asked.waits.iter().filter(|wait| wait.is_none()).count();
    assert_eq!(let_in, 3);
    assert!(waits(&guesses, "H26", &[7], 0)[0].is_some());
    drop(asked.guard);
    assert_eq!(waits(&guesses, "H26", &[7], 0), [None]);
    assert!(guesses.known().under_way.is_empty(), "nothing is left over");
    // Beyond the limit one at a time.
    guesses.note(&[failed(7, "H26", 0); 3]);
    let asked = guesses.ask(agency, None, [7; 2].into_iter(), Timestamp(NOW.0 + MINUTE));
    assert_eq!(asked.waits, [None, Some(Duration::from_mins(1))]);
}

#[test]
fn failures_are_forgotten_when_their_window_is_over() {
    let guesses = guesses(Some(1), None, 1_000);
    guesses.note(&[failed(7, "H26", 0), failed(8, "H26", 30 * MINUTE)]);
    assert!(waits(&guesses, "H26", &[7], 0)[0].is_some());
    guesses.forget(Timestamp(NOW.0 + 60 * MINUTE));
    assert_eq!(guesses.kept(), (1, 0));
    guesses.forget(Timestamp(NOW.0 + 90 * MINUTE));
    assert_eq!(guesses.kept(), (0, 0));
    let known = guesses.known();
    assert!(known.by_clock.subjects.is_empty() && known.by_clock.order.is_empty());
}

#[test]
fn beyond_what_may_be_remembered_the_oldest_go_first_and_that_is_told() {
    let guesses = guesses(Some(1), None, 3);
    for (pseudonym, at) in [(5, 50), (1, 10), (3, 30), (4, 40), (2, 20)] {
        guesses.note(&[failed(pseudonym, "H26", at * 1_000)]);
    }
    assert_eq!(guesses.kept(), (3, 2));
    let told = waits(&guesses, "H26", &[1, 2, 3, 4, 5], 55_000);
    let waiting: Vec<bool> = told.iter().map(Option::is_some).collect();
    assert_eq!(waiting, [false, false, true, true, true]);
}

#[test]
fn the_same_failures_in_any_order_come_to_the_same() {
    let all: Vec<Failed> = (0..9)
        .map(|n| failed(n % 3, ["H26", "H29"][n as usize % 2], n as i64 * MINUTE))
        .collect();
    let (one, other) = (
        guesses(Some(2), Some(3), 1_000),
        guesses(Some(2), Some(3), 1_000),
    );
    one.note(&all);
    for failed in all.iter().rev() {
        other.note(std::slice::from_ref(failed));
    }
    for at in 0..70 {
        for code in ["H26", "H29", "G01"] {
            let asked = |guesses| waits(guesses, code, &[0, 1, 2, 3], at * MINUTE);
            assert_eq!(asked(&one), asked(&other), "{code} at {at}");
        }
    }
}

#[test]
fn days_that_callers_name_are_a_time_of_their_own() {
    let guesses = guesses(Some(1), None, 1_000);
    let (agency, day) = (agency("H26"), Day(19_358));
    guesses.note(&[Failed {
        at: NOW.on(day),
        event_day: true,
        ..failed(7, "H26", 0)
    }]);
    let asked = |day, at| {
        let asking = guesses.ask(agency, day, [7].into_iter(), Timestamp(NOW.0 + at));
        asking.waits[0]
    };
    assert_eq!(asked(None, 0), None);
    assert_eq!(asked(Some(day), 0), Some(Duration::from_mins(1)));
    assert_eq!(asked(Some(day), MINUTE), None);
    assert_eq!(asked(Some(Day(19_359)), 0), None, "a day later");
    guesses.forget(Timestamp(NOW.0 + 1_000_000 * MINUTE));
    assert_eq!(guesses.kept(), (1, 0), "the clock says nothing about it");
}
