//! Following the registry's changes.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{ChangeFeed, Clock, RegistryError, Revision};

use crate::Watermark;

/// How many changes are asked for at once.
const STEP: usize = 4_096;
/// A follower that is asked or woken to look at once pauses for this part of its interval before.
const PAUSE: u32 = 20;

/// Follows the changes until `stop` is done: notes them in their order and confirms the head,
/// every `every`, whenever somebody has seen a revision beyond the watermark, and when the feed
/// wakes it. For the back runtime. While the registry does not answer, nothing is confirmed, and after the bound the
/// cache stops answering whoever asked for no revision.
pub async fn follow<F: ChangeFeed>(
    feed: Arc<F>,
    watermark: Arc<Watermark>,
    clock: impl Clock,
    every: Duration,
    stop: impl Future<Output = ()>,
) {
    let rounds = async {
        let mut failing = false;
        loop {
            let round = look(&*feed, &watermark, &clock).await;
            match round {
                Err(error) if !failing => {
                    tracing::warn!(reason = ?error.reason(), "cannot follow the registry");
                }
                Ok(()) if failing => tracing::info!("follows the registry again"),
                _ => {}
            }
            failing = round.is_err();
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = watermark.kicked() => tokio::time::sleep(every / PAUSE).await,
                () = feed.woken() => tokio::time::sleep(every / PAUSE).await,
            }
        }
    };
    tokio::select! {
        () = stop => {}
        () = pin!(rounds) => {}
    }
}

/// One round. The instant is taken before the head is asked for: the confirmation is about then.
async fn look<F: ChangeFeed>(
    feed: &F,
    watermark: &Watermark,
    clock: &impl Clock,
) -> Result<(), RegistryError> {
    let asked_at = clock.now();
    let known = watermark.revision();
    let head = feed.head().await?;
    if head.nation != watermark.nation() {
        return Err(RegistryError::AnotherNation);
    }
    if head.number < known {
        // It was set back, and has not begun a line of its own yet: what is kept may never have been.
        return Err(RegistryError::Unavailable);
    }
    catch_up(feed, watermark, head.number).await?;
    watermark.confirm(head.number, asked_at);
    Ok(())
}

/// Notes changes until the watermark is at `target` or later. Whoever comes while another reads
/// the feed waits for it, and mostly finds nothing left to do. May be dropped at any point.
///
/// Numbers follow each other without gaps but where the registry goes on from another state than the
/// one that was followed: there it leaps, and nothing that was kept is as good as unchanged.
/// `target` must be a number that the registry has told.
pub(crate) async fn catch_up<F: ChangeFeed>(
    feed: &F,
    watermark: &Watermark,
    target: u64,
) -> Result<(), RegistryError> {
    if watermark.revision() >= target {
        return Ok(());
    }
    let _alone = watermark.following().await;
    loop {
        let after = watermark.revision();
        if after >= target {
            return Ok(());
        }
        let changes = feed.changes(after, STEP).await?;
        let mut next = after + 1;
        for change in &changes {
            if change.number > next && Revision::begins_line(change.number - 1) {
                leap(watermark, change.number - 1);
            } else if change.number != next {
                // The feed has a gap: not to be trusted now.
                return Err(RegistryError::Unavailable);
            }
            watermark.note(change);
            next = change.number + 1;
        }
        if changes.is_empty() {
            if !Revision::begins_line(target) {
                // It ends below a head that it told itself.
                return Err(RegistryError::Unavailable);
            }
            leap(watermark, target);
        }
    }
}

fn leap(watermark: &Watermark, number: u64) {
    tracing::warn!(
        from = watermark.revision(),
        to = number,
        "the registry goes on from another state: nothing that was kept is served any more"
    );
    watermark.leap(number);
}

/// Takes in up to `count` of the changes from before this instance, the latest first, so that
/// what others read before its time can be judged; not beyond the beginning of a line of numbers.
pub(crate) async fn recall<F: ChangeFeed>(
    feed: &F,
    watermark: &Watermark,
    count: u64,
) -> Result<(), RegistryError> {
    let oldest = watermark.known_from().saturating_sub(count);
    while watermark.known_from() > oldest {
        let known_from = watermark.known_from();
        let from = known_from.saturating_sub(STEP as u64).max(oldest);
        let limit = (known_from - from) as usize;
        let mut changes = feed.changes(from, limit).await?;
        changes.retain(|change| change.number <= known_from);
        // Those that follow each other up to what is known. Before them a line of numbers began.
        let backwards = changes.iter().rev().zip((0..=known_from).rev());
        let whole = backwards
            .take_while(|(change, number)| change.number == *number)
            .count();
        if whole > 0 {
            let whole_from = known_from - whole as u64;
            watermark.recall(&changes[changes.len() - whole..], whole_from);
        }
        if whole < limit {
            return Ok(());
        }
    }
    Ok(())
}
