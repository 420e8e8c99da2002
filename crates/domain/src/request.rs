//! The envelope of a request: who asks within the agency, for which procedure, and why.

use crate::outcome::coded;
use crate::{Day, Fault, Reason};

coded! {
    /// Why a request is made. The table of what each purpose requires stands in the contract.
    Purpose {
        /// A dossier of an administrative procedure.
        AdministrativeProcedure = 1, "ADMINISTRATIVE_PROCEDURE";
        /// A patient at the counter of a health facility.
        HealthCheckIn = 2, "HEALTH_CHECK_IN";
        /// Cleaning an agency's own rows (làm sạch dữ liệu).
        DataCleaning = 3, "DATA_CLEANING";
        /// An authority reports life events.
        LifeEvent = 4, "LIFE_EVENT";
        /// Totals without people.
        Statistics = 5, "STATISTICS";
    }
}

impl Purpose {
    /// Whether the purpose requires an officer, a procedure and a dossier, in that order.
    pub const fn requires(self) -> (bool, bool, bool) {
        match self {
            Self::AdministrativeProcedure => (true, true, true),
            Self::HealthCheckIn => (true, false, false),
            Self::DataCleaning | Self::LifeEvent | Self::Statistics => (false, false, false),
        }
    }
}

/// A set of purposes: one bit each, by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct PurposeSet(pub u16);

impl PurposeSet {
    /// The set of these.
    pub const fn of(purposes: &[Purpose]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < purposes.len() {
            bits |= 1 << purposes[i].code();
            i += 1;
        }
        Self(bits)
    }

    /// Whether the purpose is in the set.
    pub const fn has(self, purpose: Purpose) -> bool {
        self.0 & (1 << purpose.code()) != 0
    }
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident, $max:literal, $allowed:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The most characters it may have.
            pub const MAX: usize = $max;

            /// Reads the code; the fault names `field` and never echoes the text.
            pub fn parse(text: &str, field: &str) -> Result<Self, Fault> {
                Self::check(text, field)?;
                Ok(Self(text.into()))
            }

            /// Reads the code out of a text that it keeps.
            pub fn parse_owned(text: String, field: &str) -> Result<Self, Fault> {
                Self::check(&text, field)?;
                Ok(Self(text.into_boxed_str()))
            }

            /// Checks a text that is not kept.
            pub fn check(text: &str, field: &str) -> Result<(), Fault> {
                let allowed: fn(u8) -> bool = $allowed;
                if text.is_empty() {
                    return Err(Fault::new(field, Reason::FieldRequired));
                }
                if text.len() > Self::MAX {
                    return Err(Fault::new(field, Reason::FieldTooLong));
                }
                if !text.bytes().all(allowed) {
                    return Err(Fault::new(field, Reason::FieldInvalid));
                }
                Ok(())
            }

            /// The code as text.
            pub fn text(&self) -> &str { &self.0 }
        }
    )*};
}

const fn code_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'/')
}

codes! {
    /// The caller's own id of a request (MaYeuCau): 1 to 40 letters, digits or `.-_:/`.
    RequestId, 40, code_byte;
    /// The officer at work (MaCanBo).
    OfficerId, 40, code_byte;
    /// The procedure (MaDVC), such as `1.004222`.
    ProcedureCode, 40, code_byte;
    /// A word by which a source names a database or a record of its own.
    SourceKey, 64, code_byte;
    /// The unit within the agency (MaDonVi).
    UnitCode, 40, code_byte;
}

impl ProcedureCode {
    /// Bytes of a published code, such as `1.004222`.
    pub const PUBLISHED: usize = 8;

    /// The text as bytes, where it has the form of the published codes, into which no number of a person
    /// fits. Recordings keep no other.
    pub fn published(text: &str) -> Option<[u8; Self::PUBLISHED]> {
        let bytes: [u8; Self::PUBLISHED] = text.as_bytes().try_into().ok()?;
        let digit = |place: usize| bytes[place].is_ascii_digit();
        (digit(0) && bytes[1] == b'.' && (2..Self::PUBLISHED).all(digit)).then_some(bytes)
    }
}

/// A dossier number (mã số hồ sơ), in either of its published forms: `000.00.00.H26-231012-0001`
/// of QCVN 102:2016, or the later one of one to four levels, `H26.12-231012-0001`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dossier(Box<str>);

impl Dossier {
    /// Reads a dossier number; the fault names `field` and never echoes the text.
    pub fn parse(text: &str, field: &str) -> Result<Self, Fault> {
        Self::parse_owned(text.to_owned(), field)
    }

    /// Reads a dossier number out of a text that it keeps.
    pub fn parse_owned(text: String, field: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::new(field, Reason::FieldRequired));
        }
        if text.len() > 40 {
            return Err(Fault::new(field, Reason::FieldTooLong));
        }
        if well_formed(&text) {
            Ok(Self(text.into_boxed_str()))
        } else {
            Err(Fault::new(field, Reason::FieldInvalid))
        }
    }

    /// The number as text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// `AGENCY-YYMMDD-RUNNING`: an agency code of one to four dotted levels, the day of receipt, and
/// a running number of four to six digits.
fn well_formed(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(agency), Some(day), Some(running), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let levels = agency.split('.').count();
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let agency_ok = levels <= 4
        && agency.split('.').all(|level| {
            (1..=3).contains(&level.len())
                && level
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        })
        && agency.bytes().any(|b| b.is_ascii_uppercase());
    let day_ok = day.len() == 6 && digits(day) && {
        let n: u32 = day.parse().unwrap_or(0);
        crate::CivilDate::unpack(20_000_000 + n).is_some()
    };
    agency_ok && day_ok && (4..=6).contains(&running.len()) && digits(running)
}

/// The envelope of one message (see `RequestContext` in the contract).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestContext {
    /// The caller's id of the request.
    pub request_id: RequestId,
    /// The officer.
    pub officer: Option<OfficerId>,
    /// The procedure.
    pub procedure: Option<ProcedureCode>,
    /// The dossier of every item that has none of its own.
    pub dossier: Option<Dossier>,
    /// Why.
    pub purpose: Purpose,
    /// The unit within the agency.
    pub unit: Option<UnitCode>,
    /// The day under which it is recorded and counted, where the caller named one and might; else
    /// the day of the recording.
    pub event_day: Option<Day>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_procedure_has_one_form_into_which_no_number_of_a_person_fits() {
        assert_eq!(ProcedureCode::published("1.004222"), Some(*b"1.004222"));
        for other in [
            "901085000101",
            "900000106",
            "1.00422",
            "1.0042222",
            "a.004222",
            "",
        ] {
            assert_eq!(ProcedureCode::published(other), None, "{other}");
        }
    }
}
