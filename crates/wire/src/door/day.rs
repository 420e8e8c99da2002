//! The event day: the day on which a call says that it takes place, in a header of its own.

use dancu_domain::{CivilDate, Day, EventDays, Failure, Fault, Reason};

/// The header that names the event day, as `YYYY-MM-DD`.
pub const EVENT_DAY: &str = "dancu-event-day";

/// The event day that the values of the header name. `allowed` are the days that callers may
/// name, `None` where they may name none: then a header is a fault, and never passed over.
pub fn event_day<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
    allowed: Option<EventDays>,
) -> Result<Option<Day>, Failure> {
    let mut values = values.into_iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let fault = |reason| Failure::from(Fault::new(EVENT_DAY, reason));
    let allowed = allowed.ok_or_else(|| fault(Reason::EventDaysOff))?;
    // Of two of them nobody could say which one counts.
    let value = values.next().is_none().then_some(value);
    let text = value.and_then(|value| std::str::from_utf8(value).ok());
    let date = text.map_or(Err(Reason::FieldInvalid), CivilDate::from_iso);
    let day = Day::of(date.map_err(fault)?);
    if !allowed.has(day) {
        return Err(fault(Reason::EventDayOutside));
    }
    Ok(Some(day))
}
