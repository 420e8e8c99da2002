//! Templates: which families a block of citizens is made up of.

use std::sync::LazyLock;

use crate::nation::BLOCK;
use crate::tables::number;

/// Citizens of a block, as a count of slots.
pub(crate) const SLOTS: usize = BLOCK as usize;
/// Slots of a block that may hold a CMND or a social insurance number. The other eight are the
/// last children of the youngest couples.
pub(crate) const DOCUMENTED: usize = 56;

/// Whoever has children was born in this year or before.
const LAST_PARENT: u16 = 1998;
/// Whoever has a grown child with a family was born in this year or before.
const LAST_ELDER: u16 = 1965;
/// Whoever marries was born in this year or before.
const LAST_SPOUSE: u16 = 2003;

/// How a year of birth comes about. Ages are as of the reference date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Between two ages.
    Band(u16, u16),
    /// To fit the husband or wife in that slot, and in this year or before.
    Partner(u8, u16),
    /// A grown child, who has a family too.
    Grown,
    /// A child with so many elder brothers and sisters, who stand in the slots before.
    Child(u8),
}

/// One citizen's place in the families of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The household, counted within the block.
    pub(crate) household: u8,
    /// How the year of birth comes about.
    pub(crate) origin: Origin,
    /// `Some(true)` for a man, `None` where chance decides.
    pub(crate) male: Option<bool>,
    /// The father's slot.
    pub(crate) father: Option<u8>,
    /// The mother's slot.
    pub(crate) mother: Option<u8>,
    /// The spouse's slot.
    pub(crate) spouse: Option<u8>,
    /// The first of the line from whom the surname comes.
    pub(crate) line: u8,
    /// The first of the clan, who settles ethnic group and religion.
    pub(crate) clan: u8,
    /// The eldest of brothers and sisters whose parents are not on file.
    pub(crate) eldest: Option<u8>,
    /// The rank among the slots that may have documents.
    pub(crate) document: Option<u8>,
}

/// The slots of a block. Whoever is named by a slot stands before it, but for spouses.
pub(crate) type Template = [Slot; SLOTS];

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(load);

/// Every template.
pub(crate) fn templates() -> &'static [Template] {
    &TEMPLATES
}

fn load() -> Vec<Template> {
    let mut builders: Vec<Builder> = Vec::new();
    let lines = include_str!("../data/templates.txt").lines().map(str::trim);
    for line in lines.filter(|l| !l.is_empty() && !l.starts_with('#')) {
        match builders.last_mut() {
            Some(builder) if line != "template" => builder.family(line),
            _ => builders.push(Builder::default()),
        }
    }
    builders.into_iter().map(Builder::finish).collect()
}

#[derive(Default)]
struct Builder {
    slots: Vec<Slot>,
    households: u8,
    /// Children's slots with the upper age of the band that their family began with.
    children: Vec<(u16, u8)>,
}

impl Builder {
    /// Adds the family of one line of the data file.
    fn family(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap_or("");
        let (low, high) = words
            .next()
            .and_then(|band| band.split_once('-'))
            .expect("every family in the templates file has a band of ages");
        let band = Origin::Band(number(low), number(high));
        let count = words.next().map_or(0, number);
        let home = self.household();
        match kind {
            "C" => {
                let last = if count > 0 { LAST_PARENT } else { LAST_SPOUSE };
                let husband = self.couple(home, band, last);
                self.children(home, Some(husband), husband + 1, count, number(high));
            }
            "G" | "E" | "F" => {
                let elder = self.couple(home, band, LAST_ELDER);
                let home = if kind == "G" { home } else { self.household() };
                let grown = self.push(home, Origin::Grown, Some(kind != "F"));
                self.adopt(grown, Some(elder), elder + 1);
                let partner =
                    self.push(home, Origin::Partner(grown, LAST_PARENT), Some(kind == "F"));
                self.marry(grown, partner);
                self.slots[usize::from(partner)].clan = elder;
                let (father, mother) = if kind == "F" {
                    (partner, grown)
                } else {
                    (grown, partner)
                };
                // The grown child's family is that of a couple of thirty to fifty.
                self.children(home, Some(father), mother, count, 50);
            }
            "M" => {
                let mother = self.push(home, band, Some(false));
                self.children(home, None, mother, count, number(high));
            }
            "B" => {
                let eldest = self.push(home, band, None);
                for _ in 1..count {
                    let other = self.push(home, band, None);
                    let slot = &mut self.slots[usize::from(other)];
                    (slot.line, slot.clan, slot.eldest) = (eldest, eldest, Some(eldest));
                }
                self.slots[usize::from(eldest)].eldest = Some(eldest);
            }
            _ => {
                self.push(home, band, None);
            }
        }
    }

    fn household(&mut self) -> u8 {
        self.households += 1;
        self.households - 1
    }

    fn push(&mut self, household: u8, origin: Origin, male: Option<bool>) -> u8 {
        let slot = self.slots.len() as u8;
        self.slots.push(Slot {
            household,
            origin,
            male,
            father: None,
            mother: None,
            spouse: None,
            line: slot,
            clan: slot,
            eldest: None,
            document: None,
        });
        slot
    }

    fn couple(&mut self, home: u8, band: Origin, last: u16) -> u8 {
        let husband = self.push(home, band, Some(true));
        let partner = Origin::Partner(husband, last);
        let wife = self.push(home, partner, Some(false));
        self.marry(husband, wife);
        self.slots[usize::from(wife)].clan = husband;
        husband
    }

    fn marry(&mut self, one: u8, other: u8) {
        self.slots[usize::from(one)].spouse = Some(other);
        self.slots[usize::from(other)].spouse = Some(one);
    }

    fn adopt(&mut self, child: u8, father: Option<u8>, mother: u8) {
        let root = self.slots[usize::from(father.unwrap_or(mother))];
        let slot = &mut self.slots[usize::from(child)];
        (slot.father, slot.mother) = (father, Some(mother));
        (slot.line, slot.clan) = (root.line, root.clan);
    }

    fn children(&mut self, home: u8, father: Option<u8>, mother: u8, count: u8, high: u16) {
        for nth in 0..count {
            let child = self.push(home, Origin::Child(nth), None);
            self.adopt(child, father, mother);
            if nth + 1 == count {
                self.children.push((high, child));
            }
        }
    }

    fn finish(mut self) -> Template {
        self.children.sort_unstable();
        let bare: Vec<u8> = self
            .children
            .iter()
            .map(|(_, child)| *child)
            .take(SLOTS - DOCUMENTED)
            .collect();
        let mut rank = 0;
        for (slot, entry) in self.slots.iter_mut().enumerate() {
            if !bare.contains(&(slot as u8)) {
                entry.document = Some(rank);
                rank += 1;
            }
        }
        self.slots
            .try_into()
            .expect("every template in the data file makes up a whole block, which a test reads")
    }
}
