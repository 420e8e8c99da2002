//! How the making of a nation is shown: a bar on a terminal, one line elsewhere.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::output::tell;
use crate::words::Lang;

/// A progress for the server's start. Nothing is shown where the nation is there already.
pub(crate) fn progress(lang: Lang) -> dancu_server::Progress {
    let mut bar: Option<ProgressBar> = None;
    Box::new(move |done, all| {
        let shown = bar.get_or_insert_with(|| begin(all, lang));
        shown.set_position(done);
        if done >= all {
            shown.finish_and_clear();
        }
    })
}

/// Whether somebody watches standard error.
pub(crate) fn watched() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}

fn begin(all: u64, lang: Lang) -> ProgressBar {
    let doing = lang.of("đang tạo dân cư", "making the nation");
    if !watched() {
        tell(&format!("{doing}: {}", lang.numbers().whole(all)));
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(all);
    let numbers = lang.numbers();
    let style = ProgressStyle::with_template("{msg} {wide_bar} {how_far}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key(
            "how_far",
            move |state: &ProgressState, out: &mut dyn Write| {
                let (done, rate) = (state.pos(), state.per_sec() as u64);
                let [done, all, rate] = [done, all, rate].map(|number| numbers.whole(number));
                let _ = write!(out, "{done}/{all} {rate}/s");
            },
        );
    bar.set_style(style);
    bar.set_message(doing.to_owned());
    bar
}
