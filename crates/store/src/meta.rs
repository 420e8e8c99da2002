//! What a registry says of itself, and the rows of its directory.

use dancu_domain::{Agency, CivilDate, Credential, Directory, Licence, NationId};

/// Which nation a registry holds, and how it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryMeta {
    /// The id of this making of the nation.
    pub nation: NationId,
    /// The seed that it was made from.
    pub seed: u64,
    /// How many indexed citizens it has, personas not included.
    pub citizens: u64,
    /// The version of the generator that made it.
    pub generator: u32,
    /// The day as of which it was made.
    pub reference_date: CivilDate,
}

/// The rows of which a [`Directory`] is made.
#[derive(Clone, Debug, Default)]
pub struct DirectoryRows {
    /// Who asks.
    pub agencies: Vec<Agency>,
    /// By which keys they are known.
    pub credentials: Vec<Credential>,
    /// What they may ask.
    pub licences: Vec<Licence>,
}

impl DirectoryRows {
    /// The directory of these rows.
    pub fn directory(&self) -> Directory {
        Directory::new(
            self.agencies.iter().cloned(),
            self.credentials.iter().cloned(),
            self.licences.iter().cloned(),
        )
    }
}
