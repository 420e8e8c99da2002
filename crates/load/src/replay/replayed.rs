//! What a replay ends with: the account of what was measured, and what it came to beside the recording.

use std::sync::Arc;
use std::time::Instant;

use dancu_population::Nation;

use super::order::Missing;
use super::plan::{ReplayError, ReplayPlan, Speed};
use super::position::{Identity, PositionError};
use super::state::State;
use super::sums::Sums;
use crate::account::{Account, Described};
use crate::clock::{cpu_seconds, now};
use crate::measure::Watch;
use crate::run::Ran;

/// What a replay came to.
#[derive(Debug)]
pub struct Replayed {
    /// How it was driven, and what was measured: as of any run.
    pub account: Account,
    /// What it came to beside the recording.
    pub sums: Sums,
    /// Whether it ended because the service answered nothing for as long as a message is asked again.
    pub away: bool,
    /// Why it ended where what was acknowledged could not be kept any more.
    pub unkept: Option<ReplayError>,
}

/// A replay as it began.
pub(super) struct Course<'a> {
    pub(super) plan: &'a ReplayPlan,
    pub(super) watch: &'a Arc<Watch>,
    pub(super) identity: Identity,
    pub(super) nation: Nation,
    pub(super) began: Instant,
    /// The seconds of processor time used before.
    pub(super) cpu: f64,
}

impl Course<'_> {
    /// Ends it: what is missing from the files, and the seconds that were replayed.
    pub(super) fn ended(self, state: &State, missing: Missing, seconds: f64) -> Replayed {
        let plan = self.plan;
        state.book.close();
        let mut sums = state.sums.take();
        sums.missing(missing);
        let mut figures = state.book.figures.take();
        // As all else of the account it is of this run; the sums are of those before it too.
        figures.wrong = self.watch.wrong();
        let links = state.links.borrow();
        figures.reconnects = links.iter().map(|link| link.made().saturating_sub(1)).sum();
        let ran = Ran {
            figures,
            intervals: self.watch.whole(),
            elapsed: now().saturating_duration_since(self.began),
            cpu: cpu_seconds() - self.cpu,
            stopped: self.watch.is_stopped(),
        };
        let sent = sums.acknowledged - sums.before + sums.unkept + sums.unanswered;
        let described = Described {
            run: self.identity.run,
            server: plan.server.to_string(),
            nation_seed: self.nation.seed(),
            citizens: self.nation.len(),
            loop_kind: format!("replay, speed {}", plan.speed),
            scheduled: match plan.speed {
                Speed::Times(_) => sent + sums.held_back,
                Speed::Max => 0,
            },
            seconds: plan.speed.lasts(seconds),
            threads: 1,
            connections: plan.connections,
            in_flight: plan.in_flight,
            verified_share: 1.0,
            deadline: plan.deadline.as_secs_f64(),
            recording: self.identity.of,
            ..Described::default()
        };
        let measured = ran.elapsed;
        let unkept = state.failed.take().map(|error| {
            let path = plan.resume.clone().unwrap_or_default();
            ReplayError::Position(path, PositionError::File(error))
        });
        Replayed {
            account: Account::of_run(described, measured, ran),
            sums,
            away: state.away.get(),
            unkept,
        }
    }
}
