//! What holds when a part is away, killed, late, replaced or started again, under callers, over
//! PostgreSQL and Redis.

mod dropped;
mod keys;
mod killed;
mod limits;
mod log_away;
mod postgres_away;
mod promotion;
mod quiet;
mod redis_away;
mod replica_away;
mod rolling;
mod stale;
mod twins;
