//! Agencies, their credentials and licences: dated rows, no code per agency.

use std::fmt;

use crate::outcome::coded;
use crate::{AttributeSet, CivilDate, EventKind, Fault, PurposeSet, Reason, ServiceCode};

coded! {
    /// What kind of body an agency is: a bounded label for metrics.
    AgencyKind {
        /// Bộ, ngành.
        Ministry = 1, "MINISTRY";
        /// Tỉnh, thành phố.
        Province = 2, "PROVINCE";
        /// Cơ sở khám chữa bệnh.
        HealthFacility = 3, "HEALTH_FACILITY";
    }
}

/// An agency's code, such as `H26` or `G05`: 1 to 11 upper-case letters, digits, `.` or `-`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgencyCode {
    length: u8,
    bytes: [u8; 11],
}

impl AgencyCode {
    /// Reads a code.
    pub fn parse(text: &str, field: &str) -> Result<Self, Fault> {
        let ok = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
        if text.is_empty() || text.len() > 11 || !text.bytes().all(ok) {
            return Err(Fault::new(field, Reason::FieldInvalid));
        }
        let mut bytes = [0; 11];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self {
            length: text.len() as u8,
            bytes,
        })
    }

    /// The code as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or("")
    }
}

impl fmt::Debug for AgencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for AgencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

/// From when until when something holds, both days included; `None` is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Validity {
    /// First day.
    pub from: Option<CivilDate>,
    /// Last day.
    pub until: Option<CivilDate>,
}

impl Validity {
    /// Whether `day` lies within.
    pub fn holds(&self, day: CivilDate) -> bool {
        !self.not_yet(day) && !self.over(day)
    }

    /// Whether `day` lies before.
    pub fn not_yet(&self, day: CivilDate) -> bool {
        self.from.is_some_and(|from| day < from)
    }

    /// Whether `day` lies after.
    pub fn over(&self, day: CivilDate) -> bool {
        self.until.is_some_and(|until| day > until)
    }
}

/// A body that asks: a ministry, a province, a health facility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Its code.
    pub code: AgencyCode,
    /// Its Vietnamese name.
    pub name: String,
    /// What it is.
    pub kind: AgencyKind,
    /// When it exists.
    pub validity: Validity,
    /// The agency that takes its place when it ends.
    pub successor: Option<AgencyCode>,
    /// Whether code or name are assumed by this simulation.
    pub assumed: bool,
}

/// A bearer key of an agency, known by its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// SHA-256 of the key.
    pub digest: [u8; 32],
    /// Whose it is.
    pub agency: AgencyCode,
    /// When it holds.
    pub validity: Validity,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Whether answers to it carry the true reason of a NO_MATCH. Sandboxes only.
    pub debug: bool,
    /// Whether it is derived from the nation's seed, and so only good on loopback.
    pub sandbox: bool,
}

/// Codes that a licence covers: exact ones, or a prefix that ends in `*`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Patterns(pub Vec<String>);

impl Patterns {
    /// Whether one of the patterns covers `code`.
    pub fn cover(&self, code: &str) -> bool {
        self.0.iter().any(|p| match p.strip_suffix('*') {
            Some(prefix) => code.starts_with(prefix),
            None => p == code,
        })
    }
}

/// What an agency may ask: agency × officer × service × procedure, and what that opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Whose it is.
    pub agency: AgencyCode,
    /// The services that it covers.
    pub services: Vec<ServiceCode>,
    /// The officers that it covers; looked at where a request names one.
    pub officers: Patterns,
    /// The procedures that it covers; looked at where a request names one.
    pub procedures: Patterns,
    /// The purposes that it covers.
    pub purposes: PurposeSet,
    /// The attributes that it grants.
    pub attributes: AttributeSet,
    /// Whether a lookup may come with a number alone.
    pub number_alone: bool,
    /// Whether a failed authentication tells which attribute failed.
    pub explain: bool,
    /// The life events of which the agency is the authority.
    pub authority: Vec<EventKind>,
    /// When it holds.
    pub validity: Validity,
}
