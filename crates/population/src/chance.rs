//! Chance without a state: each attribute draws from a stream of its own.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::numbers::Mark;

macro_rules! streams {
    ($($(#[$meta:meta])* $name:ident = $id:literal;)*) => {
        /// What is left to chance. The number of a stream is part of the generator's version: it
        /// is never reused, and a new attribute takes a new one, so that it changes no other.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Stream { $($(#[$meta])* $name = $id,)* }

        impl Stream {
            /// Every stream.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

streams! {
    /// Which template a block follows; by block.
    Template = 0;
    /// Year of birth; by citizen.
    BirthYear = 1;
    /// Day and month of birth; by mother and year, or by citizen and year.
    BirthDay = 2;
    /// Whether only the year is recorded; by citizen.
    BirthPrecision = 3;
    /// Sex, where the family does not settle it; by citizen.
    Sex = 4;
    /// The six digits of the personal number; by province, century and sex, and year.
    PersonalDigits = 5;
    /// The digits of the CMND.
    LegacyDigits = 6;
    /// The digits of CMNDs that were issued twice.
    DoubledDigits = 7;
    /// Whether somebody has a CMND; by citizen.
    LegacyHeld = 8;
    /// The digits of the social insurance number.
    InsuranceDigits = 9;
    /// Whether somebody is insured; by citizen.
    Insured = 10;
    /// The name that is handed down; by the first of a line.
    Clan = 11;
    /// Middle names; by citizen.
    Middle = 12;
    /// Given names; by citizen.
    Given = 13;
    /// Ethnic group; by the first of a clan.
    Ethnicity = 14;
    /// Religion; by the first of a clan.
    Religion = 15;
    /// Blood type; by citizen.
    Blood = 16;
    /// Whether somebody had died before the reference date; by citizen.
    Dead = 17;
    /// When; by citizen.
    DeathDay = 18;
    /// Whether a couple is divorced; by husband.
    Divorce = 19;
    /// Marital status of those without a spouse in the block; by citizen.
    Unmarried = 20;
    /// Who heads a household; by household.
    Head = 21;
    /// The permanent residence; by household.
    Home = 22;
    /// The current residence; by household.
    Stay = 23;
    /// Since when; by household.
    StaySince = 24;
    /// Where a birth was registered; by household.
    Registration = 25;
    /// The native place; by the first of a line.
    Native = 26;
    /// The names of parents who are not on file; by citizen.
    Forebears = 27;
    /// Whether a record is locked; by citizen.
    Locked = 28;
    /// How many events lie ahead; by citizen.
    EventCount = 29;
    /// The place of an event; by citizen and version.
    EventPlace = 30;
    /// The day of an event; by citizen and version.
    EventDay = 31;
    /// Whether the last event is a death; by citizen.
    EventDeath = 32;
}

const STREAMS: usize = Stream::ALL.len();

/// A seed's streams of chance, and what the numbers drawn from them begin with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chance {
    keys: [(u64, u64); STREAMS],
    /// The first digit of personal numbers.
    pub(crate) mark: Mark,
}

impl Chance {
    /// The streams of `seed`: each has a key of its own, from SipHash of seed and stream.
    pub(crate) fn new(seed: u64) -> Self {
        let key = |stream: Stream, half: u8| {
            let mut hasher = SipHasher13::new_with_keys(seed, 0x6461_6e63_7520_7631);
            hasher.write_u8(stream as u8);
            hasher.write_u8(half);
            hasher.finish()
        };
        let mut keys = [(0, 0); STREAMS];
        for stream in Stream::ALL {
            keys[*stream as usize] = (key(*stream, 0), key(*stream, 1));
        }
        Self {
            keys,
            mark: Mark::Synthetic,
        }
    }

    /// The draw of a stream at a place: 64 bits that depend on seed, stream and place alone.
    pub(crate) fn draw(&self, stream: Stream, place: u64) -> u64 {
        let (first, second) = self.keys[stream as usize];
        let mut x = place
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(first);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ second;
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// A number below `limit` out of the upper half of a draw.
pub(crate) const fn below(draw: u64, limit: u64) -> u64 {
    ((draw >> 32) * limit) >> 32
}

/// Whether a draw falls among the first `share` of a hundred thousand.
pub(crate) const fn falls(draw: u64, share: u64) -> bool {
    below(draw, 100_000) < share
}

/// A second, independent draw out of one draw.
pub(crate) const fn again(draw: u64) -> u64 {
    let x = (draw ^ (draw >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^ (x >> 32)
}

#[cfg(test)]
mod tests;
