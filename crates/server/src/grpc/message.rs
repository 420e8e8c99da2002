//! The one path of a message: credential, parsing, permit, verb, answer; then its line.

use std::hash::Hasher as _;
use std::sync::Arc;

use dancu_domain::{Failure, Reason, Recorder, Registry, RequestId};
use dancu_wire::door::Parsed;
use dancu_wire::errors::{Lang, code};
use siphasher::sip::SipHasher24;
use tonic::Code;

use super::asked::{Asked, Ended};
use super::exchange::Exchange;
use super::method::Method;
use super::ticket::Told as _;
use crate::clock::instant;
use crate::core::Core;
use crate::credentials::Caller;
use crate::log::{Line, Outcomes};

/// Marks an answer whose message has had its line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told;

/// Answers one message, and tells of it. `caller` was found out just before.
pub(crate) async fn message<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: &Arc<Core<R, L>>,
    method: Method,
    caller: Result<Caller, Reason>,
    request: X::Request,
    lang: Lang,
) -> Result<X::Response, Failure> {
    let began = instant();
    let mut line = Line {
        method,
        agency: None,
        code: Code::Ok,
        reason: None,
        items: 0,
        outcomes: Outcomes::default(),
        took: std::time::Duration::ZERO,
        source: None,
        request: None,
    };
    let answered = match caller {
        Ok(caller) => answer::<X, R, L>(core, &caller, request, lang, &mut line).await,
        Err(reason) => Err(Failure::new(reason)),
    };
    if let Err(failure) = &answered {
        line.code = code(failure.reason);
        line.reason = Some(failure.reason);
    }
    let now = instant();
    line.took = now.duration_since(began);
    core.tell(&line, now);
    answered
}

async fn answer<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: &Arc<Core<R, L>>,
    caller: &Caller,
    request: X::Request,
    lang: Lang,
    line: &mut Line,
) -> Result<X::Response, Failure> {
    line.agency = Some(caller.who.agency());
    let Parsed {
        context,
        message,
        ids,
    } = X::parse(&core.door, request)?;
    line.items = message.len();
    line.request = Some(hash(core.request_key, &context.request_id));
    let Some(_inside) = core.gates.items.enter(message.len()) else {
        core.numbers.shed.add(1);
        return Err(Failure::new(Reason::Overloaded));
    };
    core.take_quota(caller.who.agency(), message.len())?;
    let (verb, service) = (X::Asked::VERB, X::Asked::SERVICE);
    let permit = caller
        .directory
        .permit(&caller.who, verb, service, context, core.doorman.today());
    let permit = match permit {
        Ok(permit) => permit,
        Err(refusal) => {
            let subjects = message.subjects();
            let refused = subjects.len() as u64;
            let failure = dancu_service::refuse(&core.desk, refusal, subjects).await;
            if failure.reason.class() == dancu_domain::ErrorClass::Denied {
                let outcome = dancu_domain::Outcome::Refused;
                core.numbers.answers(verb, outcome).add(refused);
            }
            return Err(failure);
        }
    };
    let answer = message.carry_out(core, permit).await?;
    for outcome in answer.items.iter().filter_map(Ended::outcome) {
        line.outcomes.add(outcome);
    }
    for (outcome, n) in line.outcomes.iter() {
        core.numbers.answers(verb, outcome).add(u64::from(n));
    }
    line.source = answer.source;
    X::answer(answer, ids, lang)
}

/// The hash under which log and ledger know a request.
fn hash(key: [u8; 16], id: &RequestId) -> u64 {
    let mut hasher = SipHasher24::new_with_key(&key);
    hasher.write(id.text().as_bytes());
    hasher.finish()
}
