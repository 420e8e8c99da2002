//! What a block says to the limits.

use dancu_domain::{AgencyCode, GuessLimits, Timestamp, VolumeRow};

use crate::Block;
use crate::codec::{self, Undecodable};
use crate::tally::Tally;

/// A failed match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// About whom.
    pub(super) pseudonym: u64,
    /// Who asked.
    pub(super) agency: AgencyCode,
    /// When: on the day that the caller named, if one was named.
    pub(super) at: Timestamp,
    /// Whether a day was named.
    pub(super) event_day: bool,
}

/// What is found in a block.
pub(super) struct Found {
    /// What it adds to the counts.
    pub(super) counts: Vec<VolumeRow>,
    /// The matches that failed, in order.
    pub(super) failed: Vec<Failed>,
}

impl Found {
    /// Reads the entries of a block.
    pub(super) fn in_block(block: &Block) -> Result<Self, Undecodable> {
        let (mut tally, mut failed) = (Tally::default(), Vec::new());
        for message in codec::messages(&block.entries)? {
            let message = message?;
            let at = if message.event_day {
                block.at.on(message.day)
            } else {
                block.at
            };
            for item in message.items() {
                tally.add(message.key(item.outcome), 1);
                if let Some(pseudonym) = item.pseudonym
                    && GuessLimits::counts(message.verb, item.outcome)
                {
                    failed.push(Failed {
                        pseudonym,
                        agency: message.agency,
                        at,
                        event_day: message.event_day,
                    });
                }
            }
        }
        Ok(Self {
            counts: tally.sorted(),
            failed,
        })
    }
}
