//! What is looked at before a ledger is gone on with: is it still what it was when it was left?
//!
//! All of it comes before the writer is claimed. A claim ends whoever runs under the same name, and
//! one who is refused has no reason to end anybody.

use dancu_domain::WriterId;

use crate::checkpoint::{Checkpoint, CheckpointFile, FileFault, verifying_key};
use crate::{Block, BlockStore, ChainHead, KeyMarks, LedgerConfig, LedgerKeys, OpenError};

/// What was seen of a ledger that may be opened.
pub(crate) struct Looked {
    pub(crate) checkpoints: CheckpointFile,
    /// How far this writer's chain had got; `None` where there is none.
    own: Option<ChainHead>,
}

impl Looked {
    /// Checks where the chain ends once it is claimed: another one may have gone on with it until
    /// then. What did not move was looked at before.
    pub(crate) async fn still_stands<S: BlockStore>(
        &self,
        store: &mut S,
        claimed: &ChainHead,
    ) -> Result<(), OpenError> {
        if self.own.as_ref() == Some(claimed) {
            return Ok(());
        }
        sound(store, claimed).await
    }
}

/// Looks at whatever can refuse the opening, and claims nothing.
pub(crate) async fn look<S: BlockStore>(
    store: &mut S,
    keys: &LedgerKeys,
    config: &LedgerConfig,
) -> Result<Looked, OpenError> {
    let tied = store.bind(config.nation).await.map_err(OpenError::Store)?;
    let marks = keys.marks();
    if tied.is_some_and(|tied| tied.lasting != marks.lasting) {
        return Err(OpenError::OtherKeys);
    }
    let key = verifying_key(&keys.public_key()).ok_or(OpenError::ForeignCheckpoints)?;
    let (checkpoints, last) =
        CheckpointFile::open(&config.checkpoints, &key).map_err(|fault| match fault {
            FileFault::Io(error) => OpenError::Checkpoints(error),
            FileFault::Foreign => OpenError::ForeignCheckpoints,
        })?;
    checkpoints.may_grow().map_err(OpenError::Checkpoints)?;
    let named = store.find_writer(&config.writer).await;
    let named = named.map_err(OpenError::Store)?;
    let heads = store.heads().await.map_err(OpenError::Store)?;
    signed_stand(store, &heads, last.as_ref()).await?;
    let own = heads.iter().find(|head| Some(head.writer) == named);
    if let Some(own) = own {
        sound(store, own).await?;
    }
    if let (None, Some(own)) = (&last, own.filter(|own| own.next > 0)) {
        if !config.new_checkpoints {
            return Err(OpenError::CheckpointsMissing {
                writer: own.writer,
                entries: own.next,
            });
        }
        tracing::warn!(
            entries = own.next,
            "the file of checkpoints begins anew, as was asked for"
        );
    }
    // Nothing of the old key is gone on with, which is what lets another one take its place.
    let anew = last.is_none() && config.new_checkpoints;
    match tied {
        Some(tied) if tied == marks => {}
        Some(_) if !anew => return Err(OpenError::OtherKeys),
        // Of a build that noted no keys. The last checkpoint has shown that these are its own; who
        // has none could bring any, and all others would be refused from then on.
        None if last.is_none() && !anew && heads.iter().any(|head| head.next > 0) => {
            return Err(OpenError::KeysUnproven);
        }
        _ => tie(store, marks, anew).await?,
    }
    Ok(Looked {
        checkpoints,
        own: own.copied(),
    })
}

/// Ties the ledger to these keys. Of two who are the first with keys of their own, one is refused.
async fn tie<S: BlockStore>(store: &mut S, marks: KeyMarks, anew: bool) -> Result<(), OpenError> {
    let tied = store.bind_keys(marks, anew).await;
    if tied.map_err(OpenError::Store)? == marks {
        Ok(())
    } else {
        Err(OpenError::OtherKeys)
    }
}

/// Checks that the store still has what the last checkpoint vouches for. Everything before is for
/// the audit.
async fn signed_stand<S: BlockStore>(
    store: &mut S,
    heads: &[ChainHead],
    last: Option<&Checkpoint>,
) -> Result<(), OpenError> {
    for signed in last.map_or(&[][..], |last| &last.heads) {
        let writer = signed.writer;
        let stored = heads.iter().find(|head| head.writer == writer);
        let stored = stored.map_or(0, |head| head.next);
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
    Ok(())
}

/// Checks the block that the next one goes on from.
async fn sound<S: BlockStore>(store: &mut S, head: &ChainHead) -> Result<(), OpenError> {
    if head.next == 0 {
        return Ok(());
    }
    let block = ending(store, head.writer, head.next).await?;
    let sound = block.counts().is_ok_and(|counts| {
        let counted: u64 = counts.iter().map(|row| row.count).sum();
        counted == u64::from(block.count) && block.digest(&counts) == block.hash
    });
    if !sound || block.end() != head.next {
        return Err(edited(&block));
    }
    Ok(())
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
