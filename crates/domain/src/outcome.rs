//! Verbs, service codes, and how an item can end.

use std::fmt;

macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $code:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $code,)* }

        impl $name {
            /// Every one of them, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The byte by which it is stored; never reused.
            pub const fn code(self) -> u8 { self as u8 }

            /// Undoes the code.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// Its word in the contract, in metrics and in logs.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.word()) }
        }
    };
}
pub(crate) use coded;

coded! {
    /// What was asked. LOOKUP and AUTHENTICATE together make the 1.2 billion of the nine months,
    /// RECONCILE and PUSH the 536 million.
    Verb {
        /// Tra cứu.
        Lookup = 1, "LOOKUP";
        /// Xác thực.
        Authenticate = 2, "AUTHENTICATE";
        /// Đồng bộ, làm sạch: an agency's own rows are compared.
        Reconcile = 3, "RECONCILE";
        /// Đồng bộ: an authority sends life events.
        Push = 4, "PUSH";
    }
}

impl Verb {
    /// Whether the verb is counted among the syncs rather than the lookups and authentications.
    pub const fn is_sync(self) -> bool {
        matches!(self, Self::Reconcile | Self::Push)
    }

    /// Whether an item of the verb can end like this.
    pub const fn can_end(self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Refused => true,
            Outcome::Found => matches!(self, Self::Lookup),
            Outcome::Match => matches!(self, Self::Authenticate),
            Outcome::Deceased => matches!(self, Self::Lookup | Self::Authenticate),
            Outcome::NoMatch | Outcome::Ambiguous => !matches!(self, Self::Push),
            Outcome::InStep | Outcome::Differs | Outcome::DuplicateInSource => {
                matches!(self, Self::Reconcile)
            }
            Outcome::Invalid => self.is_sync(),
            Outcome::Applied
            | Outcome::AlreadyApplied
            | Outcome::Stale
            | Outcome::Conflict
            | Outcome::Rejected => matches!(self, Self::Push),
        }
    }
}

coded! {
    /// How an item ended. Each has one entry in the ledger and one count.
    Outcome {
        /// The person was found and attributes were given.
        Found = 1, "FOUND";
        /// The claims are those of the registry.
        Match = 2, "MATCH";
        /// Nobody there, or claims that differ, or locked: never told apart.
        NoMatch = 3, "NO_MATCH";
        /// The claims match a person whose death is recorded.
        Deceased = 4, "DECEASED";
        /// The claims match two people.
        Ambiguous = 5, "AMBIGUOUS";
        /// The agency's row agrees with the registry.
        InStep = 6, "IN_STEP";
        /// The agency's row differs in attributes that are named.
        Differs = 7, "DIFFERS";
        /// The same person stands twice in the message.
        DuplicateInSource = 8, "DUPLICATE_IN_SOURCE";
        /// The record is malformed; its class is told.
        Invalid = 9, "INVALID";
        /// The event took effect.
        Applied = 10, "APPLIED";
        /// The event had taken effect before.
        AlreadyApplied = 11, "ALREADY_APPLIED";
        /// A later version or a later event is in effect.
        Stale = 12, "STALE";
        /// The same source, record and version came with another content.
        Conflict = 13, "CONFLICT";
        /// The event is not taken; the reason is told.
        Rejected = 14, "REJECTED";
        /// Permission was denied; reported beside the answered, never among them.
        Refused = 15, "REFUSED";
    }
}

/// The service code (MaTichHop) of an operation: three digits.
///
/// 037, 033 and 034 are published; codes from 900 are assumed by this simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceCode(pub u16);

impl ServiceCode {
    /// 037, tra cứu thông tin công dân.
    pub const LOOKUP_CITIZEN: Self = Self(37);
    /// Assumed: xác thực thông tin công dân has no published code that we know.
    pub const AUTHENTICATE_CITIZEN: Self = Self(901);
    /// Assumed: làm sạch dữ liệu.
    pub const RECONCILE_CITIZENS: Self = Self(902);
    /// Assumed: cập nhật biến động dân cư.
    pub const PUSH_CHANGES: Self = Self(903);
}

impl fmt::Display for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}
