//! Items: about whom, and in which of the ways in which people are asked about.

use std::sync::Arc;

use dancu_domain::Verb;

use super::Draw;
use crate::ask::{Body, Expect, Held, Item};
use crate::callers::Standing;
use crate::claims::{self, Drawn};
use crate::flaws;
use crate::rows;

impl Draw {
    /// An item about somebody, in one of the ways in which people are asked about.
    pub(super) fn item(&mut self, verb: Verb, standing: &Standing) -> Option<Item> {
        let world = Arc::clone(&self.world);
        let shares = world.shares;
        let chance = &mut self.chance;
        let (index, citizen) = world.people.somebody(chance)?;
        let of_thousand = chance.below(1000);
        let mut from = 0;
        let mut hit = |share: u64| {
            from += share;
            of_thousand < from
        };
        let (drawn, flawed) = if hit(shares.mistaken) {
            (claims::mistaken(chance, index, citizen), false)
        } else if hit(shares.unknown) {
            (claims::unknown(chance, &world.people, &citizen), false)
        } else if hit(shares.malformed) {
            (claims::exact(index, citizen), true)
        } else if hit(shares.personas) && verb != Verb::Reconcile {
            match claims::persona(chance, &world.people, verb) {
                Some(drawn) => (drawn, false),
                None => (claims::right(chance, index, citizen), false),
            }
        } else if verb == Verb::Lookup && standing.number_alone && chance.permille(300) {
            (claims::number_alone(index, citizen), false)
        } else {
            (claims::right(chance, index, citizen), false)
        };
        let mut item = plain(drawn);
        if world.people.two_fit(&item) {
            item.expect = Expect::Ambiguous;
        }
        if verb == Verb::Reconcile {
            item.body = self.row(&item);
        }
        if flawed {
            let alone = verb == Verb::Lookup && standing.number_alone;
            flaws::spoil(&mut self.chance, &mut item, alone);
        }
        Some(item)
    }

    /// What the agency's own row holds: of somebody who moved during this run, the latest known.
    pub(super) fn row(&mut self, item: &Item) -> Body {
        let world = &self.world;
        let version = item.about.index().and_then(|i| world.versions.span(i));
        let version = version.map_or(0, |span| span.low);
        let today = world.people.nation().reference_date();
        Body::Row(Box::new(match world.people.at(&item.about, version) {
            Some(citizen) => rows::row(&mut self.chance, &citizen, today),
            None => Held::default(),
        }))
    }
}

pub(super) fn plain(drawn: Drawn) -> Item {
    Item {
        id: String::new(),
        dossier: String::new(),
        claims: drawn.claims,
        body: Body::Claims,
        about: drawn.about,
        floor: 0,
        expect: drawn.expect,
    }
}

/// Of rows with the same number only the first is compared.
pub(super) fn mark_duplicates(items: &mut [Item]) {
    let mut seen = std::collections::HashSet::new();
    for item in items {
        if matches!(item.expect, Expect::Malformed(..)) {
            continue;
        }
        if claims::read(&item.claims).is_some_and(|claims| !seen.insert(claims.key)) {
            item.expect = Expect::Duplicate;
        }
    }
}
