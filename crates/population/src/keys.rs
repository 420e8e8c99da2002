//! Sandbox keys: one that holds for every agency, and one for each way in which a key can fail.

use std::fmt::Write as _;

use dancu_domain::{AgencyCode, CivilDate, Credential, Validity};
use sha2::{Digest, Sha256};

use crate::agencies;

/// How a sandbox key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It holds.
    Valid,
    /// It holds, and answers to it carry the true reason of a NO_MATCH.
    Debug,
    /// It ended the day before the reference date.
    Expired,
    /// It was revoked.
    Revoked,
    /// It begins a year after the reference date.
    NotYetValid,
}

impl KeyState {
    /// The state as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Debug => "debug",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::NotYetValid => "not-yet-valid",
        }
    }
}

/// A bearer key of an agency, with an officer and a procedure that its licences cover.
#[derive(Clone, PartialEq, Eq)]
pub struct SandboxKey {
    /// Whose it is.
    pub agency: AgencyCode,
    /// The key: `dancu-sandbox-` and 40 hexadecimal digits.
    pub key: String,
    /// An officer who may ask.
    pub officer: String,
    /// A procedure in which it may be asked.
    pub procedure: String,
    /// How it stands.
    pub state: KeyState,
}

impl std::fmt::Debug for SandboxKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxKey")
            .field("agency", &self.agency)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

const PREFIX: &str = "dancu-sandbox-";
/// The agencies whose extra keys show how keys fail, and the one that is told true reasons.
const EXTRA: [(&str, KeyState); 4] = [
    ("H26", KeyState::Debug),
    ("H29", KeyState::Expired),
    ("H26", KeyState::Revoked),
    ("G06", KeyState::NotYetValid),
];

/// The keys of a seed.
pub(crate) fn sandbox_keys(seed: u64) -> Vec<SandboxKey> {
    let agencies = agencies::agencies();
    let extra = EXTRA.iter().filter_map(|(code, state)| {
        let agency = agencies.iter().find(|a| a.code.text() == *code)?;
        Some((agency.code, *state))
    });
    agencies
        .iter()
        .map(|agency| (agency.code, KeyState::Valid))
        .chain(extra)
        .map(|(agency, state)| SandboxKey {
            agency,
            key: derived(seed, agency, state),
            officer: format!("CB-{agency}-0001"),
            procedure: "1.004222".to_owned(),
            state,
        })
        .collect()
}

/// What the registry keeps of a key.
pub(crate) fn credential(key: &SandboxKey, reference: CivilDate) -> Credential {
    let mut validity = Validity::default();
    match key.state {
        KeyState::Expired => validity.until = reference.plus_days(-1),
        KeyState::NotYetValid => validity.from = reference.plus_days(365),
        KeyState::Valid | KeyState::Debug | KeyState::Revoked => {}
    }
    Credential {
        digest: Sha256::digest(key.key.as_bytes()).into(),
        agency: key.agency,
        validity,
        revoked: key.state == KeyState::Revoked,
        debug: key.state == KeyState::Debug,
        sandbox: true,
    }
}

fn derived(seed: u64, agency: AgencyCode, state: KeyState) -> String {
    let digest = Sha256::new()
        .chain_update(b"dancu sandbox key 1\0")
        .chain_update(seed.to_be_bytes())
        .chain_update(agency.text().as_bytes())
        .chain_update(b"\0")
        .chain_update(state.word().as_bytes())
        .finalize();
    let mut key = String::from(PREFIX);
    for byte in &digest[..20] {
        write!(key, "{byte:02x}").expect("a string takes every write");
    }
    key
}
