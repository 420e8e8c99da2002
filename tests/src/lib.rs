//! What the tests share: the house's table, a server of their own, ports and folders of their own.

pub mod bench;
pub mod house;
pub mod stage;
