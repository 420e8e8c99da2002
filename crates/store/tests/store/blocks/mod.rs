//! The ledger's blocks.

#[macro_use]
mod backends;

mod audit;
mod checkpoints;
mod claims;
mod claims_postgres;
mod file;
mod instances;
mod keys;
mod limits;
mod postgres;
mod sqlite;
mod suite;
mod writers;
