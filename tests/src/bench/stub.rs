//! A server that does nothing but answer: with replies of the service that it has kept. What a
//! generator reaches against it is the most that the generator can ask.
//!
//! It listens at two places. At one it speaks HTTP/2 in full, asks the service what it does not
//! know, keeps what was answered with OK, and answers streams. At the other it answers unary calls
//! that it knows, and reads no more of HTTP/2 than that takes.

mod known;
mod learning;
mod raw;

use std::net::SocketAddr;
use std::sync::Arc;

use self::known::Known;

/// Serves until the process ends. Returns where it answers unary calls only, and where it learns
/// and answers streams.
pub(super) fn serve(service: SocketAddr) -> std::io::Result<(SocketAddr, SocketAddr)> {
    let known = Arc::new(Known::default());
    let learning = learning::serve(service, Arc::clone(&known))?;
    Ok((raw::serve(known)?, learning))
}
