//! Backup and restore of a service in use, as the guide for operators tells them: by the very
//! commands, into empty databases; and what is said of entries that the backup had not.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dancu_tests::bench::processes::Server;
use dancu_tests::country::Plan;
use dancu_tests::country::signals::within;
use dancu_tests::scene::{PATIENCE, Scene};
use dancu_tests::{ledger, ops, stage};

fn done(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    let status = status.expect("the client programs of PostgreSQL are there");
    assert!(status.success(), "{program} {}", arguments[0]);
}

fn dump(url: &str, file: &Path) {
    let file = format!("--file={}", file.display());
    done("pg_dump", &["--format=custom", &file, url]);
}

fn restore(url: &str, file: &Path) {
    let to = format!("--dbname={url}");
    let file = file.to_str().expect("a path of ours");
    done("pg_restore", &["--no-owner", "--exit-on-error", &to, file]);
}

fn serve(folder: &Path, registry: &str, ledger: &str) -> Command {
    let mut command = Command::new(stage::binary());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"])
        .args(["--instance", "a", "--seed", "7", "--citizens", "2000"])
        .arg("--keys")
        .arg(folder.join("keys"))
        .arg("--data")
        .arg(folder.join("a"))
        .env("DANCU_REGISTRY_URL", registry)
        .env("DANCU_LEDGER_URL", ledger)
        .stdin(Stdio::null());
    command
}

fn counted(url: &str) -> u64 {
    ledger::with_postgres(url, async |store| {
        use dancu_ledger::BlockStore as _;
        let standing = store.standing().await.expect("the ledger can be read");
        standing.counts.iter().map(|of| of.row.count).sum()
    })
}

#[test]
fn what_was_backed_up_in_use_is_restored_and_what_was_lost_is_told() {
    let mut scene = Scene::raise(&Plan::default());
    let folder = scene.country.folder().to_owned();
    let (of_registry, of_ledger) = (folder.join("registry.dump"), folder.join("ledger.dump"));
    // Under load, the registry first.
    dump(&scene.country.registry, &of_registry);
    scene.go_on(Duration::from_millis(300));
    dump(&scene.country.ledger, &of_ledger);
    scene.flows(PATIENCE);
    scene.stop_callers();
    assert!(scene.country.instances[0].terminate().success());

    let parts = &scene.country.parts;
    let (registry, ledger) = (parts.fresh_database(), parts.fresh_database());
    restore(&registry, &of_registry);
    restore(&ledger, &of_ledger);
    let (kept, all) = (counted(&ledger), counted(&scene.country.ledger));
    assert!(0 < kept && kept < all, "{kept} of {all}");

    // The last checkpoints vouch for what came after the backup: nobody goes on unknowingly.
    let mut unknowingly = serve(&folder, &registry, &ledger);
    let started = Server::start(unknowingly.stderr(Stdio::null()));
    assert!(started.is_err(), "it goes on without a word");
    let refused = serve(&folder, &registry, &ledger).output();
    let refused = refused.expect("the binary runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("but a checkpoint vouches for"), "{said}");
    let found = scene.country.instances[0].audit(&ledger).unwrap_err();
    assert!(found.contains("cut off"), "{found}");

    // Knowingly: the file is put aside.
    let checkpoints = folder.join("a/checkpoints.log");
    std::fs::rename(&checkpoints, folder.join("evidence.log")).expect("it is there");
    let mut command = serve(&folder, &registry, &ledger);
    let mut server = Server::start(command.arg("--new-checkpoints")).expect("it starts");
    let at = server.ops.expect("the binary tells its second port");
    let ready = || ops::try_get(at, "/readyz").is_ok_and(|page| page.contains("200 OK"));
    assert!(
        within(PATIENCE, ready),
        "it does not serve what was restored"
    );
    assert!(server.terminate().expect("it ends").success());
    scene.country.instances[0]
        .audit(&ledger)
        .expect("what was restored is whole");
    assert_eq!(counted(&ledger), kept);
}
