//! What holds when a part is away: scenes that tests and commands share.

pub mod postgres;
pub mod redis;
