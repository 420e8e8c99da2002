//! Which verb comes next, so that items stand in the national proportion.

use dancu_domain::Verb;

/// Parts of each verb, in the order of [`Verb::ALL`]: of 1,736 items 1,200 are lookups and
/// authentications, 60 to 40, and 536 are syncs, of which one in ten is pushed. The two splits
/// are assumed; 1.2 billion and 536 million are the figures of the first nine months of 2023.
pub const NATIONAL: [u64; 4] = [720, 480, 482, 54];

/// Keeps the items of each verb as near to their share as whole messages allow.
///
/// The next verb is the one that is furthest behind its share, so after any whole round of
/// single items the proportion is exact, and with messages of many items no verb is ever further
/// ahead than its last message.
#[derive(Clone, Debug)]
pub struct Mix {
    parts: [u64; 4],
    sent: [u64; 4],
}

impl Mix {
    /// A mix of these parts, in the order of [`Verb::ALL`].
    pub const fn new(parts: [u64; 4]) -> Self {
        Self {
            parts,
            sent: [0; 4],
        }
    }

    /// The verb that is furthest behind its share.
    pub fn next(&self) -> Verb {
        let total: u64 = self.sent.iter().sum::<u64>() + 1;
        let whole: u64 = self.parts.iter().sum();
        let mut best = (i128::MIN, Verb::Lookup);
        for (i, verb) in Verb::ALL.iter().enumerate() {
            let due = i128::from(total) * i128::from(self.parts[i])
                - i128::from(self.sent[i]) * i128::from(whole);
            if self.parts[i] > 0 && due > best.0 {
                best = (due, *verb);
            }
        }
        best.1
    }

    /// Takes note of items that were sent.
    pub fn sent(&mut self, verb: Verb, items: u64) {
        self.sent[place(verb)] += items;
    }
}

/// The place of a verb in arrays by verb.
pub(crate) const fn place(verb: Verb) -> usize {
    verb.code() as usize - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_round_of_single_items_is_exactly_national() {
        let mut mix = Mix::new(NATIONAL);
        for round in 1..=3 {
            for _ in 0..1736 {
                let verb = mix.next();
                mix.sent(verb, 1);
            }
            assert_eq!(mix.sent, NATIONAL.map(|parts| parts * round));
        }
        assert_eq!(mix.sent[0] + mix.sent[1], 3600);
        assert_eq!(mix.sent[2] + mix.sent[3], 1608);
    }

    #[test]
    fn messages_of_many_items_stay_within_a_message_of_their_share() {
        let mut mix = Mix::new(NATIONAL);
        let sizes = [1, 50, 7, 200, 1, 1, 1000, 20];
        for step in 0..20_000 {
            let verb = mix.next();
            mix.sent(verb, sizes[step % sizes.len()]);
        }
        let total: u64 = mix.sent.iter().sum();
        for (sent, parts) in mix.sent.iter().zip(NATIONAL) {
            let due = total * parts / 1736;
            assert!(sent.abs_diff(due) <= 1000, "{sent} against {due}");
        }
    }

    #[test]
    fn places_follow_the_order_of_the_verbs() {
        for (i, verb) in Verb::ALL.iter().enumerate() {
            assert_eq!(place(*verb), i);
        }
    }
}
