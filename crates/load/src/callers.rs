//! Who calls: agencies with a sandbox key, and what the rules let each of them ask.

use std::sync::Arc;

use dancu_domain::{
    AgencyCode, AgencyKind, AttributeSet, Authentication, CivilDate, Directory, Dossier, EventKind,
    OfficerId, Permit, ProcedureCode, Purpose, Reason, RequestContext, RequestId, Verb,
};
use dancu_population::{KeyState, Nation, SandboxKey};

use crate::chance::Chance;
use crate::mix::place;
use crate::receipts::service;

/// An agency's officer at a counter, with the agency's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// The agency.
    pub agency: AgencyCode,
    /// What the agency is.
    pub kind: AgencyKind,
    /// The bearer key.
    pub key: String,
    /// The officer.
    pub officer: String,
    /// The procedure.
    pub procedure: String,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Caller({})", self.agency)
    }
}

/// An envelope as it goes out, whether it is well formed or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// MaCanBo.
    pub officer: String,
    /// MaDVC.
    pub procedure: String,
    /// Mã hồ sơ.
    pub dossier: String,
    /// The purpose; `None` goes out as unspecified.
    pub purpose: Option<Purpose>,
}

/// A caller with an envelope, and what the rules say to it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Who calls.
    pub caller: Arc<Caller>,
    /// With which envelope.
    pub envelope: Envelope,
    /// What may be given.
    pub granted: AttributeSet,
    /// Whether a lookup may come with a number alone.
    pub number_alone: bool,
    /// Whether a failed match tells which claim failed.
    pub explain: bool,
    /// Whether the true reason of a failed match is told.
    pub debug: bool,
    /// The life events of which the agency is the authority.
    pub authority: Vec<EventKind>,
}

/// Everybody who calls in a run, by what they may and may not ask.
#[derive(Debug, Default)]
pub struct Callers {
    licensed: [Vec<Arc<Standing>>; 4],
    by_kind: [[Vec<Arc<Standing>>; 3]; 4],
    denied: [Vec<(Arc<Standing>, Reason)>; 4],
    outdated: Vec<(Arc<Standing>, Reason)>,
}

const PURPOSES: [Purpose; 4] = [
    Purpose::AdministrativeProcedure,
    Purpose::HealthCheckIn,
    Purpose::DataCleaning,
    Purpose::LifeEvent,
];

impl Callers {
    /// Everybody with a sandbox key of the nation, judged by the nation's own licences.
    pub fn of(nation: &Nation, keys: &[SandboxKey]) -> Self {
        let directory = Directory::new(Nation::agencies(), nation.credentials(), nation.licences());
        let today = nation.reference_date();
        let mut callers = Self::default();
        let credentials = nation.credentials();
        for key in keys {
            let Some(agency) = directory.agency(key.agency) else {
                continue;
            };
            let caller = Arc::new(Caller {
                agency: key.agency,
                kind: agency.kind,
                key: key.key.clone(),
                officer: key.officer.clone(),
                procedure: key.procedure.clone(),
            });
            match key.state {
                KeyState::Valid | KeyState::Debug => {
                    let debug = key.state == KeyState::Debug;
                    // The rule wants a caller that was authenticated. What it says hangs on the
                    // agency alone, so any credential of the agency that holds will do.
                    let authentication = credentials
                        .iter()
                        .filter(|c| c.agency == key.agency)
                        .find_map(|c| directory.authenticate(&c.digest, today).ok());
                    if let Some(authentication) = authentication {
                        callers.judge(&directory, &authentication, &caller, debug, today);
                    }
                }
                KeyState::Expired => callers.outdate(&caller, Reason::CredentialExpired, today),
                KeyState::Revoked => callers.outdate(&caller, Reason::CredentialRevoked, today),
                KeyState::NotYetValid => {
                    callers.outdate(&caller, Reason::CredentialNotYetValid, today);
                }
            }
        }
        callers
    }

    /// Somebody who may ask `verb`; ministries, provinces and facilities get even turns where
    /// each of them has somebody.
    pub fn licensed(&self, verb: Verb, chance: &mut Chance) -> Option<&Arc<Standing>> {
        let kinds = &self.by_kind[place(verb)];
        let of_kind = chance.one_of(kinds)?;
        chance
            .one_of(of_kind)
            .or_else(|| chance.one_of(&self.licensed[place(verb)]))
    }

    /// Whoever is given the most attributes by `verb`.
    pub fn widest(&self, verb: Verb) -> Option<&Arc<Standing>> {
        let all = self.licensed[place(verb)].iter();
        all.max_by_key(|standing| standing.granted.iter().count())
    }

    /// Everybody of a kind who may ask `verb`, with the envelope that is usual there.
    pub(crate) fn of_kind(&self, verb: Verb, kind: AgencyKind) -> Vec<&Arc<Standing>> {
        let mut seen = Vec::new();
        let all = self.by_kind[place(verb)][self::kind(kind)].iter();
        all.filter(|standing| {
            let agency = standing.caller.agency;
            let first = !seen.contains(&agency);
            seen.push(agency);
            first
        })
        .collect()
    }

    /// An authority for such events, or, the other way round, somebody who may push and is none.
    pub fn pusher(
        &self,
        kind: EventKind,
        authority: bool,
        chance: &mut Chance,
    ) -> Option<&Arc<Standing>> {
        let all = &self.licensed[place(Verb::Push)];
        let fitting: Vec<&Arc<Standing>> = all
            .iter()
            .filter(|s| s.authority.contains(&kind) == authority)
            .collect();
        chance.one_of(&fitting).copied()
    }

    /// Somebody to whom `verb` is denied, and why.
    pub fn denied(&self, verb: Verb, chance: &mut Chance) -> Option<&(Arc<Standing>, Reason)> {
        chance.one_of(&self.denied[place(verb)])
    }

    /// Somebody whose key does not hold any more or not yet, and why.
    pub fn outdated(&self, chance: &mut Chance) -> Option<&(Arc<Standing>, Reason)> {
        chance.one_of(&self.outdated)
    }

    /// How many agencies may ask `verb`.
    pub fn agencies(&self, verb: Verb) -> usize {
        let mut agencies: Vec<_> = self.licensed[place(verb)]
            .iter()
            .map(|s| s.caller.agency)
            .collect();
        agencies.sort_unstable();
        agencies.dedup();
        agencies.len()
    }

    fn judge(
        &mut self,
        directory: &Directory,
        authentication: &Authentication,
        caller: &Arc<Caller>,
        debug: bool,
        today: CivilDate,
    ) {
        for verb in Verb::ALL {
            for purpose in PURPOSES {
                let usual = envelope(caller, purpose, today);
                let mut strange = vec![usual.clone()];
                if !usual.officer.is_empty() {
                    strange.push(Envelope {
                        officer: "nobody-we-know".into(),
                        ..usual.clone()
                    });
                    strange.push(Envelope {
                        procedure: "9.999999".into(),
                        ..usual
                    });
                }
                for envelope in strange {
                    let Some(context) = context(&envelope) else {
                        continue;
                    };
                    let code = service(*verb);
                    match directory.permit(authentication, *verb, code, context, today) {
                        Ok(permit) => {
                            let standing = Arc::new(standing(caller, envelope, &permit, debug));
                            self.by_kind[place(*verb)][kind(caller.kind)]
                                .push(Arc::clone(&standing));
                            self.licensed[place(*verb)].push(standing);
                        }
                        Err(refusal) => self.denied[place(*verb)]
                            .push((Arc::new(nobody(caller, envelope)), refusal.reason)),
                    }
                }
            }
        }
    }

    fn outdate(&mut self, caller: &Arc<Caller>, reason: Reason, today: CivilDate) {
        let envelope = envelope(caller, Purpose::AdministrativeProcedure, today);
        self.outdated
            .push((Arc::new(nobody(caller, envelope)), reason));
    }
}

/// The place of a kind in arrays by kind.
const fn kind(kind: AgencyKind) -> usize {
    kind.code() as usize - 1
}

fn standing(caller: &Arc<Caller>, envelope: Envelope, permit: &Permit, debug: bool) -> Standing {
    let authority = EventKind::ALL
        .iter()
        .copied()
        .filter(|kind| permit.is_authority_for(*kind))
        .collect();
    Standing {
        caller: Arc::clone(caller),
        envelope,
        granted: permit.attributes(),
        number_alone: permit.number_alone(),
        explain: permit.explain(),
        debug,
        authority,
    }
}

fn nobody(caller: &Arc<Caller>, envelope: Envelope) -> Standing {
    Standing {
        caller: Arc::clone(caller),
        envelope,
        granted: AttributeSet::NONE,
        number_alone: false,
        explain: false,
        debug: false,
        authority: Vec::new(),
    }
}

/// What a caller fills in for a purpose: what the purpose requires and nothing more.
fn envelope(caller: &Caller, purpose: Purpose, today: CivilDate) -> Envelope {
    let (officer, procedure, dossier) = purpose.requires();
    let given = |required: bool, text: &str| {
        if required {
            text.to_owned()
        } else {
            String::new()
        }
    };
    Envelope {
        officer: given(officer, &caller.officer),
        procedure: given(procedure, &caller.procedure),
        dossier: given(dossier, &dossier_of(caller.agency, today, 1)),
        purpose: Some(purpose),
    }
}

/// A dossier number of the agency, of the day, in the older published form. Agencies whose code
/// no dossier number can hold get one of H26.
pub fn dossier_of(agency: AgencyCode, day: CivilDate, running: u64) -> String {
    let date = day.packed() % 1_000_000;
    let number = |code: &str| format!("000.00.00.{code}-{date:06}-{:04}", running % 10_000);
    let own = number(agency.text());
    if Dossier::parse(&own, "dossier").is_ok() {
        own
    } else {
        number("H26")
    }
}

/// The envelope as the rule wants it; `None` where it is not complete.
fn context(envelope: &Envelope) -> Option<RequestContext> {
    let field = "context";
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (officer, procedure, dossier) = envelope.purpose?.requires();
    let context = RequestContext {
        request_id: RequestId::parse("d-0-0", field).ok()?,
        officer: some(&envelope.officer).and_then(|t| OfficerId::parse(&t, field).ok()),
        procedure: some(&envelope.procedure).and_then(|t| ProcedureCode::parse(&t, field).ok()),
        dossier: some(&envelope.dossier).and_then(|t| Dossier::parse(&t, field).ok()),
        purpose: envelope.purpose?,
        unit: None,
        event_day: None,
    };
    let complete = (context.officer.is_some() || !officer)
        && (context.procedure.is_some() || !procedure)
        && (context.dossier.is_some() || !dossier);
    complete.then_some(context)
}
