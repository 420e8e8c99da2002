//! The registry.

pub(crate) mod database;
mod dropped;
mod file;
mod parts;
mod postgres;
mod postgres_seeding;
mod sqlite;
mod sqlite_seeding;
mod suite;
