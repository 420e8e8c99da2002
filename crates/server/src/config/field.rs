//! How one choice is read from a text or from TOML, and how it is shown.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use dancu_domain::{CivilDate, EventDays};
use toml::de::DeValue;

use super::Secret;
use crate::log::LogForm;

/// A choice as somebody gave it.
pub(crate) enum Given<'a> {
    /// In a flag or in the environment.
    Text(&'a str),
    /// In a file.
    Toml(&'a DeValue<'a>),
}

/// A choice as it is shown: what is secret is left out of it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A text, an address, a path, a duration.
    Text(String),
    /// A number.
    Number(u64),
    /// Yes or no.
    Truth(bool),
    /// Numbers by name.
    Table(BTreeMap<String, u32>),
}

impl Shown {
    /// It as TOML.
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Table(table) => {
                let pairs: Vec<String> = table
                    .iter()
                    .map(|(name, number)| format!("{} = {number}", quoted(name)))
                    .collect();
                if pairs.is_empty() {
                    "{}".to_owned()
                } else {
                    format!("{{ {} }}", pairs.join(", "))
                }
            }
        }
    }
}

fn quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                write!(out, "\\u{:04X}", u32::from(c)).expect("a string takes every write");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A kind of choice. An error is what the choice must be; it never holds what was given.
pub(crate) trait Field: Sized {
    /// Reads it.
    fn read(given: &Given<'_>) -> Result<Self, &'static str>;
    /// Shows it; `None` where nothing was chosen.
    fn shown(&self) -> Option<Shown>;
}

fn text<'a>(given: &'a Given<'_>, must: &'static str) -> Result<&'a str, &'static str> {
    match given {
        Given::Text(text) => Ok(text),
        Given::Toml(value) => value.as_str().ok_or(must),
    }
}

impl Field for String {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        text(given, "a text").map(str::to_owned)
    }

    fn shown(&self) -> Option<Shown> {
        Some(Shown::Text(self.clone()))
    }
}

impl Field for PathBuf {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        text(given, "a path").map(Self::from)
    }

    fn shown(&self) -> Option<Shown> {
        Some(Shown::Text(self.display().to_string()))
    }
}

impl Field for SocketAddr {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        let must = "an address and a port, such as 127.0.0.1:50051";
        text(given, must)?.parse().map_err(|_| must)
    }

    fn shown(&self) -> Option<Shown> {
        Some(Shown::Text(self.to_string()))
    }
}

impl Field for Secret {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        text(given, "an address").map(Self::new)
    }

    fn shown(&self) -> Option<Shown> {
        Some(Shown::Text(Self::shown(self)))
    }
}

impl Field for bool {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        let must = "true or false";
        match given {
            Given::Text(text) => text.parse().map_err(|_| must),
            Given::Toml(value) => value.as_bool().ok_or(must),
        }
    }

    fn shown(&self) -> Option<Shown> {
        Some(Shown::Truth(*self))
    }
}

impl Field for Duration {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        let must = "a duration with its unit, such as \"5s\" or \"100ms\"";
        humantime::parse_duration(text(given, must)?.trim()).map_err(|_| must)
    }

    fn shown(&self) -> Option<Shown> {
        Some(Shown::Text(humantime::format_duration(*self).to_string()))
    }
}

fn number(given: &Given<'_>) -> Result<u64, &'static str> {
    let must = "a whole number";
    match given {
        Given::Text(text) => text.trim().replace('_', "").parse().map_err(|_| must),
        Given::Toml(value) => {
            let number = value.as_integer().ok_or(must)?;
            u64::from_str_radix(number.as_str(), number.radix()).map_err(|_| must)
        }
    }
}

macro_rules! numbers {
    ($($kind:ty),+) => {$(
        impl Field for $kind {
            fn read(given: &Given<'_>) -> Result<Self, &'static str> {
                Self::try_from(number(given)?).map_err(|_| "a smaller number")
            }

            fn shown(&self) -> Option<Shown> {
                Some(Shown::Number(u64::try_from(*self).unwrap_or(u64::MAX)))
            }
        }
    )+};
}

numbers!(u32, u64, usize);

impl Field for LogForm {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        let must = "\"text\" or \"json\"";
        match text(given, must)? {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(must),
        }
    }

    fn shown(&self) -> Option<Shown> {
        let word = match self {
            Self::Text => "text",
            Self::Json => "json",
        };
        Some(Shown::Text(word.to_owned()))
    }
}

/// Somewhere to listen, or nowhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listening(pub(crate) Option<SocketAddr>);

impl Field for Listening {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        let must = "an address and a port, such as 127.0.0.1:9090, or \"off\"";
        match text(given, must)? {
            "off" => Ok(Self(None)),
            address => address
                .parse()
                .map(|address| Self(Some(address)))
                .map_err(|_| must),
        }
    }

    fn shown(&self) -> Option<Shown> {
        let word = self
            .0
            .map_or("off".to_owned(), |address| address.to_string());
        Some(Shown::Text(word))
    }
}

/// The days that callers may name, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naming(pub(crate) Option<EventDays>);

impl Field for Naming {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        let must = "a first and a last day, such as 2023-01-01..2023-09-30, or \"off\"";
        let text = text(given, must)?;
        if text == "off" {
            return Ok(Self(None));
        }
        let (first, last) = text.split_once("..").ok_or(must)?;
        let day = |text| CivilDate::from_iso(text).map_err(|_| must);
        let days = EventDays::new(day(first)?, day(last)?);
        days.map(|days| Self(Some(days))).ok_or(must)
    }

    fn shown(&self) -> Option<Shown> {
        let word = self.0.map_or("off".to_owned(), |days| days.to_string());
        Some(Shown::Text(word))
    }
}

/// In a text: `H26=100,G01=2000`.
impl Field for BTreeMap<String, u32> {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        let must =
            "numbers by name, such as { H26 = 500 }; in a variable or a flag, H26=500,G01=2000";
        match given {
            Given::Text(text) => text
                .split(',')
                .filter(|pair| !pair.trim().is_empty())
                .map(|pair| {
                    let (name, number) = pair.split_once('=').ok_or(must)?;
                    let number = u32::read(&Given::Text(number)).map_err(|_| must)?;
                    Ok((name.trim().to_owned(), number))
                })
                .collect(),
            Given::Toml(value) => value
                .as_table()
                .ok_or(must)?
                .iter()
                .map(|(name, number)| {
                    let number = u32::read(&Given::Toml(number.get_ref())).map_err(|_| must)?;
                    Ok((name.get_ref().to_string(), number))
                })
                .collect(),
        }
    }

    fn shown(&self) -> Option<Shown> {
        Some(Shown::Table(self.clone()))
    }
}

impl<T: Field> Field for Option<T> {
    fn read(given: &Given<'_>) -> Result<Self, &'static str> {
        T::read(given).map(Some)
    }

    fn shown(&self) -> Option<Shown> {
        self.as_ref().and_then(Field::shown)
    }
}
