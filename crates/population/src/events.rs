//! The life events that lie ahead of a citizen, and the record after any number of them.

use dancu_domain::{ChangeEvent, Citizen, CivilDate};

use crate::assemble::is_locked;
use crate::chance::{Stream, again, below, falls};
use crate::draft::Draft;
use crate::places;

/// Changes of residence ahead of everybody to whom any happen: at least so many.
const MOVES: u64 = 8;
/// And up to so many more.
const MORE_MOVES: u64 = 5;
/// The first day on which an event falls: 2 January 2023.
const FIRST_DAY: CivilDate = match CivilDate::new(2023, 1, 2) {
    Some(day) => day,
    None => panic!("2 January 2023 is on the calendar"),
};
/// Days on which events fall: the rest of the year.
const DAYS: u64 = 364;
/// Of a hundred thousand changes of residence, so many lead into another province.
const FAR: u64 = 30_000;

/// What lies ahead of the citizen in one slot.
pub(crate) struct Course<'a, 'b> {
    draft: &'b Draft<'a>,
    at: usize,
    moves: u64,
    dies: bool,
}

impl<'a, 'b> Course<'a, 'b> {
    /// Of the citizen in this slot. Nothing lies ahead of the dead and of the locked.
    pub(crate) fn new(draft: &'b Draft<'a>, at: usize) -> Self {
        let index = draft.index(at);
        let none = draft.died[at].is_some() || is_locked(draft, at);
        let share = match draft.age(at) {
            0..50 => 1_000,
            50..75 => 4_000,
            _ => 12_000,
        };
        let more = below(draft.chance.draw(Stream::EventCount, index), MORE_MOVES);
        Self {
            draft,
            at,
            moves: if none { 0 } else { MOVES + more },
            dies: !none && falls(draft.chance.draw(Stream::EventDeath, index), share),
        }
    }

    /// How many events there are, which is the last version.
    pub(crate) const fn len(&self) -> u64 {
        self.moves + self.dies as u64
    }

    /// The event that makes version + 1 of this version.
    pub(crate) fn event(&self, version: u32) -> Option<ChangeEvent> {
        let nth = u64::from(version);
        if nth >= self.len() {
            return None;
        }
        let draw = self.draft.chance.draw(Stream::EventDay, self.place(nth));
        // Each event has a stretch of the year for itself, so that their days ascend.
        let stretch = DAYS / self.len();
        let day = FIRST_DAY
            .plus_days((nth * stretch + below(draw, stretch)) as i32)
            .expect("the year of the events is on the calendar");
        if nth == self.moves {
            return Some(ChangeEvent::Death { on: day });
        }
        let draw = self.draft.chance.draw(Stream::EventPlace, self.place(nth));
        let province = places::elsewhere(self.draft.province.code, draw, FAR);
        Some(ChangeEvent::Residence {
            place: places::address(province, again(draw)),
            since: day,
        })
    }

    /// The version that this event ends, if it is one of these.
    pub(crate) fn version_before(&self, event: &ChangeEvent) -> Option<u32> {
        let since = event.on().days_since_epoch() - FIRST_DAY.days_since_epoch();
        // Each event falls into a stretch of its own.
        let stretch = DAYS.checked_div(self.len())?;
        let version = u32::try_from(u64::try_from(since).ok()? / stretch).ok()?;
        (self.event(version).as_ref() == Some(event)).then_some(version)
    }

    /// The record after `version` events, from the record at version 0.
    pub(crate) fn after(&self, mut citizen: Citizen, version: u32) -> Option<Citizen> {
        if u64::from(version) > self.len() {
            return None;
        }
        // The last change of residence and the death tell the whole record.
        for nth in version.saturating_sub(2)..version {
            match self.event(nth) {
                Some(ChangeEvent::Residence { place, since }) => {
                    citizen.current_residence = place;
                    citizen.resident_since = since;
                }
                Some(ChangeEvent::Death { on }) => citizen.died_on = Some(on),
                None => {}
            }
        }
        citizen.version = version;
        Some(citizen)
    }

    /// Where an event draws: by citizen and version.
    fn place(&self, nth: u64) -> u64 {
        self.draft.index(self.at) << 6 | nth
    }
}
