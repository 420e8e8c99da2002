//! The language in which a caller is told what went wrong.

/// A language that errors are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Tiếng Việt.
    Vi,
    /// English, where nothing else was asked for.
    #[default]
    En,
}

impl Lang {
    /// Chooses by the text of an `accept-language` header (RFC 9110, 12.5.4): the language of the
    /// highest weight that is spoken here, the earlier one where two weigh the same.
    pub fn from_header(text: &str) -> Self {
        let mut best: Option<(u16, Self)> = None;
        for range in text.split(',') {
            let mut parts = range.split(';');
            let Some(lang) = parts.next().and_then(Self::of_range) else {
                continue;
            };
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1000, weight);
            if weight > best.map_or(0, |(highest, _)| highest) {
                best = Some((weight, lang));
            }
        }
        best.map_or(Self::default(), |(_, lang)| lang)
    }

    /// The tag of the language (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    fn of_range(range: &str) -> Option<Self> {
        let primary = range.trim().split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("vi") {
            Some(Self::Vi)
        } else if primary.eq_ignore_ascii_case("en") || primary == "*" {
            Some(Self::En)
        } else {
            None
        }
    }
}

/// A weight in thousandths; one that cannot be read weighs nothing.
fn weight(text: &str) -> u16 {
    match text.trim().parse::<f32>() {
        Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1000.0).round() as u16,
        _ => 0,
    }
}
