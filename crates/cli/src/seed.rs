//! `dancu seed`: makes the nation without serving it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use clap::Args;
use dancu_server::StartError;
use serde_json::json;

use crate::causes::chain;
use crate::choosing::Choosing;
use crate::edge;
use crate::exit::Failure;
use crate::output::{Form, print, print_json};
use crate::real_looking;
use crate::seeding;
use crate::words::Lang;

/// Makes a nation in the registry of the configuration, a file or PostgreSQL, without serving it.
/// What was ended in the middle is gone on with by the same command, and refused to any other; a
/// complete nation is never touched.
#[derive(Args, Clone, Debug)]
pub(crate) struct Seed {
    #[command(flatten)]
    choosing: Choosing,
    /// Remove what an unfinished seeding left, of this nation or another, and begin anew.
    #[arg(long)]
    anew: bool,
}

impl Seed {
    /// Makes the nation.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let config = self.choosing.settle(lang)?.config;
        let began = edge::now();
        let made = Arc::new(AtomicU64::new(0));
        let mut shown = seeding::progress(lang);
        let seen = Arc::clone(&made);
        let progress = Box::new(move |done, all| {
            seen.store(all, Relaxed);
            shown(done, all);
        });
        let meta =
            dancu_server::seed(&config, self.anew, progress).map_err(|error| match error {
                StartError::AnotherNation { .. }
                | StartError::Unfinished { .. }
                | StartError::SyntheticNumbers => Failure::Usage(chain(&error, lang)),
                other => Failure::unable(lang.of("tạo dân cư", "make the nation"), &other, lang),
            })?;
        real_looking::warn_of(&meta, lang);
        if made.load(Relaxed) == 0 {
            let words = lang.of(
                "đã có đủ dân cư ở đó, không thay đổi gì: hạt giống",
                "a complete nation is there already and was left as it is: seed",
            );
            return Err(Failure::Refused(format!(
                "{words} {}, {}",
                meta.seed,
                lang.numbers().whole(meta.citizens)
            )));
        }
        let seconds = began.elapsed().as_secs_f64();
        match form {
            Form::Json => print_json(&json!({
                "nation": meta.nation.text(),
                "seed": meta.seed,
                "citizens": meta.citizens,
                "seconds": seconds,
            })),
            Form::Table => {
                let citizens = lang.numbers().whole(meta.citizens);
                let words = lang.of("công dân, hạt giống", "citizens of seed");
                print(&format!(
                    "{citizens} {words} {}, {seconds:.1} s\n",
                    meta.seed
                ));
            }
        }
        Ok(())
    }
}
