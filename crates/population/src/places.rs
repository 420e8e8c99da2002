//! Places: districts and communes of the simulation's own, and lines of address.

use std::sync::LazyLock;

use dancu_domain::Place;

use crate::chance::{again, below, falls};
use crate::provinces::{Province, provinces};

/// Of a hundred thousand households, so many live in another province than they come from.
const MOVED: u64 = 12_000;
/// Of a hundred thousand households, so many live elsewhere than where they are registered.
const AWAY: u64 = 9_000;
/// Of a hundred thousand addresses, so many are in a street.
const IN_STREET: u64 = 45_000;

static STREETS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    include_str!("../data/streets.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// A commune of a province without a line of detail. The codes are invented: district `PPd`,
/// commune `PPdcc`, ten districts a province, eight to twenty communes a district.
pub(crate) fn commune(province: u8, draw: u64) -> Place {
    let district = u16::from(province) * 10 + below(draw, 10) as u16;
    let communes = 8 + below(again(u64::from(district) << 32), 13);
    let commune = u32::from(district) * 100 + 1 + below(again(draw), communes) as u32;
    Place::domestic(province, district, commune, "")
}

/// An address in a province.
pub(crate) fn address(province: u8, draw: u64) -> Place {
    use std::fmt::Write as _;

    let mut place = commune(province, draw);
    let draw = again(again(draw));
    let mut detail = String::with_capacity(40);
    let written = if falls(draw, IN_STREET) {
        let street = STREETS[below(again(draw), STREETS.len() as u64) as usize];
        write!(detail, "Số {} đường {street}", 1 + draw % 300)
    } else {
        write!(detail, "Thôn {}", 1 + draw % 14)
    };
    written.expect("a string takes every write");
    place.detail = dancu_domain::Detail::new(detail);
    place
}

/// The permanent residence of a household from this province.
pub(crate) fn home(province: &Province, draw: u64) -> Place {
    address(elsewhere(province.code, draw, MOVED), again(draw))
}

/// The current residence of a household: mostly its permanent one.
pub(crate) fn stay(home: &Place, draw: u64) -> Place {
    if falls(draw, AWAY) {
        let draw = again(draw);
        address(elsewhere(home.province, draw, 60_000), again(draw))
    } else {
        home.clone()
    }
}

/// This province, or, with so many of a hundred thousand, one drawn by its people.
pub(crate) fn elsewhere(province: u8, draw: u64, share: u64) -> u8 {
    if falls(draw, share) {
        provinces().drawn(again(draw)).code
    } else {
        province
    }
}
