use proptest::prelude::*;

use super::*;

#[test]
fn every_place_is_taken_once() {
    for (key, size) in [
        (1, 2),
        (2, 3),
        (3, 1000),
        (4, 999_000),
        (5, 1 << 16),
        (6, 65_537),
    ] {
        let permutation = Permutation::new(key, size);
        let mut taken = vec![false; size as usize];
        for x in 0..size {
            let y = permutation.forth(x);
            assert!(
                !std::mem::replace(&mut taken[y as usize], true),
                "size {size}"
            );
            assert_eq!(permutation.back(y), x);
        }
    }
}

#[test]
fn neighbours_are_scattered() {
    let permutation = Permutation::new(11, 999_000);
    let near = (0..10_000)
        .filter(|x| permutation.forth(*x).abs_diff(permutation.forth(x + 1)) < 1_000)
        .count();
    // By chance about twenty of ten thousand.
    assert!(near < 60, "{near}");
}

proptest! {
    #[test]
    fn back_undoes_forth(key: u64, size in 2_u64..100_000_000, x: u64) {
        let permutation = Permutation::new(key, size);
        let y = permutation.forth(x % size);
        prop_assert!(y < size);
        prop_assert_eq!(permutation.back(y), x % size);
    }

    #[test]
    fn different_keys_permute_differently(key: u64) {
        let (one, other) = (Permutation::new(key, 999_000), Permutation::new(key ^ 1, 999_000));
        let same = (0..1000).filter(|x| one.forth(*x) == other.forth(*x)).count();
        prop_assert!(same < 10);
    }
}
