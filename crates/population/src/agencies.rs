//! Agencies and their licences, read out of the data files.

use dancu_domain::{
    Agency, AgencyCode, AgencyKind, Attribute, AttributeSet, CivilDate, EventKind, Licence,
    Patterns, Purpose, PurposeSet, ServiceCode, Validity,
};

use crate::tables::{number, rows, sections};

const READ: &str = "the data files are part of the build, and the tests read all of them";

/// Every agency.
pub(crate) fn agencies() -> Vec<Agency> {
    rows(include_str!("../data/agencies.csv"))
        .map(|row| Agency {
            code: code(row[0]),
            name: row[1].to_owned(),
            kind: word(AgencyKind::ALL, AgencyKind::word, row[2]).expect(READ),
            validity: Validity {
                from: date(row[3]),
                until: date(row[4]),
            },
            successor: Some(row[5]).filter(|s| !s.is_empty()).map(code),
            assumed: row[6] == "true",
        })
        .collect()
}

/// Every licence: a section of the data file is one for each agency that it names.
pub(crate) fn licences() -> Vec<Licence> {
    let agencies = agencies();
    let mut licences = Vec::new();
    for (_, fields) in sections(include_str!("../data/licences.ini")) {
        let field = |name: &str| {
            let found = fields.iter().find(|(field, _)| *field == name);
            found.map_or("", |(_, value)| *value)
        };
        let licence = |agency: AgencyCode| Licence {
            agency,
            services: each(field("services"), |text| ServiceCode(number(text))),
            officers: Patterns(each(field("officers"), str::to_owned)),
            procedures: Patterns(each(field("procedures"), str::to_owned)),
            purposes: PurposeSet::of(&each(field("purposes"), |text| {
                word(Purpose::ALL, Purpose::word, text).expect(READ)
            })),
            attributes: each(field("attributes"), attributes)
                .into_iter()
                .fold(AttributeSet::NONE, AttributeSet::or),
            number_alone: field("number_alone") == "true",
            explain: field("explain") == "true",
            authority: each(field("authority"), |text| {
                word(EventKind::ALL, EventKind::word, text).expect(READ)
            }),
            validity: Validity {
                from: date(field("from")),
                until: date(field("until")),
            },
        };
        for named in field("agencies").split_whitespace() {
            match word(AgencyKind::ALL, AgencyKind::word, named) {
                Some(kind) => licences.extend(
                    agencies
                        .iter()
                        .filter(|agency| agency.kind == kind)
                        .map(|agency| licence(agency.code)),
                ),
                None => licences.push(licence(code(named))),
            }
        }
    }
    licences
}

/// A date of a data file; empty is open.
pub(crate) fn date(text: &str) -> Option<CivilDate> {
    if text.is_empty() {
        return None;
    }
    let digits: String = text.split('-').collect();
    Some(CivilDate::unpack(number(&digits)).expect(READ))
}

/// The variant of a coded enum with this word.
pub(crate) fn word<T: Copy>(all: &[T], of: impl Fn(T) -> &'static str, text: &str) -> Option<T> {
    all.iter().copied().find(|variant| of(*variant) == text)
}

fn code(text: &str) -> AgencyCode {
    AgencyCode::parse(text, "code").expect(READ)
}

fn each<T>(text: &str, read: impl Fn(&str) -> T) -> Vec<T> {
    text.split_whitespace().map(read).collect()
}

fn attributes(text: &str) -> AttributeSet {
    match text {
        "@basic" => AttributeSet::BASIC,
        "@all" => AttributeSet::all(),
        "@civil" => AttributeSet::all().without(AttributeSet::SENSITIVE),
        _ => AttributeSet::of(&[word(Attribute::ALL, Attribute::word, text).expect(READ)]),
    }
}
