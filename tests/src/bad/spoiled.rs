//! The table of bad items: what is wrong, what must be said of it, and what must not come back.

use dancu_domain::{Reason, Verb};
use dancu_wire::pb::dancu::v1 as pb;
use dancu_wire::pb::google::r#type::Date;
use pb::change_record::Event;
use pb::claims::Number;
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
const RECONCILE: &[Verb] = &[Verb::Reconcile];
const PUSH: &[Verb] = &[Verb::Push];

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
    numbers(&mut rows);
    names(&mut rows);
    births(&mut rows);
    envelope(&mut rows);
    reconciled(&mut rows);
    pushed(&mut rows);
    rows.0
}

fn numbers(rows: &mut Rows) {
    use Reason::{FieldRequired, NumberLength, NumberNotDigits};
    for (what, number, reason) in [
        ("empty", "", FieldRequired),
        ("8 digits", "98765432", NumberLength),
        ("9 digits, an old one", "987654321", NumberLength),
        ("11 digits", "98765432109", NumberLength),
        ("13 digits", "9876543210987", NumberLength),
        ("a space before", " 98765432109", NumberNotDigits),
        ("a space within", "987654 321098", NumberNotDigits),
        ("a line end", "987654321098\n", NumberNotDigits),
        ("a plus", "+98765432109", NumberNotDigits),
        ("a minus", "-98765432109", NumberNotDigits),
        ("a dot", "987654.32109", NumberNotDigits),
        (
            "full-width digits",
            "９８７６５４３２１０９８",
            NumberNotDigits,
        ),
        ("Arabic digits", "٩٨٧٦٥٤٣٢١٠٩٨", NumberNotDigits),
        (
            "a zero-width space",
            "98765432\u{200b}1098",
            NumberNotDigits,
        ),
        ("a byte order mark", "\u{feff}987654321098", NumberNotDigits),
        ("a NUL", "98765432109\0", NumberNotDigits),
    ] {
        rows.claims(
            (what, reason, "claims.personal_number"),
            &[number],
            |claims| {
                claims.number = Some(Number::PersonalNumber(number.to_owned()));
            },
        );
    }
    for (what, number, reason) in [
        ("empty", "", FieldRequired),
        ("8 digits", "98765432", NumberLength),
        ("10 digits", "9876543210", NumberLength),
        ("12 digits, a new one", "987654321099", NumberLength),
        ("a letter", "98765432x", NumberNotDigits),
        ("full-width digits", "９８７６５４３２１", NumberNotDigits),
    ] {
        rows.claims(
            (what, reason, "claims.legacy_number"),
            &[number],
            |claims| {
                claims.number = Some(Number::LegacyNumber(number.to_owned()));
            },
        );
    }
    rows.claims(
        ("left out", FieldRequired, "claims.number"),
        &[],
        |claims| {
            claims.number = None;
        },
    );
}

fn names(rows: &mut Rows) {
    use Reason::{FieldRequired, NameCharacter, NameMarks, NameTooLong, NameTooShort};
    let huge = "Ẅqz".repeat(64 * 1024 / 5);
    let long = format!("Ẅ{}", "qz".repeat(64));
    let stacked = format!("Ẅqz{}", "\u{301}".repeat(100));
    for (what, name, reason) in [
        ("empty", "", FieldRequired),
        ("spaces", " \u{a0} ", FieldRequired),
        ("one letter", "Ẅ", NameTooShort),
        ("one letter and a mark", "Q\u{302}", NameTooShort),
        ("64 KiB", huge.as_str(), NameTooLong),
        ("129 letters", long.as_str(), NameTooLong),
        ("a bell", "Ẅqz\u{7}xw", NameCharacter),
        ("a line end", "Ẅqz\nxw", NameCharacter),
        ("a NUL", "Ẅqz\0xw", NameCharacter),
        ("an escape", "Ẅqz\u{1b}[2J", NameCharacter),
        ("a right-to-left override", "Ẅqz\u{202e}xw", NameCharacter),
        ("a right-to-left mark", "\u{200f}Ẅqz xw", NameCharacter),
        ("Hebrew", "Ẅqz שלום", NameCharacter),
        ("a zero-width joiner", "Ẅqz\u{200d}xw", NameCharacter),
        ("a Cyrillic look-alike", "Ẅqz Vаn", NameCharacter),
        ("a Greek look-alike", "Ẅqz Αnh", NameCharacter),
        ("full-width letters", "Ẅqz Ａｎｈ", NameCharacter),
        ("digits", "Ẅqz 42", NameCharacter),
        ("an emoji", "Ẅqz 🙂", NameCharacter),
        ("100 marks on a letter", stacked.as_str(), NameMarks),
        ("a mark on nothing", "\u{301}Ẅqz", NameMarks),
    ] {
        // What is planted is a piece, so that an answer that repeats a part is caught too.
        let values: &[&str] = if name.contains("qz") { &["Ẅqz"] } else { &[] };
        rows.claims((what, reason, "claims.full_name"), values, |claims| {
            name.clone_into(&mut claims.full_name);
        });
    }
}

fn births(rows: &mut Rows) {
    use Reason::{DateInFuture, DateInvalid, FieldRequired};
    rows.claims(
        ("left out", FieldRequired, "claims.birth_date"),
        &[],
        |claims| claims.birth_date = None,
    );
    for (what, reason, parts) in [
        ("nothing known", FieldRequired, (0, 0, 0)),
        ("29 February 2023", DateInvalid, (2023, 2, 29)),
        ("29 February 1900", DateInvalid, (1900, 2, 29)),
        ("month 13", DateInvalid, (1986, 13, 1)),
        ("31 April", DateInvalid, (1986, 4, 31)),
        ("day 32", DateInvalid, (1986, 1, 32)),
        ("a day without a month", DateInvalid, (1986, 0, 7)),
        ("a month without a year", DateInvalid, (0, 6, 7)),
        ("a day below nothing", DateInvalid, (1986, 6, -7)),
        ("a year below nothing", DateInvalid, (-1986, 6, 7)),
        ("a year of two digits", DateInvalid, (86, 6, 7)),
        (
            "the ends of the integers",
            DateInvalid,
            (i32::MAX, i32::MAX, i32::MIN),
        ),
        (
            "the day after the reference date",
            DateInFuture,
            (2023, 1, 2),
        ),
        ("the month after it", DateInFuture, (2023, 2, 0)),
        ("the year after it", DateInFuture, (2024, 0, 0)),
        ("a far year", DateInFuture, (2199, 12, 31)),
    ] {
        rows.birth(what, reason, parts);
    }
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

fn reconciled(rows: &mut Rows) {
    use Reason::{
        DateInFuture, DateIncomplete, DateInvalid, EnumInvalid, FieldInvalid, FieldRequired,
        NumberLength, NumberNotDigits,
    };
    let mut row = |case: (&str, Reason, &'static str),
                   values: &[&str],
                   spoil: fn(&mut pb::ReconcileRecord)| {
        rows.add(RECONCILE, case, values, |subject| spoil(&mut subject.row));
    };
    row(("unknown", EnumInvalid, "sex"), &[], |r| r.sex = 97);
    row(("unknown", EnumInvalid, "marital_status"), &[], |r| {
        r.marital_status = -97
    });
    row(
        ("8 digits", NumberLength, "legacy_number"),
        &["98700012"],
        |r| {
            r.legacy_number = "98700012".to_owned();
        },
    );
    row(
        ("a letter", NumberNotDigits, "social_insurance_number"),
        &["987000123Z"],
        |r| {
            r.social_insurance_number = "987000123Z".to_owned();
        },
    );
    row(
        ("9 digits", NumberLength, "social_insurance_number"),
        &["987000124"],
        |r| {
            r.social_insurance_number = "987000124".to_owned();
        },
    );
    row(
        ("no province", FieldRequired, "current_residence.province"),
        &[],
        |r| {
            r.current_residence.get_or_insert_default().province.clear();
        },
    );
    row(
        (
            "a commune of nowhere",
            FieldRequired,
            "permanent_residence.district",
        ),
        &[],
        |r| {
            r.permanent_residence = Some(pb::Address {
                province: "01".to_owned(),
                commune: "01997".to_owned(),
                ..Default::default()
            });
        },
    );
    row(
        ("three letters", FieldInvalid, "current_residence.country"),
        &[],
        |r| {
            r.current_residence.get_or_insert_default().country = "ZXW".to_owned();
        },
    );
    row(
        ("29 February 2023", DateInvalid, "died_on"),
        &["2023-02-29"],
        |r| {
            r.died_on = Some(born(2023, 2, 29));
        },
    );
    row(("a year", DateIncomplete, "died_on"), &[], |r| {
        r.died_on = Some(born(2020, 0, 0))
    });
    row(("2199", DateInFuture, "died_on"), &[], |r| {
        r.died_on = Some(born(2199, 1, 1))
    });
}

fn pushed(rows: &mut Rows) {
    use Reason::{
        DateInFuture, DateIncomplete, DateInvalid, FieldInvalid, FieldRequired, FieldTooLong,
        NumberLength,
    };
    let mut row =
        |case: (&str, Reason, &'static str), values: &[&str], spoil: fn(&mut pb::ChangeRecord)| {
            rows.add(PUSH, case, values, |subject| spoil(&mut subject.change));
        };
    row(("empty", FieldRequired, "source"), &[], |c| {
        c.source.clear()
    });
    row(("a space", FieldInvalid, "source"), &["Zq 97"], |c| {
        c.source = "Zq 97".to_owned()
    });
    row(("empty", FieldRequired, "record_id"), &[], |c| {
        c.record_id.clear()
    });
    row(
        ("66 characters", FieldTooLong, "record_id"),
        &["ZqZqZqZq"],
        |c| c.record_id = "Zq".repeat(33),
    );
    row(("nothing", FieldRequired, "record_version"), &[], |c| {
        c.record_version = 0
    });
    row(
        ("below nothing", FieldInvalid, "record_version"),
        &[],
        |c| c.record_version = -97,
    );
    row(("left out", FieldRequired, "event"), &[], |c| {
        c.event = None
    });
    row(
        ("left out", FieldRequired, "residence_change.residence"),
        &[],
        |c| {
            moved(c, |change| change.residence = None);
        },
    );
    row(
        ("left out", FieldRequired, "residence_change.since"),
        &[],
        |c| {
            moved(c, |change| change.since = None);
        },
    );
    row(
        ("29 February 2023", DateInvalid, "residence_change.since"),
        &["2023-02-29"],
        |c| {
            moved(c, |change| change.since = Some(born(2023, 2, 29)));
        },
    );
    row(
        ("a month", DateIncomplete, "residence_change.since"),
        &[],
        |c| {
            moved(c, |change| change.since = Some(born(2022, 2, 0)));
        },
    );
    row(
        ("two years on", DateInFuture, "residence_change.since"),
        &["2024-12-30"],
        |c| {
            moved(c, |change| change.since = Some(born(2024, 12, 30)));
        },
    );
    row(
        (
            "one digit",
            NumberLength,
            "residence_change.residence.province",
        ),
        &[],
        |c| {
            moved(c, |change| {
                change.residence.get_or_insert_default().province = "1".to_owned()
            });
        },
    );
    row(
        (
            "an override",
            FieldInvalid,
            "residence_change.residence.detail",
        ),
        &["97 Zq"],
        |c| {
            let detail = "97 Zq\u{202e}";
            moved(c, |change| {
                change.residence.get_or_insert_default().detail = detail.to_owned()
            });
        },
    );
    row(
        (
            "202 characters",
            FieldTooLong,
            "residence_change.residence.detail",
        ),
        &["ZqZqZqZq"],
        |c| {
            let detail = "Zq".repeat(101);
            moved(c, |change| {
                change.residence.get_or_insert_default().detail = detail
            });
        },
    );
    row(("31 April", DateInvalid, "death.died_on"), &[], |c| {
        died(c, Some(born(2022, 4, 31)))
    });
    row(("left out", FieldRequired, "death.died_on"), &[], |c| {
        died(c, None)
    });
    rows.add(
        PUSH,
        ("an old number", FieldRequired, "claims.personal_number"),
        &["987650321"],
        |subject| {
            let number = Number::LegacyNumber("987650321".to_owned());
            subject.claims.get_or_insert_default().number = Some(number);
        },
    );
}

fn moved(change: &mut pb::ChangeRecord, spoil: impl FnOnce(&mut pb::ResidenceChange)) {
    if let Some(Event::ResidenceChange(residence)) = &mut change.event {
        spoil(residence);
    }
}

fn died(change: &mut pb::ChangeRecord, died_on: Option<Date>) {
    change.event = Some(Event::Death(pb::Death { died_on }));
}
