//! Flags over the environment over a file over the defaults.

use std::collections::BTreeMap;
use std::fmt;

use toml::de::{DeTable, DeValue};

use super::field::{Given, Shown};
use super::settings::{Draft, SETTINGS, Setting};
use super::{Config, ConfigError};

/// All that was said about a configuration. Whoever starts the process reads it together.
#[derive(Clone, Default)]
pub struct Layers {
    /// A file: its name and its text.
    pub file: Option<(String, String)>,
    /// Variables, by name. Those that are no settings are passed over; empty ones say nothing.
    pub environment: Vec<(String, String)>,
    /// Flags: the setting, the flag as the user knows it, the text.
    pub flags: Vec<(String, String, String)>,
}

/// Where a choice comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody chose.
    #[default]
    Default,
    /// A line of a file.
    File(String, usize),
    /// A variable.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name, line) => write!(f, "{name}, line {line}"),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Why a configuration is refused. None of the texts holds a value that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// The file is not TOML.
    NotToml {
        /// Where.
        at: Origin,
        /// What the parser misses.
        why: String,
    },
    /// There is no such setting.
    Unknown {
        /// Where.
        at: Origin,
        /// The key.
        key: String,
    },
    /// The value is not what the setting must be.
    Wrong {
        /// Where.
        at: Origin,
        /// Which setting, and what it must be.
        error: ConfigError,
    },
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotToml { at, why } => write!(f, "{at}: this is not TOML: {why}"),
            Self::Unknown { at, key } => write!(f, "{at}: there is no setting `{key}`"),
            // A rule that binds two choices may be broken by one that nobody made.
            Self::Wrong {
                at: Origin::Default,
                error,
            } => write!(f, "{error}"),
            Self::Wrong { at, error } => write!(f, "{at}: {error}"),
        }
    }
}

impl std::error::Error for SettingError {}

/// A configuration, and where each choice comes from.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The configuration.
    pub config: Config,
    draft: Draft,
    origins: Origins,
}

/// One choice, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// What is chosen, secrets left out; `None` where the setting stays open.
    pub value: Option<Shown>,
    /// Who chose.
    pub origin: Origin,
}

type Origins = BTreeMap<&'static str, Origin>;

impl Layers {
    /// Puts the layers together and checks the whole.
    pub fn settle(&self) -> Result<Settled, SettingError> {
        let mut desk = Desk::default();
        if let Some((name, text)) = &self.file {
            desk.file(name, text)?;
        }
        for (name, text) in &self.environment {
            let setting = SETTINGS.iter().find(|s| s.variable() == *name);
            if let (Some(setting), false) = (setting, text.is_empty()) {
                desk.put(setting, &Given::Text(text), Origin::Variable(name.clone()))?;
            }
        }
        for (name, flag, text) in &self.flags {
            let at = Origin::Flag(flag.clone());
            match Setting::named(name) {
                Some(setting) => desk.put(setting, &Given::Text(text), at)?,
                None => {
                    let key = name.clone();
                    return Err(SettingError::Unknown { at, key });
                }
            }
        }
        let Desk { draft, origins } = desk;
        match draft.clone().finish() {
            Ok(config) => Ok(Settled {
                config,
                draft,
                origins,
            }),
            Err(error) => {
                let at = origins.get(error.field).cloned().unwrap_or_default();
                Err(SettingError::Wrong { at, error })
            }
        }
    }

    /// Whether a variable is a setting.
    pub fn knows(variable: &str) -> bool {
        SETTINGS.iter().any(|s| s.variable() == variable)
    }
}

impl Settled {
    /// Every choice, in the order of the manual.
    pub fn choices(&self) -> Vec<Choice> {
        SETTINGS
            .iter()
            .map(|setting| Choice {
                name: setting.name,
                value: (setting.shown)(&self.draft),
                origin: self.origins.get(setting.name).cloned().unwrap_or_default(),
            })
            .collect()
    }

    /// All of it as a file of settings, each line with who chose. Secrets are hidden.
    pub fn toml(&self) -> String {
        let (mut lines, mut section) = (Vec::new(), "");
        for Choice {
            name,
            value,
            origin,
        } in self.choices()
        {
            let (within, key) = name.split_once('.').unwrap_or(("", name));
            if within != section {
                section = within;
                lines.push(format!("\n[{section}]"));
            }
            lines.push(match value {
                Some(value) => format!("{key} = {} # {origin}", value.toml()),
                None => format!("# {key} is left open"),
            });
        }
        lines.join("\n") + "\n"
    }
}

#[derive(Default)]
struct Desk {
    draft: Draft,
    origins: Origins,
}

impl Desk {
    fn put(
        &mut self,
        setting: &Setting,
        given: &Given<'_>,
        at: Origin,
    ) -> Result<(), SettingError> {
        match (setting.put)(&mut self.draft, given) {
            Ok(()) => {
                self.origins.insert(setting.name, at);
                Ok(())
            }
            Err(must) => Err(SettingError::Wrong {
                at,
                error: ConfigError {
                    field: setting.name,
                    must,
                },
            }),
        }
    }

    fn file(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        let line = |at: usize| {
            let before = text.as_bytes().iter().take(at);
            Origin::File(name.to_owned(), 1 + before.filter(|b| **b == b'\n').count())
        };
        let table = DeTable::parse(text).map_err(|error| SettingError::NotToml {
            at: line(error.span().map_or(0, |span| span.start)),
            why: error.message().to_owned(),
        })?;
        self.table("", table.get_ref(), &line)
    }

    fn table(
        &mut self,
        within: &str,
        table: &DeTable<'_>,
        line: &dyn Fn(usize) -> Origin,
    ) -> Result<(), SettingError> {
        // In the order of the file, so that the first fault is the one that is told.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let at = line(key.span().start);
            let name = format!("{within}{}", key.get_ref());
            let below = format!("{name}.");
            let section = SETTINGS.iter().find(|s| s.name.starts_with(&below));
            match (Setting::named(&name), section, value.get_ref()) {
                (Some(setting), _, value) => self.put(setting, &Given::Toml(value), at)?,
                (None, Some(_), DeValue::Table(table)) => self.table(&below, table, line)?,
                (None, _, _) => return Err(SettingError::Unknown { at, key: name }),
            }
        }
        Ok(())
    }
}
