//! The tables of who may not ask: calls without a credential that holds, and messages that no
//! licence covers.

use dancu_domain::Reason;
use dancu_population::KeyState;
use dancu_wire::pb::dancu::v1::Purpose;

use super::asked::Asked;
use super::home::Home;
use super::rpcs::Rpc;
use super::session::bearer;

/// One way in which a call has no credential that holds.
pub struct Keyless {
    /// In words.
    pub what: &'static str,
    /// The header, if there is one.
    pub header: fn(&Home) -> Option<Vec<u8>>,
    /// What is said.
    pub reason: Reason,
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn held(home: &Home, agency: &str, state: KeyState) -> Vec<u8> {
    bearer(&home.key(agency, state))
}

/// The valid key of H26 with a change.
fn changed(home: &Home, change: fn(String) -> String) -> Vec<u8> {
    let key = change(home.key("H26", KeyState::Valid).key);
    format!("Bearer {key}").into_bytes()
}

macro_rules! keyless {
    ($($what:literal, $reason:ident, $header:expr;)*) => {
        /// Every row of credentials.
        pub const KEYLESS: &[Keyless] = &[$(Keyless {
            what: $what,
            header: $header,
            reason: Reason::$reason,
        }),*];
    };
}

keyless! {
    "no header", CredentialMissing, |_| None;
    "an empty header", CredentialMissing, |_| Some(text(""));
    "another scheme", CredentialMissing, |_| Some(text("Basic Zqwx97531=="));
    "a scheme alone", CredentialMissing, |_| Some(text("Bearer"));
    "a scheme and a space", CredentialMissing, |_| Some(text("Bearer "));
    "a scheme and a tab", CredentialMissing, |_| Some(text("Bearer\tZqwx97531"));
    "a key without its scheme", CredentialMissing, |home| Some(home.key("H26", KeyState::Valid).key.into_bytes());
    "bytes that are no text", CredentialMissing, |_| Some(vec![0xff; 40]);
    "a made-up key", CredentialUnknown, |_| Some(text("Bearer dancu-sandbox-Zqwx97531"));
    "a key of 4 KiB", CredentialUnknown, |_| Some(text(&format!("Bearer {}", "Zqwx97531".repeat(455))));
    "a key in capitals", CredentialUnknown, |home| Some(changed(home, |key| key.to_uppercase()));
    "a key cut short", CredentialUnknown, |home| Some(changed(home, |mut key| { key.pop(); key }));
    "two keys", CredentialUnknown, |home| Some(changed(home, |key| format!("{key},{key}")));
    "a key of another nation", CredentialUnknown, |_| {
        let other = dancu_population::Nation::new(8, 1);
        Some(bearer(&crate::callers::key(&other, "H26")))
    };
    "an expired key", CredentialExpired, |home| Some(held(home, "H29", KeyState::Expired));
    "a revoked key", CredentialRevoked, |home| Some(held(home, "H26", KeyState::Revoked));
    "a key that is not yet valid", CredentialNotYetValid, |home| Some(held(home, "G06", KeyState::NotYetValid));
}

/// One way in which no licence covers a message.
pub struct Unlicensed {
    /// In words.
    pub what: &'static str,
    /// Whose key is used; `None` for the method's own.
    pub key_of: Option<&'static str>,
    /// The agency that is refused, where it is not the method's own.
    pub agency: Option<&'static str>,
    /// What the message says that it should not.
    pub spoil: fn(&mut Asked),
    /// What is said.
    pub reason: Reason,
    /// The methods that it fits.
    pub fits: fn(&Rpc) -> bool,
}

fn items(rpc: &Rpc) -> bool {
    rpc.verb.is_some()
}

fn all(_: &Rpc) -> bool {
    true
}

macro_rules! unlicensed {
    ($($fits:ident: $what:literal, $key_of:expr, $agency:expr, $reason:ident, $spoil:expr;)*) => {
        /// Every row of licences.
        pub const UNLICENSED: &[Unlicensed] = &[$(Unlicensed {
            what: $what,
            key_of: $key_of,
            agency: $agency,
            spoil: $spoil,
            reason: Reason::$reason,
            fits: $fits,
        }),*];
    };
}

unlicensed! {
    items: "an agency without a licence", Some("H40"), Some("X01"), ServiceNotLicensed, |_| {};
    all: "an agency that has ended", Some("H41"), Some("X02"), AgencyNotActive, |_| {};
    all: "an agency that has not begun", Some("H42"), Some("X03"), AgencyNotActive, |_| {};
    items: "a purpose that is not licensed", None, None, PurposeNotLicensed,
        |a| a.context().set_purpose(Purpose::Statistics);
    items: "a procedure that is not licensed", None, None, ProcedureNotLicensed,
        |a| a.context().procedure = "9.Zqwx97531".into();
    items: "an officer who has no right", None, None, OfficerNotAuthorised,
        |a| a.context().officer = "Zqwx-97531".into();
}
