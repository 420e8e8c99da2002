//! Looks for people in what should not name any: logs, metrics, error texts, files.

use std::collections::HashSet;

use dancu_population::Nation;
use unicode_normalization::UnicodeNormalization as _;

/// Everything by which the people of a nation could be told.
#[derive(Debug)]
pub struct Canaries {
    numbers: HashSet<Vec<u8>>,
    names: HashSet<Vec<u8>>,
    words: HashSet<Vec<u8>>,
}

impl Canaries {
    /// The numbers and names of everybody in `nation`, in every form that a text may take them.
    pub fn of(nation: &Nation) -> Self {
        let mut all = Self {
            numbers: HashSet::new(),
            names: HashSet::new(),
            words: HashSet::new(),
        };
        let indexed = (0..nation.len()).map(|index| nation.citizen(index));
        for citizen in indexed.chain(nation.personas().into_iter().map(|persona| persona.citizen)) {
            all.numbers.insert(citizen.personal_id.text().into_bytes());
            all.numbers
                .extend(citizen.legacy_id.map(|id| id.text().into_bytes()));
            all.numbers
                .extend(citizen.social_insurance.map(|id| id.text().into_bytes()));
            all.name(citizen.name.text());
        }
        all
    }

    /// Adds a name.
    pub fn name(&mut self, name: &str) {
        let upper = name.to_uppercase();
        let plain = dancu_domain::PersonName::parse(name, "name").map(|name| name.unaccented());
        let forms = [
            name.nfc().collect(),
            name.nfd().collect(),
            upper.nfc().collect(),
            upper.nfd().collect(),
            plain.unwrap_or_default(),
            format!("{name:?}").trim_matches('"').to_owned(),
        ];
        for form in forms.into_iter().filter(|form| form.contains(' ')) {
            let first = form
                .split(' ')
                .next()
                .unwrap_or_default()
                .as_bytes()
                .to_vec();
            self.words.insert(first);
            self.names.insert(form.into_bytes());
        }
    }

    /// Adds a number, or any run of digits.
    pub fn number(&mut self, digits: &str) {
        self.numbers.insert(digits.as_bytes().to_vec());
    }

    /// How often somebody is named in `text`; the first place with a little of what is around it.
    pub fn found_in(&self, text: &[u8]) -> (usize, Option<String>) {
        let mut places = Vec::new();
        let mut at = 0;
        while at < text.len() {
            if text[at].is_ascii_digit() {
                let run = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
                if self.numbers.contains(&text[at..at + run]) {
                    places.push(at);
                }
                at += run;
                continue;
            }
            let begins = at == 0 || !text[at - 1].is_ascii_alphabetic();
            if begins && self.name_at(&text[at..]) {
                places.push(at);
            }
            at += 1;
        }
        let first = places.first().map(|at| {
            let around = &text[at.saturating_sub(80)..(at + 60).min(text.len())];
            String::from_utf8_lossy(around).into_owned()
        });
        (places.len(), first)
    }

    /// Whether a whole name begins here: its first word is known, and some number of words on
    /// make a name.
    fn name_at(&self, text: &[u8]) -> bool {
        let mut words = 0;
        for (at, byte) in text.iter().enumerate().take(200) {
            let ends = !byte.is_ascii_alphabetic() && byte.is_ascii() && *byte != b'\'';
            if !ends {
                continue;
            }
            words += 1;
            if words == 1 && !self.words.contains(&text[..at]) {
                return false;
            }
            if words > 1 && self.names.contains(&text[..at]) {
                return true;
            }
            if *byte != b' ' || words > 12 {
                return false;
            }
        }
        self.names.contains(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted() -> Canaries {
        let mut canaries = Canaries {
            numbers: HashSet::new(),
            names: HashSet::new(),
            words: HashSet::new(),
        };
        canaries.name("Đặng Thị Thuý");
        canaries.number("901090000017");
        canaries
    }

    #[test]
    fn a_planted_name_is_found_in_every_form() {
        let canaries = planted();
        for text in [
            "name=Đặng Thị Thuý, code".to_owned(),
            "name=\"Đặng Thị Thuý\"".to_owned(),
            "name=Đặng Thị Thuý end".nfd().collect(),
            "ĐẶNG THỊ THUÝ".to_owned(),
            "x DANG THI THUY".to_owned(),
        ] {
            assert_eq!(canaries.found_in(text.as_bytes()).0, 1, "{text}");
        }
        assert_eq!(canaries.found_in("Đặng Thị Hoa".as_bytes()).0, 0);
    }

    #[test]
    fn a_planted_number_is_found_as_a_whole_run_of_digits() {
        let canaries = planted();
        assert_eq!(canaries.found_in(b"id=901090000017;").0, 1);
        assert_eq!(canaries.found_in(b"id=9010900000171;").0, 0);
    }
}
