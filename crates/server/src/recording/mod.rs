//! The recording of traffic: what was asked and how it was answered, with citizens as places in
//! the nation and nothing personal beside them.
//!
//! Off unless a folder is named. A core notes plain values, sixteen bytes an item, and hands them over
//! by the thousand to a thread of its own, which turns numbers into places and writes; where that
//! thread cannot follow, notes are dropped and counted, and the file says how many and when. No
//! answer waits for any of it, and a recording that fails is an operator's matter and no caller's.
//! The form of the files is `proto/dancu/recording/v1/recording.proto`.

mod columns;
mod encode;
mod files;
mod notebook;
mod notes;
mod places;
mod sheet;
mod sketch;
mod table;
#[cfg(test)]
mod tests;
mod told;
mod writer;

pub(crate) use notebook::{Draft, Notebook};
pub(crate) use sketch::{Noted, Sketched};
pub(crate) use writer::{Counters, Recording, Stage};
