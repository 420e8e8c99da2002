//! Names: surnames by region, middle and given names by sex and generation, and the ways in which
//! minorities name.

use std::sync::LazyLock;

use dancu_domain::PersonName;

use crate::chance::{again, falls};
use crate::provinces::Province;
use crate::tables::{Weighted, number, rows};

/// Of a hundred thousand with a middle name, so many have two.
const SECOND_MIDDLE: [u64; 2] = [12_000, 28_000];

/// What a name depends on, with the draws that settle it.
pub(crate) struct Naming {
    /// Where the family is from.
    pub(crate) southern: bool,
    /// Ethnic group.
    pub(crate) ethnicity: u8,
    /// Sex.
    pub(crate) male: bool,
    /// Year of birth.
    pub(crate) year: u16,
    /// The draw of the line.
    pub(crate) clan: u64,
    /// The draw of the middle name.
    pub(crate) middle: u64,
    /// The draw of the given name.
    pub(crate) given: u64,
}

/// A part of a name's pattern.
#[derive(Debug)]
enum Part {
    Text(&'static str),
    Clan,
    Middle,
    Given,
}

/// Entries with weights.
#[derive(Debug)]
struct List {
    words: Vec<&'static str>,
    table: Weighted,
}

impl List {
    fn new(entries: Vec<(&'static str, u64)>) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let weights: Vec<u64> = entries.iter().map(|(_, weight)| *weight).collect();
        Some(Self {
            words: entries.into_iter().map(|(word, _)| word).collect(),
            table: Weighted::new(&weights),
        })
    }

    fn pick(&self, draw: u64) -> &'static str {
        self.words[self.table.pick(draw)]
    }

    /// A word that the name so far does not end with, unless chance insists.
    fn pick_after(&self, draw: u64, before: &str) -> &'static str {
        let last = before.trim_end().rsplit(' ').next();
        let word = self.pick(draw);
        if last == Some(word) {
            self.pick(again(draw))
        } else {
            word
        }
    }
}

/// How one sex of one style is named. Lists of its own take the place of the common ones.
#[derive(Debug)]
struct Style {
    word: &'static str,
    patterns: [Vec<Part>; 2],
    clans: Option<List>,
    givens: [Option<List>; 2],
}

struct Names {
    surnames: [List; 2],
    middles: [[List; 4]; 2],
    givens: [[List; 4]; 2],
    styles: Vec<Style>,
    /// By code of the ethnic group: the style, which for groups without one is the first.
    style_of: [u8; 64],
    /// By code of the province: ethnic groups with their weights.
    groups: Vec<Option<(Vec<u8>, Weighted)>>,
    /// Codes of religions, with their weights in the north and in the south.
    religions: (Vec<u8>, [Weighted; 2]),
}

static NAMES: LazyLock<Names> = LazyLock::new(Names::load);

/// The ethnic group of a clan of this province.
pub(crate) fn ethnicity(province: &Province, draw: u64) -> u8 {
    match &NAMES.groups[usize::from(province.code)] {
        Some((codes, table)) => codes[table.pick(draw)],
        None => KINH,
    }
}

/// The religion of a clan of this province.
pub(crate) fn religion(province: &Province, draw: u64) -> u8 {
    let (codes, tables) = &NAMES.religions;
    codes[tables[usize::from(province.southern())].pick(draw)]
}

const KINH: u8 = 1;

/// Puts a name together.
pub(crate) fn name(naming: &Naming) -> PersonName {
    let names = &*NAMES;
    let style = &names.styles[usize::from(names.style_of[usize::from(naming.ethnicity)])];
    let sex = usize::from(!naming.male);
    let generation = generation(naming.year);
    let mut text = String::with_capacity(48);
    for part in &style.patterns[sex] {
        match part {
            Part::Text(words) => text.push_str(words),
            Part::Clan => {
                let own = style.clans.as_ref();
                let common = &names.surnames[usize::from(naming.southern)];
                text.push_str(own.unwrap_or(common).pick(naming.clan));
            }
            Part::Middle => {
                let list = &names.middles[sex][generation];
                let first = list.pick_after(naming.middle, &text);
                text.push_str(first);
                let draw = again(naming.middle);
                if falls(draw, SECOND_MIDDLE[sex]) {
                    let second = list.pick(again(draw));
                    if second != first && second != "Thị" && second != "Văn" {
                        text.push(' ');
                        text.push_str(second);
                    }
                }
            }
            Part::Given => {
                let own = style.givens[sex].as_ref();
                let common = &names.givens[sex][generation];
                text.push_str(own.unwrap_or(common).pick_after(naming.given, &text));
            }
        }
    }
    PersonName::from_trusted(text.as_str())
}

const fn generation(year: u16) -> usize {
    match year {
        ..1960 => 0,
        1960..1990 => 1,
        1990..2005 => 2,
        _ => 3,
    }
}

impl Names {
    fn load() -> Self {
        let mut styles: Vec<Style> = Vec::new();
        for row in rows(include_str!("../data/name_styles.csv")) {
            let sex = number::<usize>(row[1]) - 1;
            if sex == 0 {
                styles.push(Style::load(row[0]));
            }
            if let Some(style) = styles.iter_mut().find(|s| s.word == row[0]) {
                style.patterns[sex] = pattern(row[2]);
            }
        }
        let mut style_of = [0; 64];
        for row in rows(include_str!("../data/ethnic_groups.csv")) {
            let code: usize = number(row[0]);
            style_of[code] = styles
                .iter()
                .position(|s| s.word == row[2])
                .expect("every group's style has a pattern, which a test reads")
                as u8;
        }
        Self {
            surnames: [1, 2].map(|column| {
                required(
                    rows(include_str!("../data/surnames.csv"))
                        .map(|row| (row[0], number(row[column])))
                        .collect(),
                )
            }),
            middles: by_sex_and_generation(include_str!("../data/middles.csv")),
            givens: by_sex_and_generation(include_str!("../data/givens.csv")),
            styles,
            style_of,
            groups: groups(),
            religions: religions(),
        }
    }
}

impl Style {
    fn load(word: &'static str) -> Self {
        let own = |part: &str, sex: &str| {
            List::new(
                rows(include_str!("../data/minority_names.csv"))
                    .filter(|row| row[0] == word && row[1] == part && row[2] == sex)
                    .map(|row| (row[3], 1))
                    .collect(),
            )
        };
        Self {
            word,
            patterns: [Vec::new(), Vec::new()],
            clans: own("clan", "0"),
            givens: [own("given", "1"), own("given", "2")],
        }
    }
}

fn required(entries: Vec<(&'static str, u64)>) -> List {
    List::new(entries).expect("the common lists of names are not empty, which a test reads")
}

fn by_sex_and_generation(text: &'static str) -> [[List; 4]; 2] {
    ["1", "2"].map(|sex| {
        [2, 3, 4, 5].map(|column| {
            required(
                rows(text)
                    .filter(|row| row[0] == sex)
                    .map(|row| (row[1], number(row[column])))
                    .collect(),
            )
        })
    })
}

fn groups() -> Vec<Option<(Vec<u8>, Weighted)>> {
    (0..100_u8)
        .map(|province| {
            let mut shares: Vec<(u8, u64)> = rows(include_str!("../data/ethnic_shares.csv"))
                .filter(|row| number::<u8>(row[0]) == province)
                .map(|row| (number(row[1]), number(row[2])))
                .collect();
            if shares.is_empty() {
                return None;
            }
            let others: u64 = shares.iter().map(|(_, share)| share).sum();
            shares.push((KINH, 1000 - others));
            let (codes, weights): (Vec<u8>, Vec<u64>) = shares.into_iter().unzip();
            Some((codes, Weighted::new(&weights)))
        })
        .collect()
}

fn religions() -> (Vec<u8>, [Weighted; 2]) {
    let rows: Vec<_> = rows(include_str!("../data/religions.csv")).collect();
    let weights =
        |column: usize| -> Vec<u64> { rows.iter().map(|row| number(row[column])).collect() };
    let codes = rows.iter().map(|row| number(row[0])).collect();
    (
        codes,
        [Weighted::new(&weights(2)), Weighted::new(&weights(3))],
    )
}

/// Splits a pattern at its places.
fn pattern(text: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        let (place, after) = after.split_once('}').unwrap_or((after, ""));
        parts.push(match place {
            "clan" => Part::Clan,
            "middle" => Part::Middle,
            _ => Part::Given,
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}
