//! What one thread sends of the nine months, message by message.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use dancu_domain::{AgencyKind, Day, Verb};

use super::calendar::{days, shared_out};
use super::table::Table;
use crate::callers::Standing;
use crate::chance::Chance;
use crate::draw::{Draw, Shape, World};
use crate::mix::{Mix, place};
use crate::run::{Ask, Heads, shape_of};

/// A part of the nine months: `1:1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(pub u64);

impl FromStr for Scale {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = text.strip_prefix("1:").and_then(|n| n.parse().ok());
        part.filter(|n| (1..=10_000_000).contains(n))
            .map(Self)
            .ok_or("write 1:N with N from 1 to 10,000,000")
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1:{}", self.0)
    }
}

impl Scale {
    /// Items of each verb, in the order of `Verb::ALL`; rounded so that lookups and
    /// authentications together, and syncs together, are the totals divided by the scale.
    pub fn items(self) -> [u64; 4] {
        let table = Table::nine_months();
        let scaled = |total: u64| (total + self.0 / 2) / self.0;
        let (reads, syncs) = (scaled(table.reads), scaled(table.syncs));
        let lookups = reads * table.lookups_of_reads / 1000;
        let pushes = syncs * table.pushes_of_syncs / 1000;
        [lookups, reads - lookups, syncs - pushes, pushes]
    }

    /// Of the reconciles, the rows of social insurance.
    pub fn insurance(self) -> u64 {
        (Table::nine_months().insurance + self.0 / 2) / self.0
    }
}

/// Callers of a verb by weight.
struct Weighted(Vec<(u64, Arc<Standing>)>);

impl Weighted {
    fn of(table: &Table, world: &World, verb: Verb) -> Self {
        let mut weighted = Vec::new();
        let shares = table.kinds[place(verb)];
        let kinds = [
            AgencyKind::Ministry,
            AgencyKind::Province,
            AgencyKind::HealthFacility,
        ];
        let mut sum = 0;
        for (kind, share) in kinds.iter().zip(shares) {
            let standings = world.callers.of_kind(verb, *kind);
            let weight = |standing: &Standing| {
                let code = standing.caller.agency;
                let province = table.provinces.iter().find(|(c, _)| c == code.text());
                province.map_or(1, |(_, weight)| *weight)
            };
            let whole: u64 = standings.iter().map(|s| weight(s)).sum::<u64>().max(1);
            for standing in standings {
                sum += share * 1_000_000 * weight(standing) / whole;
                weighted.push((sum, Arc::clone(standing)));
            }
        }
        Self(weighted)
    }

    fn draw(&self, chance: &mut Chance) -> Option<&Arc<Standing>> {
        let (last, _) = self.0.last()?;
        let at = chance.below(*last);
        let place = self.0.partition_point(|(sum, _)| *sum <= at);
        self.0.get(place).map(|(_, standing)| standing)
    }
}

/// What one thread sends.
pub(crate) struct Itinerary {
    mix: Mix,
    /// Items still to be sent.
    left: [u64; 4],
    /// Rows of social insurance still to be reconciled.
    insurance: u64,
    /// Items of each verb by day, and where each verb is.
    days: Vec<(Day, [u64; 4])>,
    at: [usize; 4],
    callers: [Weighted; 4],
    insurer: Option<Arc<Standing>>,
    draw: Draw,
    pushers: VecDeque<Draw>,
    all_pushers: u64,
    chance: Chance,
    heads: Heads,
    shape: Shape,
    size: usize,
    out: u64,
    simulated: bool,
}

/// How many lookups are kept back for each lane that pushes, which looks people up first.
const KEPT_BACK: u64 = 40;

impl Itinerary {
    /// The part of one of so many threads. With `simulated`, messages carry their day.
    pub(crate) fn new(
        scale: Scale,
        world: &Arc<World>,
        (thread, threads): (usize, usize),
        (shape, size): (Shape, usize),
        (seed, simulated): (u64, bool),
        heads: Heads,
    ) -> Self {
        let table = Table::nine_months();
        let shares = vec![1; threads];
        let mine = |total| shared_out(total, &shares)[thread];
        let left = scale.items().map(mine);
        let calendar = days(&table);
        let weights: Vec<u64> = calendar.iter().map(|(_, weight)| *weight).collect();
        let by_day = left.map(|total| shared_out(total, &weights));
        let days = calendar.iter().enumerate();
        let days =
            days.map(|(nth, (day, _))| (*day, [0, 1, 2, 3].map(|verb: usize| by_day[verb][nth])));
        let lanes = (world.people.nation().len() / 256 / threads as u64).clamp(1, 32);
        let all = (lanes + 1) * threads as u64;
        let lane = |nth: u64| nth * threads as u64 + thread as u64;
        let draw = |nth| Draw::new(Arc::clone(world), seed, lane(nth), all);
        let callers = [
            Verb::Lookup,
            Verb::Authenticate,
            Verb::Reconcile,
            Verb::Push,
        ];
        let ministries = world.callers.of_kind(Verb::Reconcile, AgencyKind::Ministry);
        let insurer = ministries
            .into_iter()
            .find(|standing| standing.caller.agency.text() == "G03");
        Self {
            mix: Mix::new(left),
            left,
            insurance: mine(scale.insurance()).min(left[2]),
            days: days.collect(),
            at: [0; 4],
            callers: callers.map(|verb| Weighted::of(&table, world, verb)),
            insurer: insurer.cloned(),
            draw: draw(lanes),
            pushers: (0..lanes).map(draw).collect(),
            all_pushers: lanes,
            chance: Chance::new(seed, 0x9e37 + thread as u64),
            heads,
            shape,
            size,
            out: 0,
            simulated,
        }
    }

    /// The next message; `None` where nothing is left, or where what is left waits for answers.
    pub(crate) fn next(&mut self) -> Option<Rc<Ask>> {
        let wanted = self.mix.next();
        let order = [
            wanted,
            Verb::Push,
            Verb::Reconcile,
            Verb::Authenticate,
            Verb::Lookup,
        ];
        let ask = order.into_iter().find_map(|verb| self.of(verb))?;
        let verb = ask.message.verb;
        self.left[place(verb)] -= ask.items();
        self.days[self.at[place(verb)]].1[place(verb)] =
            self.days[self.at[place(verb)]].1[place(verb)].saturating_sub(ask.items());
        self.mix.sent(verb, ask.items());
        self.out += 1;
        Some(Rc::new(ask))
    }

    /// Whether everything was sent and has come back.
    pub(crate) fn is_over(&self) -> bool {
        self.out == 0 && self.left == [0; 4]
    }

    /// Takes note that a message is over; `again` puts its items back, because nothing was
    /// recorded of them.
    pub(crate) fn ended(&mut self, ask: &Ask, again: bool) {
        self.out -= 1;
        if again {
            self.left[place(ask.message.verb)] += ask.items();
        }
    }

    /// Takes back the lane of a push that is over.
    pub(crate) fn give_back(&mut self, pusher: Draw) {
        self.pushers.push_back(pusher);
    }

    fn of(&mut self, verb: Verb) -> Option<Ask> {
        let left = self.left[place(verb)];
        let kept = match verb {
            Verb::Lookup if self.left[3] > 0 => KEPT_BACK * self.all_pushers,
            _ => 0,
        };
        let free = left.saturating_sub(kept);
        if free == 0 {
            return None;
        }
        if verb == Verb::Push {
            return self.push(left);
        }
        let (day, of_day) = self.day(verb);
        let size = free.min(self.size as u64).min(of_day.max(1)) as usize;
        let shape = shape_of(verb, self.shape);
        let insured = verb == Verb::Reconcile
            && self.insurer.is_some()
            && self.chance.below(left) < self.insurance;
        let standing = if insured {
            self.insurer.clone()?
        } else {
            Arc::clone(self.callers[place(verb)].draw(&mut self.chance)?)
        };
        let size = if insured {
            size.min(self.insurance as usize)
        } else {
            size
        };
        let message = self.draw.asked_by(verb, &standing, size);
        if insured {
            self.insurance -= message.items.len() as u64;
        }
        (!message.items.is_empty()).then(|| Ask::new(message, shape, day, &mut self.heads))
    }

    fn push(&mut self, left: u64) -> Option<Ask> {
        let mut pusher = self.pushers.pop_front()?;
        let most = left.min(self.size as u64).min(20) as usize;
        let message = pusher.pushed(most);
        let fits = |verb: Verb, items: usize| items as u64 <= self.left[place(verb)];
        let Some(message) = message.filter(|m| fits(m.verb, m.items.len())) else {
            self.pushers.push_back(pusher);
            return None;
        };
        let (day, _) = self.day(message.verb);
        let shape = match self.shape {
            Shape::Stream => Shape::Stream,
            _ => Shape::Batch,
        };
        let ask = Ask::new(message, shape, day, &mut self.heads);
        ask.pusher.replace(Some(pusher));
        Some(ask)
    }

    /// The day on which a verb is, and what is left of it there.
    fn day(&mut self, verb: Verb) -> (Option<Day>, u64) {
        let verb = place(verb);
        while self.at[verb] + 1 < self.days.len() && self.days[self.at[verb]].1[verb] == 0 {
            self.at[verb] += 1;
        }
        let (day, left) = &self.days[self.at[verb]];
        (self.simulated.then_some(*day), left[verb])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_exact_after_rounding() {
        for (scale, reads, syncs) in [
            (1, 1_200_000_000, 536_000_000),
            (1000, 1_200_000, 536_000),
            (1_000_000, 1_200, 536),
        ] {
            let [lookups, authentications, reconciles, pushes] = Scale(scale).items();
            assert_eq!(lookups + authentications, reads);
            assert_eq!(reconciles + pushes, syncs);
            assert_eq!(lookups * 4, authentications * 6);
            assert!(Scale(scale).insurance() < reconciles);
        }
        assert_eq!(Scale(1).insurance(), 91_200_000);
        assert_eq!("1:1000".parse(), Ok(Scale(1000)));
        for text in ["", "1000", "2:1000", "1:0"] {
            assert!(text.parse::<Scale>().is_err(), "{text}");
        }
    }
}
