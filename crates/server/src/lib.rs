//! The service as a library: configuration, credentials, limits, gRPC, metrics, drain.
