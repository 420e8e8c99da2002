//! The mock nation: citizens, households, personas, agencies. All of them are made up.
//!
//! Here lives what a made-up nation is: a pure function from (seed, index, version) to a record,
//! the families that records form, the life events that will befall them, the personas that are
//! the same in every nation, and the agencies, licences and sandbox keys of the simulation. Not
//! here: storage, clocks, I/O of any kind, the rule by which a change takes effect (that is
//! `domain`'s), and anything taken from living people.

mod agencies;
mod assemble;
mod birth;
mod chance;
mod draft;
mod events;
mod keys;
mod names;
mod nation;
mod numbers;
mod permute;
mod personas;
mod places;
mod provinces;
mod skeleton;
mod tables;
mod template;

pub use keys::{KeyState, SandboxKey};
pub use nation::{BLOCK, GENERATOR_VERSION, MAX_CITIZENS, Nation};
pub use numbers::{DOUBLED_LEGACY, PERSONA_SUFFIXES};
pub use personas::Persona;
