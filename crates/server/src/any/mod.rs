//! The stores that a configuration can choose, behind one type each, so that one `start` serves
//! every combination.

mod blocks;
mod registry;

pub use blocks::AnyBlocks;
pub use registry::AnyRegistry;

/// Does the same to whichever store it is.
macro_rules! each {
    ($any:expr, $store:ident => $does:expr) => {
        match $any {
            Self::File($store) => $does,
            Self::Postgres($store) => $does,
        }
    };
}
pub(crate) use each;
