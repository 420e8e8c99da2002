//! A nation: a seed and a size, from which everything else follows.

use dancu_domain::{
    Agency, ChangeEvent, Citizen, CivilDate, Credential, LegacyId, Licence, PersonalId,
};

use crate::assemble::{self, Known};
use crate::chance::Chance;
use crate::draft::{self, Draft};
use crate::events::Course;
use crate::numbers::{self, Mark};
use crate::template::SLOTS;
use crate::{Persona, SandboxKey, agencies, keys, personas, provinces};

/// The version of the generator: whatever changes a citizen's record raises it.
pub const GENERATOR_VERSION: u32 = 1;
/// Stands beside the version in [`Nation::generator`] where personal numbers look real.
const REAL_LOOKING: u32 = 1 << 16;
/// Citizens in a block of families. Kinship never leaves a block.
pub const BLOCK: u64 = 64;
/// The most citizens that a nation may have: numbers are proved to suffice for so many.
pub const MAX_CITIZENS: u64 = 100_000_000;

const REFERENCE_DATE: CivilDate = match CivilDate::new(2023, 1, 1) {
    Some(day) => day,
    None => panic!("1 January 2023 is on the calendar"),
};

/// A mock nation. Cheap to copy: nothing is stored but the seed, the size, the keys of chance and
/// the kind of its numbers.
///
/// Citizens are known by index, from 0 to [`Nation::len`]; the record of an index depends on the
/// seed alone, not on the size of the nation. Methods that take an index panic beyond the last.
#[derive(Clone, Copy)]
pub struct Nation {
    seed: u64,
    blocks: u64,
    chance: Chance,
}

impl Nation {
    /// The nation of this seed, with so many citizens: rounded up to whole blocks, at least one,
    /// and at most [`MAX_CITIZENS`].
    pub fn new(seed: u64, citizens: u64) -> Self {
        Self {
            seed,
            blocks: citizens.clamp(1, MAX_CITIZENS).div_ceil(BLOCK),
            chance: Chance::new(seed),
        }
    }

    /// The same nation with personal numbers that begin with a 0 in place of the 9, for callers whose
    /// own validators refuse the 9. Its people are as fictional as before, but **living people may
    /// have these numbers**: whoever asks for this must be warned.
    #[must_use]
    pub const fn with_real_looking_numbers(mut self) -> Self {
        self.chance.mark = Mark::RealLooking;
        self
    }

    /// Whether living people may have its personal numbers.
    pub const fn has_real_looking_numbers(&self) -> bool {
        matches!(self.chance.mark, Mark::RealLooking)
    }

    /// What a registry keeps of how the nation was made: the version of the generator, and the kind
    /// of its numbers.
    pub const fn generator(&self) -> u32 {
        match self.chance.mark {
            Mark::Synthetic => GENERATOR_VERSION,
            Mark::RealLooking => GENERATOR_VERSION | REAL_LOOKING,
        }
    }

    /// The nation of which a registry kept this; `None` where another version made it.
    pub fn made_by(generator: u32, seed: u64, citizens: u64) -> Option<Self> {
        let nation = Self::new(seed, citizens);
        [nation, nation.with_real_looking_numbers()]
            .into_iter()
            .find(|nation| nation.generator() == generator)
    }

    /// The seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Citizens with an index; personas not included.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a nation has at least one block"
    )]
    pub const fn len(&self) -> u64 {
        self.blocks * BLOCK
    }

    /// Blocks of families.
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The day on which ages, newborns and validity hang.
    pub const fn reference_date(&self) -> CivilDate {
        REFERENCE_DATE
    }

    /// The personal number of a citizen.
    pub fn personal_id(&self, index: u64) -> PersonalId {
        let (block, at) = self.split(index);
        draft::personal_id(&self.chance, block, at)
    }

    /// The index of the citizen who has this number: undoes [`Nation::personal_id`]. `None` for
    /// personas and for numbers that nobody has.
    pub fn index_of(&self, id: PersonalId) -> Option<u64> {
        let (block, at) = draft::slot_of(&self.chance, id)?;
        (block < self.blocks).then_some(block * BLOCK + at as u64)
    }

    /// The index of a citizen who has this CMND: of two, the one with the lower index. `None` for
    /// personas and for numbers that nobody has.
    pub fn index_of_legacy(&self, id: LegacyId) -> Option<u64> {
        let (block, document) = numbers::legacy_issued(&self.chance, id)?;
        // Of a pair, the second may live in a nation that ends before him, never the first.
        if block >= self.blocks {
            return None;
        }
        let draft = Draft::new(&self.chance, block);
        let at = match document {
            None => Some(0),
            Some(_) => (0..SLOTS).find(|at| draft.template[*at].document == document),
        }?;
        (assemble::legacy_id(&draft, at) == Some(id)).then_some(block * BLOCK + at as u64)
    }

    /// The other citizen who has the same CMND, where there is one.
    pub fn legacy_twin(&self, index: u64) -> Option<u64> {
        let (block, at) = self.split(index);
        let other = numbers::twin_block(block).filter(|other| at == 0 && *other < self.blocks)?;
        Some(other * BLOCK)
    }

    /// A citizen's record as the nation was made: version 0.
    pub fn citizen(&self, index: u64) -> Citizen {
        let (block, at) = self.split(index);
        one(&Draft::new(&self.chance, block), at)
    }

    /// A citizen's record after so many of the events that lie ahead of him. `None` when there are
    /// not as many.
    pub fn citizen_at(&self, index: u64, version: u32) -> Option<Citizen> {
        let (block, at) = self.split(index);
        let draft = Draft::new(&self.chance, block);
        Course::new(&draft, at).after(one(&draft, at), version)
    }

    /// The event that makes version + 1 of this version. Days strictly ascend with the versions;
    /// a death is the last. `None` when no event lies ahead.
    pub fn event(&self, index: u64, version: u32) -> Option<ChangeEvent> {
        let (block, at) = self.split(index);
        Course::new(&Draft::new(&self.chance, block), at).event(version)
    }

    /// The version that an event ends, where it is one of those that lie ahead of the citizen:
    /// undoes [`Nation::event`].
    pub fn version_before(&self, index: u64, event: &ChangeEvent) -> Option<u32> {
        let (block, at) = self.split(index);
        Course::new(&Draft::new(&self.chance, block), at).version_before(event)
    }

    /// How many events lie ahead of a citizen: the last version that he can have.
    pub fn events(&self, index: u64) -> u32 {
        let (block, at) = self.split(index);
        Course::new(&Draft::new(&self.chance, block), at).len() as u32
    }

    /// Every citizen of a block at version 0, in the order of their indices: what the families
    /// have in common is worked out once.
    pub fn block(&self, block: u64) -> Vec<Citizen> {
        assert!(block < self.blocks, "a block beyond the nation's last");
        let draft = Draft::new(&self.chance, block);
        let known: Vec<Known> = (0..SLOTS).map(|at| Known::new(&draft, at)).collect();
        (0..SLOTS)
            .map(|at| assemble::citizen(&draft, at, |other| known[other].clone()))
            .collect()
    }

    /// The personal numbers of a block, in the order of the indices.
    pub fn personal_ids(&self, block: u64) -> Vec<PersonalId> {
        assert!(block < self.blocks, "a block beyond the nation's last");
        draft::personal_ids(&self.chance, block)
    }

    /// The personas: the same in every nation, but for the first digit where numbers look real.
    pub fn personas(&self) -> Vec<Persona> {
        personas::personas(self.chance.mark)
    }

    /// The codes of the provinces of 2023, in their order.
    pub fn provinces() -> impl Iterator<Item = u8> {
        provinces::provinces()
            .all
            .iter()
            .map(|province| province.code)
    }

    /// Every agency: ministries, provinces, a sample of health facilities.
    pub fn agencies() -> Vec<Agency> {
        agencies::agencies()
    }

    /// What the agencies may ask.
    pub fn licences(&self) -> Vec<Licence> {
        agencies::licences()
    }

    /// The sandbox keys of the agencies, derived from the seed.
    pub fn sandbox_keys(&self) -> Vec<SandboxKey> {
        keys::sandbox_keys(self.seed)
    }

    /// What the registry keeps of the sandbox keys.
    pub fn credentials(&self) -> Vec<Credential> {
        self.sandbox_keys()
            .iter()
            .map(|key| keys::credential(key, REFERENCE_DATE))
            .collect()
    }

    fn split(&self, index: u64) -> (u64, usize) {
        assert!(index < self.len(), "an index beyond the nation's last");
        numbers::split(index)
    }
}

impl std::fmt::Debug for Nation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nation")
            .field("seed", &self.seed)
            .field("blocks", &self.blocks)
            .finish_non_exhaustive()
    }
}

/// One record, with only those names worked out that stand in it.
fn one(draft: &Draft<'_>, at: usize) -> Citizen {
    assemble::citizen(draft, at, |other| Known::new(draft, other))
}
