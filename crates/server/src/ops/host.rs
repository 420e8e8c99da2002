//! What the system says of this process; nothing where it does not say it.

use super::list::{CPU, MAX_FDS, Metric, OPEN_FDS, RESIDENT, START_TIME, THREADS};
use super::text::{Family, Figure, Row};
use crate::transport::accept::descriptor_limit;

/// Clock ticks of `/proc` are hundredths of a second on every Linux of today.
const TICKS: f64 = 100.0;

/// The figures of this process.
pub(crate) fn families() -> Vec<Family> {
    let stat = Stat::read();
    let figures: [(&'static Metric, Option<f64>); 6] = [
        (&CPU, stat.as_ref().map(|stat| stat.cpu_seconds)),
        (&RESIDENT, resident_bytes()),
        (&OPEN_FDS, open_descriptors()),
        (&MAX_FDS, descriptor_limit().map(|n| n as f64)),
        (&THREADS, stat.as_ref().map(|stat| stat.threads)),
        (&START_TIME, stat.as_ref().and_then(Stat::began)),
    ];
    figures
        .into_iter()
        .map(|(metric, figure)| Family {
            metric,
            rows: figure
                .into_iter()
                .map(|number| Row {
                    labels: Vec::new(),
                    figure: Figure::Number(number),
                })
                .collect(),
        })
        .collect()
}

struct Stat {
    cpu_seconds: f64,
    threads: f64,
    began_ticks: f64,
}

impl Stat {
    fn read() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The name stands in brackets and may hold anything, brackets too.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<f64> = rest
            .split_whitespace()
            .skip(1)
            .map_while(|field| field.parse().ok())
            .collect();
        // `fields[0]` is the fourth field of proc_pid_stat(5).
        let field = |n: usize| fields.get(n - 4).copied();
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / TICKS,
            threads: field(20)?,
            began_ticks: field(22)?,
        })
    }

    fn began(&self) -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
        Some(line.trim().parse::<f64>().ok()? + self.began_ticks / TICKS)
    }
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

fn open_descriptors() -> Option<f64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_all_of_it() {
        for family in families() {
            let Some(Row {
                figure: Figure::Number(number),
                ..
            }) = family.rows.first()
            else {
                panic!("nothing for {}", family.metric.name);
            };
            assert!(*number >= 0.0);
            if family.metric.name == START_TIME.name {
                assert!(*number > 1_600_000_000.0);
            }
        }
    }
}
