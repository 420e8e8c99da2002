//! The table of headers that name no event day, or none that may be named.

use dancu_domain::{CivilDate, EventDays, Reason};
use dancu_wire::EVENT_DAY;

use super::line::Extra;

/// The days that may be named, where any may.
pub fn allowed() -> EventDays {
    let day = |year, month, day| CivilDate::new(year, month, day).expect("the calendar has it");
    EventDays::new(day(2023, 1, 1), day(2023, 9, 30)).expect("the days are in order")
}

/// One way in which the header is bad.
pub struct BadDay {
    /// In words.
    pub what: &'static str,
    /// The values of the header, each in a line of its own.
    pub values: &'static [&'static [u8]],
    /// What is said.
    pub reason: Reason,
}

impl BadDay {
    /// The headers.
    pub fn headers(&self) -> Extra {
        let values = self.values.iter();
        values.map(|value| (EVENT_DAY, value.to_vec())).collect()
    }
}

macro_rules! rows {
    ($($what:literal, $reason:ident, [$($value:expr),+];)*) => {
        /// Every row, for a service that lets callers name the days of [`allowed`].
        pub const DAYS: &[BadDay] = &[$(BadDay {
            what: $what,
            values: &[$($value),+],
            reason: Reason::$reason,
        }),*];
    };
}

rows! {
    "nothing", FieldInvalid, [b""];
    "words", FieldInvalid, [b"Zqwx97531"];
    "bytes that are no text", FieldInvalid, [b"\xff\xfe2023\xff"];
    "digits without dashes", FieldInvalid, [b"20230203"];
    "digits that are left out", FieldInvalid, [b"2023-2-3"];
    "a year of two digits", FieldInvalid, [b"23-02-03"];
    "another order", FieldInvalid, [b"03-02-2023"];
    "slashes", FieldInvalid, [b"2023/02/03"];
    "a time behind it", FieldInvalid, [b"2023-02-03T00:00:00Z"];
    "a sign", FieldInvalid, [b"+023-02-03"];
    "quotes", FieldInvalid, [b"\"2023-02-03\""];
    "two days in one header", FieldInvalid, [b"2023-02-03, 2023-02-04"];
    "two headers", FieldInvalid, [b"2023-02-03", b"2023-02-04"];
    "the same header twice", FieldInvalid, [b"2023-02-03", b"2023-02-03"];
    "a header of 4 KiB", FieldInvalid, [&[b'7'; 4_096]];
    "29 February 2023", DateInvalid, [b"2023-02-29"];
    "month 13", DateInvalid, [b"2023-13-01"];
    "day 0", DateInvalid, [b"2023-01-00"];
    "a year before the calendar", DateInvalid, [b"0000-01-01"];
    "the day before the first", EventDayOutside, [b"2022-12-31"];
    "the day behind the last", EventDayOutside, [b"2023-10-01"];
    "another century", EventDayOutside, [b"1823-02-03"];
}
