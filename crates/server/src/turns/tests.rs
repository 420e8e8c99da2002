//! The line, looked at moment by moment.

use super::*;
use crate::config::Limits;

/// Of a core with room for so many unary calls, that may turn away so many others.
pub(crate) fn of(unary: usize, refusals: Refusals) -> Arc<Turns> {
    let limits = Limits {
        unary_per_core: unary,
        ..Limits::default()
    };
    let numbers = Arc::new(Numbers::default());
    Turns::new(
        refusals,
        Gates::part(&limits, 1),
        Duration::from_secs(20),
        numbers,
    )
}

fn turns(unary: usize, saved: bool) -> Arc<Turns> {
    let refusals = Refusals::new(1, instant());
    if !saved {
        (0..600).for_each(|_| refusals.refused());
    }
    of(unary, refusals)
}

fn looks(turn: &Turn, now: Instant) -> Option<bool> {
    turn.turns.look(turn.number, now, Waker::noop())
}

#[test]
fn one_after_the_other_goes_on_in_the_order_of_the_line() {
    let turns = turns(1_024, true);
    let (first, second, third) = (turns.wait(9), turns.wait(9), turns.wait(9));
    let now = instant();
    assert_eq!(looks(&second, now), None);
    assert_eq!(looks(&first, now), Some(true));
    // How much lay in the socket of the first is not known before it was read.
    assert_eq!(looks(&second, now), Some(false));
    first.has_caught_up(9);
    assert_eq!(looks(&second, now), Some(true));
    // Whoever gives up holds up nobody.
    drop(second);
    assert_eq!(looks(&third, now), Some(true));
    assert!(!turns.do_any_wait());
    assert_eq!(turns.numbers.slowed.get(), 3);
}

#[test]
fn nobody_goes_on_without_room_for_what_is_likely_to_be_asked() {
    let turns = turns(100, true);
    let inside: Vec<_> = (0..90).filter_map(|_| turns.gates.place(false)).collect();
    assert_eq!(inside.len(), 90);
    let first = turns.wait(11);
    let now = instant();
    assert_eq!(looks(&first, now), Some(false));
    drop(inside);
    assert_eq!(looks(&first, now), Some(true));
    // Half of the room is the most that is waited for.
    first.has_caught_up(5_000);
    let inside: Vec<_> = (0..40).filter_map(|_| turns.gates.place(false)).collect();
    let second = turns.wait(11);
    assert_eq!(looks(&second, now), Some(false), "50 are still to come");
    let later = instant() + FILLING;
    assert_eq!(looks(&second, later), Some(true));
    drop(inside);
}

#[test]
fn nobody_goes_on_while_sockets_are_left_alone_for_want_of_room() {
    let turns = turns(100, true);
    let _inside = turns.gates.place(false);
    let first = turns.wait(9);
    turns.is_crowded();
    let now = instant();
    assert_eq!(looks(&first, now), Some(false));
    assert_eq!(looks(&first, now + FILLING * 2), Some(true));
}

#[test]
fn nobody_goes_on_while_refusals_are_owed_and_nobody_waits_for_ever() {
    let turns = turns(100, false);
    let _inside = turns.gates.place(false);
    let (first, second) = (turns.wait(1), turns.wait(1));
    let now = instant();
    assert_eq!(looks(&first, now + Duration::from_secs(2)), Some(false));
    let late = now + Duration::from_secs(4);
    assert_eq!(looks(&first, late), Some(true));
    first.has_caught_up(1);
    assert_eq!(looks(&second, late), Some(false), "not all at once");
    assert_eq!(looks(&second, late + PRESSED), Some(true));
}

#[test]
fn a_core_that_has_nothing_to_do_lets_nobody_wait_whatever_is_owed() {
    let turns = turns(100, false);
    let first = turns.wait(25);
    assert_eq!(looks(&first, instant()), Some(true));
}

#[test]
fn who_is_stuck_holds_up_nobody() {
    let turns = turns(100, true);
    let (first, second, third) = (turns.wait(9), turns.wait(9), turns.wait(9));
    let now = instant();
    assert_eq!(looks(&second, now), None);
    // The first does not look, and goes behind the others.
    let later = now + STUCK;
    assert_eq!(looks(&second, later), None);
    assert_eq!(looks(&second, later), Some(true));
    // The second does not catch up.
    assert_eq!(looks(&third, later), Some(false));
    assert_eq!(looks(&third, later + STUCK), Some(true));
    drop(second);
    let last = later + STUCK * 2;
    assert_eq!(looks(&first, last), Some(true));
    drop((first, third));
    assert!(!turns.do_any_wait());
}

#[test]
fn an_overload_is_over_when_all_that_is_asked_finds_room_for_a_while() {
    let turns = turns(100, false);
    let _inside = turns.gates.place(false);
    let (first, second) = (turns.wait(40), turns.wait(60));
    turns.gates.effort.is_too_much();
    let now = instant();
    assert_eq!(looks(&first, now), Some(false));
    assert_eq!(looks(&first, now + CALM), Some(false));
    assert!(
        turns.gates.effort.is_overloaded(),
        "101 are no fewer than 75"
    );
    drop(second);
    assert_eq!(looks(&first, now + CALM), Some(false));
    assert_eq!(looks(&first, now + CALM.mul_f64(1.4)), Some(false));
    assert!(turns.gates.effort.is_overloaded());
    looks(&first, now + CALM * 2);
    assert!(!turns.gates.effort.is_overloaded());
}

#[test]
fn turns_are_shorter_where_many_wait() {
    let turns = turns(100, true);
    assert_eq!(turns.length(), TURN);
    let lengths = [15, 15, 60].map(|more| {
        let waiting: Vec<_> = (0..more).map(|_| turns.wait(1)).collect();
        std::mem::forget(waiting);
        turns.length()
    });
    assert_eq!(lengths, [TURN, LONGEST / 60, SHORT_TURN]);
}

#[test]
fn the_share_of_a_connection_is_an_equal_part_of_the_room() {
    let turns = turns(100, true);
    assert_eq!(turns.share(), 100);
    (0..8).for_each(|_| turns.is_busy());
    assert_eq!(turns.share(), 13);
    let _waits = turns.wait(1);
    assert_eq!(turns.share(), 12);
    (0..2).for_each(|_| turns.is_idle());
    assert_eq!(turns.share(), 15);
}
