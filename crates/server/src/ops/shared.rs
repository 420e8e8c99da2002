//! The figures of what instances share: Redis, the live volumes, the quotas, the durable limits.

use std::collections::BTreeMap;

use dancu_domain::Verb;

use super::Sources;
use super::gather::{count, labelled, one, rows};
use super::list::*;
use super::text::{Family, Figure};
use crate::backing::RegistryHome;
use crate::parts::{Part, PartState};

/// All of them.
pub(crate) async fn families<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let link = sources.link.as_ref().map(dancu_cache::Link::counters);
    let link = link.unwrap_or_default();
    let quotas = sources.quotas.as_ref().map(dancu_cache::Quotas::counters);
    let quotas = quotas.unwrap_or_default();
    let limits = sources.ledger.limits().map(|limits| limits.counters());
    let limits = limits.unwrap_or_default();
    vec![
        state(sources),
        labelled(
            &REDIS_CONNECTIONS,
            &[
                ("taken", link.connected),
                ("late", link.timeouts),
                ("failed", link.errors),
            ],
        ),
        live(sources).await,
        labelled(
            &QUOTA_ITEMS,
            &[
                ("leased", quotas.leased),
                ("alone", quotas.alone),
                ("refused", quotas.refused),
            ],
        ),
        count(&DAY_REFUSED, limits.day_refused),
        count(&GUESSES_WITHHELD, limits.withheld),
        one(&GUESSES_REMEMBERED, Figure::Count(limits.remembered)),
        count(&GUESSES_FORGOTTEN, limits.forgotten),
    ]
}

/// Whether the shared level is used: one of three, as an alert wants it.
fn state<R: RegistryHome>(sources: &Sources<R>) -> Family {
    let now = match sources.parts.borrow().of(Part::Redis) {
        PartState::Up => "used",
        PartState::Absent(_) => "none",
        PartState::Degraded(_) | PartState::Away(_) => "bypassed",
    };
    let each = ["used", "bypassed", "none"].map(|word| (word, u64::from(word == now)));
    labelled(&CACHE_STATE, &each)
}

/// The live counts by verb, where they are whole.
async fn live<R: RegistryHome>(sources: &Sources<R>) -> Family {
    let totals = match &sources.volumes {
        Some(volumes) if *volumes.whole().borrow() => volumes.totals().await.ok(),
        _ => None,
    };
    let sums = totals.map(|totals| {
        let mut sums: BTreeMap<Verb, u64> = Verb::ALL.iter().map(|verb| (*verb, 0)).collect();
        for row in totals {
            *sums.entry(row.key.verb).or_default() += row.count;
        }
        sums
    });
    let shown = sums.into_iter().flatten().map(|(verb, n)| {
        let labels = vec![verb.word().to_owned()];
        (labels, Figure::Count(n))
    });
    rows(&LIVE_VOLUMES, shown)
}
