//! Replays where the registry and the ledger are databases, and of what two instances recorded.

use std::thread;

use dancu_load::replay::look;
use dancu_tests::country::{Country, Plan};
use dancu_tests::recorded::{
    CITIZENS, SEED, ask, counted_at, files, number, outcomes, record, replay_to, serve,
};

fn plan(instances: Vec<&'static str>, more: String) -> Plan {
    Plan {
        citizens: CITIZENS,
        seed: SEED,
        instances,
        more,
        ..Plan::default()
    }
}

#[test]
fn what_was_recorded_over_files_ends_the_same_over_postgresql_and_redis() {
    let recorded = record();
    let country = Country::raise(&plan(vec!["a"], String::new()));
    let address = country.instances[0].address();
    let (code, report) = replay_to(&recorded.files(), address, &["--speed", "max"]);
    assert_eq!(code, Some(0), "{:#}", report["replay"]);
    assert_eq!(number(&report, "different"), 0);
    assert_eq!(number(&report, "unanswered"), 0);
    assert_eq!(outcomes(&report, "replayed"), outcomes(&report, "recorded"));
    assert_eq!(counted_at(address), recorded.counted);
}

#[test]
fn what_two_instances_recorded_at_once_ends_the_same_as_one() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let place = folder.path().join("recording");
    let more = format!("[recording]\nfolder = \"{}\"", place.display());
    let mut country = Country::raise(&plan(vec!["a", "b"], more));
    let addresses = [0, 1].map(|nth| country.instances[nth].address());
    // Both are asked about the same people, and both push. What the callers of the one expect, the
    // pushes of the other may have changed: who is right is for the recording to tell.
    let other = thread::spawn(move || ask(addresses[1], "two", |plan| plan.seed = 2));
    ask(addresses[0], "one", |_| {});
    other.join().expect("the other callers end");
    let counted = counted_at(addresses[0]);
    for instance in &mut country.instances {
        assert!(instance.terminate().success());
    }
    drop(country);
    let paths = files(&place);
    let seen = look(&paths).expect("the recordings can be read");
    assert_eq!(seen.instances.len(), 2, "{:?}", seen.instances);
    assert_eq!((seen.missing, seen.cut), (0, 0));
    let applied = seen.outcomes["PUSH"].get("APPLIED").copied();
    assert!(applied.is_some_and(|n| n > 100), "{:?}", seen.outcomes);
    let mut server = serve(&folder.path().join("fresh"), &[]);
    let (code, report) = replay_to(&paths, server.address, &["--speed", "max"]);
    assert_eq!(code, Some(0), "{:#}", report["replay"]);
    assert_eq!(number(&report, "different"), 0, "{:#}", report["replay"]);
    assert_eq!(number(&report, "messages"), seen.messages);
    assert_eq!(counted_at(server.address), counted);
    server.terminate().expect("the service ends");
}
