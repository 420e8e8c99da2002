//! Who has a number.

use dancu_domain::{
    ChangeFeed, Citizen, Freshness, IdKey, LegacyId, PersonalId, Reading, Registry,
};

use super::Subject;

const NOW: Freshness = Freshness::FullyConsistent;

/// Numbers within the range that were never issued.
pub async fn a_number_that_nobody_has_finds_nobody<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let keys = nobodies();
    let reading = subject.registry.read(&keys, NOW).await.expect("a reading");
    assert_eq!(found(&reading), vec![Vec::<&Citizen>::new(); keys.len()]);
    // Asked again, what is remembered of them is still that nobody is there.
    let again = subject.registry.read(&keys, NOW).await.expect("a reading");
    assert_eq!(found(&again), found(&reading));
}

/// Everybody is found, whole.
pub async fn a_personal_number_finds_its_one_citizen<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    for (at, citizen) in subject.fixture.citizens.iter().enumerate().take(50) {
        let keys = [subject.fixture.key(at)];
        let reading = subject.registry.read(&keys, NOW).await.expect("a reading");
        assert_eq!(found(&reading), vec![vec![citizen]]);
    }
}

/// The old number is a key of its own.
pub async fn an_old_number_finds_its_citizen<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let keys = [subject.fixture.old_key(7)];
    let reading = subject.registry.read(&keys, NOW).await.expect("a reading");
    assert_eq!(found(&reading), vec![vec![&subject.fixture.citizens[7]]]);
}

/// Two people share an old number: both come, in the order of their personal numbers.
pub async fn a_doubled_old_number_finds_both_citizens_by_number<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let fixture = &subject.fixture;
    assert_eq!(fixture.old_key(1), fixture.old_key(2));
    let mut both = vec![&fixture.citizens[1], &fixture.citizens[2]];
    both.sort_by_key(|citizen| citizen.personal_id);
    let keys = [fixture.old_key(1)];
    let reading = subject.registry.read(&keys, NOW).await.expect("a reading");
    assert_eq!(found(&reading), vec![both]);
}

/// A thousand keys of both kinds, some absent, many more than once.
pub async fn a_batch_is_answered_in_the_order_of_its_keys<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let fixture = &subject.fixture;
    let nobodies = nobodies();
    let (mut keys, mut expected) = (Vec::new(), Vec::new());
    for step in 0..1_000 {
        // 397 is prime: the walk visits citizens in an order that is none of theirs.
        let at = 5 + step * 151 % 395;
        match step % 5 {
            0 => {
                keys.push(nobodies[step % nobodies.len()]);
                expected.push(Vec::new());
            }
            1 | 2 => {
                keys.push(fixture.old_key(at));
                expected.push(vec![&fixture.citizens[at]]);
            }
            _ => {
                keys.push(fixture.key(at));
                expected.push(vec![&fixture.citizens[at]]);
            }
        }
    }
    let reading = subject.registry.read(&keys, NOW).await.expect("a reading");
    assert_eq!(found(&reading), expected);
    // In part from memory where there is one: the answer is the same.
    let turned: Vec<IdKey> = keys.iter().rev().copied().collect();
    let again = subject.registry.read(&turned, NOW).await;
    expected.reverse();
    assert_eq!(found(&again.expect("a reading")), expected);
}

/// Nothing asked is nothing found, at a revision.
pub async fn an_empty_batch_is_answered<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let reading = subject.registry.read(&[], NOW).await.expect("a reading");
    assert!(reading.candidates.is_empty());
    assert_eq!(reading.revision.nation, subject.fixture.meta.nation);
}

/// The people of a reading, key by key.
pub(super) fn found(reading: &Reading) -> Vec<Vec<&Citizen>> {
    reading
        .candidates
        .iter()
        .map(|candidates| candidates.citizens().iter().map(AsRef::as_ref).collect())
        .collect()
}

fn nobodies() -> Vec<IdKey> {
    let personal = [0, 999_999_999, 1_000_000_001, 999_999_999_999];
    let legacy = [0, 200_000_001, 999_999_999];
    personal
        .into_iter()
        .filter_map(PersonalId::from_digits)
        .map(IdKey::Personal)
        .chain(
            legacy
                .into_iter()
                .filter_map(LegacyId::from_digits)
                .map(IdKey::Legacy),
        )
        .collect()
}
