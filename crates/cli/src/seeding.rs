//! How the making of a nation is shown: a bar on a terminal, one line elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

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
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(doing.to_owned());
    bar
}
