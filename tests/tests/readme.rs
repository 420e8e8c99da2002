//! What the README says of the nation is what the nation is.

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
