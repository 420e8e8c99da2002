//! `dancu personas`: the well-known people, one for each situation that a caller must handle.

use clap::Args;
use dancu_domain::IdKey;
use dancu_population::{Nation, Persona};
use serde_json::{Value, json};

use crate::output::{Form, Table, print, print_json};
use crate::real_looking::Numbering;
use crate::words::Lang;

/// Lists the well-known people of every nation.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Personas {
    #[command(flatten)]
    numbering: Numbering,
}

impl Personas {
    /// Prints the list: the same people in every nation, all of them made up.
    pub(crate) fn run(self, form: Form, lang: Lang) {
        let personas = self.numbering.of(&Nation::new(0, 1)).personas();
        match form {
            Form::Json => {
                let list: Vec<Value> = personas.iter().map(object).collect();
                print_json(&json!({ "personas": list }));
            }
            Form::Table => {
                let heading = match lang {
                    Lang::Vi => [
                        "mã",
                        "tình huống",
                        "số",
                        "họ tên gửi đi",
                        "ngày sinh",
                        "tra cứu",
                        "xác thực",
                        "ghi chú",
                    ],
                    Lang::En => [
                        "key",
                        "situation",
                        "number",
                        "name to claim",
                        "born",
                        "lookup",
                        "authenticate",
                        "note",
                    ],
                };
                let mut table = Table::new(&[0, 1, 2, 3, 4, 5, 6, 7], &heading);
                for persona in &personas {
                    table.row([
                        persona.key.to_owned(),
                        lang.of(persona.title_vi, persona.title_en).to_owned(),
                        number(persona),
                        persona.claimed_name.to_owned(),
                        born(persona),
                        lang.word(persona.lookup.word()).to_owned(),
                        lang.word(persona.authenticate.word()).to_owned(),
                        lang.of(persona.note_vi, persona.note_en).to_owned(),
                    ]);
                }
                print(&table.fitting());
            }
        }
    }
}

fn object(persona: &Persona) -> Value {
    json!({
        "key": persona.key,
        "title_vi": persona.title_vi,
        "title_en": persona.title_en,
        "note_vi": persona.note_vi,
        "note_en": persona.note_en,
        "number": number(persona),
        "full_name": persona.claimed_name,
        "birth_date": born(persona),
        "lookup": persona.lookup.word(),
        "authenticate": persona.authenticate.word(),
    })
}

fn number(persona: &Persona) -> String {
    match persona.claims.key {
        IdKey::Personal(id) => id.text(),
        IdKey::Legacy(id) => id.text(),
    }
}

fn born(persona: &Persona) -> String {
    match persona.claims.birth.map(dancu_domain::BirthDate::parts) {
        None => String::new(),
        Some((year, 0, _)) => format!("{year:04}"),
        Some((year, month, 0)) => format!("{year:04}-{month:02}"),
        Some((year, month, day)) => format!("{year:04}-{month:02}-{day:02}"),
    }
}
