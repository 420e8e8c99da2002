//! What is said of a command line that cannot be read: which flag, and what is wanted there. What
//! was given is never repeated, since it may be an address with a password in the wrong place.

use std::error::Error as _;
use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};
use dancu_load::pace::{PaceError, Place, Rule};
use dancu_server::Secret;

use crate::words::Lang;

/// What is said of an error of the parser. `command` is the command line as it is parsed, and
/// `words` what was given.
pub(crate) fn text(error: &Error, command: &mut Command, words: &[String], lang: Lang) -> String {
    command.build();
    let command = meant(command, words);
    let flag = names(error.get(ContextKind::InvalidArg)).join(", ");
    let mut text = format!("dancu: {}", what(error, command, &flag, words, lang));
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand];
    let near: Vec<String> = near
        .iter()
        .flat_map(|kind| names(error.get(*kind)))
        .collect();
    if !near.is_empty() {
        let mean = lang.of("có phải ý là", "did you mean");
        let _ = write!(text, "; {mean} `{}`?", near.join("`, `"));
    }
    let see = lang.of("Xem", "See");
    let path = command.get_bin_name().unwrap_or("dancu");
    let _ = write!(text, "\n{see}: {path} --help");
    text
}

/// What is wrong, without what was given.
fn what(error: &Error, command: &Command, flag: &str, words: &[String], lang: Lang) -> String {
    match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let possible = names(error.get(ContextKind::ValidValue));
            if possible.is_empty() {
                let wrong = lang.of("không nhận giá trị đã cho", "does not take what was given");
                if let Some(why) = no_schedule(error, flag, lang) {
                    return format!("{flag} {wrong}: {why}");
                }
                match wanted(command, flag) {
                    Some(help) => format!("{flag} {wrong}: {help}"),
                    None => format!("{flag} {wrong}"),
                }
            } else {
                let must = lang.of("phải là một trong", "must be one of");
                format!("{flag} {must}: {}", possible.join(", "))
            }
        }
        ErrorKind::UnknownArgument => {
            let given = names(error.get(ContextKind::InvalidArg));
            let begins = |word: &String| given.iter().any(|arg| word.starts_with(arg.as_str()));
            let unknown = lang.of("không có tham số như vậy", "there is no such argument");
            match words.iter().position(begins) {
                Some(place) => {
                    let word = lang.of("từ thứ", "word");
                    format!("{word} {place}: {unknown}")
                }
                None => unknown.to_owned(),
            }
        }
        ErrorKind::InvalidSubcommand => lang
            .of("không có lệnh như vậy", "there is no such command")
            .to_owned(),
        ErrorKind::MissingSubcommand => {
            let known = command.get_subcommands().map(Command::get_name);
            let known = known.collect::<Vec<_>>().join(", ");
            format!("{}: {known}", lang.of("thiếu lệnh", "a command is missing"))
        }
        ErrorKind::MissingRequiredArgument => {
            format!("{}: {flag}", lang.of("thiếu", "what is missing"))
        }
        ErrorKind::ArgumentConflict => {
            let other = names(error.get(ContextKind::PriorArg)).join(", ");
            let both = lang.of("không dùng được cùng với", "cannot be used with");
            if other.is_empty() || other == flag {
                let twice = lang.of("chỉ được cho một lần", "can be given once only");
                format!("{flag} {twice}")
            } else {
                format!("{flag} {both} {other}")
            }
        }
        ErrorKind::TooManyValues
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues
        | ErrorKind::NoEquals => {
            let wrong = lang.of("có số giá trị sai", "has a wrong number of values");
            format!("{flag} {wrong}")
        }
        ErrorKind::InvalidUtf8 => lang.of("không phải UTF-8", "this is not UTF-8").to_owned(),
        _ => lang.of("gọi sai", "it was called wrongly").to_owned(),
    }
}

/// Which part of what was given is no schedule, and which rule it breaks; of flags that take one.
fn no_schedule(error: &Error, flag: &str, lang: Lang) -> Option<String> {
    let error = error.source()?.downcast_ref::<PaceError>()?;
    if !flag.starts_with("--schedule") {
        return None;
    }
    if lang == Lang::En {
        return Some(error.to_string());
    }
    let rule = match error.rule {
        Rule::Stage => {
            "phải là một trong `hold RATE TIME`, `ramp FROM TO TIME`, `step FROM TO PLATEAUS TIME`, \
             `burst LOW HIGH EVERY LENGTH TIME`, `day PEAK TIME`"
        }
        Rule::Values => "phải có đúng các giá trị này, cách nhau bằng dấu cách",
        Rule::Rate => "phải là tốc độ từ 0 đến 10.000.000",
        Rule::Time => "phải là thời gian như 90s, 1.5m hay 250ms, và nhiều nhất 30 ngày",
        Rule::Plateaus => "phải là số từ 2 đến 1.000",
        Rule::Every => "phải ít nhất là 1ms",
        Rule::Length => "không được dài hơn EVERY: một đợt xong rồi đợt sau mới bắt đầu",
        Rule::Longest => "toàn bộ lịch chỉ được dài nhiều nhất 30 ngày",
        Rule::Something => "toàn bộ lịch phải gửi ít nhất một thông điệp",
    };
    let Some(Place { stage, form, value }) = error.place else {
        return Some(rule.to_owned());
    };
    let form = form.map_or(String::new(), |form| format!(" (`{form}`)"));
    let value = value.map_or(String::new(), |value| format!(", {value}"));
    Some(format!("chặng {stage}{form}{value}: {rule}"))
}

/// What an error knows of this kind; all of it are names of ours but for what was given itself.
fn names(value: Option<&ContextValue>) -> Vec<String> {
    match value {
        Some(ContextValue::String(name)) => vec![name.clone()],
        Some(ContextValue::Strings(names)) => names.clone(),
        _ => Vec::new(),
    }
}

/// The command that the words lead to.
fn meant<'a>(command: &'a Command, words: &[String]) -> &'a Command {
    let below = |at: &'a Command, word: &String| at.find_subcommand(word).unwrap_or(at);
    words.iter().skip(1).fold(command, below)
}

/// What the help says of an argument.
fn wanted(command: &Command, flag: &str) -> Option<String> {
    let mut arguments = command.get_arguments();
    let found = arguments.find(|argument| argument.to_string() == flag)?;
    found.get_help().map(ToString::to_string)
}

/// The text without what may be secret in addresses: their users, passwords and options.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    loop {
        // An address, or a user and a password before a host.
        let marks = [rest.find("://"), password(rest)];
        let Some(mark) = marks.into_iter().flatten().min() else {
            out.push_str(rest);
            return out;
        };
        let edge = |c: char| c.is_whitespace() || "`'\"(,;=".contains(c);
        let from = rest[..mark].rfind(edge).map_or(0, |at| {
            at + rest[at..].chars().next().map_or(0, char::len_utf8)
        });
        // A password may hold anything, also what looks like the end of an address.
        let host = rest[mark..].rfind('@').map_or(mark, |at| mark + at);
        let end = rest[host..].find(|c: char| c.is_whitespace() || "`'\"".contains(c));
        let end = end.map_or(rest.len(), |at| host + at);
        out.push_str(&rest[..from]);
        let (address, colon) = match rest[from..end].strip_suffix(':') {
            Some(address) => (address, ":"),
            None => (&rest[from..end], ""),
        };
        if address.ends_with("://…") {
            // So our own words say what an address is like.
            out.push_str(address);
        } else {
            out.push_str(&Secret::new(address).shown());
        }
        out.push_str(colon);
        rest = &rest[end..];
    }
}

/// Where a word with a colon before its `@` begins.
fn password(text: &str) -> Option<usize> {
    let mut at = 0;
    for word in text.split(char::is_whitespace) {
        if word
            .rsplit_once('@')
            .is_some_and(|(before, host)| before.contains(':') && !host.is_empty())
            && !word.contains("://")
        {
            return Some(at);
        }
        at += word.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_passwords_and_options_are_cut_out_of_a_text() {
        for (text, left) in [
            ("cannot read /etc/dancu.toml: no such file", None),
            ("cannot reach http://127.0.0.1:1: refused", None),
            ("somebody@home is no agency: it is not", None),
            (
                "cannot read postgres://u:Chim3@h:5432/d: no",
                Some("cannot read postgres://(hidden)@h:5432/d: no"),
            ),
            (
                "there is `postgres://u:Chim3@h/d?x=Chim3`",
                Some("there is `postgres://(hidden)@h/d?(hidden)`"),
            ),
            (
                "--set redis://:Chim 3 @h/0 x",
                Some("--set redis://(hidden)@h/0 x"),
            ),
            ("u:Chim3@h/d", Some("(hidden)")),
            ("registry.url must be an address postgres://…", None),
            ("a=redis://u:Chim3@h", Some("a=redis://(hidden)@h")),
        ] {
            assert_eq!(without_secrets(text), left.unwrap_or(text));
        }
    }
}
