//! The one path of a message: credential, parsing, permit, verb, answer; then its line.

use std::hash::Hasher as _;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use dancu_domain::{
    Answer, ErrorClass, Failure, IdKey, Outcome, Permit, Reason, Recorder, Refusal, Registry,
    RequestId,
};
use dancu_ledger::DayHold;
use dancu_wire::answer::{FRAME, Opening, Reply, Told as Written};
use dancu_wire::door::{Door, Parsed};
use dancu_wire::errors::code;
use futures::future::Either;
use siphasher::sip::SipHasher24;
use tonic::Code;

use super::asked::{Asked, Ended as _};
use super::dispatch::Heading;
use super::exchange::Exchange;
use super::ticket::Told as _;
use crate::clock::instant;
use crate::core::Core;
use crate::credentials::Caller;
use crate::limits::Entered;
use crate::log::{Line, Outcomes};
use crate::recording::Draft;

/// Marks an answer whose message has had its line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told;

/// A message that came in: when its reading began, and what was read.
pub(crate) struct Read<T> {
    began: Instant,
    parsed: Result<Parsed<T>, Failure>,
}

impl<T> Read<T> {
    /// Reads a message of an exchange.
    pub(crate) fn of<X: Exchange<Asked = T>>(door: &Door, bytes: &[u8]) -> Self {
        let began = instant();
        let parsed = X::read(door, bytes);
        Self { began, parsed }
    }

    /// Why its bytes are no message at all.
    pub(crate) fn undecodable(&self) -> Option<&Failure> {
        let undecodable = |failure: &&Failure| failure.reason == Reason::Undecodable;
        self.parsed.as_ref().err().filter(undecodable)
    }
}

/// Answers one message, and tells of it. `caller` was found out just before. The answer stands in
/// its frame.
///
/// Results are written as they are worked out: those whom they are about are in the processor's
/// caches then, and need not be kept until the record is durable. What is written is not an answer
/// before that.
pub(crate) fn message<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: &Arc<Core<R, L>>,
    caller: Result<Caller, Reason>,
    read: Read<X::Asked>,
    heading: Heading,
) -> impl Future<Output = Result<Bytes, Failure>> + Send {
    let mut told = Telling {
        began: read.began,
        line: Line {
            method: X::METHOD,
            agency: None,
            code: Code::Ok,
            reason: None,
            items: 0,
            outcomes: Outcomes::default(),
            took: std::time::Duration::ZERO,
            source: None,
            request: None,
        },
        draft: None,
    };
    // The steps before and after the verb are no futures: what they need does not have to be kept
    // while the verb waits.
    match admit::<X, R, L>(core, caller, read, heading, &mut told) {
        Ok(admitted) => Either::Left(carry_out::<X, R, L>(core, admitted, told)),
        Err(turned) => Either::Right(async move {
            let failure = match turned {
                Turned::Refused(refused) => refuse(core, refused).await,
                Turned::Failed(failure) => failure,
            };
            told.tell(core, Some(&failure));
            Err(failure)
        }),
    }
}

/// Carries out what was admitted. No `async fn`: that keeps every argument twice, and thousands of
/// these wait at once.
fn carry_out<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: &Arc<Core<R, L>>,
    admitted: Admitted<X>,
    mut told: Telling,
) -> impl Future<Output = Result<Bytes, Failure>> + Send {
    let Admitted {
        permit,
        message,
        mut reply,
        inside,
        held,
    } = admitted;
    async move {
        let each = |result: <X::Asked as Asked>::Result| {
            let outcome = result.outcome();
            if let Some(draft) = &mut told.draft {
                draft.result(&result, outcome);
            }
            reply.result(result);
            outcome
        };
        let answered = message.carry_out(core, permit, held, each).await;
        drop(inside);
        let answered = answered.and_then(|answer| told.answered::<X, R, L>(core, answer, reply));
        told.tell(core, answered.as_ref().err());
        answered
    }
}

/// What is told of a message when it is over.
struct Telling {
    began: Instant,
    line: Line,
    draft: Option<Draft>,
}

impl Telling {
    /// Counts how the items ended, and closes the answer.
    fn answered<X: Exchange, R: Registry, L: Recorder + Clone>(
        &mut self,
        core: &Core<R, L>,
        answer: Answer<Option<Outcome>>,
        reply: Answering<X>,
    ) -> Result<Bytes, Failure> {
        if let Some(draft) = &mut self.draft {
            draft.answered(answer.revision);
        }
        count::<X, R, L>(core, &answer, &mut self.line);
        let most = core.message_bytes.1;
        reply.close(answer).and_then(|answer| fitting(answer, most))
    }

    /// Writes its line, and keeps it for the recording.
    fn tell<R: Registry, L: Recorder + Clone>(self, core: &Core<R, L>, failure: Option<&Failure>) {
        let Self {
            began,
            mut line,
            draft,
        } = self;
        if let Some(failure) = failure {
            line.code = code(failure.reason);
            line.reason = Some(failure.reason);
        }
        core.gates.effort.answered();
        let now = instant();
        line.took = now.duration_since(began);
        core.tell(&line, now);
        if let (Some(notebook), Some(mut draft)) = (&core.notebook, draft) {
            if let Some(failure) = failure {
                draft.failed(failure.reason);
            }
            notebook.keep(draft, line.took);
        }
    }
}

/// How the answer of an exchange is written.
type Answering<X> = <<<X as Exchange>::Asked as Asked>::Result as Written>::Reply;

/// A message that may be carried out, and where its answer is written.
struct Admitted<X: Exchange> {
    permit: Permit,
    message: X::Asked,
    reply: Answering<X>,
    inside: Entered,
    held: Option<DayHold>,
}

/// A message that may not.
enum Turned {
    Failed(Failure),
    Refused(Box<Refused>),
}

/// A message that is refused, once that is recorded.
struct Refused {
    refusal: Refusal,
    subjects: Vec<Option<IdKey>>,
    held: Option<DayHold>,
}

fn admit<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: &Core<R, L>,
    caller: Result<Caller, Reason>,
    read: Read<X::Asked>,
    heading: Heading,
    told: &mut Telling,
) -> Result<Admitted<X>, Turned> {
    let Telling { line, draft, .. } = told;
    let Heading { lang, event_day } = heading;
    let failed = |reason| Turned::Failed(Failure::new(reason));
    let caller = caller.map_err(failed)?;
    line.agency = Some(caller.who.agency());
    let Parsed {
        mut context,
        message,
        ids,
    } = read.parsed.map_err(Turned::Failed)?;
    context.event_day = event_day;
    line.items = message.len();
    line.request = Some(hash(core.request_key, &context.request_id));
    if let Some(notebook) = &core.notebook {
        let agency = caller.who.agency();
        *draft = Some(notebook.draft((X::METHOD, read.began), agency, &context, &message));
    }
    let Some(inside) = core.gates.items.enter(message.len()) else {
        core.numbers.shed.add(1);
        return Err(failed(Reason::Overloaded));
    };
    let items = message.len();
    let agency = caller.who.agency();
    let held = core.hold_of_day(agency, event_day, items);
    let held = held.map_err(Turned::Failed)?;
    core.take_quota(agency, items).map_err(Turned::Failed)?;
    let today = core.doorman.today();
    let permit = caller.directory.permit(
        &caller.who,
        X::Asked::VERB,
        X::Asked::SERVICE,
        context,
        today,
    );
    match permit {
        Ok(permit) => {
            let reply = Answering::<X>::open(Opening {
                form: X::FORM,
                lang,
                request_id: &permit.context().request_id,
                ids,
                items,
            });
            Ok(Admitted {
                permit,
                message,
                reply,
                inside,
                held,
            })
        }
        Err(refusal) => Err(Turned::Refused(Box::new(Refused {
            refusal,
            subjects: message.subjects(),
            held,
        }))),
    }
}

/// Records a refusal; what it is answered.
async fn refuse<R: Registry, L: Recorder + Clone>(
    core: &Core<R, L>,
    refused: Box<Refused>,
) -> Failure {
    let Refused {
        refusal,
        subjects,
        held,
    } = *refused;
    let (verb, refused) = (refusal.verb, subjects.len() as u64);
    let failure = dancu_service::refuse(&core.desk, refusal, subjects).await;
    drop(held);
    if failure.reason.class() == ErrorClass::Denied {
        core.numbers.answers(verb, Outcome::Refused).add(refused);
    }
    failure
}

/// Counts how the items of an answer ended.
fn count<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: &Core<R, L>,
    answer: &Answer<Option<Outcome>>,
    line: &mut Line,
) {
    for outcome in answer.items.iter().flatten() {
        line.outcomes.add(*outcome);
    }
    for (outcome, n) in line.outcomes.iter() {
        let verb = <X::Asked as Asked>::VERB;
        core.numbers.answers(verb, outcome).add(u64::from(n));
    }
    line.source = answer.source;
}

/// The message, if it is no longer than a caller may expect.
fn fitting(framed: Bytes, most: usize) -> Result<Bytes, Failure> {
    if framed.len() <= FRAME + most {
        Ok(framed)
    } else {
        Err(Failure::new(Reason::Internal))
    }
}

/// The hash under which log and ledger know a request.
fn hash(key: [u8; 16], id: &RequestId) -> u64 {
    let mut hasher = SipHasher24::new_with_key(&key);
    hasher.write(id.text().as_bytes());
    hasher.finish()
}
