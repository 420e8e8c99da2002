//! The deploy files, held against the settings and against the checkout, as far as that goes without
//! a container engine.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use dancu_server::{Layers, LedgerPlace, RegistryPlace, Settled};
use dancu_tests::house;
use serde_json::Value;

fn text(path: &str) -> String {
    let path = house::top().join("deploy").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn sample(name: &str) -> Settled {
    Layers {
        file: Some((name.to_owned(), text(&format!("samples/{name}")))),
        ..Layers::default()
    }
    .settle()
    .unwrap_or_else(|why| panic!("{why}"))
}

/// The compose file as JSON, read by a YAML parser that is not ours.
fn compose() -> Value {
    let prepared = Command::new(house::top().join("tests/clients/prepare"))
        .status()
        .expect("tests/clients/prepare runs");
    assert!(prepared.success(), "the clients could not be put in place");
    let read = Command::new(house::top().join("target/clients/venv/bin/python3"))
        .arg("-c")
        .arg("import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)")
        .arg(house::top().join("deploy/compose.yaml"))
        .output()
        .expect("python runs");
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    serde_json::from_slice(&read.stdout).expect("it is JSON")
}

/// The text of a value, whatever YAML took it for.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_sample_can_be_followed() {
    let found: BTreeSet<String> = std::fs::read_dir(house::top().join("deploy/samples"))
        .expect("there are samples")
        .map(|file| {
            let name = file.expect("a file can be listed").file_name();
            name.to_string_lossy().into_owned()
        })
        .collect();
    let known = ["first.toml", "laptop.toml", "replica.toml", "second.toml"];
    assert_eq!(found, known.map(str::to_owned).into());
    for name in known {
        sample(name);
    }
}

#[test]
fn instances_share_the_databases_and_the_keys_and_no_name() {
    let [first, second, third] =
        ["first.toml", "second.toml", "replica.toml"].map(|name| sample(name).config);
    let url = |place: &RegistryPlace| match place {
        RegistryPlace::File => panic!("a file cannot be shared"),
        RegistryPlace::Postgres { url, .. } => url.clone(),
    };
    let mut names = BTreeSet::new();
    for other in [&first, &second, &third] {
        assert_eq!(url(&other.registry), url(&first.registry));
        assert_eq!(other.ledger, first.ledger);
        assert_ne!(other.ledger, LedgerPlace::File);
        assert_eq!(other.redis, first.redis);
        assert!(other.redis.is_some());
        assert_eq!(other.keys, first.keys);
        assert!(other.keys.is_some());
        assert!(names.insert(other.instance.clone()), "{}", other.instance);
    }
    assert!(matches!(
        third.registry,
        RegistryPlace::Postgres {
            replica: Some(_),
            ..
        }
    ));
}

#[test]
fn compose_gives_the_service_settings_that_exist_and_can_be_followed() {
    let compose = compose();
    let service = &compose["services"]["dancu"];
    let environment: Vec<(String, String)> = service["environment"]
        .as_object()
        .expect("the service has an environment")
        .iter()
        .map(|(name, value)| {
            let value = plain(value).replace("${DANCU_PASSWORD}", "secret1");
            (name.clone(), value)
        })
        .collect();
    for (name, value) in &environment {
        assert!(Layers::knows(name), "{name} is no setting");
        assert!(!value.contains('$'), "{name} is left open");
    }
    let config = Layers {
        environment,
        ..Layers::default()
    }
    .settle()
    .expect("the environment can be followed")
    .config;
    let published: Vec<String> = service["ports"]
        .as_array()
        .expect("ports are published")
        .iter()
        .map(plain)
        .collect();
    let ops = config.ops.expect("health is told");
    for port in [config.listen.port(), ops.port()] {
        let mapped = format!("127.0.0.1:{port}:{port}");
        assert!(published.contains(&mapped), "{mapped} is not published");
    }
    assert_eq!(published.len(), 2, "only loopback is published");
    assert!(config.takes_sandbox_keys());
    let grace = plain(&service["stop_grace_period"]);
    let grace: u64 = grace.trim_end_matches('s').parse().expect("seconds");
    assert!(grace > config.times.drain.as_secs(), "a drain would be cut");

    // What the service is told of the databases is what the databases are told.
    let postgres = &compose["services"]["postgres"]["environment"];
    let RegistryPlace::Postgres { url, .. } = config.registry else {
        panic!("the registry is in PostgreSQL")
    };
    let LedgerPlace::Postgres { url: ledger } = config.ledger else {
        panic!("the ledger is in PostgreSQL")
    };
    let user = plain(&postgres["POSTGRES_USER"]);
    let begin = format!("postgres://{user}:secret1@postgres:5432/");
    let registry = format!("{begin}{}", plain(&postgres["POSTGRES_DB"]));
    assert_eq!(url.reveal(), registry);
    let second = ledger
        .reveal()
        .strip_prefix(&begin)
        .expect("the same server");
    let made = format!("CREATE DATABASE {second} OWNER {user};");
    assert!(text("databases.sql").contains(&made), "{made}");
    assert!(compose["services"]["redis"].is_object());
}

#[test]
fn what_compose_mounts_and_builds_is_there() {
    let compose = compose();
    let deploy = house::top().join("deploy");
    for (name, service) in compose["services"].as_object().expect("there are services") {
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let volume = plain(volume);
            let from = volume.split(':').next().unwrap_or_default();
            let there = if from.starts_with('.') {
                deploy.join(from).exists()
            } else {
                compose["volumes"].get(from).is_some()
            };
            assert!(there, "{name} mounts {from}");
        }
        if let Some(build) = service["build"].as_object() {
            let context = deploy.join(plain(&build["context"]));
            assert!(context.join(plain(&build["dockerfile"])).exists());
        } else {
            let image = plain(&service["image"]);
            assert!(image.contains(':'), "{image} has no version");
        }
    }
}

#[test]
fn what_the_image_copies_is_there_and_reaches_the_builder() {
    let top = house::top();
    let dockerfile = text("Dockerfile");
    let ignored = text("Dockerfile.dockerignore");
    let kept: Vec<&str> = ignored
        .lines()
        .filter_map(|l| l.strip_prefix('!'))
        .collect();
    let mut copied = BTreeSet::new();
    for line in dockerfile.lines().filter_map(|l| l.strip_prefix("COPY ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words[0].starts_with("--from=build") {
            continue;
        }
        for source in &words[..words.len() - 1] {
            assert!(top.join(source).exists(), "{source} is not there");
            assert!(kept.contains(source), "{source} does not reach the builder");
            copied.insert((*source).to_owned());
        }
    }
    // Whatever a source includes from elsewhere, and every member of the workspace.
    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "crates",
        "tests",
        "deploy/dancu.toml",
    ] {
        assert!(copied.contains(needed), "{needed} is not copied");
    }
    for path in house::files(&top.join("crates"), &[".rs"]) {
        let source = std::fs::read_to_string(&path).expect("a source is text");
        for include in source.split("include_str!(\"").skip(1) {
            let name = include.split('"').next().unwrap_or_default();
            let included = path.parent().unwrap_or(Path::new("")).join(name);
            let included = included.canonicalize().expect("an included file is there");
            let within = included
                .strip_prefix(top.canonicalize().expect("the checkout is there"))
                .expect("an included file lies in the checkout")
                .to_owned();
            let reaches = copied.iter().any(|kept| within.starts_with(kept));
            assert!(reaches, "{} is not copied", within.display());
        }
    }
    assert!(
        dockerfile.contains("USER nonroot"),
        "it does not run as root"
    );
    let profile = "[profile.bench]";
    assert!(
        std::fs::read_to_string(top.join("Cargo.toml"))
            .unwrap()
            .contains(profile)
    );
    for line in dockerfile.lines().filter_map(|l| l.strip_prefix("ENV ")) {
        let name = line.split('=').next().unwrap_or_default();
        assert!(Layers::knows(name), "{name} is no setting");
    }
    assert!(dockerfile.contains("EXPOSE 50051 9090"));
}
