//! About whom a person at a terminal asks, and under which envelope.

use clap::Args;
use dancu_domain::{AgencyCode, BirthDate, IdKey, Purpose};
use dancu_load::callers::dossier_of;
use dancu_population::Nation;
use dancu_wire::pb;

use crate::edge::fresh_id;
use crate::exit::Failure;
use crate::reach::Reach;
use crate::real_looking::Numbering;
use crate::words::Lang;

/// The claims and the envelope.
#[derive(Args, Clone, Debug)]
pub(crate) struct Who {
    /// The number: twelve digits, or nine of a CMND.
    #[arg(long, required_unless_present = "persona")]
    number: Option<String>,
    /// The full name: family, middle, given.
    #[arg(long)]
    name: Option<String>,
    /// The birth date as far as it is known: YYYY, YYYY-MM or YYYY-MM-DD.
    #[arg(long, value_parser = birth_date)]
    born: Option<BirthDate>,
    /// Claim what the list of personas says, by key or the beginning of one; see `dancu personas`.
    #[arg(long, conflicts_with_all = ["number", "name", "born"])]
    persona: Option<String>,
    #[command(flatten)]
    numbering: Numbering,
    /// Why it is asked.
    #[arg(long, value_enum, default_value_t = Reason::Procedure)]
    purpose: Reason,
    /// The officer; left out, one whom the agency's licence covers.
    #[arg(long)]
    officer: Option<String>,
    /// The procedure; left out, one that the agency's licence covers.
    #[arg(long)]
    procedure: Option<String>,
    /// The dossier; left out, one of the agency.
    #[arg(long)]
    dossier: Option<String>,
    /// The unit within the agency.
    #[arg(long, default_value = "")]
    unit: String,
    /// The request's own id; left out, a fresh one.
    #[arg(long)]
    request_id: Option<String>,
    /// Ask for an answer as of the moment of asking.
    #[arg(long)]
    fresh: bool,
}

/// The purposes under which people are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Reason {
    /// A dossier of an administrative procedure.
    Procedure,
    /// A patient at the counter of a health facility.
    HealthCheckIn,
    /// An agency cleans its own rows.
    DataCleaning,
}

impl Reason {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Procedure => Purpose::AdministrativeProcedure,
            Self::HealthCheckIn => Purpose::HealthCheckIn,
            Self::DataCleaning => Purpose::DataCleaning,
        }
    }
}

impl Who {
    /// The claims as the contract carries them; what is wrong with them the service tells.
    pub(crate) fn claims(&self, lang: Lang) -> Result<pb::Claims, Failure> {
        if let Some(key) = &self.persona {
            let personas = self.numbering.of(&Nation::new(0, 1)).personas();
            let exact = personas.iter().find(|p| p.key == key.as_str());
            let mut like = personas.iter().filter(|p| p.key.starts_with(key.as_str()));
            let persona = match (exact, like.next(), like.next()) {
                (Some(persona), ..) | (None, Some(persona), None) => persona,
                _ => {
                    let words = lang.of(
                        "không có đúng một nhân vật",
                        "there is not one persona of this key",
                    );
                    let see = lang.of("xem", "see");
                    let none = format!("--persona: {words}; {see} `dancu personas`");
                    return Err(Failure::Usage(none));
                }
            };
            return Ok(pb::Claims {
                number: Some(match persona.claims.key {
                    IdKey::Personal(id) => pb::claims::Number::PersonalNumber(id.text()),
                    IdKey::Legacy(id) => pb::claims::Number::LegacyNumber(id.text()),
                }),
                full_name: persona.claimed_name.to_owned(),
                birth_date: persona.claims.birth.map(date),
            });
        }
        let number = self.number.clone().map(|text| match text.len() {
            9 => pb::claims::Number::LegacyNumber(text),
            _ => pb::claims::Number::PersonalNumber(text),
        });
        Ok(pb::Claims {
            number,
            full_name: self.name.clone().unwrap_or_default(),
            birth_date: self.born.map(date),
        })
    }

    /// The envelope: what was given, and for the rest what a sandbox's officer would fill in.
    pub(crate) fn context(&self, reach: &Reach, lang: Lang) -> pb::RequestContext {
        let purpose = self.purpose.purpose();
        let (officer, procedure, dossier) = purpose.requires();
        let usual = reach.sandbox_key(lang).ok();
        let fill = |given: &Option<String>, wanted: bool, usual: Option<String>| {
            let usual = usual.filter(|_| wanted).unwrap_or_default();
            given.clone().unwrap_or(usual)
        };
        let day = Nation::new(0, 1).reference_date();
        let number = AgencyCode::parse(&reach.agency, "agency").ok();
        let number = number.map(|agency| dossier_of(agency, day, 1));
        pb::RequestContext {
            request_id: self
                .request_id
                .clone()
                .unwrap_or_else(|| format!("cli-{}", fresh_id())),
            officer: fill(
                &self.officer,
                officer,
                usual.as_ref().map(|key| key.officer.clone()),
            ),
            procedure: fill(
                &self.procedure,
                procedure,
                usual.as_ref().map(|key| key.procedure.clone()),
            ),
            dossier: fill(&self.dossier, dossier, number),
            purpose: i32::from(purpose.code()),
            unit: self.unit.clone(),
        }
    }

    /// How fresh the answer must be.
    pub(crate) fn freshness(&self) -> Option<pb::Freshness> {
        self.fresh.then_some(pb::Freshness {
            requirement: Some(pb::freshness::Requirement::FullyConsistent(true)),
        })
    }
}

fn date(birth: BirthDate) -> pb::Date {
    let (year, month, day) = birth.parts();
    pb::Date {
        year: year.into(),
        month: month.into(),
        day: day.into(),
    }
}

/// Reads YYYY, YYYY-MM or YYYY-MM-DD.
fn birth_date(text: &str) -> Result<BirthDate, String> {
    let wrong = || "it must be YYYY, YYYY-MM or YYYY-MM-DD".to_owned();
    let mut parts = [0; 3];
    let given: Vec<&str> = text.split('-').collect();
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if given.len() > 3 || given[0].len() != 4 || !given.iter().all(|part| digits(part)) {
        return Err(wrong());
    }
    for (part, text) in parts.iter_mut().zip(&given) {
        *part = text.parse().map_err(|_| wrong())?;
        if *part == 0 {
            return Err(wrong());
        }
    }
    BirthDate::from_parts(parts[0], parts[1], parts[2], "born")
        .map_err(|_| "the calendar has no such day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_date_is_read_as_far_as_it_is_known() {
        assert_eq!(birth_date("1948"), Ok(BirthDate::Year(1948)));
        assert_eq!(birth_date("1948-02"), Ok(BirthDate::Month(1948, 2)));
        assert_eq!(birth_date("1985-03-14").unwrap().packed(), 19_850_314);
        for wrong in [
            "",
            "85",
            "1985-00",
            "1985-2-30",
            "1985-13",
            "14/03/1985",
            "1985-1-1-1",
        ] {
            assert!(birth_date(wrong).is_err(), "{wrong}");
        }
    }
}
