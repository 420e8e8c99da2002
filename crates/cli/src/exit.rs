//! How the binary ends: 0 all is well; 1 something does not add up, was found edited, or was
//! refused; 2 it was called wrongly; 3 it could not start or reach what it needs.

use std::error::Error;
use std::process::ExitCode;

use crate::causes::chain;
use crate::words::Lang;

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Sums do not add up, a reply was wrong, the ledger was edited. It was told already.
    Wrong,
    /// The service does not let this caller ask this.
    Refused(String),
    /// The command line asks for something that cannot be.
    Usage(String),
    /// Something could not be started, opened or reached.
    Unable {
        /// What was tried.
        doing: String,
        /// Why not, down to the first cause.
        cause: Option<String>,
    },
}

impl Failure {
    /// Something could not be done, because of this.
    pub(crate) fn unable(doing: &str, error: &(dyn Error + 'static), lang: Lang) -> Self {
        Self::Unable {
            doing: doing.to_owned(),
            cause: Some(chain(error, lang)),
        }
    }

    /// Something could not be done, and nobody told why.
    pub(crate) fn just(doing: &str) -> Self {
        Self::Unable {
            doing: doing.to_owned(),
            cause: None,
        }
    }

    /// What somebody at a terminal is told.
    pub(crate) fn text(&self, lang: Lang) -> String {
        match self {
            Self::Wrong => lang
                .of("có chỗ không khớp", "something does not add up")
                .to_owned(),
            Self::Usage(text) | Self::Refused(text) => text.clone(),
            Self::Unable { doing, cause } => {
                let mut text = format!("{} {doing}", lang.of("không thể", "cannot"));
                if let Some(why) = cause {
                    text.push_str(": ");
                    text.push_str(why);
                }
                text
            }
        }
    }

    /// The exit code.
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Wrong | Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Unable { .. } => 3,
        }
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_fail_has_its_code() {
        assert_eq!(Failure::Wrong.code(), 1);
        assert_eq!(Failure::Usage(String::new()).code(), 2);
        assert_eq!(Failure::just("start").code(), 3);
    }

    #[test]
    fn a_failure_tells_what_was_tried_and_why_it_failed() {
        let error = std::io::Error::other("no room");
        let failure = Failure::unable("make the nation", &error, Lang::En);
        assert_eq!(failure.text(Lang::En), "cannot make the nation: no room");
        let failure = Failure::just("mở sổ");
        assert_eq!(failure.text(Lang::Vi), "không thể mở sổ");
    }
}
