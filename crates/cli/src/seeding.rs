//! How the making of a nation is shown: a bar on a terminal, a line a tenth elsewhere.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::output::tell;
use crate::words::Lang;

/// Nations of fewer citizens are made before anybody wonders how far it has got.
const WORTH_A_LINE: u64 = 100_000;

/// A progress for the server's start. Nothing is shown where the nation is there already.
pub(crate) fn progress(lang: Lang) -> dancu_server::Progress {
    if !watched() {
        return lines(lang);
    }
    let mut bar: Option<ProgressBar> = None;
    Box::new(move |done, all| {
        let shown = bar.get_or_insert_with(|| begin(all, lang));
        shown.set_position(done);
        if done >= all {
            shown.finish_and_clear();
        }
    })
}

/// A line at the beginning, which says where an earlier attempt had got to, and one a tenth.
fn lines(lang: Lang) -> dancu_server::Progress {
    let mut next = None;
    Box::new(move |done, all| {
        let [whole, made] = [all, done].map(|number| lang.numbers().whole(number));
        let step = (all / 10).max(WORTH_A_LINE);
        match next {
            None => {
                let mut text = format!("{}: {whole}", doing(lang));
                if done > 0 {
                    let on = lang.of("tiếp tục, đã có", "going on, there are");
                    let _ = write!(text, "; {on} {made}");
                }
                tell(&text);
            }
            Some(next) if done >= next && done < all => tell(&format!("{made}/{whole}")),
            Some(_) => return,
        }
        next = Some((done / step + 1) * step);
    })
}

fn doing(lang: Lang) -> &'static str {
    lang.of("đang tạo dân cư", "making the nation")
}

/// Whether somebody watches standard error.
pub(crate) fn watched() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}

/// The bar.
fn begin(all: u64, lang: Lang) -> ProgressBar {
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
    bar.set_message(doing(lang).to_owned());
    bar
}
