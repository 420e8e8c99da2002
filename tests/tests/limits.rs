//! What limits outlive: the real binary is killed, and knows what was used and what failed.

use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::Nation;
use dancu_tests::bench::processes::Server;
use dancu_tests::country::signals::within;
use dancu_tests::limited::{Clerks, Told, away_from_midnight};
use dancu_tests::{ops, stage};

const PATIENCE: Duration = Duration::from_mins(1);
const CITIZENS: u64 = 2_000;
const SEED: u64 = 7;

/// A service with limits, over the nation and the ledger of this folder.
fn serve(folder: &std::path::Path) -> Server {
    let mut command = stage::serve_command(stage::binary(), folder, CITIZENS, SEED);
    command
        .args(["--set", "quotas.items_per_day=20"])
        .args(["--set", "guesses.per_agency=2"])
        .stderr(std::process::Stdio::null());
    let server = Server::start(&mut command).expect("the service starts");
    let address = server.ops.expect("the binary tells its second port");
    let ready = || ops::try_get(address, "/readyz?verbose").unwrap_or_default();
    let serves = within(PATIENCE, || ready().contains("limits: ok"));
    assert!(serves, "{}", ready());
    server
}

/// Indices of citizens who can be found.
fn found(nation: &Nation) -> Vec<u64> {
    let found = |index: &u64| {
        let citizen = nation.citizen(*index);
        !citizen.locked && citizen.died_on.is_none()
    };
    (0..CITIZENS).filter(found).take(4).collect()
}

#[tokio::test]
async fn a_kill_forgets_neither_what_was_used_nor_what_failed() {
    away_from_midnight();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let nation = Nation::new(SEED, CITIZENS);
    let people = found(&nation);
    let mut server = serve(folder.path());
    let clerks = Clerks::at(nation, "H26", server.address);
    for _ in 0..2 {
        assert_eq!(clerks.ask(people[0], false).await, Told::Outcomes(1, 1));
    }
    assert_eq!(clerks.ask(people[1], false).await, Told::Outcomes(1, 1));
    let told = clerks.ask(people[0], true).await;
    assert!(told.is(Reason::GuessLimitExceeded), "{told:?}");
    assert!(matches!(clerks.ask_for(100, 7).await, Told::Outcomes(7, _)));
    for _ in 0..2 {
        server.kill();
        server = serve(folder.path());
        let clerks = Clerks::at(nation, "H26", server.address);
        let told = clerks.ask(people[0], true).await;
        assert!(told.is(Reason::GuessLimitExceeded), "{told:?}");
        let told = clerks.ask_for(100, 11).await;
        assert!(told.is(Reason::DailyQuotaExceeded), "{told:?}");
    }
    // Ten are used, one more failure uses up the next number, and nine are left.
    let clerks = Clerks::at(nation, "H26", server.address);
    assert_eq!(clerks.ask(people[1], false).await, Told::Outcomes(1, 1));
    let told = clerks.ask(people[1], true).await;
    assert!(told.is(Reason::GuessLimitExceeded), "{told:?}");
    assert!(matches!(clerks.ask_for(100, 9).await, Told::Outcomes(9, _)));
    let told = clerks.ask(people[2], true).await;
    assert!(told.is(Reason::DailyQuotaExceeded), "{told:?}");
    // Another agency has a day of its own.
    let others = Clerks::at(nation, "H29", server.address);
    assert_eq!(others.ask(people[0], true).await, Told::Outcomes(1, 0));
}
