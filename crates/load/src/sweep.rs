//! The sweep at the end of a run: everybody is looked up once more, so that a record that no
//! message happened to be about is held against the population too.

use dancu_domain::Verb;

use crate::ask::Message;
use crate::draw::Shape;
use crate::lane::{Lane, lock};
use crate::people::People;
use crate::speak::Lookup;

/// Citizens of one message of the sweep.
const AT_ONCE: usize = 250;

impl Lane {
    /// Looks up this lane's share of the nation, each citizen once, the whole record.
    pub(crate) async fn sweep(&mut self, most: u64) {
        let people = &self.world.people;
        let mine = share(people, most, &self.world.run_id, self.draw.place());
        for citizens in mine.chunks(AT_ONCE) {
            if self.progress.stopped() {
                return;
            }
            let Some(message) = self.draw.sweeping(citizens) else {
                continue;
            };
            let items = message.items.len() as u64;
            if self.swept(message).await {
                lock(&self.report).swept += items;
            }
        }
    }

    /// One message of the sweep; whether it was answered.
    async fn swept(&mut self, message: Message) -> bool {
        let items = message.items.len() as u64;
        lock(&self.report).tally.sent(Verb::Lookup, items);
        self.progress.count_sent(items);
        let answer = self.judged::<Lookup>(Shape::Batch, message, false);
        answer.await.is_some()
    }
}

/// The indices of one of so many lanes: the whole nation, or, where it has more than `most`
/// citizens, an even sample that begins somewhere else in every run.
fn share(people: &People, most: u64, run_id: &str, (lane, lanes): (u64, u64)) -> Vec<u64> {
    let all = people.nation().len();
    if most == 0 {
        return Vec::new();
    }
    let stride = all.div_ceil(most).max(1);
    let fold = |n: u64, b: u8| n.wrapping_mul(31).wrapping_add(u64::from(b));
    let first = run_id.bytes().fold(0, fold) % stride;
    (first..all)
        .step_by(stride as usize)
        .enumerate()
        .filter(|(place, _)| *place as u64 % lanes == lane)
        .map(|(_, index)| index)
        .collect()
}

#[cfg(test)]
mod tests {
    use dancu_population::Nation;

    use super::*;

    fn shares(citizens: u64, most: u64, lanes: u64) -> (u64, Vec<u64>) {
        let people = People::new(Nation::new(1, citizens), &[]);
        let each = (0..lanes).flat_map(|lane| share(&people, most, "run", (lane, lanes)));
        let mut all: Vec<u64> = each.collect();
        all.sort_unstable();
        (people.nation().len(), all)
    }

    #[test]
    fn the_lanes_together_sweep_everybody_once() {
        let (len, all) = shares(2_000, 100_000, 7);
        assert_eq!(all, (0..len).collect::<Vec<_>>());
        assert!(shares(2_000, 0, 7).1.is_empty());
    }

    #[test]
    fn a_nation_that_is_too_large_is_sampled_evenly() {
        let (len, all) = shares(10_000, 1_000, 3);
        assert!((900..=1_000).contains(&all.len()), "{}", all.len());
        let steps = all.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(steps.clone().all(|step| step == len.div_ceil(1_000)));
    }
}
