//! What a run came to, as it is written down, read again, merged and compared.

mod compare;
mod conduct;
mod csv;
mod described;
mod hdr;
mod markup;
mod model;
mod page;
mod plot;
mod sound;
mod threshold;
mod warn;

pub use compare::{Change, Compared};
pub use described::Described;
pub use model::{Account, Share, Volume};
pub use threshold::{Held, Threshold, ThresholdError};
