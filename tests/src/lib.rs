//! What the tests share: the house's table, a server of their own, ports and folders of their own.

pub mod bench;
pub mod callers;
pub mod house;
pub mod messages;
pub mod stage;
pub mod witness;
