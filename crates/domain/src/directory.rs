//! Who is calling, and the rule that turns a request into a [`Permit`].

use std::collections::HashMap;

use crate::{
    Agency, AgencyCode, AttributeSet, CivilDate, Credential, EventKind, Licence, Purpose, Reason,
    RequestContext, ServiceCode, Verb,
};

/// The agencies, credentials and licences as of one moment.
///
/// Validity is judged on the nation's reference date, which the caller of each method gives.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    agencies: HashMap<AgencyCode, Agency>,
    credentials: HashMap<[u8; 32], Credential>,
    licences: HashMap<AgencyCode, Vec<Licence>>,
}

/// A caller whose credential holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authentication {
    agency: AgencyCode,
    debug: bool,
    sandbox: bool,
}

impl Authentication {
    /// Whose credential it is.
    pub const fn agency(&self) -> AgencyCode {
        self.agency
    }

    /// Whether it is a sandbox's.
    pub const fn sandbox(&self) -> bool {
        self.sandbox
    }
}

/// What is being asked, as far as permission goes.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The verb.
    pub verb: Verb,
    /// The service code of the operation.
    pub service: ServiceCode,
    /// The envelope.
    pub context: &'a RequestContext,
}

/// Leave to ask one message: made by [`Directory::permit`] alone, taken by value by the verbs.
#[derive(Debug)]
pub struct Permit {
    agency: AgencyCode,
    verb: Verb,
    service: ServiceCode,
    context: RequestContext,
    attributes: AttributeSet,
    number_alone: bool,
    explain: bool,
    debug: bool,
    authority: Vec<EventKind>,
}

impl Permit {
    /// Who asks.
    pub const fn agency(&self) -> AgencyCode {
        self.agency
    }

    /// The verb that it permits.
    pub const fn verb(&self) -> Verb {
        self.verb
    }

    /// The service that it permits.
    pub const fn service(&self) -> ServiceCode {
        self.service
    }

    /// The envelope that was judged.
    pub const fn context(&self) -> &RequestContext {
        &self.context
    }

    /// Gives the envelope back, at the end of the verb.
    pub fn into_context(self) -> RequestContext {
        self.context
    }

    /// What may be given.
    pub const fn attributes(&self) -> AttributeSet {
        self.attributes
    }

    /// Whether a number alone will do.
    pub const fn number_alone(&self) -> bool {
        self.number_alone
    }

    /// Whether a failed match may tell which attribute failed.
    pub const fn explain(&self) -> bool {
        self.explain
    }

    /// Whether the true reason may be added.
    pub const fn debug(&self) -> bool {
        self.debug
    }

    /// Whether the agency is the authority for such events.
    pub fn is_authority_for(&self, kind: EventKind) -> bool {
        self.authority.contains(&kind)
    }
}

/// A denial: who was denied, what, and why. It is recorded like an answer.
#[derive(Debug)]
pub struct Refusal {
    /// Who asked.
    pub agency: AgencyCode,
    /// The verb.
    pub verb: Verb,
    /// The service.
    pub service: ServiceCode,
    /// The envelope, given back for the record.
    pub context: RequestContext,
    /// Why.
    pub reason: Reason,
}

impl Directory {
    /// A directory of these rows.
    pub fn new(
        agencies: impl IntoIterator<Item = Agency>,
        credentials: impl IntoIterator<Item = Credential>,
        licences: impl IntoIterator<Item = Licence>,
    ) -> Self {
        let mut by_agency: HashMap<AgencyCode, Vec<Licence>> = HashMap::new();
        for licence in licences {
            by_agency.entry(licence.agency).or_default().push(licence);
        }
        Self {
            agencies: agencies.into_iter().map(|a| (a.code, a)).collect(),
            credentials: credentials.into_iter().map(|c| (c.digest, c)).collect(),
            licences: by_agency,
        }
    }

    /// An agency by its code.
    pub fn agency(&self, code: AgencyCode) -> Option<&Agency> {
        self.agencies.get(&code)
    }

    /// Every agency, in no order.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// Who calls with a key of this digest. The reason of a refusal is the true one.
    pub fn authenticate(
        &self,
        digest: &[u8; 32],
        today: CivilDate,
    ) -> Result<Authentication, Reason> {
        let credential = self
            .credentials
            .get(digest)
            .ok_or(Reason::CredentialUnknown)?;
        if credential.revoked {
            return Err(Reason::CredentialRevoked);
        }
        if credential.validity.not_yet(today) {
            return Err(Reason::CredentialNotYetValid);
        }
        if credential.validity.over(today) {
            return Err(Reason::CredentialExpired);
        }
        Ok(Authentication {
            agency: credential.agency,
            debug: credential.debug,
            sandbox: credential.sandbox,
        })
    }

    /// Judges one message. Looks at nothing but the envelope: existence plays no part.
    ///
    /// Grants add up over the licences that cover agency, service, purpose, procedure and
    /// officer. A refusal names the first of these that no licence covered.
    pub fn permit(
        &self,
        caller: &Authentication,
        verb: Verb,
        service: ServiceCode,
        context: RequestContext,
        today: CivilDate,
    ) -> Result<Permit, Refusal> {
        let reason = match self.judge(
            caller.agency,
            Ask {
                verb,
                service,
                context: &context,
            },
            today,
        ) {
            Ok(grant) => {
                return Ok(Permit {
                    agency: caller.agency,
                    verb,
                    service,
                    context,
                    attributes: grant.attributes,
                    number_alone: grant.number_alone,
                    explain: grant.explain,
                    debug: caller.debug,
                    authority: grant.authority,
                });
            }
            Err(reason) => reason,
        };
        Err(Refusal {
            agency: caller.agency,
            verb,
            service,
            context,
            reason,
        })
    }

    fn judge(&self, agency: AgencyCode, ask: Ask<'_>, today: CivilDate) -> Result<Grant, Reason> {
        if !self
            .agencies
            .get(&agency)
            .is_some_and(|a| a.validity.holds(today))
        {
            return Err(Reason::AgencyNotActive);
        }
        let context = ask.context;
        let mut grant: Option<Grant> = None;
        let mut nearest = Reason::ServiceNotLicensed;
        for licence in self.licences.get(&agency).map_or(&[][..], Vec::as_slice) {
            if !licence.validity.holds(today) || !licence.services.contains(&ask.service) {
                continue;
            }
            let verdict = covers(licence, context.purpose, context);
            match verdict {
                Ok(()) => grant.get_or_insert_default().add(licence),
                Err(reason) if grade(reason) > grade(nearest) => nearest = reason,
                Err(_) => {}
            }
        }
        grant.ok_or(nearest)
    }
}

#[derive(Default)]
struct Grant {
    attributes: AttributeSet,
    number_alone: bool,
    explain: bool,
    authority: Vec<EventKind>,
}

impl Grant {
    fn add(&mut self, licence: &Licence) {
        self.attributes = self.attributes.or(licence.attributes);
        self.number_alone |= licence.number_alone;
        self.explain |= licence.explain;
        for kind in &licence.authority {
            if !self.authority.contains(kind) {
                self.authority.push(*kind);
            }
        }
    }
}

fn covers(licence: &Licence, purpose: Purpose, context: &RequestContext) -> Result<(), Reason> {
    if !licence.purposes.has(purpose) {
        return Err(Reason::PurposeNotLicensed);
    }
    if context
        .procedure
        .as_ref()
        .is_some_and(|p| !licence.procedures.cover(p.text()))
    {
        return Err(Reason::ProcedureNotLicensed);
    }
    if context
        .officer
        .as_ref()
        .is_some_and(|o| !licence.officers.cover(o.text()))
    {
        return Err(Reason::OfficerNotAuthorised);
    }
    Ok(())
}

/// How near a refusal came to a grant: the later in the order of judging, the nearer.
const fn grade(reason: Reason) -> u8 {
    match reason {
        Reason::PurposeNotLicensed => 1,
        Reason::ProcedureNotLicensed => 2,
        Reason::OfficerNotAuthorised => 3,
        _ => 0,
    }
}
