//! What the binary prints: tables for people, one JSON object for programs, numbers for either.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::Value;

use crate::misuse::without_secrets;

/// The form of what goes to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// A table for people; for settings, TOML.
    #[default]
    #[value(alias = "toml")]
    Table,
    /// One JSON object.
    Json,
}

/// How thousands are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// 1,200,000,000.
    English,
    /// 1.200.000.000.
    Vietnamese,
}

impl Numbers {
    /// A whole number.
    pub(crate) fn whole(self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(self.mark());
            }
            text.push(digit);
        }
        text
    }

    /// A share of a whole, in per cent with so many decimals.
    pub(crate) fn percent(self, part: u64, whole: u64, decimals: usize) -> String {
        let share = if whole == 0 {
            0.0
        } else {
            part as f64 * 100.0 / whole as f64
        };
        let text = format!("{share:.decimals$} %");
        match self {
            Self::English => text,
            Self::Vietnamese => text.replace('.', ","),
        }
    }

    const fn mark(self) -> char {
        match self {
            Self::English => ',',
            Self::Vietnamese => '.',
        }
    }
}

/// A table of text: the first column and the named ones to the left, the others to the right.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    left: &'static [usize],
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this heading; `left` names the columns of words.
    pub(crate) fn new(left: &'static [usize], heading: &[&str]) -> Self {
        Self {
            left,
            rows: vec![heading.iter().map(|text| (*text).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as it fits the terminal that standard output is, and whole where it is none.
    pub(crate) fn fitting(&self) -> String {
        let out = std::io::stdout();
        let size = ratatui::crossterm::terminal::size();
        match size {
            Ok((columns, _)) if out.is_terminal() && columns > 0 => self.within(columns.into()),
            _ => self.text(),
        }
    }

    /// The table in so many columns of a terminal: what does not fit stands in tables below, each
    /// with the first column; where not even that fits, one field a line.
    fn within(&self, most: usize) -> String {
        let widths = self.widths();
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let first = widths.first().copied().unwrap_or(0);
        let mut used = most;
        for (column, width) in widths.iter().enumerate().skip(1) {
            if first + 2 + width > most {
                return self.fields();
            }
            if used + 2 + width > most {
                parts.push(vec![0]);
                used = first;
            }
            used += 2 + width;
            parts.last_mut().expect("one was just begun").push(column);
        }
        let parts: Vec<String> = parts
            .iter()
            .map(|part| self.columns(part, &widths))
            .collect();
        parts.join("\n")
    }

    /// Each row as a heading with its fields below.
    fn fields(&self) -> String {
        let Some((heading, rows)) = self.rows.split_first() else {
            return String::new();
        };
        let names = heading.iter().skip(1);
        let wide = names.map(|name| shown(name)).max().unwrap_or(0);
        let mut text = String::new();
        for row in rows {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(row.first().map_or("", String::as_str));
            text.push('\n');
            for (name, cell) in heading.iter().zip(row).skip(1) {
                let gap = " ".repeat(wide - shown(name));
                let line = format!("  {name}{gap}  {cell}");
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }

    /// The table as text, each line with an end.
    pub(crate) fn text(&self) -> String {
        let widths = self.widths();
        let all: Vec<usize> = (0..widths.len()).collect();
        self.columns(&all, &widths)
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| shown(cell)).max().unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }

    fn columns(&self, columns: &[usize], widths: &[usize]) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            let cells = columns
                .iter()
                .filter_map(|column| Some((*column, row.get(*column)?)));
            for (column, cell) in cells {
                if column > 0 {
                    line.push_str("  ");
                }
                let gap = " ".repeat(widths[column] - shown(cell));
                if self.left.contains(&column) {
                    line.push_str(cell);
                    line.push_str(&gap);
                } else {
                    line.push_str(&gap);
                    line.push_str(cell);
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Columns that a text takes on a terminal: combining marks take none.
fn shown(text: &str) -> usize {
    let marks = |c: &char| matches!(c, '\u{300}'..='\u{36f}');
    text.chars().filter(|c| !marks(c)).count()
}

/// Writes text to standard output. Who closed it does not want to read on.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if written.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
        LOST.store(true, Relaxed);
    }
}

/// Whether something that was printed did not arrive.
pub(crate) fn lost() -> bool {
    LOST.load(Relaxed)
}

static LOST: AtomicBool = AtomicBool::new(false);

/// Writes one JSON value to standard output, with an end of line.
pub(crate) fn print_json(value: &Value) {
    print(&format!("{value:#}\n"));
}

/// Writes a line to standard error, without what is secret in addresses.
pub(crate) fn tell(line: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{}", without_secrets(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart_in_the_way_of_the_language() {
        let vi = Numbers::Vietnamese;
        assert_eq!(vi.whole(1_200_000_000), "1.200.000.000");
        assert_eq!(vi.whole(536_000_000), "536.000.000");
        assert_eq!(vi.whole(0), "0");
        assert_eq!(vi.whole(999), "999");
        assert_eq!(vi.whole(1_000), "1.000");
        assert_eq!(Numbers::English.whole(12_345), "12,345");
        assert_eq!(vi.percent(1, 3, 2), "33,33 %");
        assert_eq!(Numbers::English.percent(1, 0, 1), "0.0 %");
    }

    #[test]
    fn a_table_that_is_too_wide_is_taken_apart() {
        let mut table = Table::new(&[0, 2], &["key", "count", "note"]);
        table.row(["one", "1,000", "a short one"]);
        assert_eq!(table.within(80), table.text());
        let apart = "key  count\none  1,000\n\nkey  note\none  a short one\n";
        assert_eq!(table.within(18), apart);
        let fields = "one\n  count  1,000\n  note   a short one\n";
        assert_eq!(table.within(14), fields);
    }

    #[test]
    fn columns_stand_under_each_other_whatever_marks_are_in_them() {
        let mut table = Table::new(&[0], &["tên", "n"]);
        table.row(["Le\u{302}\u{323}", "7"]);
        table.row(["Trần", "1.000"]);
        assert_eq!(
            table.text(),
            "tên       n\nLe\u{302}\u{323}        7\nTrần  1.000\n"
        );
    }
}
