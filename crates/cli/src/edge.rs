//! The one place of the binary where chance, the clock and the environment come in.

use std::time::{Instant, SystemTime};

use clap::FromArgMatches as _;
use clap::error::ErrorKind;

use crate::output::tell;
use crate::{Arguments, help, misuse};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary is an edge: it measures how long a run takes"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time on the wall, to be written into files.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary is an edge: files tell when a run was"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// An id that no run had before: twelve hexadecimal digits.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary is an edge: the run's id is drawn here and handed on"
)]
pub(crate) fn fresh_id() -> String {
    let mut id = uuid::Uuid::new_v4().simple().to_string();
    id.truncate(12);
    id
}

/// The variables that are ours, in the order of their names.
pub(crate) fn variables() -> Vec<(String, String)> {
    let mut ours: Vec<_> = std::env::vars_os()
        .map(|(name, text)| {
            let text = text.to_string_lossy().into_owned();
            (name.to_string_lossy().into_owned(), text)
        })
        .filter(|(name, _)| name.starts_with("DANCU_"))
        .collect();
    ours.sort();
    ours
}

/// The arguments of this process. Where they ask for help, or cannot be read, it ends here.
pub(crate) fn parsed() -> Arguments {
    let words: Vec<_> = std::env::args_os().collect();
    let variables = variables();
    let variable = variables.iter().find(|(name, _)| name == "DANCU_LANG");
    let variable = variable.map(|(_, text)| text.as_str());
    let mut command = help::command(&words, variable);
    let read = command.try_get_matches_from_mut(&words);
    let arguments = read.and_then(|mut read| Arguments::from_arg_matches_mut(&mut read));
    arguments.unwrap_or_else(|error| {
        if !error.use_stderr()
            || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        {
            error.exit();
        }
        let lang = help::asked(&words, variable);
        let words: Vec<_> = words
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        tell(&misuse::text(&error, &mut command, &words, lang));
        std::process::exit(error.exit_code())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_an_id_of_its_own() {
        let (one, two) = (fresh_id(), fresh_id());
        assert_ne!(one, two);
        assert_eq!(one.len(), 12);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
