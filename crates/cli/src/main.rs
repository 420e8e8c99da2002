//! `dancu`.
fn main() {}
