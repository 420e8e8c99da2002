//! The suite that every backend of the registry passes, and every wrapper around one.
//!
//! ```text
//! dancu_store::registry_conformance!(memory, |fixture| async move {
//!     let registry = fixture.in_memory();
//!     Subject::new(registry.clone(), registry, ())
//! });
//! ```
//!
//! The constructor is called on a runtime of two threads, once a case. It gets the nation that
//! the cases know, and gives the registry, its change feed, and whatever has to live as long.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub mod converging;
pub mod drops;
pub mod feed;
mod fixture;
pub mod freshness;
pub mod parts;
pub mod reads;
pub mod writes;

pub use fixture::{Event, Fixture};

/// The longest that a case may take.
const BOUND: Duration = Duration::from_mins(2);

/// A registry under test.
pub struct Subject<R, F> {
    /// The backend or wrapper.
    pub registry: Arc<R>,
    /// The change feed of the backend.
    pub feed: Arc<F>,
    /// What it was made with.
    pub fixture: Fixture,
    keep: Box<dyn Any + Send + Sync>,
}

impl<R, F> Subject<R, F> {
    /// A registry that was filled with the fixture's citizens; `keep` is dropped after the case.
    pub fn new(registry: R, feed: F, keep: impl Any + Send + Sync) -> Self {
        Self {
            registry: Arc::new(registry),
            feed: Arc::new(feed),
            fixture: Fixture::new(),
            keep: Box::new(keep),
        }
    }
}

impl<R, F> std::fmt::Debug for Subject<R, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}

/// Runs one case over a registry made for it.
pub fn run<R, F, C, Made, T, Ran>(constructor: C, case: T)
where
    C: FnOnce(Fixture) -> Made,
    Made: Future<Output = Subject<R, F>>,
    T: FnOnce(Subject<R, F>) -> Ran,
    Ran: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test may have threads");
    runtime.block_on(async {
        let mut subject = constructor(Fixture::new()).await;
        let keep = std::mem::replace(&mut subject.keep, Box::new(()));
        tokio::time::timeout(BOUND, case(subject))
            .await
            .expect("the case ends within its bound");
        drop(keep);
    });
}

/// Makes a module of tests that runs the whole suite over the registries of a constructor, a
/// function or closure from [`Fixture`] to a future of [`Subject`].
#[macro_export]
macro_rules! registry_conformance {
    ($name:ident, $constructor:expr) => {
        mod $name {
            use super::*;

            $crate::registry_conformance! { @cases $constructor;
                reads a_number_that_nobody_has_finds_nobody,
                reads a_personal_number_finds_its_one_citizen,
                reads an_old_number_finds_its_citizen,
                reads a_doubled_old_number_finds_both_citizens_by_number,
                reads a_batch_is_answered_in_the_order_of_its_keys,
                reads an_empty_batch_is_answered,
                freshness a_new_nation_is_at_revision_zero,
                freshness a_token_of_another_nation_is_refused,
                freshness a_token_beyond_the_head_is_refused_after_a_bounded_wait,
                freshness a_token_that_is_reached_meanwhile_is_answered,
                freshness what_was_written_is_read_at_its_revision,
                freshness the_revision_never_goes_back,
                writes an_event_takes_effect_once,
                writes the_same_key_with_another_content_is_a_conflict,
                writes an_earlier_event_is_stale,
                writes an_event_that_does_not_fit_its_citizen_is_rejected,
                writes later_records_of_a_batch_see_earlier_ones,
                writes versions_span_their_whole_range,
                writes a_record_belongs_to_its_agency_and_source,
                writes an_empty_batch_of_records_changes_nothing,
                feed concurrent_writers_leave_a_feed_without_gaps,
                feed the_feed_is_read_in_pages,
                drops a_dropped_read_leaves_the_registry_healthy,
                drops a_dropped_write_takes_effect_exactly_once,
                drops calls_dropped_at_any_time_lose_and_double_nothing,
                converging any_order_of_events_ends_in_the_same_record,
                converging writers_that_interleave_end_in_the_same_record,
            }
        }
    };
    (@cases $constructor:expr; $($module:ident $case:ident,)*) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance::run($constructor, $crate::conformance::$module::$case);
            }
        )*
    };
}
