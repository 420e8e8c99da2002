use super::*;
use crate::chance::again;

#[test]
fn entries_are_picked_by_their_weights() {
    let table = Weighted::new(&[500, 0, 250, 250]);
    let mut counts = [0_u32; 4];
    for n in 0..100_000 {
        counts[table.pick(again(n))] += 1;
    }
    assert_eq!(counts[1], 0);
    for (count, wanted) in counts.iter().zip([50_000_u32, 0, 25_000, 25_000]) {
        assert!(count.abs_diff(wanted) < 700, "{counts:?}");
    }
}

#[test]
fn sections_hold_fields_and_leave_comments_out() {
    let found = sections("# nothing\n[one]\na = b = c\nempty =\n\n[two]\n");
    assert_eq!(found[0], ("one", vec![("a", "b = c"), ("empty", "")]));
    assert_eq!(found[1], ("two", Vec::new()));
}

#[test]
fn rows_leave_the_heading_and_comments_out() {
    let found: Vec<_> = rows("# nothing\nhead,ing\n1,a b\n\n2,,\n").collect();
    assert_eq!(found, [vec!["1", "a b"], vec!["2", "", ""]]);
}
