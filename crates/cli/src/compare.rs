//! Three counts that know nothing of each other, held against each other: what the load client
//! read, what the counters say, what the raw blocks hold.

use std::collections::BTreeMap;

use dancu_domain::{AgencyCode, Outcome, Receipt, Verb, VolumeKey};
use dancu_ledger::audit::EntryView;
use dancu_load::receipts::ReceiptLine;
use dancu_load::tally::{Tally, TallyKey};
use dancu_wire::pb;

use crate::words::Lang;

/// Counts by agency, verb and outcome, refusals among them.
pub(crate) type Counts = BTreeMap<TallyKey, u64>;

/// Two numbers that should be one, or an entry that is not what was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// Two sums differ.
    Sums {
        /// What is summed.
        of: String,
        /// The first sum's name and value.
        left: (&'static str, u64),
        /// The second's.
        right: (&'static str, u64),
    },
    /// A count that can only grow went back.
    WentBack {
        /// Of what.
        of: String,
    },
    /// The entry under a receipt is not what the answer said.
    Entry {
        /// Whose chain.
        writer: u32,
        /// Its index.
        index: u64,
        /// What of it is wrong.
        what: &'static str,
    },
    /// So many replies were not what they had to be.
    Replies(u64),
    /// What a verification of the ledger as it is stored found, counters included.
    Ledger(String),
}

impl Mismatch {
    /// What is told first: the ledger and the sums say more than any single entry.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::Ledger(_) => 0,
            Self::Sums { .. } | Self::WentBack { .. } => 1,
            Self::Replies(_) => 2,
            Self::Entry { .. } => 3,
        }
    }

    /// What is wrong, for people.
    pub(crate) fn text(&self, lang: Lang) -> String {
        let word = |word| lang.word(word);
        match self {
            Self::Sums { of, left, right } => {
                let (one, other) = (word(left.0), word(right.0));
                format!("{of}: {one} {}, {other} {}", left.1, right.1)
            }
            Self::WentBack { of } => {
                format!("{of}: {}", lang.of("số đếm bị lùi", "a count went back"))
            }
            Self::Entry {
                writer,
                index,
                what,
            } => match lang {
                Lang::Vi => format!("bên ghi {writer}, mục {index}: {}", word(what)),
                Lang::En => format!("writer {writer}, entry {index}: {what}"),
            },
            Self::Ledger(what) => format!("{}: {what}", lang.of("sổ", "ledger")),
            Self::Replies(wrong) => match lang {
                Lang::Vi => format!("câu trả lời: {wrong} không như phải có"),
                Lang::En => format!("replies: {wrong} not as they had to be"),
            },
        }
    }
}

/// The counts that GetVolumes answered; rows that this build cannot read are an error.
pub(crate) fn of_volumes(volumes: &[pb::Volume]) -> Option<Counts> {
    let mut counts = Counts::new();
    for volume in volumes {
        let agency = AgencyCode::parse(&volume.agency, "agency").ok()?;
        let verb = Verb::from_code(u8::try_from(volume.verb).ok()?)?;
        let outcome = Outcome::from_code(u8::try_from(volume.outcome).ok()?)?;
        let count = u64::try_from(volume.count).ok()?;
        *counts.entry((agency, verb, outcome)).or_default() += count;
    }
    Some(counts)
}

/// The counts of a recount.
pub(crate) fn of_blocks(recount: &BTreeMap<VolumeKey, u64>) -> Counts {
    let mut counts = Counts::new();
    for (key, count) in recount {
        *counts
            .entry((key.agency, key.verb, key.outcome))
            .or_default() += count;
    }
    counts
}

/// By how much counts have grown.
pub(crate) fn grown(before: &Counts, after: &Counts) -> Result<Counts, Mismatch> {
    let mut grown = Counts::new();
    for (key, count) in after {
        let old = before.get(key).copied().unwrap_or(0);
        let more = count.checked_sub(old).ok_or_else(|| back(key))?;
        if more > 0 {
            grown.insert(*key, more);
        }
    }
    match before.keys().find(|key| !after.contains_key(*key)) {
        Some(key) => Err(back(key)),
        None => Ok(grown),
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence<'a> {
    /// What the load client sent and read.
    pub(crate) tally: &'a Tally,
    /// How many replies were wrong.
    pub(crate) wrong: u64,
    /// By how much the counters have grown.
    pub(crate) counted: &'a Counts,
    /// By how much the entries have.
    pub(crate) audited: &'a Counts,
}

impl Evidence<'_> {
    /// Everything that does not add up.
    pub(crate) fn mismatches(&self) -> Vec<Mismatch> {
        let mut found = Vec::new();
        for verb in Verb::ALL {
            self.sent(*verb, &mut found);
            self.unacknowledged(*verb, &mut found);
        }
        self.counters_and_blocks(&mut found);
        self.answers_and_counters(&mut found);
        if self.wrong > 0 {
            found.push(Mismatch::Replies(self.wrong));
        }
        found
    }

    /// Items counted of a verb, refusals left out.
    pub(crate) fn counted(&self, verb: Verb) -> u64 {
        answered(self.counted, verb)
    }

    /// Entries of a verb, refusals left out.
    pub(crate) fn audited(&self, verb: Verb) -> u64 {
        answered(self.audited, verb)
    }

    /// Sent is answered, refused, malformed and unavailable.
    fn sent(&self, verb: Verb, found: &mut Vec<Mismatch>) {
        let tally = self.tally.verb(verb);
        if !tally.adds_up() {
            let parts = tally.answered + tally.refused + tally.malformed + tally.unavailable;
            found.push(Mismatch::Sums {
                of: verb.word().to_owned(),
                left: ("sent", tally.sent),
                right: ("answered, refused, malformed and unavailable", parts),
            });
        }
    }

    /// What was written and not read is at most what was cut off or came too late.
    fn unacknowledged(&self, verb: Verb, found: &mut Vec<Mismatch>) {
        let tally = self.tally.verb(verb);
        let all = |counts: &Counts| -> u64 {
            let of_verb = counts.iter().filter(|((_, v, _), _)| *v == verb);
            of_verb.map(|(_, count)| count).sum()
        };
        let read = tally.answered + tally.refused;
        let unread = all(self.audited).saturating_sub(read);
        if unread > tally.in_doubt {
            found.push(Mismatch::Sums {
                of: verb.word().to_owned(),
                left: ("audited and not read", unread),
                right: ("in doubt", tally.in_doubt),
            });
        }
    }

    /// The counters are the number of entries, key by key.
    fn counters_and_blocks(&self, found: &mut Vec<Mismatch>) {
        for key in keys(self.counted, self.audited) {
            let (counted, audited) = (at(self.counted, &key), at(self.audited, &key));
            if counted != audited {
                found.push(Mismatch::Sums {
                    of: name(&key),
                    left: ("counted", counted),
                    right: ("audited", audited),
                });
            }
        }
    }

    /// Nothing was read that is not counted; and where no answer was in doubt, nothing is counted
    /// that was not read.
    fn answers_and_counters(&self, found: &mut Vec<Mismatch>) {
        let read = self.tally.outcomes();
        for key in keys(read, self.counted) {
            let (read, counted) = (at(read, &key), at(self.counted, &key));
            let doubt = self.tally.verb(key.1).in_doubt;
            if counted < read || counted > read + doubt {
                let what = if key.2 == Outcome::Refused {
                    "refused"
                } else {
                    "answered"
                };
                found.push(Mismatch::Sums {
                    of: name(&key),
                    left: (what, read),
                    right: ("counted", counted),
                });
            }
        }
    }
}

/// Holds the entries that were found under receipts against what the answers said. `lines` and
/// `found` go side by side, in the order of the receipts.
pub(crate) fn entries(lines: &[ReceiptLine<'_>], found: &[Vec<EntryView>]) -> Vec<Mismatch> {
    let mut wrong = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let entries = found.get(place).map_or(&[][..], Vec::as_slice);
        for (nth, expected) in line.items.iter().enumerate() {
            let index = line.receipt.first + nth as u64;
            let what = match entries.iter().find(|entry| entry.index == index) {
                None => Some("is not there"),
                Some(entry) if entry.writer != line.receipt.writer => Some("another writer's"),
                Some(entry) if entry.agency != line.agency => Some("of another agency"),
                Some(entry) if entry.verb != line.verb => Some("of another verb"),
                Some(entry) if entry.service != line.service() => Some("of another service"),
                Some(entry) if entry.outcome != expected.outcome => Some("of another outcome"),
                Some(entry) if entry.given != expected.given => Some("gives other attributes"),
                Some(_) => None,
            };
            if let Some(what) = what {
                wrong.push(Mismatch::Entry {
                    writer: line.receipt.writer.0,
                    index,
                    what,
                });
            }
        }
    }
    wrong
}

/// Receipts that stand for the same entries: one entry was acknowledged twice. In the order of
/// the entries.
pub(crate) fn overlaps(receipts: &[Receipt]) -> Vec<Mismatch> {
    let overlap = |pair: &[Receipt]| {
        let end = pair[0].first + u64::from(pair[0].count);
        (pair[0].writer == pair[1].writer && pair[1].count > 0 && end > pair[1].first).then(|| {
            Mismatch::Entry {
                writer: pair[1].writer.0,
                index: pair[1].first,
                what: "acknowledged twice",
            }
        })
    };
    receipts.windows(2).filter_map(overlap).collect()
}

fn keys(one: &Counts, other: &Counts) -> Vec<TallyKey> {
    let mut keys: Vec<_> = one.keys().chain(other.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn at(counts: &Counts, key: &TallyKey) -> u64 {
    counts.get(key).copied().unwrap_or(0)
}

fn answered(counts: &Counts, verb: Verb) -> u64 {
    let of_verb = |(_, v, outcome): &TallyKey| *v == verb && *outcome != Outcome::Refused;
    let counts = counts.iter().filter(|(key, _)| of_verb(key));
    counts.map(|(_, count)| count).sum()
}

fn name((agency, verb, outcome): &TallyKey) -> String {
    format!("{agency} {verb} {outcome}")
}

fn back(key: &TallyKey) -> Mismatch {
    Mismatch::WentBack { of: name(key) }
}

#[cfg(test)]
mod tests;
