//! How the parts of the service are: what health and readiness tell.

use tokio::sync::watch;

/// The parts, each as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Parts {
    /// The registry answers, and the change feed is followed.
    pub registry: bool,
    /// The ledger takes entries.
    pub ledger: bool,
    /// The directory of agencies, credentials and licences is fresh.
    pub directory: bool,
    /// No drain has begun.
    pub open: bool,
}

impl Parts {
    /// Whether verbs can be answered.
    pub const fn serving(self) -> bool {
        self.registry && self.ledger && self.directory && self.open
    }

    /// Each part with its name.
    pub const fn each(self) -> [(&'static str, bool); 4] {
        [
            ("registry", self.registry),
            ("ledger", self.ledger),
            ("directory", self.directory),
            ("open", self.open),
        ]
    }
}

/// Where the parts report.
pub(crate) type Board = watch::Sender<Parts>;

/// Changes one part, and wakes who watches only if it did change.
pub(crate) fn report(board: &Board, change: impl FnOnce(&mut Parts)) {
    board.send_if_modified(|parts| {
        let before = *parts;
        change(parts);
        before != *parts
    });
}
