//! Holding the live counts against how far the ledger is.

use std::sync::atomic::Ordering;

use dancu_domain::WriterId;

use super::keep::Known;
use super::{LiveVolumes, NoVolumes, Place, locked};

/// How the counts here are, beside the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Every writer of the ledger is here, as far as it was at the last look.
    Right,
    /// A writer's counts are behind: whoever should add to them does not, or not in time.
    Late,
    /// Counts are missing, or are none of the ledger's; those are removed.
    Lost,
}

impl LiveVolumes {
    /// Looks at the counts. `heads` asks the ledger how far every writer is, and is asked after the
    /// counts were: nothing can be here that the ledger has not. `due` is what it said last, and
    /// becomes what it says now. Where the ledger does not say, or Redis is away, nothing is known.
    pub(super) async fn look<H, F>(
        &self,
        heads: &H,
        due: &mut Known,
        thorough: bool,
    ) -> Result<Found, NoVolumes>
    where
        H: Fn() -> F,
        F: Future<Output = Option<Vec<(WriterId, u64)>>>,
    {
        let thorough = self.doubted.swap(false, Ordering::Relaxed) || thorough;
        let place = match &self.place {
            Place::Redis(place) => place,
            Place::Twin(twin) => {
                let heads = heads().await.ok_or(NoVolumes::Away)?;
                let due = std::mem::replace(due, heads.into_iter().collect());
                let twin = locked(twin);
                let late = |(writer, next)| twin.next(writer) < Some(next);
                return Ok(if due.into_iter().any(late) {
                    Found::Late
                } else {
                    Found::Right
                });
            }
        };
        let here = place.standing().await?;
        let heads: Known = heads().await.ok_or(NoVolumes::Away)?.into_iter().collect();
        let mut found = Found::Right;
        for (member, at) in &here {
            let writer = member.parse().ok().map(WriterId);
            let writer = writer.filter(|writer| writer.0.to_string() == *member);
            let head = writer.and_then(|writer| heads.get(&writer));
            let fits = match (at, head) {
                (Some(at), Some(head)) => at <= head,
                _ => false,
            };
            let whole = match writer {
                Some(writer) if fits && thorough => place.is_whole(writer).await?,
                _ => fits,
            };
            if !whole {
                place.forget(member).await?;
                found = Found::Lost;
            }
        }
        let at = |writer: &WriterId| here.get(&writer.0.to_string()).copied().flatten();
        if found == Found::Right && due.iter().any(|(writer, next)| at(writer) < Some(*next)) {
            let missing = due.keys().any(|writer| at(writer).is_none());
            found = if missing { Found::Lost } else { Found::Late };
        }
        *due = heads;
        Ok(found)
    }
}
