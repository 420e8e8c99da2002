//! One lane of the probe: citizens of its own, whose changes nobody else makes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use dancu_population::SandboxKey;
use dancu_wire::pb::dancu::v1 as pb;
use futures::future::join_all;
use pb::lookup_service_client::LookupServiceClient;
use pb::sync_service_client::SyncServiceClient;
use tonic::{Code, Response, Status};

use super::{BOUND, Chance, Probe};
use crate::callers::{key, signed};
use crate::messages;

/// The most changes of one message.
const MOST: u64 = 20;
/// A call that takes longer is wrong.
const LONGEST: Duration = Duration::from_secs(20);

/// A citizen of the lane, and what the lane knows of him.
struct Known {
    index: u64,
    version: i32,
    /// How often he moved.
    moves: u64,
    acknowledged: Option<Instant>,
}

struct Lane {
    probe: Arc<Probe>,
    number: u64,
    chance: Chance,
    citizens: Vec<Known>,
    clerk: SandboxKey,
    police: SandboxKey,
    calls: u64,
}

/// Probes until none is left to do.
pub(super) async fn run(probe: Arc<Probe>, number: u64, lanes: u64) {
    let citizens = (0..probe.nation.len())
        .filter(|index| index % lanes == number)
        .filter(|index| {
            let citizen = probe.nation.citizen(*index);
            !citizen.locked && citizen.died_on.is_none()
        })
        .map(|index| Known {
            index,
            version: 0,
            moves: 0,
            acknowledged: None,
        })
        .collect();
    let mut lane = Lane {
        clerk: key(&probe.nation, "H26"),
        police: key(&probe.nation, "G01"),
        chance: Chance::new(probe.seed << 8 | number),
        probe,
        number,
        citizens,
        calls: 0,
    };
    let mut at = 0;
    while let Some(count) = lane.take() {
        let from = at % lane.citizens.len();
        let chosen: Vec<usize> = (0..count as usize)
            .map(|offset| (from + offset) % lane.citizens.len())
            .collect();
        at = from + count as usize;
        lane.once(&chosen).await;
    }
}

impl Lane {
    /// How many to probe now; half of the messages are about one citizen.
    fn take(&mut self) -> Option<u64> {
        let wanted = match self.chance.below(2) {
            0 => 1,
            _ => 2 + self.chance.below(MOST - 1),
        };
        let wanted = wanted.min(self.citizens.len() as u64);
        let left = self
            .probe
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                (left > 0).then(|| left - wanted.min(left))
            });
        left.ok().map(|left| wanted.min(left))
    }

    #[expect(clippy::disallowed_methods, reason = "staleness is a matter of time")]
    async fn once(&mut self, chosen: &[usize]) {
        let instances = self.probe.channels.len();
        // The caches of all instances hold what will be old. Where the last change is longer ago
        // than the bound, this is also the look without a token that must see it.
        let began = Instant::now();
        let looks = (0..instances).map(|at| self.look(chosen, at, None, 0));
        for (at, seen) in join_all(looks).await.into_iter().enumerate() {
            self.judge_without(chosen, at, began, &seen);
        }
        self.calls += 1;
        // The change, and readers who race with it.
        let writer = self.chance.below(instances as u64) as usize;
        let pushing = self.push(chosen, writer);
        let racing = join_all((0..instances).map(|at| self.look(chosen, at, None, 1)));
        let (pushed, _) = tokio::join!(pushing, racing);
        let Some((token, versions)) = pushed else {
            return;
        };
        let acknowledged = Instant::now();
        for (citizen, version) in chosen.iter().zip(&versions) {
            let known = &mut self.citizens[*citizen];
            known.version = *version;
            known.moves += 1;
            known.acknowledged = Some(acknowledged);
        }
        // Everybody is told, and looks: with the token, and without.
        let began = Instant::now();
        let with = join_all((0..instances).map(|at| self.look(chosen, at, Some(&token), 2)));
        let without = join_all((0..instances).map(|at| self.look(chosen, at, None, 3)));
        let (with, without) = tokio::join!(with, without);
        let done = {
            let mut found = self.probe.found.lock().expect("no lane panics with it");
            found.probes += chosen.len() as u64;
            found.probes
        };
        for (at, seen) in with.into_iter().enumerate() {
            self.judge_with(chosen, at, &token, &seen, done);
        }
        for (at, seen) in without.into_iter().enumerate() {
            self.judge_without(chosen, at, began, &seen);
        }
    }

    fn judge_with(
        &self,
        chosen: &[usize],
        at: usize,
        token: &pb::Revision,
        seen: &Looked,
        done: u64,
    ) {
        let mut found = self.probe.found.lock().expect("no lane panics with it");
        if seen.revision < token.number {
            let what = format!(
                "instance {at}: token {}, header {}",
                token.number, seen.revision
            );
            found.wrong.push(what);
        }
        for (citizen, version) in chosen.iter().zip(&seen.versions) {
            let known = &self.citizens[*citizen];
            found.with_token += 1;
            if *version < known.version {
                let what = format!(
                    "instance {at}, citizen {}: version {version} for token {} of version {}, from {}",
                    known.index, token.number, known.version, seen.source
                );
                found.stale_with_token.push(what);
                found.first_stale.get_or_insert(done);
            }
        }
    }

    fn judge_without(&self, chosen: &[usize], at: usize, began: Instant, seen: &Looked) {
        let mut found = self.probe.found.lock().expect("no lane panics with it");
        for (citizen, version) in chosen.iter().zip(&seen.versions) {
            let known = &self.citizens[*citizen];
            let Some(acknowledged) = known.acknowledged else {
                continue;
            };
            let age = began.saturating_duration_since(acknowledged);
            let old = *version < known.version;
            if age <= BOUND {
                found.within_bound += 1;
                found.older_within_bound += u64::from(old);
                continue;
            }
            found.beyond_bound += 1;
            if old {
                let what = format!(
                    "instance {at}, citizen {}: version {version} {age:?} after version {}, from {}",
                    known.index, known.version, seen.source
                );
                found.stale_beyond_bound.push(what);
                let done = found.probes;
                found.first_stale.get_or_insert(done);
            }
        }
    }

    /// The versions that an instance tells of some citizens.
    async fn look(
        &self,
        chosen: &[usize],
        at: usize,
        token: Option<&pb::Revision>,
        step: u64,
    ) -> Looked {
        let id = format!("s-{}-{}-{step}-{at}", self.number, self.calls);
        let service = LookupServiceClient::new(self.probe.channels[at].clone());
        let nation = &self.probe.nation;
        let freshness = token.cloned().map(messages::at_least);
        let (header, results) = if let [one] = chosen {
            let index = self.citizens[*one].index;
            let request = pb::LookupCitizenRequest {
                freshness,
                ..messages::lookup(nation, index, &id, &self.clerk)
            };
            let reply = self
                .until_answered(|| {
                    let mut service = service.clone();
                    let request = signed(&self.clerk, request.clone());
                    async move { service.lookup_citizen(request).await }
                })
                .await;
            (reply.header, Vec::from_iter(reply.result))
        } else {
            let indices = chosen.iter().map(|citizen| self.citizens[*citizen].index);
            let request = pb::BatchLookupCitizensRequest {
                freshness,
                ..messages::lookups(nation, indices, &id, &self.clerk)
            };
            let reply = self
                .until_answered(|| {
                    let request = signed(&self.clerk, request.clone());
                    let mut service = service.clone();
                    async move { service.batch_lookup_citizens(request).await }
                })
                .await;
            (reply.header, reply.results)
        };
        let header = header.unwrap_or_default();
        let source = header.source().as_str_name().to_owned();
        let mut found = self.probe.found.lock().expect("no lane panics with it");
        *found.sources.entry(source.clone()).or_default() += 1;
        let versions = results
            .iter()
            .zip(chosen)
            .map(|(result, citizen)| match &result.citizen {
                Some(citizen) => citizen.version,
                None => {
                    let index = self.citizens[*citizen].index;
                    let what = format!(
                        "citizen {index}: {:?}, {:?}",
                        result.outcome(),
                        result.status
                    );
                    found.wrong.push(what);
                    i32::MAX
                }
            })
            .collect();
        Looked {
            versions,
            revision: header.revision.map_or(0, |revision| revision.number),
            source,
        }
    }

    /// The revision and the versions that a push was acknowledged with.
    async fn push(&self, chosen: &[usize], at: usize) -> Option<(pb::Revision, Vec<i32>)> {
        let id = format!("s-{}-{}", self.number, self.calls);
        let nation = &self.probe.nation;
        let mut request = pb::PushChangesRequest {
            context: Some(messages::context(&id, &self.police, pb::Purpose::LifeEvent)),
            ..Default::default()
        };
        for citizen in chosen {
            let known = &self.citizens[*citizen];
            request
                .records
                .push(messages::move_on(nation, known.index, known.moves, &id));
        }
        let service = SyncServiceClient::new(self.probe.channels[at].clone());
        let reply = self
            .until_answered(|| {
                let request = signed(&self.police, request.clone());
                let mut service = service.clone();
                async move { service.push_changes(request).await }
            })
            .await;
        let mut token: Option<pb::Revision> = None;
        let mut versions = Vec::with_capacity(chosen.len());
        for result in &reply.results {
            let taken = matches!(
                result.outcome(),
                pb::PushOutcome::Applied | pb::PushOutcome::AlreadyApplied
            );
            let Some(revision) = result.revision.clone().filter(|_| taken) else {
                let what = format!("a push ended {:?}", result.outcome());
                let mut found = self.probe.found.lock().expect("no lane panics with it");
                found.wrong.push(what);
                return None;
            };
            versions.push(result.version);
            if token
                .as_ref()
                .is_none_or(|token| token.number < revision.number)
            {
                token = Some(revision);
            }
        }
        Some((token?, versions))
    }

    /// Repeats a call until it is answered: the late wires may have it told UNAVAILABLE.
    async fn until_answered<T: Default, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        call: impl Fn() -> F,
    ) -> T {
        for _ in 0..200 {
            let status = match tokio::time::timeout(LONGEST, call()).await {
                Ok(Ok(reply)) => return reply.into_inner(),
                Ok(Err(status)) => status,
                Err(_) => Status::new(Code::DeadlineExceeded, "no answer"),
            };
            if !self.repeats(&status) {
                return T::default();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut found = self.probe.found.lock().expect("no lane panics with it");
        found.wrong.push("a call was never answered".to_owned());
        T::default()
    }
}

impl Lane {
    /// Notes a failure; whether the call is to be repeated.
    fn repeats(&self, status: &Status) -> bool {
        let mut found = self.probe.found.lock().expect("no lane panics with it");
        *found
            .repeated
            .entry(format!("{:?}", status.code()))
            .or_default() += 1;
        let transient = matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
        if !transient {
            let what = format!("{:?}: {}", status.code(), status.message());
            found.wrong.push(what);
        }
        transient
    }
}

/// What an instance told.
struct Looked {
    versions: Vec<i32>,
    revision: i64,
    source: String,
}
