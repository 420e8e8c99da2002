//! What the tests share: the house's table, a server of their own, ports and folders of their own.

pub mod away;
pub mod bad;
pub mod balance;
pub mod bench;
pub mod browser;
pub mod callers;
pub mod canary;
pub mod country;
pub mod gates;
pub mod house;
pub mod kill;
pub mod kill_parts;
pub mod ledger;
pub mod limited;
pub mod messages;
pub mod ops;
pub mod overload;
pub mod proxy;
pub mod recorded;
pub mod scene;
pub mod stage;
pub mod stale;
pub mod twins;
pub mod within;
pub mod witness;
