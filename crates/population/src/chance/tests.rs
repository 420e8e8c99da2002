use std::collections::HashSet;

use super::*;

#[test]
fn every_stream_has_a_number_and_a_key_of_its_own() {
    let numbers: HashSet<u8> = Stream::ALL.iter().map(|s| *s as u8).collect();
    assert_eq!(numbers.len(), Stream::ALL.len());
    // They count up from 0, so that each finds its key in the table.
    assert!(numbers.iter().all(|n| usize::from(*n) < STREAMS));
    for seed in [0, 1, u64::MAX] {
        let keys: HashSet<(u64, u64)> = Chance::new(seed).keys.into_iter().collect();
        assert_eq!(keys.len(), STREAMS);
    }
}

#[test]
fn streams_of_one_seed_and_seeds_of_one_stream_agree_no_more_than_chance() {
    let (one, other) = (Chance::new(1), Chance::new(2));
    let agreeing = |a: &dyn Fn(u64) -> u64, b: &dyn Fn(u64) -> u64| -> u32 {
        (0..1024)
            .map(|place| (!(a(place) ^ b(place))).count_ones())
            .sum()
    };
    // 65,536 bits, of which half agree; 128 is the standard deviation.
    let by_chance = 32_768 - 800..32_768 + 800;
    for stream in Stream::ALL {
        let this = |place| one.draw(*stream, place);
        assert!(by_chance.contains(&agreeing(&this, &|place| other.draw(*stream, place))));
        assert!(by_chance.contains(&agreeing(&this, &|place| one.draw(*stream, place + 1))));
        for another in Stream::ALL.iter().filter(|s| s != &stream) {
            assert!(
                by_chance.contains(&agreeing(&this, &|place| one.draw(*another, place))),
                "{stream:?} and {another:?}"
            );
        }
    }
    // The same stream agrees in every bit: the measure can tell.
    let this = |place| one.draw(Stream::Given, place);
    assert_eq!(agreeing(&this, &this), 65_536);
}

#[test]
fn draws_below_a_limit_fall_evenly() {
    let chance = Chance::new(7);
    let mut counts = [0; 10];
    for place in 0..100_000 {
        counts[below(chance.draw(Stream::Head, place), 10) as usize] += 1;
    }
    assert!(
        counts.iter().all(|n| (9_600..10_400).contains(n)),
        "{counts:?}"
    );
}
