//! How a run is shown while it lasts, and where to look when it is over.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use dancu_load::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::edge::now;
use crate::output::tell;
use crate::seeding::watched;
use crate::words::Lang;

/// A bar on a terminal, one line elsewhere.
pub(super) fn begin(seconds: u64, lang: Lang) -> ProgressBar {
    let doing = lang.of("đang chạy", "driving");
    if !watched() {
        tell(&format!("{doing}: {seconds} s"));
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(seconds * 1000);
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(doing.to_owned());
    bar
}

/// Brings the bar up to date.
pub(super) fn tick(
    bar: &ProgressBar,
    began: Instant,
    seconds: u64,
    progress: &Progress,
    lang: Lang,
) {
    let passed = now().duration_since(began);
    bar.set_position((passed.as_millis() as u64).min(seconds * 1000));
    let numbers = lang.numbers();
    let rate = progress.answered() as f64 / passed.max(Duration::from_millis(1)).as_secs_f64();
    bar.set_message(format!(
        "{} {} {}/s {} {}",
        numbers.whole(progress.answered()),
        lang.of("đã trả lời", "answered"),
        numbers.whole(rate as u64),
        numbers.whole(progress.wrong()),
        lang.of("sai", "wrong"),
    ));
}

/// Says that a signal came and what is done about it.
pub(super) fn interrupted(bar: &ProgressBar, lang: Lang) {
    let words = lang.of(
        "nhận tín hiệu dừng: hoàn tất những gì đã gửi rồi cộng sổ",
        "told to stop: what was sent is finished and added up",
    );
    bar.suspend(|| tell(words));
}

/// Where to look next.
pub(super) fn next(
    data: &Path,
    kept: Option<(SocketAddr, Option<SocketAddr>)>,
    lang: Lang,
) -> String {
    let folder = data.display();
    let mut text = format!("\n{}\n", lang.of("Xem tiếp:", "Where to look next:"));
    let mut line = |what: &str, how: &str| {
        text.extend([format!("  {what:<10} {how}\n")]);
    };
    if let Some((grpc, ops)) = kept {
        line("gRPC", &format!("http://{grpc}"));
        if let Some(ops) = ops {
            line(
                lang.of("số đo", "metrics"),
                &format!("http://{ops}/metrics"),
            );
        }
        line(
            lang.of("số đếm", "volumes"),
            &format!("dancu volumes --server http://{grpc}"),
        );
    } else {
        line(
            lang.of("số đếm", "volumes"),
            &format!("dancu volumes --data {folder}"),
        );
        line(
            lang.of("phục vụ", "serve"),
            &format!("dancu serve --data {folder}"),
        );
    }
    line(
        lang.of("kiểm toán", "audit"),
        &format!("dancu audit verify --data {folder}"),
    );
    line(lang.of("đọc thêm", "read on"), "README.md");
    text
}
