//! The live view of `dancu load` on a terminal of eighty columns and twenty-four lines.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dancu_tests::bench::processes::Server;
use dancu_tests::country::signals::within;
use dancu_tests::stage;

const PATIENCE: Duration = Duration::from_mins(2);

/// A terminal that nobody looks at.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// Opens one that runs this, with what it prints beside the screen going to a file.
    fn open(command: &str, told: &Path) -> Self {
        let socket = format!("dancu-live-{}", std::process::id());
        let terminal = Self { socket };
        let line = format!("{command} >'{}'", told.display());
        let opened = terminal.tmux(&["new-session", "-d", "-x", "80", "-y", "24", &line]);
        assert!(opened.is_some(), "tmux opens a terminal");
        terminal
    }

    /// What `tmux` says to a command; nothing where it fails, as once the terminal is gone.
    fn tmux(&self, command: &[&str]) -> Option<String> {
        let output = Command::new("tmux")
            .args(["-L", &self.socket, "-f", "/dev/null"])
            .args(command)
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .expect("tmux runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(told)
    }

    fn screen(&self) -> Option<String> {
        self.tmux(&["capture-pane", "-p"])
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// The numbers of the line that begins with this word between the borders.
fn row(screen: &str, word: &str) -> Option<Vec<String>> {
    let lines = screen.lines().map(|line| line.trim_matches('│').trim());
    let mut words = lines.map(|line| line.split_whitespace().map(str::to_owned));
    words.find_map(|mut line| (line.next()? == word).then(|| line.collect()))
}

#[test]
fn the_live_view_fits_a_small_terminal_shows_what_goes_on_and_ends_at_a_key() {
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let data = folder.path().join("data");
    let binary = stage::binary();
    let mut command = stage::serve_command(binary, &data, 2_000, 7);
    let server = Server::start(command.stderr(Stdio::null())).expect("the service starts");
    let told = folder.path().join("told");
    let load = format!(
        "'{}' load --server http://{} --citizens 2000 --seed 7 --rate 200 --time 10m --warm-up 1s \
         --connections 2 --calls 8 --stock 256",
        binary.display(),
        server.address
    );
    let terminal = Terminal::open(&load, &told);
    let mut last = String::new();
    let full = within(PATIENCE, || {
        last = terminal.screen().unwrap_or_default();
        row(&last, "all").is_some_and(|all| all.first().is_some_and(|sent| sent.len() >= 2))
    });
    assert!(full, "the view never showed what was sent:\n{last}");
    let lines: Vec<&str> = last.lines().collect();
    assert!(lines[0].starts_with("dancu load 127.0.0.1:"), "{last}");
    for word in [
        "sent/s",
        "answers/s",
        "failed",
        "missed",
        "p50",
        "p99",
        "max",
        "svc p99",
    ] {
        assert!(last.contains(word), "{word}:\n{last}");
    }
    for word in [
        "answered a second (highest ",
        "p99, from when due (highest ",
        "running",
    ] {
        assert!(last.contains(word), "{word}:\n{last}");
    }
    assert_eq!(last.matches('┌').count(), 4, "{last}");
    assert_eq!(last.matches('┘').count(), 4, "{last}");
    assert!(
        last.contains("wrong replies 0") && last.contains("q stops"),
        "{last}"
    );
    let all = row(&last, "all").expect("it was there");
    // Four counts and four latencies, each with its whole unit: no column is cut.
    assert_eq!(all.len(), 12, "{all:?}");
    let units: Vec<&str> = all[5..].iter().step_by(2).map(String::as_str).collect();
    assert!(
        units.iter().all(|unit| ["µs", "ms", "s"].contains(unit)),
        "{all:?}"
    );

    terminal.tmux(&["send-keys", "q"]);
    let ended = within(PATIENCE, || terminal.screen().is_none());
    assert!(ended, "the key was not heard:\n{:?}", terminal.screen());
    let told = std::fs::read_to_string(&told).expect("the account is told");
    assert!(told.contains("sent") && !told.contains('\u{1b}'), "{told}");
}
