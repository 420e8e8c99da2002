//! The load tool as a library: draw, send, verify, tally.
