//! A recording asked again: the messages in their order, at their own pace, at another or as fast
//! as answers come, of a nation in the state in which it was recorded; and every outcome held
//! against the recorded one.
//!
//! Messages about one citizen are never on their way together, and they go in the order in which
//! they took effect, which the revisions of their answers tell. What was acknowledged is written to
//! a file before anything that had to wait for it is sent, so that a replay that was killed goes on
//! where it was.

mod asking;
mod bytes;
mod drive;
mod frames;
mod heard;
mod history;
mod import;
mod kept;
mod order;
mod part;
mod persons;
mod plan;
mod position;
mod queue;
mod remake;
mod replayed;
mod rows;
mod state;
mod sums;
#[cfg(test)]
mod tests;
mod view;

pub use drive::replay;
pub use frames::{Damage, Entry, Reader, RecordingError, open};
pub use import::{ImportError, Imported, import};
pub use order::Missing;
pub use plan::{ReplayError, ReplayPlan, Speed};
pub use position::PositionError;
pub use replayed::Replayed;
pub use sums::{Ended, Sums};
pub use view::{Seen, look, without_empty};
