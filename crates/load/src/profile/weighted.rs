//! Who asks, by weight.

use std::sync::Arc;

use dancu_domain::{AgencyKind, Verb};

use super::table::Table;
use crate::callers::Standing;
use crate::chance::Chance;
use crate::draw::World;
use crate::mix::place;

/// Callers of a verb by weight.
pub(super) struct Weighted(Vec<(u64, Arc<Standing>)>);

impl Weighted {
    /// The callers of a verb: ministries, provinces and facilities by the shares of the table,
    /// provinces by their people.
    pub(super) fn of(table: &Table, world: &World, verb: Verb) -> Self {
        let mut weighted = Vec::new();
        let shares = table.kinds[place(verb)];
        let kinds = [
            AgencyKind::Ministry,
            AgencyKind::Province,
            AgencyKind::HealthFacility,
        ];
        let mut sum = 0;
        for (kind, share) in kinds.iter().zip(shares) {
            let standings = world.callers.of_kind(verb, *kind);
            let weight = |standing: &Standing| {
                let code = standing.caller.agency;
                let province = table.provinces.iter().find(|(c, _)| c == code.text());
                province.map_or(1, |(_, weight)| *weight)
            };
            let whole: u64 = standings.iter().map(|s| weight(s)).sum::<u64>().max(1);
            for standing in standings {
                sum += share * 1_000_000 * weight(standing) / whole;
                weighted.push((sum, Arc::clone(standing)));
            }
        }
        Self(weighted)
    }

    /// One of them.
    pub(super) fn draw(&self, chance: &mut Chance) -> Option<&Arc<Standing>> {
        let (last, _) = self.0.last()?;
        let at = chance.below(*last);
        let place = self.0.partition_point(|(sum, _)| *sum <= at);
        self.0.get(place).map(|(_, standing)| standing)
    }
}
