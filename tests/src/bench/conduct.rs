//! How the programs that measure are called and how they end: arguments that can be followed, files that
//! can be written, and nothing left running.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dancu_server::Signals;
use tempfile::TempDir;

use crate::country::signals::{alive, signal, within};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The longest time that is measured at once.
const LONGEST: f64 = 86_400.0;
/// How long whoever was started may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// Reads for how long something is measured, in seconds.
pub fn seconds(text: &str) -> Result<Duration, &'static str> {
    warm_up(text)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or("a number of seconds above 0, at most a day")
}

/// Reads how long something runs before it is measured, in seconds.
pub fn warm_up(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| (0.0..=LONGEST).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or("a number of seconds from 0 on, at most a day")
}

/// Reads a number of which there must be one.
pub fn some(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=1_000_000).contains(number))
        .ok_or("a number from 1 to 1,000,000")
}

/// Reads a multiple.
pub fn factor(text: &str) -> Result<f64, &'static str> {
    let factor = text.parse().ok();
    factor
        .filter(|factor| (0.01..=1_000.0).contains(factor))
        .ok_or("a number from 0.01 to 1,000")
}

/// Looks whether files can be written, before what would else be measured in vain. A file that was not
/// there is not left behind.
pub fn writable<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Failed> {
    for path in paths {
        let new = !path.exists();
        let opened = OpenOptions::new().create(true).append(true).open(path);
        opened.map_err(|error| unwritten(path, &error))?;
        if new {
            std::fs::remove_file(path).map_err(|error| unwritten(path, &error))?;
        }
    }
    Ok(())
}

/// Held while a file is written, so that a signal does not end this process in the middle of it.
static WRITING: Mutex<()> = Mutex::new(());

/// Writes one.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    std::fs::write(path, bytes).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failed {
    format!("cannot write {}: {error}", path.display()).into()
}

/// Keeps the folders of a run in one of its own. A signal ends whatever this process has started, removes
/// that folder, and then ends this process.
#[derive(Debug)]
pub struct Tidy {
    _folder: TempDir,
}

impl Tidy {
    /// From now on.
    pub fn begin() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        tempfile::env::override_temp_dir(&path).map_err(|_| "another folder is set already")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async { Signals::new().wait().await });
                end_all(&path);
            })?;
        Ok(Self { _folder: folder })
    }
}

impl Drop for Tidy {
    fn drop(&mut self) {
        // Whoever ends everything ends this as well, and says how.
        while ENDING.load(Relaxed) {
            std::thread::park();
        }
    }
}

/// Whether a signal came.
static ENDING: AtomicBool = AtomicBool::new(false);

fn end_all(folder: &Path) -> ! {
    // From here on nothing is written: what is measured now is measured of those who are ended.
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    ENDING.store(true, Relaxed);
    let started = children();
    signal("TERM", &started);
    within(GRACE, || !started.iter().any(|id| alive(*id)));
    // Also those who were started meanwhile.
    within(GRACE, || {
        let left = children();
        signal("KILL", &left);
        left.is_empty()
    });
    // What is left behind is left to the system.
    let _ = std::fs::remove_dir_all(folder);
    std::process::exit(130)
}

/// Whoever was started by any thread of this process.
fn children() -> Vec<u32> {
    let threads = std::fs::read_dir("/proc/self/task");
    let threads = threads.into_iter().flatten().flatten();
    let mut all = Vec::new();
    for thread in threads {
        let told = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        all.extend(
            told.split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_measured_is_refused() {
        assert_eq!(seconds("0.3"), Ok(Duration::from_millis(300)));
        assert_eq!(warm_up("0"), Ok(Duration::ZERO));
        for text in ["0", "-1", "NaN", "inf", "1e99", "x", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert!(warm_up("-1").is_err() && some("0").is_err() && some("8").is_ok());
        assert!(factor("0").is_err() && factor("NaN").is_err() && factor("2.5").is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_one_that_can_is_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("a.json");
        writable([&good]).unwrap();
        assert!(!good.exists());
        let bad = folder.path().join("nowhere/a.json");
        let told = writable([&good, &bad]).unwrap_err().to_string();
        assert!(told.contains("nowhere/a.json"), "{told}");
    }
}
