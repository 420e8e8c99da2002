//! The verbs, seen from here: what each is, what it is about, how it is carried out, and how its
//! items can end.

use std::future::Future;
use std::sync::Arc;

use dancu_domain::{
    Answer, Authenticate, AuthenticateResult, Failure, Fault, IdKey, LifeEvent, Lookup,
    LookupResult, Outcome, Permit, Push, PushResult, Reason, Reconcile, ReconcileResult, Recorder,
    Registry, Row, ServiceCode, Subject, Verb,
};
use dancu_ledger::DayHold;
use dancu_wire::answer::Told;
use futures::FutureExt as _;

use crate::core::Core;
use crate::recording::{Noted, Sketched};

/// A message of a verb.
pub(crate) trait Asked: Sketched + Send + 'static {
    /// The verb.
    const VERB: Verb;
    /// The service code.
    const SERVICE: ServiceCode;
    /// How an item can end.
    type Result: Ended + Noted + Told + Send;

    /// How many items there are.
    fn len(&self) -> usize;

    /// About whom each item is, where it says so.
    fn subjects(&self) -> Vec<Option<IdKey>>;

    /// Does it. `held` are its items, held against what the agency has of the day. `each` is given
    /// the results in their places, before there is an answer, and says what the answer has of them.
    fn carry_out<R: Registry, L: Recorder + Clone, T: Send>(
        self,
        core: &Arc<Core<R, L>>,
        permit: Permit,
        held: Option<DayHold>,
        each: impl FnMut(Self::Result) -> T + Send,
    ) -> impl Future<Output = Result<Answer<T>, Failure>> + Send;
}

/// An item's result.
pub(crate) trait Ended {
    /// The outcome that was recorded; `None` for what was not answered.
    fn outcome(&self) -> Option<Outcome>;
}

fn subject(item: &Result<Subject, Fault>) -> Option<IdKey> {
    item.as_ref().ok().map(|subject| subject.claims.key)
}

/// The answer; what is held is let go when it is there, or when nobody waits for it any more.
fn holding<T>(
    held: Option<DayHold>,
    answer: impl Future<Output = T> + Send,
) -> impl Future<Output = T> + Send {
    answer.map(move |answer| {
        drop(held);
        answer
    })
}

impl Asked for Lookup {
    const VERB: Verb = Verb::Lookup;
    const SERVICE: ServiceCode = ServiceCode::LOOKUP_CITIZEN;
    type Result = LookupResult;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn subjects(&self) -> Vec<Option<IdKey>> {
        self.items.iter().map(subject).collect()
    }

    fn carry_out<R: Registry, L: Recorder + Clone, T: Send>(
        self,
        core: &Arc<Core<R, L>>,
        permit: Permit,
        held: Option<DayHold>,
        each: impl FnMut(LookupResult) -> T + Send,
    ) -> impl Future<Output = Result<Answer<T>, Failure>> + Send {
        let answer = dancu_service::lookup(&*core.registry, &core.desk, permit, self, each);
        holding(held, answer)
    }
}

impl Asked for Authenticate {
    const VERB: Verb = Verb::Authenticate;
    const SERVICE: ServiceCode = ServiceCode::AUTHENTICATE_CITIZEN;
    type Result = AuthenticateResult;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn subjects(&self) -> Vec<Option<IdKey>> {
        self.items.iter().map(subject).collect()
    }

    fn carry_out<R: Registry, L: Recorder + Clone, T: Send>(
        self,
        core: &Arc<Core<R, L>>,
        permit: Permit,
        held: Option<DayHold>,
        each: impl FnMut(AuthenticateResult) -> T + Send,
    ) -> impl Future<Output = Result<Answer<T>, Failure>> + Send {
        let answer = dancu_service::authenticate(&*core.registry, &core.desk, permit, self, each);
        holding(held, answer)
    }
}

impl Asked for Reconcile {
    const VERB: Verb = Verb::Reconcile;
    const SERVICE: ServiceCode = ServiceCode::RECONCILE_CITIZENS;
    type Result = ReconcileResult;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn subjects(&self) -> Vec<Option<IdKey>> {
        let key = |row: &Row| row.claims.key;
        self.items
            .iter()
            .map(|item| item.as_ref().ok().map(key))
            .collect()
    }

    fn carry_out<R: Registry, L: Recorder + Clone, T: Send>(
        self,
        core: &Arc<Core<R, L>>,
        permit: Permit,
        held: Option<DayHold>,
        each: impl FnMut(ReconcileResult) -> T + Send,
    ) -> impl Future<Output = Result<Answer<T>, Failure>> + Send {
        let answer = dancu_service::reconcile(&*core.registry, &core.desk, permit, self, each);
        holding(held, answer)
    }
}

impl Asked for Push {
    const VERB: Verb = Verb::Push;
    const SERVICE: ServiceCode = ServiceCode::PUSH_CHANGES;
    type Result = PushResult;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn subjects(&self) -> Vec<Option<IdKey>> {
        let key = |event: &LifeEvent| IdKey::Personal(event.personal_id);
        self.items
            .iter()
            .map(|item| item.as_ref().ok().map(key))
            .collect()
    }

    /// In a task of its own: a call that is dropped must not cut the way from the registry to the
    /// ledger. The drain waits for it.
    async fn carry_out<R: Registry, L: Recorder + Clone, T: Send>(
        self,
        core: &Arc<Core<R, L>>,
        permit: Permit,
        held: Option<DayHold>,
        each: impl FnMut(PushResult) -> T + Send,
    ) -> Result<Answer<T>, Failure> {
        let (registry, desk) = (Arc::clone(&core.registry), core.desk.clone());
        let write = core.write();
        let task = tokio::spawn(async move {
            let answer = dancu_service::push(&*registry, &desk, permit, self).await;
            drop((write, held));
            answer
        });
        let mut answer = match task.await {
            Ok(answered) => answered?,
            Err(_) => return Err(Failure::new(Reason::Internal)),
        };
        let results = std::mem::take(&mut answer.items);
        Ok(answer.with_items(results.into_iter().map(each).collect()))
    }
}

impl Ended for LookupResult {
    fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::Found { deceased: true, .. } => Outcome::Deceased,
            Self::Found { .. } => Outcome::Found,
            Self::NoMatch(_) => Outcome::NoMatch,
            Self::Ambiguous => Outcome::Ambiguous,
            Self::Malformed(_) | Self::Withheld(_) => return None,
        })
    }
}

impl Ended for AuthenticateResult {
    fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::Match { deceased: true, .. } => Outcome::Deceased,
            Self::Match { .. } => Outcome::Match,
            Self::NoMatch(_) => Outcome::NoMatch,
            Self::Ambiguous => Outcome::Ambiguous,
            Self::Malformed(_) | Self::Withheld(_) => return None,
        })
    }
}

impl Ended for ReconcileResult {
    fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::InStep { .. } => Outcome::InStep,
            Self::Differs { .. } => Outcome::Differs,
            Self::NoMatch(_) => Outcome::NoMatch,
            Self::Ambiguous => Outcome::Ambiguous,
            Self::DuplicateInSource => Outcome::DuplicateInSource,
            Self::Invalid(_) => Outcome::Invalid,
        })
    }
}

impl Ended for PushResult {
    fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::Settled(outcome) => outcome.outcome(),
            Self::Invalid(_) => Outcome::Invalid,
        })
    }
}
