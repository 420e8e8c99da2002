//! An answer about somebody, as fields with values: the same for the table and for JSON.

use dancu_wire::pb;
use serde_json::{Map, Value, json};

use crate::output::Table;

/// The fields of a record that were given, by their names in the contract.
pub(crate) fn citizen(record: &pb::Citizen) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |field: &str, value: Value| {
        let absent = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_i64() == Some(0),
            _ => false,
        };
        if !absent {
            fields.insert(field.to_owned(), value);
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

/// The header of an answer.
pub(crate) fn header(header: Option<&pb::AnswerHeader>) -> Value {
    let Some(header) = header else {
        return Value::Null;
    };
    json!({
        "request_id": header.request_id,
        "revision": header.revision.as_ref().map(|revision| json!({
            "nation": revision.nation,
            "number": revision.number,
        })),
        "source": word(header.source().as_str_name(), "SOURCE_"),
        "receipt": header.receipt.as_ref().map(|receipt| json!({
            "writer": receipt.writer,
            "first_index": receipt.first_index,
            "count": receipt.count,
        })),
    })
}

/// The word of an enum without its prefix; null where it is unspecified.
pub(crate) fn word(name: &str, prefix: &str) -> Value {
    match name.strip_prefix(prefix).unwrap_or(name) {
        "UNSPECIFIED" => Value::Null,
        word => json!(word),
    }
}

/// Fields and values under each other. Nested fields stand with dots.
pub(crate) fn table(fields: &Map<String, Value>, heading: [&str; 2]) -> Table {
    let mut table = Table::new(&[0, 1], &heading);
    flatten(&mut table, "", fields);
    table
}

fn flatten(table: &mut Table, prefix: &str, fields: &Map<String, Value>) {
    for (field, value) in fields {
        let name = format!("{prefix}{field}");
        match value {
            Value::Null => {}
            Value::Object(inner) => flatten(table, &format!("{name}."), inner),
            Value::String(text) => table.row([name, text.clone()]),
            other => table.row([name, other.to_string()]),
        }
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
        let fields = citizen(&record);
        assert_eq!(fields.len(), 2);
        assert_eq!(fields["birth_date"], "1948");
        assert_eq!(
            table(&fields, ["field", "value"]).text(),
            "field       value\nbirth_date  1948\nfull_name   Trần Thu Hà\n"
        );
    }
}
