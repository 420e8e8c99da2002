//! The load tool as a library: draw, send, verify, tally.
//!
//! Here lives who asks: the mix of verbs, the draw of citizens and of what is claimed about them,
//! the calls, the comparison of every reply with the citizen that it must be about, the tally and
//! the report. Not here: the service's inside, its ledger, and the comparison of the tally with
//! counters and blocks, which the binary does.

pub mod account;
pub mod ask;
pub mod callers;
pub mod chance;
pub mod choice;
mod claims;
mod clock;
pub mod draw;
mod drive;
mod encode;
mod events;
mod flaws;
mod lane;
pub mod measure;
pub mod mix;
pub mod pace;
pub mod people;
pub mod profile;
pub mod receipts;
pub mod replay;
pub mod report;
mod roll;
mod rows;
pub mod run;
mod speak;
pub mod spelling;
mod sweep;
pub mod tally;
pub mod told;
pub mod verify;
pub mod versions;

pub use drive::{DemoPlan, DriveError, drive};
pub use events::SOURCE;
pub use lane::Progress;
pub use report::{Discrepancy, Report};
