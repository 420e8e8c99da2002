//! An answer about somebody, as fields with values: the same for the table and for JSON.

use dancu_wire::pb;
use serde_json::{Map, Value, json};

use crate::output::Table;
use crate::words::Lang;

/// Fields with their values, in the order in which people read them.
type Fields = Vec<(&'static str, Value)>;

/// An answer about somebody.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Outcome, level, cause, version.
    pub(crate) verdict: Fields,
    /// The record, where one was given.
    pub(crate) citizen: Option<Fields>,
    /// The header.
    pub(crate) header: Fields,
}

impl Shown {
    /// The answer as one JSON object.
    pub(crate) fn object(&self) -> Value {
        let mut object = map(&self.verdict);
        let citizen = self.citizen.as_ref().map(map);
        object.insert("citizen".to_owned(), json!(citizen));
        object.insert("header".to_owned(), Value::Object(map(&self.header)));
        Value::Object(object)
    }

    /// The answer as a table: one field a line, nested ones with dots.
    pub(crate) fn table(&self, lang: Lang) -> Table {
        let heading = [lang.of("mục", "field"), lang.of("giá trị", "value")];
        let mut table = Table::new(&[0, 1], &heading);
        let citizen = self.citizen.iter().flatten();
        for (field, value) in self.verdict.iter().chain(citizen).chain(&self.header) {
            line(&mut table, lang.word(field), value, lang);
        }
        table
    }
}

fn map(fields: &Fields) -> Map<String, Value> {
    let owned = |(field, value): &(&str, Value)| ((*field).to_owned(), value.clone());
    fields.iter().map(owned).collect()
}

fn line(table: &mut Table, field: &str, value: &Value, lang: Lang) {
    match value {
        Value::Null => {}
        Value::Object(inner) => {
            for (name, value) in inner {
                line(table, &format!("{field}.{}", lang.word(name)), value, lang);
            }
        }
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => table.row([field, lang.word(text)]),
        other => table.row([field, &other.to_string()]),
    }
}

/// The fields of a record that were given, by their names in the contract.
pub(crate) fn citizen(record: &pb::Citizen) -> Fields {
    let mut fields = Fields::new();
    let mut put = |field: &'static str, value: Value| {
        let absent = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_i64() == Some(0),
            _ => false,
        };
        if !absent {
            fields.push((field, value));
        }
    };
    put("personal_number", json!(record.personal_number));
    put("legacy_number", json!(record.legacy_number));
    put("full_name", json!(record.full_name));
    put("birth_date", date(record.birth_date));
    put("sex", word(record.sex().as_str_name(), "SEX_"));
    put(
        "birth_registration",
        place(record.birth_registration.as_ref()),
    );
    put("native_place", place(record.native_place.as_ref()));
    put("ethnicity", json!(record.ethnicity));
    put("religion", json!(record.religion));
    put("nationality", json!(record.nationality));
    put(
        "marital_status",
        word(record.marital_status().as_str_name(), "MARITAL_STATUS_"),
    );
    put(
        "permanent_residence",
        place(record.permanent_residence.as_ref()),
    );
    put(
        "current_residence",
        place(record.current_residence.as_ref()),
    );
    put("resident_since", date(record.resident_since));
    put(
        "blood_type",
        word(record.blood_type().as_str_name(), "BLOOD_TYPE_"),
    );
    put("father", relative(record.father.as_ref()));
    put("mother", relative(record.mother.as_ref()));
    put("spouse", relative(record.spouse.as_ref()));
    put("representative", relative(record.representative.as_ref()));
    put(
        "head_of_household",
        relative(record.head_of_household.as_ref()),
    );
    put(
        "relation_to_head",
        word(record.relation_to_head().as_str_name(), "RELATION_TO_HEAD_"),
    );
    put("died_on", date(record.died_on));
    put("missing_since", date(record.missing_since));
    put(
        "social_insurance_number",
        json!(record.social_insurance_number),
    );
    fields
}

/// The header of an answer; the receipt is written as `dancu audit show` takes it.
pub(crate) fn header(header: Option<&pb::AnswerHeader>) -> Fields {
    let Some(header) = header else {
        return Fields::new();
    };
    let revision = header.revision.as_ref();
    let receipt = header.receipt.as_ref().map(|receipt| {
        let pb::Receipt {
            writer,
            first_index,
            count,
        } = receipt;
        format!("{writer}:{first_index}:{count}")
    });
    vec![
        ("request_id", json!(header.request_id)),
        ("nation", json!(revision.map(|revision| &revision.nation))),
        ("revision", json!(revision.map(|revision| revision.number))),
        ("source", word(header.source().as_str_name(), "SOURCE_")),
        ("receipt", json!(receipt)),
    ]
}

/// The word of an enum without its prefix; null where it is unspecified.
pub(crate) fn word(name: &str, prefix: &str) -> Value {
    match name.strip_prefix(prefix).unwrap_or(name) {
        "UNSPECIFIED" => Value::Null,
        word => json!(word),
    }
}

/// A date as far as it is known: YYYY, YYYY-MM or YYYY-MM-DD.
pub(crate) fn date(date: Option<pb::Date>) -> Value {
    match date {
        None => Value::Null,
        Some(pb::Date { year, month: 0, .. }) => json!(format!("{year:04}")),
        Some(pb::Date {
            year,
            month,
            day: 0,
        }) => json!(format!("{year:04}-{month:02}")),
        Some(pb::Date { year, month, day }) => json!(format!("{year:04}-{month:02}-{day:02}")),
    }
}

fn place(place: Option<&pb::Address>) -> Value {
    place.map_or(Value::Null, |place| {
        json!({
            "province": place.province,
            "district": place.district,
            "commune": place.commune,
            "detail": place.detail,
            "country": place.country,
        })
    })
}

fn relative(relative: Option<&pb::Relative>) -> Value {
    relative.map_or(Value::Null, |relative| {
        json!({
            "full_name": relative.full_name,
            "personal_number": relative.personal_number,
            "nationality": relative.nationality,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_shown() {
        let record = pb::Citizen {
            full_name: "Trần Thu Hà".into(),
            birth_date: Some(pb::Date {
                year: 1948,
                month: 0,
                day: 0,
            }),
            ..Default::default()
        };
        let shown = Shown {
            verdict: vec![("outcome", json!("FOUND")), ("cause", Value::Null)],
            citizen: Some(citizen(&record)),
            header: header(None),
        };
        assert_eq!(shown.object()["citizen"]["birth_date"], "1948");
        assert_eq!(
            shown.table(Lang::En).text(),
            "field       value\noutcome     FOUND\nfull_name   Trần Thu Hà\nbirth_date  1948\n"
        );
    }
}
