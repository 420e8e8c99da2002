//! What all sides are asked: the messages of a nation, and the echo's canned replies.

use std::sync::Arc;

use dancu_population::{KeyState, Nation, SandboxKey};
use dancu_wire::pb::dancu::v1 as pb;

use super::echo::Echo;
use super::generator::Traffic;
use crate::messages;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How many different calls there are; each is about another citizen where the nation is as large.
pub const CALLS: u64 = 8_192;

/// What all sides are asked about.
#[derive(Debug)]
pub struct House {
    nation: Nation,
    key: SandboxKey,
}

impl House {
    /// A nation and an agency that may ask about it.
    pub fn new(citizens: u64, seed: u64) -> Result<Self, Failed> {
        let nation = Nation::new(seed, citizens);
        let mut keys = nation.sandbox_keys().into_iter();
        let key = keys.find(|key| key.state == KeyState::Valid && key.agency.text() == "H26");
        let key = key.ok_or("the nation has no key for H26")?;
        Ok(Self { nation, key })
    }

    /// Who lives there.
    pub fn nation(&self) -> &Nation {
        &self.nation
    }

    /// The key of the agency that asks.
    pub fn key(&self) -> &SandboxKey {
        &self.key
    }

    /// Lookups, a call each.
    pub fn unary(&self) -> Traffic {
        self.spread(CALLS)
    }

    /// The same of so many citizens, spread over the nation.
    pub fn spread(&self, calls: u64) -> Traffic {
        Traffic {
            path: "/dancu.v1.LookupService/LookupCitizen",
            key: self.key.key.clone(),
            messages: Arc::new(messages::framed_lookups(&self.nation, calls, &self.key)),
            items: 1,
            stream: None,
        }
    }

    /// Lookups of whole records, so many a message of a stream.
    pub fn streams(&self, items: u64, depth: usize) -> Traffic {
        let messages = (0..32)
            .map(|n| {
                let batch = pb::BatchLookupCitizensRequest {
                    context: Some(messages::context(
                        &format!("bench-{n}"),
                        &self.key,
                        pb::Purpose::AdministrativeProcedure,
                    )),
                    view: pb::LookupView::Full.into(),
                    items: (0..items)
                        .map(|item| {
                            let index = (n * items + item) % self.nation.len();
                            pb::LookupItem {
                                claims: Some(messages::claims(&self.nation.citizen(index))),
                                ..Default::default()
                            }
                        })
                        .collect(),
                    ..Default::default()
                };
                messages::framed(&pb::StreamLookupCitizensRequest { batch: Some(batch) })
            })
            .collect();
        Traffic {
            path: "/dancu.v1.LookupService/StreamLookupCitizens",
            key: self.key.key.clone(),
            messages: Arc::new(messages),
            items,
            stream: Some(depth),
        }
    }

    /// What the echo answers: in streams everything that the agency may see of the citizen.
    pub fn echo(&self, items: usize) -> Echo {
        let citizen = self.nation.citizen(7);
        let header = pb::AnswerHeader {
            request_id: "bench-7".to_owned(),
            revision: Some(pb::Revision {
                nation: "0".repeat(32),
                number: 0,
            }),
            source: pb::Source::Memory.into(),
            receipt: Some(pb::Receipt {
                writer: 1,
                first_index: 1_000_000,
                count: 1,
            }),
        };
        let result = |attributes| pb::LookupResult {
            outcome: pb::LookupOutcome::Found.into(),
            level: pb::MatchLevel::Exact.into(),
            citizen: Some(dancu_wire::citizen(&citizen, attributes)),
            ..Default::default()
        };
        let granted = self
            .nation
            .licences()
            .into_iter()
            .filter(|licence| licence.agency == self.key.agency)
            .fold(dancu_domain::AttributeSet::NONE, |all, licence| {
                all.or(licence.attributes)
            });
        let reply = |attributes| pb::LookupCitizenResponse {
            header: Some(header.clone()),
            result: Some(result(attributes)),
        };
        Echo::new(
            reply(dancu_domain::AttributeSet::BASIC.and(granted)),
            reply(granted),
            items,
        )
    }
}
