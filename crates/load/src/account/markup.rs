//! Lines, tables and texts of the page.

use std::fmt::Write as _;

use super::plot::time;

/// Adds a line.
pub(super) fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// Adds a table; cells are markup already.
pub(super) fn table(page: &mut String, heading: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    page.push_str("<div class=\"wide\"><table>\n<tr>");
    for cell in heading {
        write!(page, "<th>{cell}</th>").expect("a string takes every write");
    }
    page.push_str("</tr>\n");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            write!(page, "<td>{cell}</td>").expect("a string takes every write");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

/// Microseconds; without them the quantile is one of the missed, or nothing was answered.
pub(super) fn known_time(micros: Option<u64>, missed: u64) -> String {
    match micros {
        Some(micros) => time(micros as f64),
        None if missed > 0 => "missed".to_owned(),
        None => "-".to_owned(),
    }
}

/// A whole number with thin spaces.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Text as it may stand in markup.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}
