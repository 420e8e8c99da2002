//! What makes reads cheap: the in-process level, coalesced misses, the change feed.
