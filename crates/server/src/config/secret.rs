//! A text that does not print.

use std::fmt;

/// An address with a password in it. Neither `Debug` nor an error shows it; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What is shown in place of what is hidden.
const HIDDEN: &str = "(hidden)";

impl Secret {
    /// Takes a text into keeping.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever opens the connection.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is an address of one of these schemes.
    pub(crate) fn is_url(&self, schemes: &[&str]) -> bool {
        self.0.split_once("://").is_some_and(|(scheme, rest)| {
            schemes.contains(&scheme) && !rest.is_empty() && !rest.contains(char::is_whitespace)
        })
    }

    /// The address without its user, password and options: scheme, host, port and path. What does
    /// not look like that for certain is hidden whole.
    pub fn shown(&self) -> String {
        let plain = |text: &str, more: &[u8]| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
        };
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return HIDDEN.to_owned();
        };
        let (hidden, rest) = match rest.rsplit_once('@') {
            Some((_, rest)) => ("(hidden)@", rest),
            None => ("", rest),
        };
        let (rest, options) = match rest.split_once(['?', '#']) {
            Some((rest, _)) => (rest, "?(hidden)"),
            None => (rest, ""),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !authority.ends_with(']') => (host, port),
            _ => (authority, ""),
        };
        let fits = plain(scheme, b"+-")
            && plain(host, b".-_:[]")
            && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')))
            && port.bytes().all(|b| b.is_ascii_digit())
            && plain(path, b"_-");
        if fits {
            format!("{scheme}://{hidden}{rest}{options}")
        } else {
            HIDDEN.to_owned()
        }
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("postgres://dancu:Chim3@127.0.0.1/registry");
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "(hidden) Some((hidden))"
        );
        assert_eq!(secret.reveal(), "postgres://dancu:Chim3@127.0.0.1/registry");
    }

    #[test]
    fn an_address_is_shown_without_whatever_could_be_a_password() {
        let shown = |text: &str| Secret::new(text).shown();
        assert_eq!(
            shown("postgres://dancu:Chim3@127.0.0.1:5432/registry"),
            "postgres://(hidden)@127.0.0.1:5432/registry"
        );
        assert_eq!(shown("redis://[::1]:6379/0"), "redis://[::1]:6379/0");
        assert_eq!(shown("redis://cache/0"), "redis://cache/0");
        assert_eq!(
            shown("postgres://db/registry?user=dancu&password=Chim3"),
            "postgres://db/registry?(hidden)"
        );
        for wrong in [
            "Chim3",
            "postgres://dancu:Chim3/registry",
            "postgres://dancu:Ch@im3:x/registry",
            "postgres://dancu:Chim3@h/registry/Chim3",
            "postgres://dancu:a@Chim3%40h/registry",
            "postgres:dancu:Chim3@h/registry",
        ] {
            assert!(!shown(wrong).contains("Chim3"), "{wrong}");
            assert!(!shown(wrong).contains("im3"), "{wrong}");
        }
        for odd in [
            "postgres://dancu:Chim3@1/2@h/registry",
            "postgres://dancu:Chim3?1@h/registry",
            "postgres://dancu:Chim3#1@h/registry",
        ] {
            assert_eq!(shown(odd), "postgres://(hidden)@h/registry");
        }
    }
}
