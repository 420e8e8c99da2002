//! Callers of a service whose asks are limited: what they are told of a lookup.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use dancu_domain::{Reason, Timestamp};
use dancu_population::{Nation, SandboxKey};
use dancu_wire::pb::dancu::v1 as pb;
use dancu_wire::{reason_of, retry_after_of};
use pb::lookup_service_client::LookupServiceClient;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::callers::{key, signed};
use crate::messages;

/// The clerks of an agency at one instance.
#[derive(Clone, Debug)]
pub struct Clerks {
    nation: Nation,
    key: SandboxKey,
    channel: Channel,
}

/// What a clerk is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// How many items have an outcome, and how many of these are NO_MATCH.
    Outcomes(usize, usize),
    /// It was turned away, and told when to come again.
    Turned(Option<Reason>, Option<Duration>),
}

impl Told {
    /// Whether it was turned away for this reason.
    pub fn is(&self, why: Reason) -> bool {
        matches!(self, Self::Turned(reason, _) if *reason == Some(why))
    }
}

impl Clerks {
    /// The clerks of `agency` at this address. They connect when they first ask, and again when the
    /// service was gone.
    pub fn at(nation: Nation, agency: &str, address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}"));
        let endpoint = endpoint.expect("an address makes a URI");
        Self {
            nation,
            key: key(&nation, agency),
            channel: endpoint.connect_lazy(),
        }
    }

    /// Looks the citizen at `index` up, by his own name or by another one.
    pub async fn ask(&self, index: u64, by_own_name: bool) -> Told {
        let mut request = messages::lookup(&self.nation, index, "ask", &self.key);
        if !by_own_name && let Some(claims) = request.item.as_mut().and_then(|i| i.claims.as_mut())
        {
            "Người Nào Khác".clone_into(&mut claims.full_name);
        }
        let mut service = LookupServiceClient::new(self.channel.clone());
        let answer = service.lookup_citizen(signed(&self.key, request)).await;
        answer.map_or_else(
            |status| turned(&status),
            |answer| outcomes(&Vec::from_iter(answer.into_inner().result)),
        )
    }

    /// Looks so many citizens up in one message, from `first` on, by their own names.
    pub async fn ask_for(&self, first: u64, items: u64) -> Told {
        let indices = first..first + items;
        let request = messages::lookups(&self.nation, indices, "batch", &self.key);
        let mut service = LookupServiceClient::new(self.channel.clone());
        let answer = service
            .batch_lookup_citizens(signed(&self.key, request))
            .await;
        answer.map_or_else(
            |status| turned(&status),
            |answer| outcomes(&answer.into_inner().results),
        )
    }
}

fn outcomes(results: &[pb::LookupResult]) -> Told {
    let answered = results.iter().filter(|result| result.status.is_none());
    let no_match = |result: &&pb::LookupResult| result.outcome() == pb::LookupOutcome::NoMatch;
    Told::Outcomes(answered.clone().count(), answered.filter(no_match).count())
}

fn turned(status: &Status) -> Told {
    Told::Turned(reason_of(status), retry_after_of(status))
}

/// Waits for the next day of Asia/Ho_Chi_Minh where the present one is nearly over: what is used of
/// a day is used anew then.
#[expect(clippy::disallowed_methods, reason = "tests have a clock")]
pub fn away_from_midnight() {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.expect("the clock stands after 1970").as_millis();
    let left = Timestamp(since as i64).until_midnight();
    if left < Duration::from_mins(10) {
        std::thread::sleep(left + Duration::from_secs(1));
    }
}
