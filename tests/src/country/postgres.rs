//! The PostgreSQL of a country: asked by psql, paused with all its children, killed and started
//! again as it was.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use super::signals::{alive, family, signal, within};

/// A PostgreSQL server that a test may hurt.
#[derive(Debug)]
pub struct PostgresPart {
    /// A superuser's URL.
    admin: String,
    /// Its data directory.
    folder: PathBuf,
    /// Its postmaster, where the test started it again: one that nobody waited for would count as
    /// running, and PostgreSQL would not start beside it.
    again: Mutex<Option<Child>>,
}

impl PostgresPart {
    /// The server that `admin`, a superuser's URL, leads to.
    pub fn at(admin: &str) -> Self {
        let folder = psql(admin, "show data_directory").expect("PostgreSQL answers");
        Self {
            admin: admin.to_owned(),
            folder: PathBuf::from(folder.trim()),
            again: Mutex::new(None),
        }
    }

    /// What a statement yields, a line a row, columns apart by `|`.
    pub fn ask(&self, statement: &str) -> String {
        psql(&self.admin, statement).expect("PostgreSQL answers")
    }

    /// The process id of its postmaster.
    pub fn id(&self) -> u32 {
        let file = std::fs::read_to_string(self.folder.join("postmaster.pid"));
        let file = file.expect("a server that runs has its file");
        let first = file
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok());
        first.expect("the file begins with the process id")
    }

    /// Stops the postmaster and all its children where they stand.
    pub fn pause(&self) {
        signal("STOP", &family(self.id()));
        // Whoever was started in between.
        signal("STOP", &family(self.id()));
    }

    /// Lets them go on.
    pub fn go_on(&self) {
        signal("CONT", &family(self.id()));
    }

    /// Kills the postmaster; its children end by themselves when they see it.
    pub fn kill_postmaster(&self) {
        let all = family(self.id());
        signal("KILL", &all[..1]);
        self.wait();
        let gone = within(Duration::from_secs(10), || !all.iter().any(|id| alive(*id)));
        if !gone {
            signal("KILL", &all);
        }
    }

    /// Stops it as `pg_ctl stop -m immediate` does: no checkpoint, recovery at the next start.
    pub fn stop_immediately(&self) {
        let all = family(self.id());
        signal("QUIT", &all[..1]);
        self.wait();
        let gone = within(Duration::from_secs(10), || !all.iter().any(|id| alive(*id)));
        assert!(gone, "PostgreSQL outlived an immediate stop");
    }

    /// Starts it again with the arguments that it had.
    pub fn start(&self) {
        let options = std::fs::read_to_string(self.folder.join("postmaster.opts"))
            .expect("a server that ran left its arguments");
        let mut words = words(&options).into_iter();
        let program = words.next().expect("the first is the program");
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.folder.join("again.log"))
            .expect("a log can be written");
        let mut command = as_owner(&self.folder);
        command
            .arg(program)
            .args(words)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut child: Option<Child> = None;
        let up = within(Duration::from_mins(2), || {
            // A start right after a kill may find the memory of the last one still held.
            let child = child.get_or_insert_with(|| {
                let child = command.spawn();
                child.expect("PostgreSQL starts again")
            });
            let ended = child.try_wait().is_ok_and(|ended| ended.is_some());
            if ended {
                std::thread::sleep(Duration::from_millis(100));
                *child = command.spawn().expect("PostgreSQL starts again");
            }
            psql(&self.admin, "select 1").is_ok()
        });
        assert!(up, "PostgreSQL does not answer again");
        *self.again.lock().expect("nobody panics with it") = child;
    }

    /// Waits for the end of a postmaster that the test started.
    fn wait(&self) {
        let again = self.again.lock().expect("nobody panics with it").take();
        if let Some(mut child) = again {
            child.wait().ok();
        }
    }

    /// Ends every connection but the one that asks.
    pub fn terminate_backends(&self) -> u32 {
        let ended = self.ask(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where backend_type = 'client backend' and pid <> pg_backend_pid()",
        );
        ended.trim().parse().expect("it is a count")
    }
}

/// What `psql` says to a statement at `url`.
pub fn psql(url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new("psql")
        .args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            url,
            "-c",
            statement,
        ])
        .env("PGCONNECT_TIMEOUT", "5")
        .stdin(Stdio::null())
        .output()
        .expect("psql runs");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A command that runs as the owner of `folder`: PostgreSQL refuses to run as root.
pub fn as_owner(folder: &Path) -> Command {
    let owner = std::fs::metadata(folder).expect("the folder is there");
    let own = std::fs::metadata("/proc/self").expect("this process is there");
    if owner.uid() == own.uid() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={}", owner.uid()))
        .arg(format!("--regid={}", owner.gid()))
        .args(["--clear-groups", "--"]);
    command
}

/// The words of `postmaster.opts`: the program, then its arguments in quotation marks.
fn words(options: &str) -> Vec<String> {
    let (program, rest) = options
        .trim()
        .split_once(' ')
        .unwrap_or((options.trim(), ""));
    let quoted = rest.split('"').skip(1).step_by(2).map(str::to_owned);
    std::iter::once(program.to_owned()).chain(quoted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_a_server_are_read_back() {
        assert_eq!(
            words("/usr/lib/postgres \"-D\" \"/a b/c\" \"-p\" \"5433\"\n"),
            ["/usr/lib/postgres", "-D", "/a b/c", "-p", "5433"]
        );
        assert_eq!(words("postgres"), ["postgres"]);
    }
}
