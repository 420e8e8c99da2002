//! Statistics: which counts are asked for.

use dancu_domain::{AgencyCode, CivilDate, Day, Failure, Fault, Purpose, Reason, Verb, VolumeKey};

use super::context::context;
use super::views::Envelope;
use super::{Door, Faults, Parsed};
use crate::pb;

/// Which counts are wanted; `None` lets everything through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct VolumeFilter {
    /// First day, included.
    pub from: Option<Day>,
    /// Last day, included.
    pub to: Option<Day>,
    /// Whose.
    pub agency: Option<AgencyCode>,
    /// Of which verb.
    pub verb: Option<Verb>,
}

impl VolumeFilter {
    /// Whether a count is wanted.
    pub fn takes(&self, key: &VolumeKey) -> bool {
        self.from.is_none_or(|from| key.day >= from)
            && self.to.is_none_or(|to| key.day <= to)
            && self.agency.is_none_or(|agency| key.agency == agency)
            && self.verb.is_none_or(|verb| key.verb == verb)
    }
}

/// Reads a GetVolumes request. Its one purpose is STATISTICS.
pub fn get_volumes(
    _door: &Door,
    request: pb::GetVolumesRequest,
) -> Result<Parsed<VolumeFilter>, Failure> {
    let mut faults = Faults::default();
    let context = context(
        &mut faults,
        request.context.as_ref().map(Envelope::from),
        false,
    );
    if context
        .as_ref()
        .is_some_and(|context| context.purpose != Purpose::Statistics)
    {
        faults.note("context.purpose", Reason::EnumInvalid);
    }
    let from = faults.keep(day(request.from_day, "from_day")).flatten();
    let to = faults.keep(day(request.to_day, "to_day")).flatten();
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        faults.note("to_day", Reason::DaysReversed);
    }
    let agency = if request.agency.is_empty() {
        None
    } else {
        faults.keep(AgencyCode::parse(&request.agency, "agency"))
    };
    let verb = faults.keep(verb(request.verb)).flatten();
    match context {
        Some(context) if faults.0.is_empty() => Ok(Parsed {
            context,
            message: VolumeFilter {
                from,
                to,
                agency,
                verb,
            },
            ids: Vec::new(),
        }),
        _ => Err(faults.failure()),
    }
}

fn day(date: Option<pb::Date>, field: &str) -> Result<Option<Day>, Fault> {
    date.map(|d| CivilDate::from_parts(d.year, d.month, d.day, field).map(Day::of))
        .transpose()
}

fn verb(wire: i32) -> Result<Option<Verb>, Fault> {
    match pb::Verb::try_from(wire) {
        Ok(pb::Verb::Unspecified) => Ok(None),
        Ok(pb::Verb::Lookup) => Ok(Some(Verb::Lookup)),
        Ok(pb::Verb::Authenticate) => Ok(Some(Verb::Authenticate)),
        Ok(pb::Verb::Reconcile) => Ok(Some(Verb::Reconcile)),
        Ok(pb::Verb::Push) => Ok(Some(Verb::Push)),
        Err(_) => Err(Fault::new("verb", Reason::EnumInvalid)),
    }
}
