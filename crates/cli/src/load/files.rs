//! The files of a run: written, read again, merged and held beside each other.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use dancu_load::account::{Account, Compared, Described};
use serde_json::{Value, json};

use super::place;
use crate::edge::wall;
use crate::exit::Failure;
use crate::words::Lang;

/// Where the account of a run goes, and what it is held beside.
#[derive(Args, Clone, Debug)]
pub(crate) struct Files {
    /// Write the whole account as JSON; it can be merged and compared later.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the intervals as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the intervals as an HDR log.
    #[arg(long, value_name = "FILE")]
    hdr: Option<PathBuf>,
    /// Write one HTML page with plots, which needs nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Hold the run beside an earlier one, from its JSON.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// The change in per cent that is taken for noise at least.
    #[arg(long, default_value_t = 10.0)]
    noise: f64,
}

impl Files {
    /// Looks whether every file can be written, before a run that would else be in vain, and reads
    /// the earlier run, whose file may be the one that is written. A file that was not there is not
    /// left behind.
    pub(crate) fn look(&self, lang: Lang) -> Result<Option<Account>, Failure> {
        let wanted = [&self.json, &self.csv, &self.hdr, &self.html];
        let mut ends: Vec<PathBuf> = Vec::new();
        for path in wanted.into_iter().flatten() {
            let is_device = place::is_device(path);
            let end = if is_device {
                path.clone()
            } else {
                place::end_of(path)
            };
            if ends.iter().any(|other| place::is_one(other, &end)) {
                return Err(Failure::Usage(
                    "--json, --csv, --hdr and --html want a file each".to_owned(),
                ));
            }
            place::look(&end).map_err(|error| unwritten(path, &error, lang))?;
            if !is_device {
                ends.push(end);
            }
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            return Err(Failure::Usage("--noise is a number from 0 on".to_owned()));
        }
        let earlier = self.compare.as_ref();
        earlier.map(|path| read(path, lang)).transpose()
    }

    /// Writes every file that was asked for, with what else belongs into the JSON under a name of its
    /// own. Where one cannot be written, the others are.
    pub(crate) fn write(
        &self,
        account: &Account,
        more: Option<(&str, &Value)>,
        lang: Lang,
    ) -> Result<(), Failure> {
        let json = self.json.as_ref().map_or(Ok(()), |path| {
            let whole = shown(account, &[], more, lang)?;
            write(path, whole.to_string().as_bytes(), lang)
        });
        let csv = self
            .csv
            .as_ref()
            .map_or(Ok(()), |path| write(path, account.csv().as_bytes(), lang));
        let html = self
            .html
            .as_ref()
            .map_or(Ok(()), |path| write(path, account.html().as_bytes(), lang));
        json.and(csv).and(html).and(self.write_hdr(account, lang))
    }

    fn write_hdr(&self, account: &Account, lang: Lang) -> Result<(), Failure> {
        if let Some(path) = &self.hdr {
            let began = match account.began_ms() {
                Some(began) => UNIX_EPOCH + Duration::from_millis(began),
                None => {
                    let elapsed = Duration::try_from_secs_f64(account.elapsed).unwrap_or_default();
                    wall().checked_sub(elapsed).unwrap_or(UNIX_EPOCH)
                }
            };
            let log = account.hdr_log(began).map_err(|error| {
                Failure::unable(lang.of("ghi sổ HDR", "write the HDR log"), &error, lang)
            })?;
            write(path, &log, lang)?;
        }
        Ok(())
    }

    /// The account beside the earlier one, where there is one.
    pub(crate) fn compared(&self, account: &Account, earlier: Option<&Account>) -> Vec<Compared> {
        earlier.map_or_else(Vec::new, |earlier| {
            account.compare(earlier, self.noise / 100.0)
        })
    }
}

/// The account as a JSON value, with what an earlier run was beside it, and with what else belongs there
/// under a name of its own.
pub(crate) fn shown(
    account: &Account,
    compared: &[Compared],
    more: Option<(&str, &Value)>,
    lang: Lang,
) -> Result<Value, Failure> {
    let mut whole = serde_json::to_value(account).map_err(|error| {
        Failure::unable(lang.of("ghi kết quả", "write the account"), &error, lang)
    })?;
    if let Some((name, value)) = more {
        whole[name] = value.clone();
    }
    if !compared.is_empty() {
        let list = compared.iter().map(|one| {
            json!({
                "figure": one.figure,
                "earlier": one.earlier,
                "now": one.now,
                "change": one.change(),
                "noise": one.noise,
                "verdict": one.verdict(),
            })
        });
        whole["compared"] = list.collect();
    }
    Ok(whole)
}

/// The accounts of several generators as one.
pub(super) fn merged(paths: &[PathBuf], lang: Lang) -> Result<Account, Failure> {
    let mut accounts = paths.iter().map(|path| read(path, lang));
    let mut whole = accounts
        .next()
        .ok_or_else(|| Failure::Usage("--merge needs files".to_owned()))??;
    for account in accounts {
        let account = account?;
        let is_in = |run: &Described| whole.runs.iter().any(|other| other.run == run.run);
        if account.runs.iter().any(is_in) {
            return Err(Failure::Usage(
                "--merge takes each run once: two of the files have the same".to_owned(),
            ));
        }
        if let Some(what) = account.apart_from(&whole) {
            return Err(Failure::Usage(format!(
                "--merge takes the parts of one run: the files differ in {what}"
            )));
        }
        whole.merge(account);
    }
    Ok(whole)
}

fn read(path: &Path, lang: Lang) -> Result<Account, Failure> {
    let doing = format!("{} {}", lang.of("đọc", "read"), path.display());
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::unable(&doing, &error, lang))?;
    Account::read(&text).map_err(|why| Failure::Usage(format!("cannot {doing}: {why}")))
}

fn write(path: &Path, bytes: &[u8], lang: Lang) -> Result<(), Failure> {
    place::write(path, bytes).map_err(|error| unwritten(path, &error, lang))
}

fn unwritten(path: &Path, error: &std::io::Error, lang: Lang) -> Failure {
    let doing = format!("{} {}", lang.of("ghi", "write"), path.display());
    Failure::unable(&doing, error, lang)
}
