//! The statements and the schema of the ledger in PostgreSQL.
