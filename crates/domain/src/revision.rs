//! How far the registry has got, and in which nation.

use std::fmt;

/// The id of one mock nation. A nation that was made anew has another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NationId(pub [u8; 16]);

impl NationId {
    /// The id as 32 lower-case hexadecimal digits.
    pub fn text(self) -> String {
        use fmt::Write as _;
        self.0
            .iter()
            .fold(String::with_capacity(32), |mut text, byte| {
                write!(text, "{byte:02x}").expect("a string takes every write");
                text
            })
    }

    /// Undoes [`NationId::text`].
    pub fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Debug for NationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// How many of the bits of a change's number count within its line.
const LINE_BITS: u32 = 32;

/// The number of a change in commit order, within one nation. 0 is the nation as it was made.
///
/// A registry that goes on from an earlier state, because another server took over or it was restored,
/// begins a new line of numbers, above all that may have been seen: line `n` from `n << 32` on. Within
/// a line there are no gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revision {
    /// Whose changes are counted.
    pub nation: NationId,
    /// How many there have been, on lines as they are counted.
    pub number: u64,
}

impl Revision {
    /// Whether a line of numbers begins here: a number that no change has.
    pub const fn begins_line(number: u64) -> bool {
        number.trailing_zeros() >= LINE_BITS
    }
}
