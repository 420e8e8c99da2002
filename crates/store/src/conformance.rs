//! The suite that every backend and every wrapper of the registry passes.
