use dancu_domain::{LegacyId, PersonalId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const NATION: NationId = NationId([7; 16]);

fn keys(current: u8, previous: &[u8]) -> SealKeys {
    SealKeys {
        names: [1; 16],
        current: [current; 32],
        previous: previous.iter().map(|key| [*key; 32]).collect(),
    }
}

fn seals(current: u8, previous: &[u8]) -> Seals {
    Seals::new(&keys(current, previous), NATION)
}

fn key() -> impl Strategy<Value = IdKey> {
    prop_oneof![
        (0..1_000_000_000_000_u64)
            .prop_map(|n| IdKey::Personal(PersonalId::from_digits(n).unwrap())),
        (0..1_000_000_000_u32).prop_map(|n| IdKey::Legacy(LegacyId::from_digits(n).unwrap())),
    ]
}

fn stamp() -> impl Strategy<Value = Stamp> {
    any::<(u64, u64)>().prop_map(|(read_at, as_of)| Stamp { read_at, as_of })
}

proptest! {
    #[test]
    fn what_was_sealed_opens_under_its_number(
        key in key(), stamp in stamp(), content in vec(any::<u8>(), 0..400),
    ) {
        let sealed = seals(1, &[]).seal(key, stamp, &content);
        prop_assert_eq!(seals(1, &[]).open(key, &sealed), Ok((stamp, content)));
    }

    #[test]
    fn no_other_number_opens_it(
        one in key(), other in key(), stamp in stamp(), content in vec(any::<u8>(), 0..100),
    ) {
        prop_assume!(one != other);
        let seals = seals(1, &[]);
        prop_assert_eq!(seals.open(other, &seals.seal(one, stamp, &content)), Err(Forged));
        prop_assert_ne!(seals.name(one), seals.name(other));
    }

    #[test]
    fn no_other_nation_opens_it(key in key(), stamp in stamp(), other: [u8; 16]) {
        prop_assume!(other != NATION.0);
        let foreign = Seals::new(&keys(1, &[]), NationId(other));
        prop_assert_eq!(seals(1, &[]).open(key, &foreign.seal(key, stamp, b"content")), Err(Forged));
        prop_assert_ne!(seals(1, &[]).name(key), foreign.name(key));
    }

    #[test]
    fn an_edited_value_does_not_open(
        key in key(), stamp in stamp(), content in vec(any::<u8>(), 0..100),
        at: Index, bit in 0..8_u32,
    ) {
        let mut sealed = seals(1, &[]).seal(key, stamp, &content);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(seals(1, &[]).open(key, &sealed), Err(Forged));
    }

    #[test]
    fn a_truncated_or_longer_value_does_not_open(
        key in key(), stamp in stamp(), content in vec(any::<u8>(), 0..100),
        cut: Index, more in vec(any::<u8>(), 1..20),
    ) {
        let sealed = seals(1, &[]).seal(key, stamp, &content);
        let cut = cut.index(sealed.len());
        prop_assert_eq!(seals(1, &[]).open(key, &sealed[..cut]), Err(Forged));
        let longer = [sealed, more].concat();
        prop_assert_eq!(seals(1, &[]).open(key, &longer), Err(Forged));
    }

    #[test]
    fn any_bytes_are_no_value_and_no_panic(key in key(), bytes in vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(seals(1, &[]).open(key, &bytes), Err(Forged));
    }

    #[test]
    fn nothing_of_the_content_or_the_number_is_in_clear(key in key(), stamp in stamp()) {
        let content = b"Nguyen Thi Canary 001099000001".repeat(3);
        let sealed = seals(1, &[]).seal(key, stamp, &content);
        let digits = match key {
            IdKey::Personal(id) => id.text(),
            IdKey::Legacy(id) => id.text(),
        };
        for name in [sealed.as_slice(), seals(1, &[]).name(key).as_slice()] {
            for planted in [b"Canary".as_slice(), b"001099000001", digits.as_bytes()] {
                prop_assert!(!name.windows(planted.len()).any(|part| part == planted));
            }
        }
    }

    #[test]
    fn different_contents_have_different_nonces(
        key in key(), stamp in stamp(), one in vec(any::<u8>(), 0..50), other in vec(any::<u8>(), 0..50),
    ) {
        prop_assume!(one != other);
        let nonce = |content: &[u8]| seals(1, &[]).seal(key, stamp, content)[NONCE_AT..STAMP_AT].to_vec();
        prop_assert_ne!(nonce(&one), nonce(&other));
    }
}

fn somebody() -> IdKey {
    IdKey::Personal(PersonalId::from_digits(1_099_000_001).unwrap())
}

const STAMP: Stamp = Stamp {
    read_at: 3,
    as_of: 4,
};

#[test]
fn keys_rotate_without_a_miss() {
    let opens = |with: &Seals, sealed: &[u8]| with.open(somebody(), sealed).is_ok();
    let (before, both, after) = (seals(1, &[2]), seals(2, &[1]), seals(2, &[]));
    let (old, new) = (
        before.seal(somebody(), STAMP, b"content"),
        both.seal(somebody(), STAMP, b"content"),
    );
    assert!(opens(&before, &old) && opens(&before, &new));
    assert!(opens(&both, &old) && opens(&both, &new));
    assert!(opens(&after, &new));
    assert!(!opens(&after, &old), "the key is retired");
    assert_eq!(before.name(somebody()), after.name(somebody()));
}

#[test]
fn another_key_does_not_open_what_bears_its_mark() {
    let mut sealed = seals(1, &[]).seal(somebody(), STAMP, b"content");
    let mark = seals(2, &[]).current.mark;
    sealed[1..NONCE_AT].copy_from_slice(&mark);
    assert_eq!(seals(1, &[2]).open(somebody(), &sealed), Err(Forged));
}

#[test]
fn names_depend_on_their_key() {
    let other = SealKeys {
        names: [2; 16],
        ..keys(1, &[])
    };
    let other = Seals::new(&other, NATION);
    assert_ne!(other.name(somebody()), seals(1, &[]).name(somebody()));
}

#[test]
fn secrets_do_not_print() {
    assert_eq!(format!("{:?}", keys(0xab, &[0xcd])), "SealKeys(..)");
}
