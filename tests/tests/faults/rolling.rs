//! Two instances are started again one after the other under load, and under the retry policy that
//! is shipped no call of a client that we did not write fails for good.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use dancu_domain::{Outcome, Verb};
use dancu_tests::balance::balance;
use dancu_tests::country::{Country, Plan};
use dancu_tests::scene::PATIENCE;
use dancu_tests::witness::{Acknowledged, Witness};
use dancu_tests::{house, ledger, stage};
use serde_json::{Value, json};

fn prepared() -> std::path::PathBuf {
    let top = house::top();
    let prepared = Command::new(top.join("tests/clients/prepare"))
        .status()
        .expect("tests/clients/prepare runs");
    assert!(prepared.success(), "the clients could not be put in place");
    top.join("target/clients/venv/bin/python")
}

/// The claims of people who can be found, and a move of each.
fn people(country: &Country) -> Value {
    let found = (0..country.nation.len()).filter_map(|index| {
        let citizen = country.nation.citizen(index);
        let (year, month, day) = citizen.birth.parts();
        (!citizen.locked).then(|| {
            json!({
                "claims": {
                    "personal_number": citizen.personal_id.text(),
                    "full_name": citizen.name.text(),
                    "birth_date": {"year": year, "month": month, "day": day},
                },
                "move": {
                    "residence": {"province": "01", "district": "001", "commune": "00001"},
                    "since": {"year": 2023, "month": 6, "day": 1 + index % 28},
                },
            })
        })
    });
    found.take(300).collect()
}

fn verb_of(line: &Value) -> Option<Verb> {
    match line["answered"].as_str()? {
        "LOOKUP" => Some(Verb::Lookup),
        "AUTHENTICATE" => Some(Verb::Authenticate),
        _ => Some(Verb::Push),
    }
}

fn outcome_of(name: &str) -> Outcome {
    let word = name
        .split_once("OUTCOME_")
        .expect("outcomes have a prefix")
        .1;
    *Outcome::ALL
        .iter()
        .find(|outcome| outcome.word() == word)
        .expect("the contract's outcomes are the domain's")
}

/// What an answer's line says.
fn acknowledged(line: &Value) -> Option<Acknowledged> {
    let outcomes: Vec<Outcome> = line["outcomes"]
        .as_array()?
        .iter()
        .filter_map(|name| Some(outcome_of(name.as_str()?)))
        .collect();
    (line["count"].as_u64()? as usize == outcomes.len()).then(|| Acknowledged {
        agency: line["agency"].as_str().unwrap_or_default().to_owned(),
        verb: verb_of(line).unwrap_or(Verb::Lookup),
        writer: line["writer"].as_u64().unwrap_or_default() as u32,
        first: line["first"].as_u64().unwrap_or_default(),
        outcomes,
        effects: Vec::new(),
    })
}

#[test]
fn no_call_fails_for_good_while_two_instances_are_started_again_in_turn() {
    let mut country = Country::raise(&Plan {
        instances: vec!["a", "b"],
        ..Plan::default()
    });
    let (agencies, people_file) = (
        country.folder().join("agencies.json"),
        country.folder().join("people.json"),
    );
    let told = Command::new(stage::binary())
        .args(["agencies", "--seed", "7", "--output", "json"])
        .output()
        .expect("the binary runs");
    std::fs::write(&agencies, told.stdout).expect("a file can be written");
    std::fs::write(&people_file, people(&country).to_string()).expect("a file can be written");
    let addresses: Vec<String> = country
        .instances
        .iter()
        .map(|instance| instance.address().to_string())
        .collect();
    let mut client = Command::new(prepared())
        .arg(house::top().join("tests/clients/python/rolling.py"))
        .arg(addresses.join(","))
        .args([
            &agencies,
            &people_file,
            &house::top().join("deploy/retry.json"),
        ])
        // It tells of each attempt on its standard error.
        .env("GRPC_TRACE", "retry")
        .env("GRPC_VERBOSITY", "debug")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the client runs");
    let trace = client.stderr.take().expect("its error output is piped");
    let attempts = std::thread::spawn(move || {
        let (mut attempts, mut rest) = (0_u64, Vec::new());
        for line in BufReader::new(trace).lines().map_while(Result::ok) {
            if line.ends_with("creating call attempt") {
                attempts += 1;
            } else if !line.contains("retry_") {
                rest.push(line);
            }
        }
        (attempts, rest)
    });
    let output = client.stdout.take().expect("its output is piped");
    let (ready, is_ready) = std::sync::mpsc::channel();
    let lines = std::thread::spawn(move || {
        let mut lines: Vec<Value> = Vec::new();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let line: Value = serde_json::from_str(&line).expect("each line is JSON");
            if line.get("ready").is_some() {
                ready.send(()).expect("somebody waits");
            }
            lines.push(line);
        }
        lines
    });
    if is_ready.recv_timeout(PATIENCE).is_err() {
        client.kill().expect("it is our own child");
        let (_, said) = attempts.join().expect("the trace is read");
        panic!("the client did not begin:\n{}", said.join("\n"));
    }
    std::thread::sleep(Duration::from_secs(1));
    for _ in 0..2 {
        for instance in &mut country.instances {
            let ended = instance.terminate();
            assert!(ended.success(), "{ended}\n{}", instance.log());
            std::thread::sleep(Duration::from_millis(300));
            instance.supervise(PATIENCE);
            instance.until_serves(PATIENCE);
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    drop(client.stdin.take());
    let lines = lines.join().expect("the lines are read");
    assert!(client.wait().expect("the client ends").success());
    for instance in &mut country.instances {
        assert!(instance.terminate().success(), "{}", instance.log());
    }
    let failed: Vec<&Value> = lines
        .iter()
        .filter(|line| line.get("failed").is_some())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let total = &lines.last().expect("it prints a total")["total"];
    assert!(total["answered"].as_u64() > Some(300), "{total}");
    assert_eq!(total["answered"], total["calls"], "{total}");

    let witness = Witness::default();
    let mut writers: BTreeMap<u32, u64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.get("answered").is_some()) {
        let message = acknowledged(line);
        if let Some(message) = &message {
            *writers.entry(message.writer).or_default() += 1;
        }
        witness.acknowledged(message);
    }
    assert_eq!(writers.len(), 2, "both instances answered: {writers:?}");
    // An attempt whose answer was lost may have been audited; it was repeated.
    let (attempts, _) = attempts.join().expect("the trace is read");
    let answered = total["answered"].as_u64().expect("it is a count");
    assert!(attempts >= answered, "{attempts} attempts, {total}");
    witness.unanswered(attempts - answered);
    let told = witness.told();
    let found = ledger::with_postgres(&country.ledger, async |store| balance(store, &told).await);
    assert!(found.differences.is_empty(), "{found:#?}");
    println!(
        "{answered} calls answered in {attempts} attempts (the reflection's one among them), {} \
         entries of attempts whose answer was lost, slowest {} ms, by writer {writers:?}",
        found.unacknowledged, total["slowest_ms"]
    );
}
