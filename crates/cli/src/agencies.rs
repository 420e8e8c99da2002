//! `dancu agencies`: who may call, with which sandbox key.

use std::path::PathBuf;

use clap::Args;
use dancu_domain::AgencyKind;
use dancu_population::Nation;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::{Form, Table, print, print_json};
use crate::words::Lang;

/// Lists the agencies and their sandbox keys. The keys are good on loopback only.
#[derive(Args, Clone, Debug)]
pub(crate) struct Agencies {
    /// The data directory whose nation's keys are listed; without a nation in it, those of the
    /// seed.
    #[arg(long, env = "DANCU_DATA", default_value = ".dancu")]
    data: PathBuf,
    /// The nation's seed, in place of that in the data directory.
    #[arg(long, env = "DANCU_SEED")]
    seed: Option<u64>,
    /// Only agencies of this kind.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

/// The kinds of agencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Bộ, ngành.
    Ministry,
    /// Tỉnh, thành phố.
    Province,
    /// Cơ sở khám chữa bệnh.
    HealthFacility,
}

impl Kind {
    const fn agency_kind(self) -> AgencyKind {
        match self {
            Self::Ministry => AgencyKind::Ministry,
            Self::Province => AgencyKind::Province,
            Self::HealthFacility => AgencyKind::HealthFacility,
        }
    }
}

impl Agencies {
    /// Prints the list.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let keys = match self.seed {
            Some(seed) => Nation::new(seed, 1).sandbox_keys(),
            None => match dancu_server::audit::sandbox_keys(&self.data) {
                Ok((_, keys)) => keys,
                Err(dancu_server::audit::LookError::NoNation) => {
                    Nation::new(dancu_server::DEFAULT_SEED, 1).sandbox_keys()
                }
                Err(error) => {
                    let doing = lang.of("mở thư mục dữ liệu", "open the data directory");
                    return Err(Failure::unable(doing, &error, lang));
                }
            },
        };
        let wanted = self.kind.map(Kind::agency_kind);
        let agencies = Nation::agencies();
        let named = keys.iter().filter_map(|key| {
            let agency = agencies.iter().find(|agency| agency.code == key.agency)?;
            wanted
                .is_none_or(|kind| agency.kind == kind)
                .then_some((agency, key))
        });
        match form {
            Form::Json => {
                let list: Vec<Value> = named
                    .map(|(agency, key)| {
                        json!({
                            "code": agency.code.text(),
                            "name": agency.name,
                            "kind": agency.kind.word(),
                            "assumed": agency.assumed,
                            "state": key.state.word(),
                            "key": key.key,
                            "officer": key.officer,
                            "procedure": key.procedure,
                        })
                    })
                    .collect();
                print_json(&json!({ "agencies": list }));
            }
            Form::Table => {
                let heading = match lang {
                    Lang::Vi => [
                        "mã",
                        "tên",
                        "loại",
                        "trạng thái",
                        "cán bộ",
                        "thủ tục",
                        "khóa",
                    ],
                    Lang::En => [
                        "code",
                        "name",
                        "kind",
                        "state",
                        "officer",
                        "procedure",
                        "key",
                    ],
                };
                let mut table = Table::new(&[0, 1, 2, 3, 4, 5, 6], &heading);
                for (agency, key) in named {
                    table.row([
                        agency.code.text(),
                        &agency.name,
                        lang.word(agency.kind.word()),
                        lang.word(key.state.word()),
                        &key.officer,
                        &key.procedure,
                        &key.key,
                    ]);
                }
                print(&table.fitting());
            }
        }
        Ok(())
    }
}
