//! gRPC: what stands between HTTP/2 and the verbs.
//!
//! Every call passes [`calls`], which measures it, bounds it and sees to it that whatever leaves
//! as an error says why. Messages of the verbs, unary, batched or streamed, pass [`message`]:
//! credential, parsing, permit, verb, answer.

pub(crate) mod asked;
mod body;
pub(crate) mod calls;
mod dispatch;
mod exchange;
mod finish;
pub(crate) mod full;
mod head;
mod health;
mod inbox;
mod inflow;
mod message;
pub(crate) mod method;
pub(crate) mod reflection;
mod rest;
mod statistics;
mod stream;
mod streamed;
mod ticket;
mod timeout;
mod unary;
mod whole;
