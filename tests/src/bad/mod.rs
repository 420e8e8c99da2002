//! Bad input over real sockets: a caller that speaks HTTP/2 by hand, the table of methods, the
//! tables of what is wrong, and what every refusal must look like.
//!
//! A new method needs its row in `rpcs`, and a new way to be wrong one in `spoiled` (an item),
//! `envelopes` (a message), `frames` (bytes), `days` (the header of the event day) or `denied` (who
//! asks); the tests walk all of them.

pub mod asked;
pub mod days;
pub mod denied;
pub mod envelopes;
pub mod frames;
pub mod grants;
pub mod heard;
pub mod home;
pub mod line;
pub mod people;
pub mod refusal;
pub mod rpcs;
pub mod session;
pub mod spoiled;
pub mod tally;
