//! The receipts that came with the answers, packed: what the raw blocks must hold in the end.

use dancu_domain::{AgencyCode, AttributeSet, Outcome, Receipt, ServiceCode, Verb, WriterId};

/// One item of an acknowledged message, as its entry must read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// How it ended.
    pub outcome: Outcome,
    /// The attributes that were read, as far as the answer shows them.
    pub given: AttributeSet,
}

/// Who was answered what, under one receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptLine<'a> {
    /// Where the entries are.
    pub receipt: Receipt,
    /// Who asked.
    pub agency: AgencyCode,
    /// What.
    pub verb: Verb,
    /// One an entry, in order.
    pub items: &'a [Acknowledged],
}

impl ReceiptLine<'_> {
    /// The service code under which such a message is recorded.
    pub const fn service(&self) -> ServiceCode {
        service(self.verb)
    }
}

/// The service code of a verb's operation.
pub const fn service(verb: Verb) -> ServiceCode {
    match verb {
        Verb::Lookup => ServiceCode::LOOKUP_CITIZEN,
        Verb::Authenticate => ServiceCode::AUTHENTICATE_CITIZEN,
        Verb::Reconcile => ServiceCode::RECONCILE_CITIZENS,
        Verb::Push => ServiceCode::PUSH_CHANGES,
    }
}

#[derive(Clone, Copy, Debug)]
struct Row {
    first: u64,
    writer: u32,
    start: u32,
    count: u32,
    agency: u16,
    verb: Verb,
}

/// Every receipt of a run.
#[derive(Clone, Debug, Default)]
pub struct Receipts {
    agencies: Vec<AgencyCode>,
    rows: Vec<Row>,
    items: Vec<Acknowledged>,
}

impl Receipts {
    /// Keeps a receipt and what was read under it.
    pub fn keep(
        &mut self,
        receipt: Receipt,
        agency: AgencyCode,
        verb: Verb,
        items: &[Acknowledged],
    ) {
        let agency = self.agency(agency);
        self.rows.push(Row {
            first: receipt.first,
            writer: receipt.writer.0,
            start: self.items.len() as u32,
            count: receipt.count,
            agency,
            verb,
        });
        self.items.extend_from_slice(items);
    }

    /// Adds another client's receipts.
    pub fn add(&mut self, other: &Self) {
        for line in other.lines() {
            self.keep(line.receipt, line.agency, line.verb, line.items);
        }
    }

    /// Each receipt, in the order in which it was kept.
    pub fn lines(&self) -> impl Iterator<Item = ReceiptLine<'_>> {
        self.rows.iter().map(|row| ReceiptLine {
            receipt: Receipt {
                writer: WriterId(row.writer),
                first: row.first,
                count: row.count,
            },
            agency: self.agencies[usize::from(row.agency)],
            verb: row.verb,
            items: &self.items[row.start as usize..][..row.count as usize],
        })
    }

    /// How many messages were acknowledged.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was acknowledged.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn agency(&mut self, agency: AgencyCode) -> u16 {
        let place = self.agencies.iter().position(|a| *a == agency);
        place.unwrap_or_else(|| {
            self.agencies.push(agency);
            self.agencies.len() - 1
        }) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_come_back_as_they_were_kept() {
        let agency = |text| AgencyCode::parse(text, "agency").unwrap();
        let found = Acknowledged {
            outcome: Outcome::Found,
            given: AttributeSet::BASIC,
        };
        let nobody = Acknowledged {
            outcome: Outcome::NoMatch,
            given: AttributeSet::NONE,
        };
        let receipt = |first, count| Receipt {
            writer: WriterId(3),
            first,
            count,
        };
        let mut one = Receipts::default();
        one.keep(
            receipt(10, 2),
            agency("H26"),
            Verb::Lookup,
            &[found, nobody],
        );
        let mut two = Receipts::default();
        two.keep(receipt(12, 1), agency("G01"), Verb::Lookup, &[nobody]);
        two.add(&one);
        let lines: Vec<_> = two.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].receipt.first, 10);
        assert_eq!(lines[1].agency, agency("H26"));
        assert_eq!(lines[1].items, &[found, nobody]);
        assert_eq!(lines[0].items, &[nobody]);
    }
}
