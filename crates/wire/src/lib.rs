//! The contract in Rust: generated code, conversions, errors, codec.
