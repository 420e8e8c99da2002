//! The command line as it is parsed, with its help in the language that is asked for.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory as _};

use crate::Arguments;
use crate::words::Lang;

/// Each English text with its Vietnamese below.
const TEXTS: &str = include_str!("../data/help_vi.txt");

/// The command line, in the language that its own words or the environment ask for: help is told
/// before anything is parsed.
pub(crate) fn command(words: &[OsString], variable: Option<&str>) -> Command {
    // What a variable holds may be an address in the wrong place: no help shows it.
    let mut command = without_values(Arguments::command());
    match asked(words, variable) {
        Lang::En => command,
        Lang::Vi => {
            // The flags and commands of help itself are there only once it is built.
            command.build();
            translated(command)
        }
    }
}

/// The language that is asked for. What is no language is left to the parser to tell.
pub(crate) fn asked(words: &[OsString], variable: Option<&str>) -> Lang {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "--lang");
    let apart = pairs.map(|pair| pair[1]).next_back();
    let mut joined = words.iter().filter_map(|word| word.strip_prefix("--lang="));
    match apart.or(joined.next_back()).or(variable) {
        Some("vi") => Lang::Vi,
        _ => Lang::En,
    }
}

fn without_values(command: Command) -> Command {
    command.mut_args(no_values).mut_subcommands(without_values)
}

fn no_values(argument: Arg) -> Arg {
    argument.hide_env_values(true)
}

fn translated(command: Command) -> Command {
    const TEMPLATE: &str = "{about-with-newline}\nCách dùng: {usage}\n\n{all-args}{after-help}";
    let about = command.get_about().map(in_vietnamese);
    let long = command.get_long_about().map(in_vietnamese);
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("Lệnh")
        .mut_args(argument)
        .mut_subcommands(translated);
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    command
}

fn argument(argument: Arg) -> Arg {
    let help = argument.get_help().map(in_vietnamese);
    let long = argument.get_long_help().map(in_vietnamese);
    let heading = if argument.is_positional() {
        "Đối số"
    } else {
        "Tùy chọn"
    };
    let mut argument = argument.help_heading(heading);
    if let Some(help) = help {
        argument = argument.help(help);
    }
    if let Some(long) = long {
        argument = argument.long_help(long);
    }
    argument
}

/// A text of help in Vietnamese, paragraph by paragraph; one that has none stays as it is.
fn in_vietnamese(text: &StyledStr) -> String {
    let text = text.to_string();
    let told: Vec<&str> = text
        .split("\n\n")
        .map(|paragraph| of(paragraph).unwrap_or(paragraph))
        .collect();
    told.join("\n\n")
}

fn of(paragraph: &str) -> Option<&'static str> {
    let wanted = paragraph.trim().trim_end_matches('.');
    TEXTS
        .split("\n\n")
        .filter_map(|pair| pair.trim().split_once('\n'))
        .find(|(english, _)| *english == wanted)
        .map(|(_, vietnamese)| vietnamese)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_language_is_that_of_the_last_word_about_it_or_of_the_environment() {
        let of = |given: &[&str], variable| asked(&words(given), variable);
        assert_eq!(of(&["dancu", "--help"], None), Lang::En);
        assert_eq!(of(&["dancu", "--lang", "vi", "--help"], None), Lang::Vi);
        assert_eq!(of(&["dancu", "lookup", "--lang=vi"], None), Lang::Vi);
        assert_eq!(of(&["dancu", "--help"], Some("vi")), Lang::Vi);
        assert_eq!(of(&["dancu", "--lang", "en"], Some("vi")), Lang::En);
        assert_eq!(of(&["dancu", "--lang"], None), Lang::En);
    }

    /// Every paragraph of help, of a command and of all below it.
    fn paragraphs(command: &Command) -> Vec<String> {
        let mut all: Vec<&StyledStr> = command.get_about().into_iter().collect();
        all.extend(command.get_long_about());
        for argument in command.get_arguments() {
            all.extend(argument.get_help());
            all.extend(argument.get_long_help());
        }
        let mut all: Vec<String> = all
            .into_iter()
            .flat_map(|text| {
                let text = text.to_string();
                let parts = text.split("\n\n").map(str::to_owned);
                parts.collect::<Vec<_>>()
            })
            .collect();
        all.extend(command.get_subcommands().flat_map(paragraphs));
        all
    }

    #[test]
    fn every_text_of_help_has_its_vietnamese() {
        let mut command = Arguments::command();
        command.build();
        let missing: Vec<String> = paragraphs(&command)
            .into_iter()
            .filter(|paragraph| of(paragraph).is_none())
            .collect();
        assert!(missing.is_empty(), "not in help_vi.txt: {missing:#?}");
    }

    #[test]
    fn the_help_is_vietnamese_where_that_is_asked_for() {
        for arguments in [
            &["dancu", "--lang", "vi", "lookup", "--help"][..],
            &["dancu", "lookup", "--lang=vi", "-h"],
        ] {
            let given = words(arguments);
            let told = command(&given, None)
                .try_get_matches_from(given)
                .unwrap_err();
            assert_eq!(told.kind(), clap::error::ErrorKind::DisplayHelp);
            let told = told.to_string();
            for part in [
                "Cách dùng:",
                "Tùy chọn:",
                "Họ, chữ đệm và tên",
                "Địa chỉ dịch vụ",
            ] {
                assert!(told.contains(part), "{told}");
            }
            assert!(!told.contains("The full name"), "{told}");
        }
        let given = words(&["dancu", "lookup", "--persona", "plain", "--lang", "vi"]);
        let parsed = command(&given, None).try_get_matches_from(given).unwrap();
        assert_eq!(parsed.subcommand_name(), Some("lookup"));
    }
}
