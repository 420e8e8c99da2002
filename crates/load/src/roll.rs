//! Citizens once made are kept: a run of many items asks about each of them over and over.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dancu_domain::Citizen;
use dancu_population::{BLOCK, Nation};

/// The most citizens that are kept, of those with the lowest indices: about a gigabyte of them.
const MOST: u64 = 1 << 20;

/// The citizens of a nation, as far as there is room for them, made block by block when the first
/// of a block is asked for.
pub(crate) struct Roll {
    blocks: Box<[OnceLock<Block>]>,
}

struct Block {
    /// At version 0.
    first: Box<[Arc<Citizen>]>,
    /// At the later version that was asked for last.
    later: Box<[Mutex<Option<Arc<Citizen>>>]>,
}

impl Roll {
    /// A roll on which nobody stands yet.
    pub(crate) fn new(nation: &Nation) -> Self {
        let blocks = nation.blocks().min(MOST / BLOCK);
        Self {
            blocks: (0..blocks).map(|_| OnceLock::new()).collect(),
        }
    }

    /// A citizen at a version; `None` where the record never has that version.
    pub(crate) fn citizen(
        &self,
        nation: &Nation,
        index: u64,
        version: u32,
    ) -> Option<Arc<Citizen>> {
        let (block, at) = (index / BLOCK, (index % BLOCK) as usize);
        let Some(kept) = self.blocks.get(block as usize) else {
            return nation.citizen_at(index, version).map(Arc::new);
        };
        let kept = kept.get_or_init(|| Block::new(nation, block));
        if version == 0 {
            return Some(Arc::clone(&kept.first[at]));
        }
        let mut later = kept.later[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(citizen) = later.as_ref().filter(|c| c.version == version) {
            return Some(Arc::clone(citizen));
        }
        let citizen = nation.citizen_at(index, version).map(Arc::new)?;
        *later = Some(Arc::clone(&citizen));
        Some(citizen)
    }
}

impl Block {
    fn new(nation: &Nation, block: u64) -> Self {
        Self {
            first: nation.block(block).into_iter().map(Arc::new).collect(),
            later: (0..BLOCK).map(|_| Mutex::default()).collect(),
        }
    }
}

impl std::fmt::Debug for Roll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roll")
            .field("blocks", &self.blocks.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_on_the_roll_is_who_the_nation_has() {
        let nation = Nation::new(5, 640);
        let roll = Roll::new(&nation);
        for index in [0, 1, 63, 64, 200, 639, 200, 1] {
            for version in [0, 2, 1, 1, 0, 90] {
                let kept = roll.citizen(&nation, index, version);
                let made = nation.citizen_at(index, version);
                assert_eq!(kept.as_deref(), made.as_ref(), "{index} {version}");
            }
        }
    }

    #[test]
    fn who_has_no_room_on_it_is_made_anew() {
        let nation = Nation::new(5, 2 * MOST);
        let roll = Roll::new(&nation);
        let last = nation.len() - 1;
        let made = Some(nation.citizen(last));
        assert_eq!(roll.citizen(&nation, last, 0).as_deref(), made.as_ref());
    }
}
