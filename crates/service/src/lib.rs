//! The verbs: lookup, authenticate, reconcile, push, volumes.
