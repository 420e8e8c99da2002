//! An address with a password in the wrong place is never repeated, in either language.

use std::process::Command;

const CANARY: &str = "Chim3";
const ADDRESS: &str = "postgres://dancu:Chim3@127.0.0.1:1/d?application_name=Chim3";
/// A password with what ends a word, and an address without its scheme.
const ODD: &str = "postgres://dancu:a Chim3,'b@127.0.0.1:1/d";
const BARE: &str = "dancu:Chim3@127.0.0.1/d";

/// What is told, on both outputs, and how it ended.
fn told(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dancu"))
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(std::env::temp_dir())
        .output()
        .expect("the binary runs");
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Holds one command line, with the address for `@`, against both languages and all addresses.
fn is_quiet(arguments: &[&str], variables: &[(&str, &str)]) {
    for address in [ADDRESS, ODD, BARE, CANARY] {
        for lang in ["en", "vi"] {
            let fill = |text: &&str| text.replace('@', address);
            let given: Vec<String> = arguments.iter().map(fill).collect();
            let mut given: Vec<&str> = given.iter().map(String::as_str).collect();
            given.extend(["--lang", lang]);
            let held: Vec<(&str, String)> = variables
                .iter()
                .map(|(name, text)| (*name, fill(text)))
                .collect();
            let held: Vec<(&str, &str)> = held
                .iter()
                .map(|(name, text)| (*name, text.as_str()))
                .collect();
            let (code, said) = told(&given, &held);
            assert!(
                matches!(code, Some(0 | 2 | 3)),
                "{given:?}: {code:?} {said}"
            );
            // A file or a setting of this name is none of a secret's; an address is.
            let named =
                address == CANARY && said.contains("Chim3") && is_named(arguments, variables);
            assert!(
                named || !said.contains(CANARY),
                "{given:?} {held:?}: {said}"
            );
        }
    }
}

/// Whether what is given is the name of a file or of a host, which the error must tell.
fn is_named(arguments: &[&str], variables: &[(&str, &str)]) -> bool {
    let file =
        |flag: &&str| ["--config", "import", "show", "--data", "--set", "--server"].contains(flag);
    arguments.iter().any(file)
        || variables
            .iter()
            .any(|(name, _)| ["DANCU_CONFIG", "DANCU_SERVER"].contains(name))
}

#[test]
fn no_unexpected_argument_is_repeated() {
    for arguments in [
        &["@"][..],
        &["serve", "@"],
        &["seed", "@"],
        &["demo", "@"],
        &["config", "@"],
        &["config", "print", "@"],
        &["config", "check", "@"],
        &["audit", "@"],
        &["recording", "@"],
        &["agencies", "@"],
        &["serve", "--registy", "@"],
        &["serve", "--registy=@"],
        &["serve", "-p@"],
        &["--@"],
        &["lookup", "--persona", "plain", "@"],
    ] {
        is_quiet(arguments, &[]);
    }
}

#[test]
fn no_value_that_is_refused_is_repeated() {
    for arguments in [
        &["--output", "@", "personas"][..],
        &["serve", "--output=@"],
        &["serve", "--set", "@"],
        &["serve", "--set", "redis=@"],
        &["serve", "--set", "citizens=@"],
        &["serve", "--registry", "@", "--citizens", "@"],
        &["serve", "--listen", "@"],
        &["serve", "--ops", "@"],
        &["serve", "--cores", "@"],
        &["serve", "--drain", "@"],
        &["serve", "--log-form", "@"],
        &["serve", "--instance", "@ @"],
        &["serve", "--event-days", "@"],
        &["serve", "--config", "@"],
        &["serve", "--config", "/dev/null", "--config", "@"],
        &["demo", "--seconds", "@"],
        &["lookup", "--persona", "@"],
        &["lookup", "--born", "@"],
        &["lookup", "--persona", "plain", "--server", "@"],
        &["lookup", "--persona", "plain", "--agency", "@ @"],
        &["volumes", "--from", "@"],
        &["volumes", "--server", "@"],
        &["load", "--server", "@"],
        &["load", "--mix", "@"],
        &["load", "--schedule", "hold 1 1s, @"],
        &["load", "--schedule", "hold 1 1s, ramp 1 @ 1s"],
        &["load", "--duration", "@"],
        &["replay", "--verb", "@", "x"],
        &["audit", "show", "@"],
        &["recording", "show", "@"],
    ] {
        is_quiet(arguments, &[]);
    }
}

#[test]
fn no_variable_that_is_refused_is_repeated() {
    for (name, arguments) in [
        ("DANCU_CONFIG", &["serve"][..]),
        ("DANCU_OUTPUT", &["personas"]),
        ("DANCU_LANG", &["personas"]),
        ("DANCU_SEED", &["agencies"]),
        ("DANCU_SECONDS", &["demo"]),
        ("DANCU_LISTEN", &["config", "check"]),
        ("DANCU_REDIS_URL", &["config", "check"]),
        ("DANCU_SERVER", &["volumes"]),
        ("DANCU_CONFIG", &["serve", "--help"]),
        ("DANCU_SERVER", &["lookup", "--help"]),
    ] {
        is_quiet(arguments, &[(name, "@")]);
    }
}

#[test]
fn what_is_misspelt_is_still_told_what_it_may_be() {
    for (arguments, vi, en) in [
        (
            &["srve"][..],
            "có phải ý là `serve`",
            "did you mean `serve`",
        ),
        (
            &["serve", "--regisry=x"],
            "có phải ý là `--registry`",
            "word 2: there is no such argument; did you mean `--registry`",
        ),
        (
            &["--output", "xml", "personas"],
            "--output <OUTPUT> phải là một trong: table, json",
            "--output <OUTPUT> must be one of: table, json",
        ),
        (&["lookup", "--born", "x"], "YYYY-MM-DD", "YYYY-MM-DD"),
        (
            &["lookup"],
            "thiếu: --number <NUMBER>",
            "what is missing: --number <NUMBER>",
        ),
        (&["config"], "print", "print"),
        (
            &["serve", "--ops", "off", "--no-ops"],
            "không dùng được cùng",
            "cannot be used with",
        ),
        (
            &["serve", "--config", "/nothing/is/here"],
            "không thể đọc tệp thiết lập /nothing/is/here",
            "cannot read the file of settings /nothing/is/here",
        ),
    ] {
        for (lang, part) in [("vi", vi), ("en", en)] {
            let given = [arguments, &["--lang", lang]].concat();
            let (code, said) = told(&given, &[]);
            assert!(code == Some(2) || code == Some(3), "{given:?}: {code:?}");
            assert!(said.contains(part), "{given:?}: {said}");
        }
    }
}
