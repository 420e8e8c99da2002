//! Which items of a thread fall on which day, and when in it each is due.

use std::time::Duration;

use dancu_domain::{Day, Verb};

use super::calendar::{DAY_SECONDS, days, seconds_into, shared_out};
use super::table::Table;
use crate::mix::place;

/// The items of one day, by verb.
struct OneDay {
    day: Day,
    /// The weights of its hours.
    hours: [u64; 24],
    /// What it has in all.
    whole: [u64; 4],
    /// What is still to be sent.
    left: [u64; 4],
    /// What was put off until the calendar is over.
    later: [u64; 4],
}

/// The items of all days. Each verb goes from day to day by itself.
pub(super) struct Days {
    days: Vec<OneDay>,
    at: [usize; 4],
    left: [u64; 4],
    later: [u64; 4],
}

impl Days {
    /// So many items of each verb, by the calendar of the table.
    pub(super) fn new(table: &Table, totals: [u64; 4]) -> Self {
        let calendar = days(table);
        let weights: Vec<u64> = calendar.iter().map(|day| day.weight).collect();
        let by_day = totals.map(|total| shared_out(total, &weights));
        let days = calendar.iter().enumerate().map(|(nth, day)| {
            let whole = [0, 1, 2, 3].map(|verb: usize| by_day[verb][nth]);
            OneDay {
                day: day.day,
                hours: table.hours[usize::from(day.off)],
                whole,
                left: whole,
                later: [0; 4],
            }
        });
        Self {
            days: days.collect(),
            at: [0; 4],
            left: totals,
            later: [0; 4],
        }
    }

    /// Items of a verb that are still to be sent, without those that were put off.
    pub(super) const fn left(&self, verb: Verb) -> u64 {
        self.left[place(verb)]
    }

    /// What a verb has on the day on which it has most.
    pub(super) fn busiest(&self, verb: Verb) -> u64 {
        let of_days = self.days.iter().map(|day| day.whole[place(verb)]);
        of_days.max().unwrap_or(0)
    }

    /// Whether nothing is left at all.
    pub(super) fn is_over(&self) -> bool {
        self.left == [0; 4] && self.later == [0; 4]
    }

    /// The day on which a verb is, and what is left of it there.
    pub(super) fn now(&mut self, verb: Verb) -> Option<(Day, u64)> {
        let at = self.reach(verb)?;
        let day = &self.days[at];
        Some((day.day, day.left[place(verb)]))
    }

    fn reach(&mut self, verb: Verb) -> Option<usize> {
        let verb = place(verb);
        if self.left[verb] == 0 {
            return None;
        }
        while self.days.get(self.at[verb])?.left[verb] == 0 {
            self.at[verb] += 1;
        }
        Some(self.at[verb])
    }

    /// Takes items of a verb from the day on which it is. What the day has not is taken from the
    /// days behind it, so that the calendar is kept on the whole.
    pub(super) fn take(&mut self, verb: Verb, mut items: u64) {
        while items > 0
            && let Some(at) = self.reach(verb)
        {
            let left = &mut self.days[at].left[place(verb)];
            let taken = items.min(*left);
            *left -= taken;
            self.left[place(verb)] -= taken;
            items -= taken;
        }
    }

    /// Puts items back on a day, to be sent again at once.
    pub(super) fn put_back(&mut self, verb: Verb, day: Day, items: u64) {
        let (verb, at) = (place(verb), self.place(day));
        self.days[at].left[verb] += items;
        self.left[verb] += items;
        self.at[verb] = self.at[verb].min(at);
    }

    /// Puts items back on a day, to be sent once the calendar is over.
    pub(super) fn put_off(&mut self, verb: Verb, day: Day, items: u64) {
        let (verb, at) = (place(verb), self.place(day));
        self.days[at].later[verb] += items;
        self.later[verb] += items;
    }

    /// Whether the calendar is over.
    pub(super) fn is_sent(&self) -> bool {
        self.left == [0; 4]
    }

    /// Goes through what was put off.
    pub(super) fn begin_later(&mut self) {
        for day in &mut self.days {
            for verb in 0..4 {
                day.left[verb] += std::mem::take(&mut day.later[verb]);
            }
        }
        for verb in 0..4 {
            self.left[verb] += std::mem::take(&mut self.later[verb]);
        }
        self.at = [0; 4];
    }

    /// When the next message of a verb is due, from the first midnight on, in event time: at this
    /// part of its `size` items.
    pub(super) fn due(&mut self, verb: Verb, size: u64, part: f64) -> Option<Duration> {
        let at = self.reach(verb)?;
        let day = &self.days[at];
        let (whole, left) = (day.whole[place(verb)], day.left[place(verb)]);
        let done = whole.saturating_sub(left) as f64 + part * size.min(left) as f64;
        let share = done / whole.max(1) as f64;
        let seconds = at as f64 * DAY_SECONDS + seconds_into(&day.hours, share);
        Some(Duration::from_secs_f64(seconds))
    }

    fn place(&self, day: Day) -> usize {
        let last = self.days.len().saturating_sub(1);
        let first = self.days.first().map_or(0, |first| first.day.0);
        usize::try_from(day.0 - first).unwrap_or(0).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V: Verb = Verb::Lookup;

    fn made(total: u64) -> Days {
        Days::new(&Table::nine_months(), [total, 0, 0, 0])
    }

    #[test]
    fn every_item_is_sent_on_its_day_and_what_came_back_on_the_same_one() {
        let mut days = made(100_000);
        let (first, of_first) = days.now(V).unwrap();
        days.take(V, of_first);
        let (second, _) = days.now(V).unwrap();
        assert!(second > first);
        days.put_back(V, first, 3);
        assert_eq!(days.now(V), Some((first, 3)));
        days.take(V, 3);
        assert_eq!(days.now(V).unwrap().0, second);
        days.put_off(V, first, 2);
        assert_eq!(days.now(V).unwrap().0, second);
        let mut sent = of_first;
        while let Some((_, left)) = days.now(V) {
            days.take(V, left.min(7));
            sent += left.min(7);
        }
        assert_eq!(sent, 100_000);
        assert!(days.is_sent() && !days.is_over());
        days.begin_later();
        assert_eq!(days.now(V), Some((first, 2)));
        days.take(V, 2);
        assert!(days.is_over());
    }

    #[test]
    fn a_message_that_is_larger_than_its_day_is_made_up_for_by_the_days_behind() {
        let mut days = made(100_000);
        let (first, of_first) = days.now(V).unwrap();
        days.take(V, of_first + 1);
        let (second, left) = days.now(V).unwrap();
        assert_eq!(second, Day(first.0 + 1));
        assert_eq!(left + 1, days.days[1].whole[0]);
        assert_eq!(days.left(V), 100_000 - of_first - 1);
        days.take(V, u64::MAX);
        assert!(days.is_over());
    }

    #[test]
    fn items_are_due_in_order_mostly_in_office_hours_and_never_beyond_the_calendar() {
        let mut days = made(50_000);
        let (mut before, mut in_hours) = (Duration::ZERO, 0_u32);
        for _ in 0..50_000 {
            let due = days.due(V, 1, 0.5).unwrap();
            assert!(due >= before);
            before = due;
            let hour = due.as_secs() % 86_400 / 3_600;
            in_hours += u32::from((7..17).contains(&hour));
            days.take(V, 1);
        }
        assert_eq!(days.due(V, 1, 0.5), None);
        assert!(before < Duration::from_hours(273 * 24));
        assert!((40_000..45_000).contains(&in_hours), "{in_hours}");
    }
}
