//! The data file of the profile, read.

use dancu_domain::{CivilDate, Verb};

use crate::draw::Shares;

const READ: &str = "the data file is part of the build, and a test reads all of it";

/// The profile as its data file tells it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) reads: u64,
    pub(crate) syncs: u64,
    pub(crate) insurance: u64,
    pub(crate) lookups_of_reads: u64,
    pub(crate) pushes_of_syncs: u64,
    pub(crate) claims: Shares,
    pub(crate) from: CivilDate,
    pub(crate) until: CivilDate,
    /// The weights of a working day, a Saturday, a Sunday and a holiday.
    pub(crate) days: [u64; 4],
    pub(crate) holidays: Vec<CivilDate>,
    /// The weights of the hours of a working day, and of a day off.
    pub(crate) hours: [[u64; 24]; 2],
    /// By verb: ministries, provinces, facilities, in a thousand.
    pub(crate) kinds: [[u64; 3]; 4],
    /// Provinces by their agency's code, with a weight.
    pub(crate) provinces: Vec<(String, u64)>,
}

impl Table {
    /// The nine months.
    pub(crate) fn nine_months() -> Self {
        let text = include_str!("../../data/nine_months.ini");
        let number = |section, key| numbers(text, section, key)[0];
        let day = |key| date(field(text, "calendar", key));
        let weight = |key| number("calendar", key);
        let kinds = Verb::ALL.iter().map(|verb| {
            let list = numbers(text, "kinds", verb.word());
            [list[0], list[1], list[2]]
        });
        let kinds: Vec<[u64; 3]> = kinds.collect();
        let hours = |key| -> [u64; 24] {
            let list = numbers(text, "hours", key);
            list.try_into().expect(READ)
        };
        Self {
            reads: number("totals", "lookups_and_authentications"),
            syncs: number("totals", "syncs"),
            insurance: number("totals", "insurance_reconcile"),
            lookups_of_reads: number("shares", "lookups_of_reads"),
            pushes_of_syncs: number("shares", "pushes_of_syncs"),
            claims: Shares {
                mistaken: number("claims", "mistaken"),
                unknown: number("claims", "unknown"),
                malformed: 0,
                personas: number("claims", "personas"),
                denied: 0,
                unfit: 0,
                strict: number("claims", "strict"),
                consistent: number("claims", "consistent"),
            },
            from: day("from"),
            until: day("until"),
            days: ["working_day", "saturday", "sunday", "holiday"].map(weight),
            holidays: field(text, "calendar", "holidays")
                .split_whitespace()
                .map(date)
                .collect(),
            hours: ["working_day", "day_off"].map(hours),
            kinds: kinds.try_into().expect(READ),
            provinces: lines(text, "provinces")
                .map(|(code, weight)| (code.to_owned(), weight.parse().expect(READ)))
                .collect(),
        }
    }
}

fn lines<'a>(text: &'a str, section: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let mut inside = false;
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(move |line| {
            if let Some(name) = line.strip_prefix('[') {
                inside = name.strip_suffix(']') == Some(section);
                return None;
            }
            let (key, value) = line.split_once('=')?;
            inside.then_some((key.trim(), value.trim()))
        })
}

fn field<'a>(text: &'a str, section: &'a str, key: &str) -> &'a str {
    lines(text, section)
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
        .expect(READ)
}

fn numbers(text: &str, section: &str, key: &str) -> Vec<u64> {
    field(text, section, key)
        .split_whitespace()
        .map(|n| n.parse().expect(READ))
        .collect()
}

fn date(text: &str) -> CivilDate {
    CivilDate::from_iso(text).expect(READ)
}
