//! `dancu recording`: what is in recordings of traffic, and recordings made out of other logs.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use dancu_load::replay::{Damage, ImportError, RecordingError, Seen, import, look};
use dancu_population::Nation;
use serde_json::json;

use crate::edge::fresh_id;
use crate::exit::Failure;
use crate::output::{Form, Table, print, print_json};
use crate::real_looking::Numbering;
use crate::words::Lang;

/// Shows what is in recordings of traffic, and makes them out of other logs.
#[derive(Args, Clone, Debug)]
pub(crate) struct Recording {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Shows what is in recordings; of a damaged file, what stands before the damage. Exits with 1
    /// if one is damaged. Empty files are passed over.
    Show {
        /// The files.
        #[arg(required = true, value_name = "RECORDING")]
        recordings: Vec<PathBuf>,
    },
    /// Makes a recording out of a log of JSON lines, whose form stands in `proto/README.md`.
    Import {
        /// The log.
        log: PathBuf,
        /// The recording, which must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Citizens of the nation that the log is about.
        #[arg(long, env = "DANCU_CITIZENS", default_value_t = dancu_server::DEFAULT_CITIZENS)]
        citizens: u64,
        /// The seed of that nation.
        #[arg(long, env = "DANCU_SEED", default_value_t = dancu_server::DEFAULT_SEED)]
        seed: u64,
        #[command(flatten)]
        numbering: Numbering,
    },
}

impl Recording {
    /// Does it.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        match &self.what {
            What::Show { recordings } => show(recordings, form, lang),
            What::Import {
                log,
                out,
                citizens,
                seed,
                numbering,
            } => {
                let nation = numbering.of(&Nation::new(*seed, *citizens));
                make(log, out, &nation, form, lang)
            }
        }
    }
}

fn show(recordings: &[PathBuf], form: Form, lang: Lang) -> Result<(), Failure> {
    let seen = look(recordings).map_err(|error| failed(&error, lang))?;
    match form {
        Form::Json => print_json(&serde_json::to_value(&seen).map_err(|error| {
            Failure::unable(lang.of("ghi kết quả", "write what was seen"), &error, lang)
        })?),
        Form::Table => print(&text(&seen, lang)),
    }
    if seen.damaged.is_empty() {
        Ok(())
    } else {
        Err(Failure::Wrong)
    }
}

/// Where a file is damaged.
fn damaged(damage: &Damage, lang: Lang) -> String {
    let numbers = lang.numbers();
    format!(
        "{}: {} {} {}, {} {} {}, {} {} {}: {}",
        damage.file,
        lang.of("hỏng sau", "damaged behind"),
        numbers.whole(damage.messages),
        lang.of("thông điệp", "messages"),
        lang.of("tại byte", "at byte"),
        numbers.whole(damage.byte),
        lang.of("sau khi giải nén", "of what it holds unpacked"),
        lang.of("gần byte", "near byte"),
        numbers.whole(damage.near),
        lang.of("của tệp", "of the file"),
        damage.why,
    )
}

fn failed(error: &RecordingError, lang: Lang) -> Failure {
    match error {
        RecordingError::Unreadable(..) => Failure::unable(
            lang.of("đọc bản ghi", "look into the recording"),
            error,
            lang,
        ),
        _ => Failure::Usage(error.to_string()),
    }
}

fn text(seen: &Seen, lang: Lang) -> String {
    let numbers = lang.numbers();
    let mut table = Table::new(
        &[0, 1],
        &["", lang.of("kết quả", "outcome"), lang.of("mục", "items")],
    );
    for (verb, outcomes) in &seen.outcomes {
        for (outcome, n) in outcomes {
            let word = lang.word(outcome).to_owned();
            table.row([verb.clone(), word, numbers.whole(*n)]);
        }
    }
    let mut lines = vec![table.text()];
    let seconds = seen.micros as f64 / 1e6;
    let counts = [
        (lang.of("tệp", "files"), seen.files),
        (lang.of("thông điệp", "messages"), seen.messages),
        (lang.of("mục", "items"), seen.items),
        (lang.of("cơ quan", "agencies"), seen.agencies.len() as u64),
        (lang.of("mất khi ghi", "not recorded"), seen.missing),
        (lang.of("tệp rỗng", "files empty"), seen.empty.len() as u64),
        (lang.of("tệp bị cắt", "files cut off"), seen.cut),
        (lang.of("tệp bị thiếu", "files missing"), seen.parts_missing),
        (
            lang.of("tệp bị hỏng", "files damaged"),
            seen.damaged.len() as u64,
        ),
    ];
    let counts: Vec<String> = counts
        .iter()
        .map(|(word, n)| format!("{word} {}", numbers.whole(*n)))
        .collect();
    lines.push(format!("{}; {seconds:.3} s", counts.join(", ")));
    for (reason, n) in &seen.reasons {
        lines.push(format!("{reason} {}", numbers.whole(*n)));
    }
    lines.push(format!(
        "{} {} {}, {} {}, {} {}",
        numbers.whole(seen.citizens),
        lang.of("công dân, hạt giống", "citizens of seed"),
        seen.seed,
        lang.of("quốc gia", "nation"),
        seen.nation,
        lang.of("phiên bản dữ liệu", "from revision"),
        seen.revision,
    ));
    lines.extend(seen.empty.iter().map(|file| {
        let why = lang.of(
            "rỗng, không có gì được ghi",
            "empty, nothing was recorded in it",
        );
        format!("{file}: {why}")
    }));
    lines.extend(seen.damaged.iter().map(|damage| damaged(damage, lang)));
    lines.join("\n") + "\n"
}

fn make(log: &Path, out: &Path, nation: &Nation, form: Form, lang: Lang) -> Result<(), Failure> {
    let unable = |error: std::io::Error, path: &Path| {
        let doing = format!("{} {}", lang.of("mở", "open"), path.display());
        Failure::unable(&doing, &error, lang)
    };
    let from = File::open(log).map_err(|error| unable(error, log))?;
    let into = File::create_new(out).map_err(|error| unable(error, out))?;
    let recording = u64::from_str_radix(&fresh_id(), 16).unwrap_or(0);
    let imported = import(
        BufReader::new(from),
        BufWriter::new(into),
        nation,
        recording,
    );
    let imported = imported.map_err(|error| {
        // What was begun is of no use to anybody.
        let _ = std::fs::remove_file(out);
        match error {
            ImportError::Line(..) => Failure::Usage(format!("{}: {error}", log.display())),
            error @ ImportError::File(_) => {
                Failure::unable(lang.of("nhập nhật ký", "import the log"), &error, lang)
            }
        }
    })?;
    match form {
        Form::Json => print_json(&json!({
            "messages": imported.messages,
            "items": imported.items,
        })),
        Form::Table => print(&format!(
            "{} {}, {} {}\n",
            lang.numbers().whole(imported.messages),
            lang.of("thông điệp", "messages"),
            lang.numbers().whole(imported.items),
            lang.of("mục", "items"),
        )),
    }
    Ok(())
}
