//! The table of bad items: what is wrong, what must be said of it, and what must not come back.

mod claims;
mod records;

use dancu_domain::{Reason, Verb};
use dancu_wire::pb::dancu::v1 as pb;
use prost::Message as _;

use super::asked::Subject;
use super::people::{born, made_up, planted};

/// One way in which an item is bad.
pub struct Spoiled {
    /// In words.
    pub what: String,
    /// The item.
    pub subject: Subject,
    /// What is said.
    pub reason: Reason,
    /// Of which field of the item.
    pub field: &'static str,
    /// What must not come back.
    pub planted: Vec<Vec<u8>>,
    /// The verbs that have such a field.
    pub verbs: &'static [Verb],
}

const READS: &[Verb] = &[Verb::Lookup, Verb::Authenticate, Verb::Reconcile];

/// The rows so far.
#[derive(Default)]
struct Rows(Vec<Spoiled>);

impl Rows {
    fn add(
        &mut self,
        verbs: &'static [Verb],
        (what, reason, field): (&str, Reason, &'static str),
        values: &[&str],
        spoil: impl FnOnce(&mut Subject),
    ) {
        let mut subject = made_up();
        spoil(&mut subject);
        let mut planted = planted();
        planted.extend(values.iter().map(|value| value.as_bytes().to_vec()));
        self.0.push(Spoiled {
            what: format!("{field}: {what}"),
            subject,
            reason,
            field,
            planted,
            verbs,
        });
    }

    fn claims(
        &mut self,
        (what, reason, field): (&str, Reason, &'static str),
        values: &[&str],
        spoil: impl FnOnce(&mut pb::Claims),
    ) {
        self.add(Verb::ALL, (what, reason, field), values, |subject| {
            spoil(subject.claims.get_or_insert_default());
        });
    }

    fn birth(&mut self, what: &str, reason: Reason, (year, month, day): (i32, i32, i32)) {
        let date = born(year, month, day);
        let text = format!("{year:04}-{month:02}-{day:02}");
        self.claims((what, reason, "claims.birth_date"), &[&text], |claims| {
            claims.birth_date = Some(date);
        });
        let bytes = date.encode_to_vec();
        if let Some(row) = self.0.last_mut()
            && bytes.len() >= 6
        {
            row.planted.push(bytes);
        }
    }
}

/// Every row.
pub fn items() -> Vec<Spoiled> {
    let mut rows = Rows::default();
    claims::numbers(&mut rows);
    claims::names(&mut rows);
    claims::births(&mut rows);
    envelope(&mut rows);
    records::reconciled(&mut rows);
    records::pushed(&mut rows);
    rows.0
}

fn envelope(rows: &mut Rows) {
    use Reason::{FieldInvalid, FieldRequired, FieldTooLong};
    rows.add(
        Verb::ALL,
        ("left out", FieldRequired, "claims"),
        &[],
        |subject| {
            subject.claims = None;
        },
    );
    let long = "Zqwx".repeat(11);
    for (what, id, reason) in [
        ("44 characters", long.as_str(), FieldTooLong),
        ("a space", "Zq 97", FieldInvalid),
        ("letters with marks", "Zẅq", FieldInvalid),
        ("a line end", "Zq97\n", FieldInvalid),
    ] {
        rows.add(
            Verb::ALL,
            (what, reason, "item_id"),
            &[id, "ZqwxZqwx"],
            |subject| {
                id.clone_into(&mut subject.id);
            },
        );
    }
    for (what, dossier, reason) in [
        (
            "41 characters",
            "H26-231012-97531-97531-97531-97531-97531-",
            FieldTooLong,
        ),
        ("no such day", "H26-231399-97532", FieldInvalid),
        ("another form", "97533.97533", FieldInvalid),
    ] {
        rows.add(READS, (what, reason, "dossier"), &[dossier], |subject| {
            dossier.clone_into(&mut subject.dossier);
        });
    }
}
