//! What the log holds, and in which form.

use crate::log::LogForm;

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// A level, or levels by target.
    pub levels: String,
    /// How lines are written.
    pub form: LogForm,
    /// Lines a second, over all cores, for messages that were answered.
    pub answered_per_second: u32,
    /// Lines a second, over all cores, for messages that were shed.
    pub shed_per_second: u32,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            levels: "info".to_owned(),
            form: LogForm::Text,
            answered_per_second: 10,
            shed_per_second: 10,
        }
    }
}
