//! No answer without a record: group commit, blocks, chain, counts, checkpoints.
