//! Metrics of a side, as an operator reads them.

use std::net::SocketAddr;
use std::time::Duration;

use crate::ops::{series, try_get};

/// Reads `/metrics` ten times a second, until nobody answers any more.
pub(super) fn often(ops: SocketAddr) {
    std::thread::spawn(move || {
        while try_get(ops, "/metrics").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
}

/// Numbers asked for at the level in memory: those that it kept, and all.
pub(super) fn kept(ops: SocketAddr) -> std::io::Result<(f64, f64)> {
    const SERIES: &str = "dancu_cache_reads_total{level=\"memory\",result=\"";
    let page = try_get(ops, "/metrics")?;
    let (mut kept, mut all) = (0.0, 0.0);
    for line in page.lines() {
        let Some((result, value)) = line
            .strip_prefix(SERIES)
            .and_then(|rest| rest.split_once("\"} "))
        else {
            continue;
        };
        let value: f64 = value.trim().parse().unwrap_or(0.0);
        all += value;
        if result == "hit" {
            kept += value;
        }
    }
    Ok((kept, all))
}

/// Messages that a recording holds, and those that it dropped.
pub(super) fn recorded(ops: SocketAddr) -> std::io::Result<(f64, f64)> {
    let page = try_get(ops, "/metrics")?;
    let series = |name: &str| {
        let missing = || std::io::Error::other(format!("there is no {name}"));
        series(&page, name).ok_or_else(missing)
    };
    Ok((
        series("dancu_recording_messages_total")?,
        series("dancu_recording_dropped_total")?,
    ))
}
