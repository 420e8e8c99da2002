//! What the tests share: the house's table, a server of their own, ports and folders of their own.

pub mod house;
