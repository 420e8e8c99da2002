//! What is measured while a run goes on, a thread for itself, and how threads add up.

mod absence;
mod cells;
mod figures;
mod histogram;
mod interval;
mod logbook;
mod watch;

pub use absence::{Absence, Absences};
pub use cells::{Cell, Cells};
pub use figures::{Calls, Figures, Verified};
pub use histogram::{Latency, QUANTILES};
pub use interval::{Interval, VerbInterval};
pub use watch::Watch;

pub(crate) use figures::{Sheet, Times};
pub(crate) use interval::widened;
pub(crate) use logbook::Logbook;
