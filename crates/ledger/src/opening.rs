//! What is looked at before a ledger is gone on with: is it still what it was when it was left?

use dancu_domain::WriterId;

use crate::checkpoint::Checkpoint;
use crate::{Block, BlockStore, Claim, OpenError, Standing};

/// Checks that the store still has what the last checkpoint vouches for, and that the block which
/// the next one goes on from is sound. Everything between is for the audit.
pub(crate) async fn stands<S: BlockStore>(
    store: &mut S,
    standing: &Standing,
    claim: &Claim,
    last: Option<&Checkpoint>,
) -> Result<(), OpenError> {
    for signed in last.map_or(&[][..], |last| &last.heads) {
        let writer = signed.writer;
        let stored = stored(standing, writer);
        if stored < signed.next {
            return Err(OpenError::Behind {
                writer,
                stored,
                signed: signed.next,
            });
        }
        let block = ending(store, writer, signed.next).await?;
        if block.hash != signed.hash || block.end() != signed.next {
            return Err(edited(&block));
        }
    }
    if claim.next > 0 {
        let block = ending(store, claim.writer, claim.next).await?;
        let sound = block.counts().is_ok_and(|counts| {
            let counted: u64 = counts.iter().map(|row| row.count).sum();
            counted == u64::from(block.count) && block.digest(&counts) == block.hash
        });
        if !sound || block.end() != claim.next {
            return Err(edited(&block));
        }
    }
    Ok(())
}

/// How many entries the store has of a writer.
fn stored(standing: &Standing, writer: WriterId) -> u64 {
    let head = standing.heads.iter().find(|head| head.writer == writer);
    head.map_or(0, |head| head.next)
}

/// The block that should end before the index `next`, which is at least 1.
async fn ending<S: BlockStore>(
    store: &mut S,
    writer: WriterId,
    next: u64,
) -> Result<Block, OpenError> {
    let found = store.block_before(writer, next - 1).await;
    found.map_err(OpenError::Store)?.ok_or(OpenError::Edited {
        writer,
        first: 0,
        last: next - 1,
    })
}

fn edited(block: &Block) -> OpenError {
    OpenError::Edited {
        writer: block.writer,
        first: block.first,
        last: block.last(),
    }
}
