//! Data files and weighted tables.

use crate::chance::below;

/// The rows of a comma-separated data file: comments, blank lines and the heading are left out.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .skip(1)
        .map(|line| line.split(',').collect())
}

/// A number in a data file.
pub(crate) fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect(
        "the data files are part of the build, and every number in them is read by the tests",
    )
}

/// The sections of a data file: `[name]`, then lines of `field = value`.
pub(crate) fn sections(
    text: &'static str,
) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let mut found: Vec<(&str, Vec<_>)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            found.push((name, Vec::new()));
        } else if let (Some((_, fields)), Some((field, value))) =
            (found.last_mut(), line.split_once('='))
        {
            fields.push((field.trim(), value.trim()));
        }
    }
    found
}

/// How finely weights are kept.
const CELLS: usize = 4096;

/// Picks entries by their weights with one look.
#[derive(Clone, Debug)]
pub(crate) struct Weighted {
    cells: Box<[u16]>,
}

impl Weighted {
    /// A table of these weights; an entry that weighs nothing is never picked.
    pub(crate) fn new(weights: &[u64]) -> Self {
        let total: u64 = weights.iter().sum();
        let mut cells = Vec::with_capacity(CELLS);
        let mut passed = 0;
        for (entry, weight) in weights.iter().enumerate() {
            passed += weight;
            let until = (passed * CELLS as u64 / total.max(1)) as usize;
            cells.resize(until.max(cells.len()), entry as u16);
        }
        Self {
            cells: cells.into_boxed_slice(),
        }
    }

    /// The entry that a draw falls on.
    pub(crate) fn pick(&self, draw: u64) -> usize {
        usize::from(self.cells[below(draw, self.cells.len() as u64) as usize])
    }
}

#[cfg(test)]
mod tests;
