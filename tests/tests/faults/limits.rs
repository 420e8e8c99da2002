//! The durable limits over PostgreSQL: instances know what the others do, and while that cannot be
//! read nothing is answered.

use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::Nation;
use dancu_tests::away::postgres::{nothing_is_answered, second, told_as};
use dancu_tests::country::instance::How;
use dancu_tests::country::postgres::psql;
use dancu_tests::country::{Country, Plan};
use dancu_tests::limited::{Clerks, Told, away_from_midnight};
use dancu_tests::proxy::Mode;
use dancu_tests::scene::{PATIENCE, Scene};

const LIMITS: &str = "
[quotas]
items_per_day = 30

[guesses]
per_agency = 2
";

fn limited(instances: &[&'static str]) -> Plan {
    Plan {
        instances: instances.to_vec(),
        more: LIMITS.to_owned(),
        ..Plan::default()
    }
}

/// Somebody who can be found, by the place in the nation.
fn somebody(nation: &Nation) -> u64 {
    let found = |index: &u64| {
        let citizen = nation.citizen(*index);
        !citizen.locked && citizen.died_on.is_none()
    };
    (500..nation.len())
        .find(found)
        .expect("most people can be found")
}

fn clerks(country: &Country, instance: usize) -> Clerks {
    clerks_of(country, "H26", instance)
}

fn clerks_of(country: &Country, agency: &str, instance: usize) -> Clerks {
    let address = country.instances[instance].address();
    Clerks::at(country.nation, agency, address)
}

/// Asks again and again until that is what is told.
async fn until(what: &str, clerks: &Clerks, index: u64, why: Reason) -> u32 {
    for asked in 0.. {
        let told = clerks.ask(index, true).await;
        if told.is(why) {
            return asked;
        }
        assert!(asked < 600, "{what}: {told:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    unreachable!("it asked often enough")
}

#[tokio::test]
async fn two_instances_know_what_the_other_answered() {
    away_from_midnight();
    let country = Country::raise(&limited(&["a", "b"]));
    for instance in &country.instances {
        instance.until_says("limits: ok", PATIENCE);
    }
    let (a, b) = (clerks(&country, 0), clerks(&country, 1));
    let one = somebody(&country.nation);
    for _ in 0..2 {
        assert_eq!(a.ask(one, false).await, Told::Outcomes(1, 1));
    }
    // What is asked meanwhile at the other is found, for a moment.
    let asked = until("what failed at a", &b, one, Reason::GuessLimitExceeded).await;
    assert!(asked < 28, "the day was used up meanwhile");
    // Twenty of thirty items at the one: eleven do not fit at the other, who has answered nothing.
    // How soon it knows is a matter of the machine, so there are three tries, each longer.
    for (agency, time) in [("H29", 3), ("G01", 10), ("G02", 40)] {
        let told = clerks_of(&country, agency, 0).ask_for(100, 20).await;
        assert!(matches!(told, Told::Outcomes(20, _)), "{told:?}");
        tokio::time::sleep(Duration::from_secs(time)).await;
        let told = clerks_of(&country, agency, 1).ask_for(200, 11).await;
        if told.is(Reason::DailyQuotaExceeded) {
            let told = clerks_of(&country, agency, 1).ask_for(200, 10).await;
            assert!(matches!(told, Told::Outcomes(10, _)), "{told:?}");
            return;
        }
    }
    panic!("b never knew what a had answered");
}

/// The second instance finds blocks of the first that it cannot read: it never knew what failed, and
/// says so until it can.
#[test]
fn nothing_is_answered_before_what_was_there_is_read() {
    away_from_midnight();
    // What is asked of an instance itself is asked without a runtime.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let plan = limited(&["a"]);
    let mut country = Country::raise(&plan);
    country.instances[0].until_says("limits: ok", PATIENCE);
    let one = somebody(&country.nation);
    let a = runtime.block_on(async { clerks(&country, 0) });
    for _ in 0..2 {
        assert_eq!(runtime.block_on(a.ask(one, false)), Told::Outcomes(1, 1));
    }
    let sql = |statement: &str| psql(&country.ledger, statement).expect("PostgreSQL answers");
    sql("alter table blocks disable trigger blocks_stay");
    sql("grant update on blocks to current_user");
    sql("create table aside as select writer, first, entries from blocks");
    sql("update blocks set entries = '\\x00'");
    country.add("b", &plan);
    let b = &country.instances[1];
    b.until_says("limits: not ok: cannot be read", PATIENCE);
    b.until_told("limits", How::Away, PATIENCE);
    let asks = runtime.block_on(async { clerks(&country, 1) });
    for index in [one, one + 1] {
        let told = runtime.block_on(asks.ask(index, true));
        assert!(told.is(Reason::LimitsUnavailable), "{told:?}");
    }
    psql(
        &country.ledger,
        "update blocks set entries = aside.entries from aside \
         where aside.writer = blocks.writer and aside.first = blocks.first",
    )
    .expect("PostgreSQL answers");
    b.until_says("limits: ok", PATIENCE);
    b.until_serves(PATIENCE);
    let told = runtime.block_on(asks.ask(one, true));
    assert!(told.is(Reason::GuessLimitExceeded), "{told:?}");
}

#[test]
fn nothing_is_answered_while_the_limits_cannot_be_read() {
    let scene = Scene::raise(&Plan {
        // More than the callers ask; that there is a limit is what matters.
        more: "\n[quotas]\nitems_per_day = 4_000_000_000\n".to_owned(),
        ..Plan::default()
    });
    for mode in [Mode::Cut, Mode::Stall] {
        let hurt = scene.now();
        scene.country.instances[0].ledger.both(mode);
        let told = told_as(&scene, &["ledger", "limits"]);
        nothing_is_answered(&scene, hurt, told, second());
        scene.country.instances[0].ledger.heal();
        scene.country.instances[0].until_says("limits: ok", PATIENCE);
        // How soon callers are told on a wire that stands still is held elsewhere.
        scene.country.instances[0].until_serves(PATIENCE);
        let to = scene.flows(PATIENCE);
        let seen = scene.around(hurt, to);
        let others = seen.unexpected(&["Unavailable", "DeadlineExceeded"]);
        assert!(others.is_empty(), "{seen:#?}");
    }
    scene.end();
}
