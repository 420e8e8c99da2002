//! The step that all reading verbs share: one read, and claims held against what it found.

use std::time::Duration;

use dancu_domain::{
    Candidates, Claims, Failure, Fault, Freshness, IdKey, NoMatchCause, Permit, Reason, Recorder,
    Registry, Revision, Source, Subject, Verb, Verdict, match_claims,
};

/// How many records are touched together: enough that memory is kept busy, and few enough that all
/// of them are still in the first cache when their turn comes.
const TOGETHER: usize = 16;

/// Who was found, one key after the other. What claims are held against is touched ahead, of those
/// who are next: no more than the claims will be held against, so that this tells nobody apart.
pub(crate) struct Line {
    left: std::vec::IntoIter<Candidates>,
    touched: usize,
}

impl Line {
    pub(crate) fn new(candidates: Vec<Candidates>) -> Self {
        Self {
            left: candidates.into_iter(),
            touched: 0,
        }
    }

    /// Who has the next number. There is one for each key that was read.
    pub(crate) fn next(&mut self) -> Result<Candidates, Failure> {
        if self.touched == 0 {
            let next = self.left.as_slice().iter().take(TOGETHER);
            self.touched = next.len();
            let citizens = next.flat_map(Candidates::citizens);
            citizens.for_each(|citizen| citizen.touch_claimed());
        }
        self.touched = self.touched.saturating_sub(1);
        self.left
            .next()
            .ok_or_else(|| Failure::new(Reason::Internal))
    }
}

/// What a read found, checked to be an answer to what was asked.
pub(crate) struct Found {
    /// Who has each number, in the order of the keys.
    pub(crate) candidates: Vec<Candidates>,
    /// Up to which change it is true.
    pub(crate) revision: Revision,
    /// The slowest source; `None` where no key was asked for.
    pub(crate) source: Option<Source>,
}

/// Reads everybody who has these numbers, at one revision. Without keys only the revision is read.
///
/// A reading that is not one entry a key, or that holds somebody without the number asked for, is
/// a defect and answers nothing.
pub(crate) async fn read<R: Registry>(
    registry: &R,
    keys: &[IdKey],
    freshness: Freshness,
) -> Result<Found, Failure> {
    let reading = registry.read(keys, freshness).await?;
    let belongs = reading.candidates.len() == keys.len()
        && keys
            .iter()
            .zip(&reading.candidates)
            .all(|(key, found)| found.citizens().iter().all(|citizen| citizen.has(*key)));
    if !belongs {
        return Err(Failure::new(Reason::Internal));
    }
    Ok(Found {
        candidates: reading.candidates,
        revision: reading.revision,
        source: (!keys.is_empty()).then_some(reading.source),
    })
}

/// Why an item has no verdict.
pub(crate) enum Unjudged {
    /// It is malformed.
    Malformed(Fault),
    /// Too many claims about its number failed: how long to wait.
    Withheld(Duration),
}

/// The items of a message before the registry is read.
pub(crate) struct Sorted {
    /// The numbers of those that are to be judged.
    pub(crate) keys: Vec<IdKey>,
    items: Vec<Result<Subject, Fault>>,
    /// One for each that is well formed, where any has to wait.
    waits: Vec<Option<Duration>>,
}

impl Sorted {
    /// How many items there are, malformed ones too.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Takes out what may not be judged now, because too many claims about the same numbers failed.
    fn withhold(&mut self, waits: Vec<Option<Duration>>) {
        if waits.iter().any(Option::is_some) {
            let mut each = waits.iter();
            self.keys
                .retain(|_| each.next().is_some_and(Option::is_none));
            self.waits = waits;
        }
    }
}

/// Turns away the items whose claims are not complete, where they must be.
pub(crate) fn sort(items: Vec<Result<Subject, Fault>>, number_alone: bool) -> Sorted {
    let mut keys = Vec::with_capacity(items.len());
    let mut sorted = items;
    for item in &mut sorted {
        let Ok(subject) = item else { continue };
        if !number_alone && let Err(fault) = complete(&subject.claims) {
            *item = Err(fault);
        } else {
            keys.push(subject.claims.key);
        }
    }
    Sorted {
        keys,
        items: sorted,
        waits: Vec::new(),
    }
}

/// Asks which claims may be judged, and takes out the others. What is given back is kept until the
/// entries are durable.
pub(crate) fn asking<L: Recorder>(
    ledger: &L,
    permit: &Permit,
    sorted: &mut Sorted,
) -> Result<Option<L::AskGuard>, Failure> {
    let event_day = permit.context().event_day;
    let Some(asking) = ledger.begin_asking(permit.agency(), event_day, &sorted.keys) else {
        return Ok(None);
    };
    if asking.waits.len() != sorted.keys.len() {
        return Err(Failure::new(Reason::Internal));
    }
    sorted.withhold(asking.waits);
    Ok(Some(asking.guard))
}

/// An item with its verdict, or why it has none.
type Judged = Result<(Subject, Verdict), Unjudged>;

/// Holds the claims of all subjects against what was found, and gives `each` in its place with its
/// verdict. The records of whoever matches are touched some at once before that.
pub(crate) fn judge(
    sorted: Sorted,
    candidates: Vec<Candidates>,
    mut each: impl FnMut(Judged),
) -> Result<(), Failure> {
    let mut waits = sorted.waits.into_iter();
    let mut line = Line::new(candidates);
    let mut run = Vec::with_capacity(TOGETHER.min(sorted.items.len()));
    for item in sorted.items {
        run.push(match item {
            Err(fault) => Err(Unjudged::Malformed(fault)),
            Ok(subject) => match waits.next() {
                Some(Some(wait)) => Err(Unjudged::Withheld(wait)),
                _ => {
                    let found = line.next()?;
                    let verdict = match_claims(found.citizens(), &subject.claims);
                    Ok((subject, verdict))
                }
            },
        });
        if run.len() == TOGETHER {
            tell(&mut run, &mut each);
        }
    }
    tell(&mut run, &mut each);
    Ok(())
}

fn tell(run: &mut Vec<Judged>, each: &mut impl FnMut(Judged)) {
    for (_, verdict) in run.iter().flatten() {
        if let Verdict::Match(citizen, _) | Verdict::Deceased(citizen, _) = verdict {
            citizen.touch();
        }
    }
    run.drain(..).for_each(each);
}

/// Whether claims carry the name and the birth date that must belong to their number.
pub(crate) fn complete(claims: &Claims) -> Result<(), Fault> {
    let missing = |field| Err(Fault::new(field, Reason::FieldRequired));
    if claims.name.is_none() {
        return missing("claims.full_name");
    }
    if claims.birth.is_none() {
        return missing("claims.birth_date");
    }
    Ok(())
}

/// The cause of a NO_MATCH as far as this caller is told: any of them with `debug`, and of an
/// authentication with `explain` the claim that failed.
pub(crate) fn told(permit: &Permit, cause: NoMatchCause) -> Option<NoMatchCause> {
    let explained = permit.verb() == Verb::Authenticate
        && permit.explain()
        && matches!(cause, NoMatchCause::Name | NoMatchCause::Birth);
    (permit.debug() || explained).then_some(cause)
}
