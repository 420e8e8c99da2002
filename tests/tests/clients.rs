//! Clients that we did not write, against the real binary: grpcio by reflection, `buf curl`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use dancu_population::{KeyState, Nation};
use dancu_tests::bench::processes::Server;
use dancu_tests::{house, stage};

/// Where `tests/clients/prepare` puts the clients; it is run first, and fails what it cannot get.
fn clients() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let top = house::top();
        let prepared = Command::new(top.join("tests/clients/prepare"))
            .status()
            .expect("tests/clients/prepare runs");
        assert!(prepared.success(), "the clients could not be put in place");
        top.join("target/clients")
    })
}

struct Stage {
    server: Server,
    folder: tempfile::TempDir,
}

fn serve() -> Stage {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(&mut stage::serve_command(
        stage::binary(),
        &folder.path().join("dancu"),
        2_000,
        1,
    ))
    .expect("the server starts");
    Stage { server, folder }
}

/// What a command prints; the test fails with its error output if it fails.
fn output(command: &mut Command) -> String {
    let output = command.output().expect("the command runs");
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("it prints text")
}

fn dancu(arguments: &[&str]) -> String {
    output(Command::new(stage::binary()).args(arguments))
}

#[test]
fn a_python_client_with_nothing_but_reflection_does_everything() {
    let stage = serve();
    let (agencies, personas) = (
        stage.folder.path().join("agencies.json"),
        stage.folder.path().join("personas.json"),
    );
    std::fs::write(
        &agencies,
        dancu(&["agencies", "--seed", "1", "--output", "json"]),
    )
    .expect("a file can be written");
    std::fs::write(&personas, dancu(&["personas", "--output", "json"]))
        .expect("a file can be written");
    let said = output(
        Command::new(clients().join("venv/bin/python"))
            .arg(house::top().join("tests/clients/python/check.py"))
            .arg(stage.server.address.to_string())
            .args([agencies, personas, house::top().join("deploy/retry.json")]),
    );
    assert!(said.contains("as promised"), "{said}");
}

#[test]
fn the_python_example_of_the_readme_is_the_file_and_is_answered() {
    let file = std::fs::read_to_string(house::top().join("tests/clients/python/lookup.py"))
        .expect("the example is a file");
    let readme = std::fs::read_to_string(house::top().join("README.md")).expect("there is one");
    assert!(
        readme.contains(file.trim_end()),
        "the README shows another example than the file"
    );
    let stage = serve();
    let nation = Nation::new(1, 2_000);
    let key = key(&nation);
    let persona = nation
        .personas()
        .into_iter()
        .next()
        .expect("there are personas");
    let (year, month, day) = persona.citizen.birth.parts();
    let said = output(
        Command::new(clients().join("venv/bin/python"))
            .arg(house::top().join("tests/clients/python/lookup.py"))
            .args([&stage.server.address.to_string(), &key.key, &key.officer])
            .args([
                &persona.citizen.personal_id.text(),
                persona.citizen.name.text(),
            ])
            .args([year.to_string(), month.to_string(), day.to_string()]),
    );
    assert!(said.contains("LOOKUP_OUTCOME_FOUND"), "{said}");
}

#[test]
fn buf_curl_asks_by_reflection() {
    let stage = serve();
    let nation = Nation::new(1, 2_000);
    let key = key(&nation);
    let persona = nation
        .personas()
        .into_iter()
        .next()
        .expect("there are personas");
    let (year, month, day) = persona.citizen.birth.parts();
    let claims = serde_json::json!({
        "personal_number": persona.citizen.personal_id.text(),
        "full_name": persona.citizen.name.text(),
        "birth_date": {"year": year, "month": month, "day": day},
    });
    let context = |purpose: &str| {
        serde_json::json!({
            "request_id": "buf-1", "officer": key.officer, "procedure": key.procedure,
            "dossier": "000.00.00.H26-231012-0001", "purpose": purpose,
        })
    };
    let clerk = context("PURPOSE_ADMINISTRATIVE_PROCEDURE");
    let calls = [
        (
            "dancu.v1.LookupService/LookupCitizen",
            serde_json::json!({"context": clerk, "item": {"claims": claims}}),
            "LOOKUP_OUTCOME_FOUND",
        ),
        (
            "dancu.v1.AuthenticationService/AuthenticateCitizen",
            serde_json::json!({"context": clerk, "item": {"claims": claims}}),
            "AUTHENTICATION_OUTCOME_MATCH",
        ),
        (
            "dancu.v1.SyncService/ReconcileCitizens",
            serde_json::json!({
                "context": context("PURPOSE_DATA_CLEANING"), "records": [{"claims": claims}],
            }),
            "RECONCILE_OUTCOME_IN_STEP",
        ),
        (
            "dancu.v1.StatisticsService/GetVolumes",
            serde_json::json!({"context": context("PURPOSE_STATISTICS")}),
            "536000000",
        ),
        (
            "grpc.health.v1.Health/Check",
            serde_json::json!({}),
            "SERVING",
        ),
    ];
    let police = key_of(&nation, "G01");
    let push = serde_json::json!({
        "context": {"request_id": "buf-push", "purpose": "PURPOSE_LIFE_EVENT"},
        "records": [{
            "source": "buf", "record_id": "1", "record_version": 1, "claims": claims,
            "residence_change": {
                "residence": {"province": "01", "district": "001", "commune": "00001"},
                "since": {"year": 2023, "month": 6, "day": 1},
            },
        }],
    });
    let pushes = [(
        "dancu.v1.SyncService/PushChanges",
        push,
        "PUSH_OUTCOME_APPLIED",
    )];
    let calls = calls
        .map(|call| (&key, call))
        .into_iter()
        .chain(pushes.map(|call| (&police, call)));
    for (key, (method, request, expected)) in calls {
        let said = output(
            Command::new(clients().join("node_modules/.bin/buf"))
                .args(["curl", "--http2-prior-knowledge", "--protocol", "grpc"])
                .args(["--header", &format!("Authorization: Bearer {}", key.key)])
                .args(["--data", &request.to_string()])
                .arg(format!("http://{}/{method}", stage.server.address)),
        );
        assert!(said.contains(expected), "{method}: {said}");
    }
}

fn key(nation: &Nation) -> dancu_population::SandboxKey {
    key_of(nation, "H26")
}

fn key_of(nation: &Nation, agency: &str) -> dancu_population::SandboxKey {
    nation
        .sandbox_keys()
        .into_iter()
        .find(|key| key.state == KeyState::Valid && key.agency.text() == agency)
        .expect("H26 has a key")
}
