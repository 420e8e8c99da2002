//! The words of the tables, in Vietnamese and in English.

use crate::output::Numbers;
use crate::vietnamese;

/// The language of tables and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Lang {
    /// Tiếng Việt.
    Vi,
    /// English.
    #[default]
    En,
}

impl Lang {
    /// The one of two texts that is in this language.
    pub(crate) const fn of<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// A word of the contract as tables show it.
    pub(crate) fn word(self, word: &str) -> &str {
        match self {
            Self::Vi => vietnamese::word(word),
            Self::En => word,
        }
    }

    /// The way in which numbers are written.
    pub(crate) const fn numbers(self) -> Numbers {
        match self {
            Self::Vi => Numbers::Vietnamese,
            Self::En => Numbers::English,
        }
    }

    /// Its tag, for `accept-language`.
    pub(crate) const fn tag(self) -> &'static str {
        self.of("vi", "en")
    }
}
