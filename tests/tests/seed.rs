//! `dancu seed` over PostgreSQL as an operator meets it: it tells how far it is, is killed in the
//! middle and gone on with, and refuses with what is wrong and an exit code.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use dancu_population::Nation;
use dancu_tests::country::held::Held;
use dancu_tests::country::postgres::psql;
use dancu_tests::country::signals::within;
use dancu_tests::stage;

/// More than one of the runs in which the citizens are committed.
const CITIZENS: u64 = 960_000;
const PATIENCE: Duration = Duration::from_mins(2);

fn seed(more: &[&str]) -> Command {
    let mut command = Command::new(stage::binary());
    command
        .arg("seed")
        .args(more)
        .env_remove("DANCU_REGISTRY_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn run(more: &[&str]) -> (Option<i32>, String, String) {
    told(&seed(more).output().expect("the binary runs"))
}

/// What every row of the registry comes to, whatever order they lie in.
fn contents(url: &str) -> String {
    let sums = "select count(*), sum(hashtextextended(citizens::text, 0)::numeric) from citizens";
    psql(url, sums).expect("the registry is there")
}

/// Kills a seeding once a part of its citizens is in; how many that are.
fn kill_halfway(mut child: Child, url: &str) -> u64 {
    let mut taken = 0;
    let halfway = within(PATIENCE, || {
        let found = psql(url, "select taken from seeding").unwrap_or_default();
        taken = found.trim().parse().unwrap_or(0);
        taken > 0
    });
    child.kill().expect("it is our own child");
    let output = child.wait_with_output().expect("it ends");
    let (code, said, log) = told(&output);
    assert!(halfway, "nothing was ever in: {said}{log}");
    assert_eq!(code, None, "it ended before it was killed: {said}{log}");
    taken
}

#[test]
fn a_seeding_that_is_killed_is_gone_on_with_and_makes_the_same_registry() {
    let parts = Held::start(&["--no-redis"]);
    let (killed, whole) = (parts.fresh_database(), parts.fresh_database());
    let citizens = CITIZENS.to_string();
    let nation = ["--seed", "7", "--citizens", &citizens];
    let with = |url: &str| [&["--registry", url][..], &nation].concat().join(" ");
    let arguments = with(&killed);
    let arguments: Vec<&str> = arguments.split(' ').collect();

    let child = seed(&arguments).spawn().expect("the binary runs");
    let taken = kill_halfway(child, &killed);
    assert!(taken < CITIZENS, "{taken}");
    let (code, said, log) = run(&arguments);
    assert_eq!(code, Some(0), "{log}");
    assert!(
        said.starts_with("960,000 citizens of seed 7, "),
        "{said}{log}"
    );
    let lines: Vec<&str> = log.lines().collect();
    let on = "making the nation: 960,000; going on, there are ";
    assert!(lines[0].starts_with(on), "{log}");
    assert!(lines.len() > 3 && lines.len() <= 10, "{log}");

    // The same by a file of settings, at one go, each tenth told.
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("dancu.toml");
    std::fs::write(&file, format!("[registry]\nurl = \"{whole}\"\n")).expect("a file is written");
    let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, own).expect("the file is ours");
    let file = file.to_str().expect("a path of ours");
    let by_file = [&["--config", file, "--output", "json"][..], &nation].concat();
    let (code, said, log) = run(&by_file);
    assert_eq!(code, Some(0), "{log}");
    assert!(said.contains("\"citizens\": 960000"), "{said}");
    assert_eq!(
        log.lines().next(),
        Some("making the nation: 960,000"),
        "{log}"
    );
    let tenths = log.lines().filter(|line| line.ends_with("/960,000"));
    assert_eq!(tenths.count(), 9, "{log}");
    assert_eq!(
        contents(&killed),
        contents(&whole),
        "what was gone on with is another registry"
    );

    let nation = Nation::new(7, CITIZENS);
    let everybody = nation.len() + nation.personas().len() as u64;
    let count = format!("{everybody}|");
    assert!(contents(&whole).starts_with(&count), "somebody is missing");

    // Once more: it is there, and is left as it is.
    let before = contents(&killed);
    let (code, said, log) = run(&arguments);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{log}");
    assert_eq!(
        log,
        "dancu: a complete nation is there already and was left as it is: seed 7, 960,000\n"
    );
    for (other, named) in [
        (["--seed", "8"], "`seed` is 7 there, and 8 is asked for"),
        (
            ["--citizens", "1000000"],
            "`citizens` is 960000 there, and 1000000 is asked for",
        ),
    ] {
        let asked = [&["--registry", &killed][..], &other].concat();
        let (code, said, log) = run(&asked);
        assert_eq!((code, said.as_str()), (Some(2), ""), "{log}");
        assert!(log.contains(named), "{log}");
        assert_eq!(log.lines().count(), 1, "{log}");
    }
    assert_eq!(
        contents(&killed),
        before,
        "a refused seeding changed something"
    );
}

/// What a command says that finds a seeding which is not its own: which it is, how far it is, and
/// both ways on; and it changes nothing.
fn refuses(mut command: Command, url: &str) {
    let before = psql(url, "select * from seeding").expect("it is not finished");
    let output = command.output().expect("the binary runs");
    let (code, said, log) = told(&output);
    assert_eq!((code, said.as_str()), (Some(2), ""), "{log}");
    let taken = before.trim().rsplit_once('|').expect("it is the last").1;
    for part in [
        &format!("seed 7, 960000 citizens, {taken} of them in"),
        "`dancu seed --seed 7 --citizens 960000`",
        "`dancu seed --anew`",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert_eq!(psql(url, "select * from seeding").as_ref(), Ok(&before));
}

#[test]
fn an_unfinished_seeding_is_not_wiped_by_whoever_wants_another_nation() {
    let parts = Held::start(&["--no-redis"]);
    let url = parts.fresh_database();
    let citizens = CITIZENS.to_string();
    let nation = ["--registry", &url, "--seed", "7", "--citizens", &citizens];
    let child = seed(&nation).spawn().expect("the binary runs");
    kill_halfway(child, &url);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut serve = Command::new(stage::binary());
    serve
        .args(["serve", "--ops", "off", "--listen", "127.0.0.1:0"])
        .args(["--registry", &url, "--data"])
        .arg(folder.path());
    refuses(serve, &url);
    let small = ["--registry", &url, "--seed", "7", "--citizens", "1280"];
    refuses(seed(&small), &url);
    refuses(
        seed(&["--registry", &url, "--seed", "8", "--citizens", &citizens]),
        &url,
    );
    let (code, said, log) = run(&[&small[..], &["--anew"]].concat());
    assert_eq!(code, Some(0), "{log}");
    assert!(said.starts_with("1,280 citizens of seed 7, "), "{said}");
    let nation = Nation::new(7, 1_280);
    let everybody = nation.len() + nation.personas().len() as u64;
    assert!(contents(&url).starts_with(&format!("{everybody}|")));
    // What is complete is not begun anew.
    let (code, _, log) = run(&[&small[..], &["--anew"]].concat());
    assert_eq!(code, Some(1), "{log}");
}

#[test]
fn a_file_that_was_not_finished_is_not_taken_for_a_wish_for_the_default_nation() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().to_str().expect("a path of ours");
    let citizens = CITIZENS.to_string();
    let large = ["--data", data, "--seed", "7", "--citizens", &citizens];
    let mut child = seed(&large).spawn().expect("the binary runs");
    let begun = folder.path().join("registry.db.unfinished");
    assert!(within(PATIENCE, || begun.exists()), "it never began");
    child.kill().expect("it is our own child");
    assert_eq!(child.wait().expect("it ends").code(), None);
    let mut serve = Command::new(stage::binary());
    serve.args([
        "serve",
        "--ops",
        "off",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
    ]);
    let mut demo = Command::new(stage::binary());
    demo.args(["demo", "--data", data]);
    let small = ["--data", data, "--seed", "7", "--citizens", "1280"];
    for mut command in [seed(&small), seed(&["--data", data]), demo, serve] {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        if !within(PATIENCE, || child.try_wait().expect("it is ours").is_some()) {
            child.kill().expect("it is our own child");
        }
        let (code, said, log) = told(&child.wait_with_output().expect("it ends"));
        assert_eq!((code, said.as_str()), (Some(2), ""), "{log}");
        for part in [
            "seed 7, 960000 citizens, 0 of them in",
            "`dancu seed --seed 7 --citizens 960000`",
            "`dancu seed --anew`",
        ] {
            assert!(log.contains(part), "{part}: {log}");
        }
    }
    let (code, said, log) = run(&[&small[..], &["--anew"]].concat());
    assert_eq!(code, Some(0), "{log}");
    assert!(said.starts_with("1,280 citizens of seed 7, "), "{said}");
}

#[test]
fn a_registry_that_cannot_be_reached_ends_with_3_and_one_that_cannot_be_named_with_2() {
    let (code, _, log) = run(&["--registry", "postgres://dancu:Chim3@127.0.0.1:1/dancu"]);
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("cannot make the nation"), "{log}");
    assert!(!log.contains("Chim3"), "{log}");
    for wrong in [
        "mysql://dancu:Chim3@127.0.0.1:1/dancu",
        "postgres://dancu:Chim3@127.0.0.1:Chim3/dancu",
        "postgres://dancu:Chim3@127.0.0.1:1/dancu?sslmode=Chim3",
        "Chim3",
    ] {
        let (code, _, log) = run(&["--registry", wrong]);
        assert_eq!(code, Some(2), "{log}");
        assert_eq!(
            log,
            "dancu: --registry: registry.url must be an address postgres://… without parameters that are not known, and without TLS, which is not spoken\n"
        );
    }
    // A database that does not let us in is out of reach too.
    let parts = Held::start(&["--no-redis"]);
    let url = parts.fresh_database();
    let (scheme, rest) = url.split_once("dancu:").expect("the parts have a password");
    let (password, rest) = rest
        .split_once('@')
        .expect("the password ends before the host");
    let (code, _, log) = run(&["--registry", &format!("{scheme}dancu:Chim3@{rest}")]);
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("password authentication failed"), "{log}");
    assert!(!log.contains("Chim3") && !log.contains(password), "{log}");
}
