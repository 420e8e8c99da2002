//! A block in draft: what must be known of everybody before anybody's record can be written.

use dancu_domain::{CivilDate, MaritalStatus, PersonalId, RelationToHead};

use crate::birth::death;
use crate::chance::{Chance, Stream, again, below, falls};
use crate::numbers;
use crate::provinces::{Province, provinces};
use crate::skeleton::{LAST_YEAR, Skeleton};
use crate::template::{SLOTS, Slot, Template, templates};

/// Of a hundred thousand couples, so many are divorced.
const DIVORCED: u64 = 4_000;
/// The last year of birth of a minor's elder brother or sister: those born later are minors.
const LAST_ADULT: u16 = 2004;
/// Numbers of households below this one are the personas'.
pub(crate) const FIRST_HOUSEHOLD: u64 = 1_000;
/// Households of a block: those of the template, and one for each slot whose marriage ended.
const HOUSEHOLDS: u64 = 128;

/// A block in draft.
pub(crate) struct Draft<'a> {
    /// The streams of the nation.
    pub(crate) chance: &'a Chance,
    /// The block.
    pub(crate) block: u64,
    /// The province in which its births were registered.
    pub(crate) province: &'static Province,
    /// Its families.
    pub(crate) template: &'static Template,
    /// Sexes and years.
    pub(crate) skeleton: Skeleton,
    /// Days of death of those who had died before the reference date.
    pub(crate) died: [Option<CivilDate>; SLOTS],
    /// Whether the marriage with the spouse in the template has ended in divorce.
    pub(crate) divorced: [bool; SLOTS],
    rank: u64,
}

/// The personal number of one citizen, by the part of a draft that numbers need.
pub(crate) fn personal_id(chance: &Chance, block: u64, at: usize) -> PersonalId {
    numbered(chance, block)(at)
}

/// The personal numbers of a block.
pub(crate) fn personal_ids(chance: &Chance, block: u64) -> Vec<PersonalId> {
    (0..SLOTS).map(numbered(chance, block)).collect()
}

fn numbered(chance: &Chance, block: u64) -> impl Fn(usize) -> PersonalId {
    let (province, rank) = provinces().of_block(block);
    let skeleton = Skeleton::new(chance, template_of(chance, block), block * crate::BLOCK);
    move |at| {
        let facts = (skeleton.years[at], skeleton.male[at], skeleton.order[at]);
        numbers::personal_id(chance, provinces().all[province].code, rank, facts)
    }
}

/// Who has a personal number: undoes [`personal_id`].
pub(crate) fn slot_of(chance: &Chance, id: PersonalId) -> Option<(u64, usize)> {
    let (block, year, male, order) = numbers::issued(chance, id)?;
    let skeleton = Skeleton::new(chance, template_of(chance, block), block * crate::BLOCK);
    let at = (0..SLOTS).find(|at| {
        skeleton.years[*at] == year && skeleton.male[*at] == male && skeleton.order[*at] == order
    })?;
    Some((block, at))
}

fn template_of(chance: &Chance, block: u64) -> &'static Template {
    let all = templates();
    &all[below(chance.draw(Stream::Template, block), all.len() as u64) as usize]
}

impl<'a> Draft<'a> {
    /// The draft of a block.
    pub(crate) fn new(chance: &'a Chance, block: u64) -> Self {
        let (province, rank) = provinces().of_block(block);
        let template = template_of(chance, block);
        let first = block * crate::BLOCK;
        let mut draft = Self {
            chance,
            block,
            province: &provinces().all[province],
            template,
            skeleton: Skeleton::new(chance, template, first),
            died: [None; SLOTS],
            divorced: [false; SLOTS],
            rank,
        };
        let mut last_child = [0; SLOTS];
        for (at, slot) in template.iter().enumerate() {
            for parent in [slot.father, slot.mother].into_iter().flatten() {
                let last = &mut last_child[usize::from(parent)];
                *last = draft.skeleton.years[at].max(*last);
            }
        }
        for (at, slot) in template.iter().enumerate() {
            let year = draft.skeleton.years[at];
            let spouse = slot.spouse.map(usize::from).filter(|spouse| *spouse < at);
            // Minors do not lose both parents: somebody must speak for them.
            let needed = last_child[at] > LAST_ADULT
                && spouse.is_none_or(|spouse| draft.died[spouse].is_some());
            if !needed || (spouse.is_none() && slot.spouse.is_some()) {
                draft.died[at] = death(chance, first + at as u64, year, last_child[at]);
            }
            if let Some(spouse) = spouse {
                let both_live = draft.died[at].is_none() && draft.died[spouse].is_none();
                let husband = first + if slot.male == Some(true) { at } else { spouse } as u64;
                let ended = both_live
                    && LAST_YEAR - year < 64
                    && falls(chance.draw(Stream::Divorce, husband), DIVORCED);
                (draft.divorced[at], draft.divorced[spouse]) = (ended, ended);
            }
        }
        draft
    }

    /// The index of the first citizen.
    pub(crate) const fn first(&self) -> u64 {
        self.block * crate::BLOCK
    }

    /// The index of a slot's citizen.
    pub(crate) const fn index(&self, at: usize) -> u64 {
        self.first() + at as u64
    }

    /// The personal number of a slot's citizen.
    pub(crate) fn personal_id(&self, at: usize) -> PersonalId {
        let facts = (
            self.skeleton.years[at],
            self.skeleton.male[at],
            self.skeleton.order[at],
        );
        numbers::personal_id(self.chance, self.province.code, self.rank, facts)
    }

    /// The age in full calendar years before the reference date.
    pub(crate) const fn age(&self, at: usize) -> u16 {
        LAST_YEAR - self.skeleton.years[at]
    }

    /// The husband or wife, or the late one.
    pub(crate) fn spouse(&self, at: usize) -> Option<usize> {
        self.template[at]
            .spouse
            .map(usize::from)
            .filter(|_| !self.divorced[at])
    }

    /// Whoever speaks for somebody who is not of age: a living parent of the same household.
    pub(crate) fn representative(&self, at: usize) -> Option<usize> {
        let slot = &self.template[at];
        if self.skeleton.years[at] <= LAST_ADULT || self.died[at].is_some() {
            return None;
        }
        [slot.father, slot.mother]
            .into_iter()
            .flatten()
            .map(usize::from)
            .find(|parent| {
                self.died[*parent].is_none() && self.household(*parent) == self.household(at)
            })
    }

    /// Marital status.
    pub(crate) fn marital_status(&self, at: usize) -> MaritalStatus {
        let slot = &self.template[at];
        if let Some(spouse) = slot.spouse.map(usize::from) {
            return match (self.died[at], self.died[spouse]) {
                _ if self.divorced[at] => MaritalStatus::Divorced,
                (None, Some(_)) => MaritalStatus::Widowed,
                (Some(own), Some(other)) if other < own => MaritalStatus::Widowed,
                _ => MaritalStatus::Married,
            };
        }
        let draw = below(self.chance.draw(Stream::Unmarried, self.index(at)), 100);
        let is_parent = slot.male == Some(false);
        match self.age(at) {
            _ if is_parent && draw < 65 => MaritalStatus::Divorced,
            60.. if draw < 55 => MaritalStatus::Widowed,
            30.. if draw > 84 => MaritalStatus::Divorced,
            _ => MaritalStatus::Single,
        }
    }

    /// The household within the block: a divorced husband has left for one of his own.
    fn household(&self, at: usize) -> u64 {
        if self.divorced[at] && self.skeleton.male[at] {
            SLOTS as u64 + at as u64
        } else {
            u64::from(self.template[at].household)
        }
    }

    /// The number of the household, by which its address is drawn too.
    pub(crate) fn household_number(&self, at: usize) -> u64 {
        FIRST_HOUSEHOLD + self.block * HOUSEHOLDS + self.household(at)
    }

    /// The head of somebody's household, who is alive. `None` when nobody of it is.
    pub(crate) fn head(&self, at: usize) -> Option<usize> {
        let household = self.household(at);
        if household >= SLOTS as u64 {
            return Some(at);
        }
        let mut members = self
            .members(at)
            .filter(|member| self.died[*member].is_none());
        let first = members.next()?;
        // Mostly it is the first, who is the eldest; now and then the second, if of age.
        let draw = self.chance.draw(Stream::Head, self.household_number(at));
        match members.next() {
            Some(second)
                if self.skeleton.years[second] <= LAST_ADULT && falls(again(draw), 18_000) =>
            {
                Some(second)
            }
            _ => Some(first),
        }
    }

    /// Everybody of the same household, in the order of the slots.
    fn members(&self, at: usize) -> impl Iterator<Item = usize> {
        let household = self.household(at);
        let home = self.template[at].household;
        let at_home = move |slot: &usize| self.template[*slot].household == home;
        // The slots of a household stand together.
        let first = (0..=at).rev().take_while(at_home).last().unwrap_or(at);
        (first..SLOTS)
            .take_while(at_home)
            .filter(move |other| self.household(*other) == household)
    }

    /// What somebody is to the head of the household.
    pub(crate) fn relation(&self, at: usize, head: usize) -> RelationToHead {
        let slot = |at: usize| -> &Slot { &self.template[at] };
        let parents = |at: usize| {
            [slot(at).father, slot(at).mother]
                .into_iter()
                .flatten()
                .map(usize::from)
        };
        let sibling = || {
            parents(at).any(|parent| parents(head).any(|p| p == parent))
                || (slot(at).eldest.is_some() && slot(at).eldest == slot(head).eldest)
        };
        if at == head {
            RelationToHead::Head
        } else if self.spouse(at) == Some(head) {
            RelationToHead::Spouse
        } else if parents(at).any(|parent| parent == head) {
            RelationToHead::Child
        } else if parents(head).any(|parent| parent == at) {
            RelationToHead::Parent
        } else if sibling() {
            RelationToHead::Sibling
        } else if parents(at).flat_map(parents).any(|p| p == head) {
            RelationToHead::Grandchild
        } else {
            RelationToHead::Other
        }
    }
}
