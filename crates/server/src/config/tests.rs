use std::collections::BTreeSet;

use dancu_domain::{CivilDate, Day};

use super::field::Shown;
use super::settings::{SETTINGS, Setting};
use super::*;

const MANUAL: &str = include_str!("../../../../deploy/dancu.toml");

fn file(text: &str) -> Layers {
    Layers {
        file: Some(("test.toml".to_owned(), text.to_owned())),
        ..Layers::default()
    }
}

fn refused(layers: &Layers) -> String {
    layers.settle().expect_err("it is refused").to_string()
}

/// The manual with its examples switched on: `# key = value` without the mark.
fn examples() -> String {
    MANUAL
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if rest.split_once(" = ").is_some_and(|(key, _)| {
                    key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                }) =>
            {
                rest
            }
            _ => line,
        })
        .fold(String::new(), |text, line| text + line + "\n")
}

fn chosen(settled: &Settled) -> BTreeSet<&'static str> {
    settled
        .choices()
        .into_iter()
        .filter(|choice| choice.origin != Origin::Default)
        .map(|choice| choice.name)
        .collect()
}

#[test]
fn the_manual_says_exactly_the_defaults_and_names_every_setting() {
    let settled = file(MANUAL).settle().unwrap();
    assert_eq!(settled.config, Config::default());
    let all: BTreeSet<_> = SETTINGS.iter().map(|s| s.name).collect();
    let open: BTreeSet<_> = Layers::default()
        .settle()
        .unwrap()
        .choices()
        .into_iter()
        .filter(|choice| choice.value.is_none())
        .map(|choice| choice.name)
        .collect();
    assert_eq!(chosen(&settled), &all - &open);
    assert_eq!(chosen(&file(&examples()).settle().unwrap()), all);
}

#[test]
fn every_choice_of_a_configuration_can_be_made() {
    let mut environment: Vec<_> = Layers::default()
        .settle()
        .unwrap()
        .choices()
        .into_iter()
        .filter_map(|choice| {
            let other = match choice.value? {
                Shown::Number(number) => (number - 1).to_string(),
                Shown::Truth(truth) => (!truth).to_string(),
                Shown::Table(_) => "H26=5".to_owned(),
                Shown::Text(text) => match choice.name {
                    "listen" => "127.0.0.1:1".to_owned(),
                    "ops" => "off".to_owned(),
                    "event_days" => "2023-01-01..2023-09-30".to_owned(),
                    "log.form" => "json".to_owned(),
                    "times.freshness_bound" => "3s".to_owned(),
                    "times.registry_away" => "4s".to_owned(),
                    "redis.expiry" | "recording.part_age" => "2h".to_owned(),
                    "limits.work_per_core" => "40ms".to_owned(),
                    "guesses.window" => "2days".to_owned(),
                    "guesses.first_delay" | "guesses.longest_delay" => format!("{text} 1s"),
                    name if name.starts_with("times.") || name.ends_with("timeout") => {
                        format!("{text} 1ms").replace("1m 1ms", "1m 1s")
                    }
                    _ => format!("{text}x"),
                },
            };
            Some((Setting::named(choice.name)?.variable(), other))
        })
        .collect();
    for (name, text) in [
        ("KEYS", "k"),
        ("CHECKPOINTS", "c"),
        ("CORES", "1"),
        ("CITIZENS", "5"),
        ("SEED", "5"),
        ("REGISTRY_URL", "postgres://a/b"),
        ("REGISTRY_REPLICA", "postgres://c/b"),
        ("LEDGER_URL", "postgres://a/c"),
        ("REDIS_URL", "redis://a"),
        ("QUOTAS_ITEMS_PER_SECOND", "7"),
        ("QUOTAS_ITEMS_PER_DAY", "8"),
        ("GUESSES_PER_AGENCY", "4"),
        ("GUESSES_PER_SUBJECT", "9"),
        ("RECORDING_FOLDER", "r"),
    ] {
        environment.push((format!("DANCU_{name}"), text.to_owned()));
    }
    assert_eq!(environment.len(), SETTINGS.len());
    let config = Layers {
        environment,
        ..Layers::default()
    }
    .settle()
    .unwrap()
    .config;
    // Line by line nothing is left of the defaults but the names of the types.
    let leaves = |config: &Config| -> BTreeSet<String> {
        format!("{config:#?}")
            .lines()
            .filter(|line| line.contains(": ") && !line.ends_with(['{', '(']))
            // Asked for once, by a flag alone: kept in a file it would hide every lost file.
            .filter(|line| !line.contains("new_checkpoints"))
            .map(str::to_owned)
            .collect()
    };
    let same: Vec<_> = leaves(&config)
        .intersection(&leaves(&Config::default()))
        .cloned()
        .collect();
    assert!(same.is_empty(), "cannot be set: {same:#?}");
}

#[test]
fn a_flag_wins_over_a_variable_and_that_over_a_file() {
    let mut layers = file("cores = 2\n[limits]\ncalls = 10\nitems = 2000\n");
    layers.environment = vec![
        ("DANCU_LIMITS_CALLS".to_owned(), "20".to_owned()),
        ("DANCU_LIMITS_CONNECTIONS".to_owned(), "21".to_owned()),
        ("DANCU_CORES".to_owned(), String::new()),
        ("DANCU_PARTS_REDIS".to_owned(), "not ours".to_owned()),
    ];
    layers.flags = vec![(
        "limits.connections".to_owned(),
        "--connections".to_owned(),
        "30".to_owned(),
    )];
    let settled = layers.settle().unwrap();
    let limits = settled.config.limits;
    assert_eq!(
        (limits.connections, limits.calls, limits.items),
        (30, 20, 2000)
    );
    assert_eq!(settled.config.cores, Some(2));
    let origin = |name| {
        let choices = settled.choices();
        let choice = choices.into_iter().find(|choice| choice.name == name);
        choice.unwrap().origin.to_string()
    };
    assert_eq!(origin("limits.connections"), "--connections");
    assert_eq!(origin("limits.calls"), "DANCU_LIMITS_CALLS");
    assert_eq!(origin("limits.items"), "test.toml, line 4");
    assert_eq!(origin("cores"), "test.toml, line 1");
    assert_eq!(origin("data"), "default");
}

#[test]
fn an_unknown_key_is_refused_by_name_and_line() {
    for (text, told) in [
        (
            "cores = 2\nlisen = 5\n",
            "test.toml, line 2: there is no setting `lisen`",
        ),
        (
            "[limits]\n\ncals = 5\n",
            "test.toml, line 3: there is no setting `limits.cals`",
        ),
        (
            "[limts]\ncalls = 5\n",
            "test.toml, line 1: there is no setting `limts`",
        ),
        (
            "[redis.tls]\nca = 5\n",
            "test.toml, line 1: there is no setting `redis.tls`",
        ),
        (
            "limits = 5\n",
            "test.toml, line 1: there is no setting `limits`",
        ),
    ] {
        assert_eq!(refused(&file(text)), told);
    }
    let layers = Layers {
        flags: vec![("cals".to_owned(), "--set cals".to_owned(), "5".to_owned())],
        ..Layers::default()
    };
    assert_eq!(refused(&layers), "--set cals: there is no setting `cals`");
}

#[test]
fn a_wrong_value_is_refused_by_its_field_and_never_repeated() {
    for (text, told) in [
        ("cores = \"Chim3\"", "line 1: cores must be a whole number"),
        ("cores = -3", "line 1: cores must be a whole number"),
        (
            "[times]\ndrain = 5",
            "line 2: times.drain must be a duration",
        ),
        (
            "[times]\ndrain = \"5 Chim3\"",
            "line 2: times.drain must be a duration",
        ),
        (
            "listen = \"Chim3\"",
            "line 1: listen must be an address and a port",
        ),
        (
            "[registry]\nurl = \"mysql://a:Chim3@b/c\"",
            "line 2: registry.url must be an address postgres://",
        ),
        (
            "[registry]\nreplica = \"postgres://a:Chim3@b/c\"",
            "line 2: registry.replica must be left out",
        ),
        ("[ledger]\nurl = 5", "line 2: ledger.url must be an address"),
        (
            "[registry]\nurl = \"postgres://a:Chim3@b/c\"\n[ledger]\nurl = \"postgres://a:Chim3@b/c\"",
            "line 4: ledger.url must be another database",
        ),
        (
            "[ledger]\nurl = \"postgres://a:Chim3@b:Chim3/c\"",
            "line 2: ledger.url must be an address postgres://",
        ),
        (
            "[ledger]\nurl = \"postgres://a:b@c/d?sslmode=Chim3\"",
            "line 2: ledger.url must be an address postgres://",
        ),
        (
            "[registry]\nurl = \"postgres://a:Chim3@b/c\"\n[ledger]\nurl = \"postgresql://d:Chim3@b:5432/c?sslmode=disable\"",
            "line 4: ledger.url must be another database",
        ),
        (
            "[registry]\nurl = \"postgres://a:Chim3@127.0.0.1/c\"\n[ledger]\nurl = \"postgres://a:Chim3@localhost/c\"",
            "line 4: ledger.url must be another database",
        ),
        (
            "[registry]\nurl = \"postgres://a:Chim3@[::1]:5432/c\"\n[ledger]\nurl = \"postgres://a:Chim3@LOCALHOST/c\"",
            "line 4: ledger.url must be another database",
        ),
        (
            "[redis]\ntimeout = \"0ms\"",
            "line 2: redis.timeout must be longer than nothing",
        ),
        (
            "[redis]\nexpiry = \"5ms\"",
            "line 2: redis.expiry must be at least one second",
        ),
        (
            "[registry]\nreplica_timeout = \"0s\"",
            "line 2: registry.replica_timeout must be longer than nothing",
        ),
        (
            "[registry]\nurl = \"postgres://a/b\"\nreplica = \"postgres://c/b\"\nreplica_timeout = \"3s\"",
            "line 4: registry.replica_timeout must be longer than nothing and shorter",
        ),
        (
            "[redis]\nurl = \"redis://:Chim3@b:Chim3/0\"",
            "line 2: redis.url must be an address redis://",
        ),
        (
            "[redis]\nurl = \"http://:Chim3@b/c\"",
            "line 2: redis.url must be an address redis://",
        ),
        (
            "instance = \"Chim3 von\"",
            "line 1: instance must be 1 to 63",
        ),
        (
            "[quotas]\nagencies = { Chim3 = 5 }",
            "line 2: quotas.agencies must be a table",
        ),
        (
            "[quotas]\nagencies = { H26 = -5 }",
            "line 2: quotas.agencies must be numbers by name",
        ),
        (
            "ops = \"0.0.0.0:9090\"",
            "line 1: ops must be a loopback address",
        ),
        (
            "[limits]\nitems = 1",
            "line 2: limits.items must be at least `limits.items_per_message`",
        ),
        (
            "[redis]\nurl = \"redis://:Chim3@b",
            "line 2: this is not TOML",
        ),
        (
            "[redis]\nurl = redis://:Chim3@b",
            "line 2: this is not TOML",
        ),
        ("url = \"x\\Chim3\"", "line 1: this is not TOML"),
        (
            "[redis]\nurl = \"a\"\nurl = \"Chim3\"",
            "line 3: this is not TOML",
        ),
        ("[redis]\nurl = \"a\" Chim3", "line 2: this is not TOML"),
        ("[redis]\nurl = Chim3", "line 2: this is not TOML"),
        ("[redis]\n= \"Chim3\"", "line 2: this is not TOML"),
    ] {
        let said = refused(&file(text));
        assert!(
            said.starts_with(&format!("test.toml, {told}")),
            "{text}: {said}"
        );
        assert!(!said.contains("Chim3"), "{said}");
    }
    let layers = Layers {
        environment: vec![("DANCU_REDIS_URL".to_owned(), "Chim3".to_owned())],
        ..Layers::default()
    };
    let said = refused(&layers);
    assert_eq!(
        said,
        "DANCU_REDIS_URL: redis.url must be an address redis://… (TLS is not spoken)"
    );
}

#[test]
fn what_is_printed_hides_secrets_and_reads_back_as_what_it_shows() {
    let mut layers = file(MANUAL);
    layers.environment = [
        (
            "DANCU_REGISTRY_URL",
            "postgres://dancu:Chim3@db/dancu_registry",
        ),
        (
            "DANCU_REGISTRY_REPLICA",
            "postgres://dancu:Chim3@db2/dancu_registry",
        ),
        ("DANCU_LEDGER_URL", "postgres://dancu:Chim3@db/dancu_ledger"),
        ("DANCU_REDIS_URL", "redis://:Chim3@cache:6379/0"),
        ("DANCU_QUOTAS_AGENCIES", "H26=500, G01=2_000"),
        ("DANCU_DATA", "a \"quoted\" \\ folder"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .to_vec();
    let settled = layers.settle().unwrap();
    let printed = settled.toml();
    assert!(!printed.contains("Chim3"), "{printed}");
    assert!(!format!("{settled:?}").contains("Chim3"));
    assert!(
        printed.contains("url = \"postgres://(hidden)@db/dancu_registry\" # DANCU_REGISTRY_URL\n")
    );
    assert!(printed.contains("# citizens is left open\n"));
    let again = file(&printed).settle().unwrap();
    let shown = |settled: &Settled| -> Vec<_> {
        let choices = settled.choices().into_iter();
        choices.map(|choice| (choice.name, choice.value)).collect()
    };
    assert_eq!(shown(&settled), shown(&again));
}

#[test]
fn event_days_are_off_or_a_range_of_whole_days() {
    let days = |text: &str| file(&format!("event_days = \"{text}\"")).settle();
    assert_eq!(days("off").unwrap().config.event_days, None);
    let settled = days("2023-01-01..2023-09-30").unwrap();
    let allowed = settled.config.event_days.unwrap();
    let day = |year, month, day| Day::of(CivilDate::new(year, month, day).unwrap());
    assert!(allowed.has(day(2023, 1, 1)) && allowed.has(day(2023, 9, 30)));
    assert!(!allowed.has(day(2022, 12, 31)) && !allowed.has(day(2023, 10, 1)));
    assert!(
        settled
            .toml()
            .contains("event_days = \"2023-01-01..2023-09-30\" # ")
    );
    assert!(days("2023-05-05..2023-05-05").is_ok());
    for wrong in [
        "",
        "on",
        "2023-01-01",
        "2023-01-01..",
        "..2023-09-30",
        "2023-09-30..2023-01-01",
        "2023-02-29..2023-09-30",
        "2023-1-1..2023-9-30",
        "2023-01-01 .. 2023-09-30",
    ] {
        let told = days(wrong).expect_err(wrong).to_string();
        let named = "test.toml, line 1: event_days must be a first and a last day";
        assert!(told.starts_with(named), "{told}");
    }
}
