//! Who is known, who is not, and for how long.

use super::*;
use dancu_domain::{AgencyCode, Credential, Validity};

const TODAY: (u16, u8, u8) = (2023, 1, 1);

fn today() -> CivilDate {
    CivilDate::new(TODAY.0, TODAY.1, TODAY.2).unwrap()
}

fn credential(key: &str, revoked: bool) -> Credential {
    Credential {
        digest: Sha256::digest(key).into(),
        agency: AgencyCode::parse("H26", "code").unwrap(),
        validity: Validity::default(),
        revoked,
        debug: false,
        sandbox: true,
    }
}

fn directory(revoked: bool) -> Directory {
    Directory::new([], [credential("a-key", revoked)], [])
}

fn header(value: &'static str) -> HeaderValue {
    HeaderValue::from_static(value)
}

fn doorman(cell: &Arc<DirectoryCell>, sandbox: bool) -> Doorman {
    Doorman::new(Arc::clone(cell), today(), sandbox, [7; 16])
}

#[test]
fn a_key_is_known_by_its_digest_and_whatever_the_case_of_the_scheme() {
    let cell = DirectoryCell::new(directory(false));
    let doorman = doorman(&cell, true);
    for value in ["Bearer a-key", "bearer a-key", "BEARER  a-key "] {
        for _ in 0..2 {
            let caller = doorman.authenticate(Some(&header(value))).unwrap();
            assert_eq!(caller.who.agency().text(), "H26");
        }
    }
}

#[test]
fn what_is_no_key_of_ours_is_told_apart_from_no_key() {
    let cell = DirectoryCell::new(directory(false));
    let doorman = doorman(&cell, true);
    let reason = |header: Option<HeaderValue>| doorman.authenticate(header.as_ref()).unwrap_err();
    assert_eq!(reason(None), Reason::CredentialMissing);
    assert_eq!(
        reason(Some(header("Basic YTpi"))),
        Reason::CredentialMissing
    );
    assert_eq!(reason(Some(header("Bearer "))), Reason::CredentialMissing);
    assert_eq!(
        reason(Some(header("Bearer other"))),
        Reason::CredentialUnknown
    );
}

#[test]
fn a_revocation_bites_once_the_directory_is_read_again() {
    let cell = DirectoryCell::new(directory(false));
    let doorman = doorman(&cell, true);
    assert!(doorman.authenticate(Some(&header("Bearer a-key"))).is_ok());
    cell.replace(directory(true));
    assert_eq!(
        doorman
            .authenticate(Some(&header("Bearer a-key")))
            .unwrap_err(),
        Reason::CredentialRevoked
    );
}

#[test]
fn nobody_is_known_by_a_directory_that_is_too_old() {
    let cell = DirectoryCell::new(directory(false));
    let doorman = doorman(&cell, true);
    assert!(doorman.authenticate(Some(&header("Bearer a-key"))).is_ok());
    cell.mark_too_old();
    assert_eq!(
        doorman
            .authenticate(Some(&header("Bearer a-key")))
            .unwrap_err(),
        Reason::RegistryUnavailable
    );
    cell.replace(directory(false));
    assert!(doorman.authenticate(Some(&header("Bearer a-key"))).is_ok());
}

#[test]
fn sandbox_keys_are_refused_where_they_are_not_taken() {
    let cell = DirectoryCell::new(directory(false));
    let doorman = doorman(&cell, false);
    assert_eq!(
        doorman
            .authenticate(Some(&header("Bearer a-key")))
            .unwrap_err(),
        Reason::CredentialUnknown
    );
}
