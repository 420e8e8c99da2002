use dancu_domain::{
    ChangeOutcome, Fault, NationId, PushResult, Reason, Rejection, Revision, Source,
};
use proptest::prelude::*;

use super::PushAnswer;

fn any_result() -> impl Strategy<Value = PushResult> {
    let settled = |outcome| PushResult::Settled(outcome);
    prop_oneof![
        (any::<u64>(), any::<u32>())
            .prop_map(move |(number, version)| settled(ChangeOutcome::Applied { number, version })),
        (any::<u64>(), any::<u32>()).prop_map(move |(number, version)| settled(
            ChangeOutcome::AlreadyApplied { number, version }
        )),
        Just(settled(ChangeOutcome::Stale)),
        Just(settled(ChangeOutcome::Conflict)),
        proptest::sample::select(Rejection::ALL)
            .prop_map(move |why| settled(ChangeOutcome::Rejected(why))),
        (".{0,40}", proptest::sample::select(Reason::ALL))
            .prop_map(|(field, reason)| PushResult::Invalid(Fault::new(&field, reason))),
    ]
}

fn any_answer() -> impl Strategy<Value = PushAnswer> {
    let source = proptest::sample::select(vec![
        None,
        Some(Source::Memory),
        Some(Source::Redis),
        Some(Source::Registry),
    ]);
    let results = proptest::collection::vec(any_result(), 0..40);
    (any::<[u8; 16]>(), any::<u64>(), source, results).prop_map(
        |(nation, number, source, results)| PushAnswer {
            revision: Revision {
                nation: NationId(nation),
                number,
            },
            source,
            results,
        },
    )
}

proptest! {
    #[test]
    fn a_kept_answer_comes_back_as_it_was(answer in any_answer()) {
        prop_assert_eq!(PushAnswer::decode(&answer.encode()), Some(answer));
    }

    #[test]
    fn a_cut_or_lengthened_answer_is_none(answer in any_answer(), cut in any::<prop::sample::Index>()) {
        let bytes = answer.encode();
        prop_assert_eq!(PushAnswer::decode(&bytes[..cut.index(bytes.len())]), None);
        let mut longer = bytes;
        longer.push(0);
        prop_assert_eq!(PushAnswer::decode(&longer), None);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = PushAnswer::decode(&bytes);
    }
}

#[test]
fn the_encoding_of_version_one_stands() {
    let answer = PushAnswer {
        revision: Revision {
            nation: NationId([7; 16]),
            number: 0x0102,
        },
        source: Some(Source::Registry),
        results: vec![
            PushResult::Settled(ChangeOutcome::Applied {
                number: 5,
                version: 6,
            }),
            PushResult::Settled(ChangeOutcome::Rejected(Rejection::BeforeBirth)),
            PushResult::Invalid(Fault::new("a", Reason::DateInvalid)),
        ],
    };
    let mut expected = vec![1];
    expected.extend([7; 16]);
    expected.extend([2, 1, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0]);
    expected.extend([1, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0]);
    expected.extend([5, 3]);
    expected.extend([6, 1, 0, b'a', 12, 0]);
    expected.extend(b"DATE_INVALID");
    assert_eq!(answer.encode(), expected);
}

#[test]
fn another_version_is_none() {
    let mut bytes = PushAnswer {
        revision: Revision {
            nation: NationId([0; 16]),
            number: 0,
        },
        source: None,
        results: Vec::new(),
    }
    .encode();
    bytes[0] = 2;
    assert_eq!(PushAnswer::decode(&bytes), None);
}
