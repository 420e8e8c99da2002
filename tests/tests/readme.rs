//! What the documents say of the nation is what the nation is, and where they lead there is something.

use std::path::Path;

use dancu_domain::{BirthDate, IdKey};
use dancu_population::{Nation, Persona};
use dancu_tests::house;

/// A persona's row in the README's table.
fn row(persona: &Persona) -> String {
    let number = match persona.claims.key {
        IdKey::Personal(id) => id.text(),
        IdKey::Legacy(id) => id.text(),
    };
    let born = match persona.claims.birth.map(BirthDate::parts) {
        None => String::new(),
        Some((year, 0, _)) => format!("{year:04}"),
        Some((year, month, 0)) => format!("{year:04}-{month:02}"),
        Some((year, month, day)) => format!("{year:04}-{month:02}-{day:02}"),
    };
    format!(
        "| `{}` | {} | {number} | {} | {born} | {} | {} |",
        persona.key, persona.title_en, persona.claimed_name, persona.lookup, persona.authenticate
    )
}

#[test]
fn every_persona_stands_in_the_readme() {
    let readme =
        std::fs::read_to_string(house::top().join("README.md")).expect("there is a README");
    let missing: Vec<String> = Nation::new(1, 1)
        .personas()
        .iter()
        .map(row)
        .filter(|row| !readme.contains(row))
        .collect();
    assert!(
        missing.is_empty(),
        "put these rows into the README:\n{}",
        missing.join("\n")
    );
}

/// Where the links of a document lead that are not to other places.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let links = text.split("](").skip(1);
    let links = links.filter_map(|rest| Some(rest.split_once(')')?.0));
    links.filter(|link| !link.contains("://"))
}

/// By what a heading is led to: its letters, digits and dashes, with a dash for each space.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c })
        .collect::<String>()
        .to_lowercase()
}

/// Whether a link of a document in this folder leads to a file, and to a heading in it.
fn leads_somewhere(folder: &Path, text: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = folder.join(file);
    if !file.is_empty() && !target.exists() {
        return false;
    }
    let there = match file {
        "" => text.to_owned(),
        _ => std::fs::read_to_string(target).unwrap_or_default(),
    };
    let mut headings = there.lines().filter(|line| line.starts_with('#'));
    heading.is_empty()
        || headings.any(|line| anchor(line.trim_start_matches('#').trim()) == heading)
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let top = house::top();
    let mut documents = vec![top.join("README.md")];
    for folder in ["crates", "deploy", "proto", "tests"] {
        documents.extend(house::files(&top.join(folder), &["md"]));
    }
    assert!(documents.len() >= 6);
    let mut astray = Vec::new();
    for document in documents {
        let text = std::fs::read_to_string(&document).expect("it was found");
        let folder = document.parent().expect("it lies in a folder");
        for link in links(&text).filter(|link| !leads_somewhere(folder, &text, link)) {
            astray.push(format!("{}: {link}", document.display()));
        }
    }
    assert!(astray.is_empty(), "{}", astray.join("\n"));
}
