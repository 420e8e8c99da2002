//! Durable state: the registry and the blocks of the ledger, in memory and in SQLite.
