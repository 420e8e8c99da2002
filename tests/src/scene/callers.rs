//! Callers who go on whatever happens, write down what they saw, and hold every answer against the
//! citizen it should be about.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dancu_domain::{NationId, Verb};
use dancu_population::Nation;
use dancu_wire::errors::reason_of;
use dancu_wire::pb::dancu::v1 as pb;
use pb::authentication_service_client::AuthenticationServiceClient;
use pb::lookup_service_client::LookupServiceClient;
use pb::sync_service_client::SyncServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use super::seen::{End, Kind, Log, Seen};
use crate::callers::{key, signed};
use crate::messages;
use crate::witness::{Acknowledged, Witness, authentication_outcome, lookup_outcome, push_outcome};

/// After a call, so that parts and instances have room on two cores.
const BREATH: Duration = Duration::from_millis(4);
/// After a call that failed.
const PAUSE: Duration = Duration::from_millis(25);
/// A caller waits no longer.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// How many citizens are asked about again and again.
const KNOWN: u64 = 40;

/// What the callers of a scene share.
#[derive(Debug)]
pub struct Shared {
    /// Who lives there.
    pub nation: Nation,
    /// What was told.
    pub witness: Arc<Witness>,
    /// What was seen.
    pub log: Log,
    /// Ends them.
    pub stop: AtomicBool,
    /// Calls under way at this moment.
    pub in_flight: AtomicU64,
    /// Which nation answers.
    pub nation_id: OnceLock<NationId>,
    /// When the scene began.
    pub began: Instant,
}

/// One caller of one instance.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What all share.
    pub shared: Arc<Shared>,
    /// The way to the instance.
    pub channel: Channel,
    /// Which instance.
    pub instance: usize,
    /// Tells callers apart.
    pub number: u64,
}

impl Caller {
    /// Calls until the scene ends.
    pub async fn run(self, kind: Kind) {
        let mut turn = 0;
        let mut token = None;
        while !self.shared.stop.load(Ordering::Relaxed) {
            turn += 1;
            let began = self.shared.began.elapsed();
            self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
            let end = match kind {
                Kind::LookUpKnown => {
                    self.look_up((turn * 7 + self.number) % KNOWN, turn, &mut token)
                        .await
                }
                Kind::LookUpOthers => {
                    let index = KNOWN + (self.number * 7_919 + turn * 31) % self.others();
                    self.look_up(index, turn, &mut token).await
                }
                Kind::Authenticate => self.authenticate(turn).await,
                Kind::Push => self.push(turn).await,
            };
            self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
            let pause = if end == End::Answered { BREATH } else { PAUSE };
            self.shared.log.note(Seen {
                kind,
                instance: self.instance,
                began,
                ended: self.shared.began.elapsed(),
                end,
            });
            tokio::time::sleep(pause).await;
        }
    }

    fn others(&self) -> u64 {
        self.shared.nation.len() - KNOWN
    }

    fn id(&self, kind: &str, turn: u64) -> String {
        format!("{kind}-{}-{}-{turn}", self.instance, self.number)
    }

    fn failed(&self, items: u64, status: &Status) -> End {
        // Nobody knows whether the entries of such a call were written.
        self.shared.witness.unanswered(items);
        let reason = reason_of(status).map_or_else(
            || status.message().to_owned(),
            |reason| reason.word().to_owned(),
        );
        End::Failed(status.code(), reason)
    }

    /// Every second turn with the last revision that was seen: versions must not go back.
    async fn look_up(&self, index: u64, turn: u64, token: &mut Option<pb::Revision>) -> End {
        let key = key(&self.shared.nation, "H26");
        let mut request = messages::lookup(&self.shared.nation, index, &self.id("l", turn), &key);
        let sent = token.clone().filter(|_| sends_token(turn));
        request.freshness = sent.clone().map(messages::at_least);
        let mut service = LookupServiceClient::new(self.channel.clone());
        let reply = match in_time(service.lookup_citizen(signed(&key, request))).await {
            Ok(reply) => reply,
            Err(status) => return self.failed(1, &status),
        };
        let header = reply.header.clone().unwrap_or_default();
        if let Some(nation) = header
            .revision
            .as_ref()
            .and_then(|at| NationId::parse(&at.nation))
        {
            self.shared.nation_id.get_or_init(|| nation);
        }
        let result = reply.result.unwrap_or_default();
        if let (Some(sent), Some(told)) = (sent, &header.revision)
            && told.number < sent.number
        {
            let what = format!("asked for {}, answered at {}", sent.number, told.number);
            self.shared.witness.wrong(what);
        }
        let citizen = self.shared.nation.citizen(index);
        let right = match &result.citizen {
            Some(found) => {
                found.personal_number == citizen.personal_id.text()
                    && found.full_name == citizen.name.text()
            }
            None => citizen.locked,
        };
        if !right {
            let what = format!("{} was told of another or of nobody", self.id("l", turn));
            self.shared.witness.wrong(what);
        }
        self.shared.witness.acknowledged(Acknowledged::new(
            "H26",
            Verb::Lookup,
            reply.header.as_ref(),
            lookup_outcome(&result).into_iter().collect(),
        ));
        *token = header.revision;
        End::Answered
    }

    async fn authenticate(&self, turn: u64) -> End {
        let key = key(&self.shared.nation, "H29");
        let from = (self.number * 104_729 + turn * 57) % self.shared.nation.len();
        let id = self.id("a", turn);
        let request = messages::authentications(&self.shared.nation, from, 20, &id, &key);
        let mut service = AuthenticationServiceClient::new(self.channel.clone());
        match in_time(service.batch_authenticate_citizens(signed(&key, request))).await {
            Ok(reply) => {
                let outcomes = reply.results.iter().filter_map(authentication_outcome);
                self.shared.witness.acknowledged(Acknowledged::new(
                    "H29",
                    Verb::Authenticate,
                    reply.header.as_ref(),
                    outcomes.collect(),
                ));
                End::Answered
            }
            Err(status) => self.failed(20, &status),
        }
    }

    async fn push(&self, turn: u64) -> End {
        let key = key(&self.shared.nation, "G01");
        let index = (self.number * 15_485_863 + turn * 101) % self.shared.nation.len();
        let request = messages::push(&self.shared.nation, index, &self.id("p", turn), &key);
        let mut service = SyncServiceClient::new(self.channel.clone());
        match in_time(service.push_changes(signed(&key, request))).await {
            Ok(reply) => {
                let outcomes = reply.results.iter().filter_map(push_outcome).collect();
                let header = reply.header.as_ref();
                let message = Acknowledged::new("G01", Verb::Push, header, outcomes);
                self.shared.witness.acknowledged(message);
                End::Answered
            }
            Err(status) => self.failed(1, &status),
        }
    }
}

fn sends_token(turn: u64) -> bool {
    turn.is_multiple_of(2)
}

async fn in_time<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Status> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(reply) => reply.map(Response::into_inner),
        Err(_) => Err(Status::new(
            Code::DeadlineExceeded,
            "the caller waits no longer",
        )),
    }
}
