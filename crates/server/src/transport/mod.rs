//! Sockets: accepted once, handed out in turn, served by the core that got them.

pub(crate) mod accept;
pub(crate) mod activity;
pub(crate) mod connection;
pub(crate) mod front;
pub(crate) mod owed;
pub(crate) mod receiving;
mod socket;
