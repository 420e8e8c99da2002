//! What bad input looks like, and what each of it must be told.

use dancu_domain::{Reason, Verb};

use crate::ask::{Body, ClaimText, Expect, Item, Number};
use crate::callers::Envelope;
use crate::chance::Chance;

/// What is done to a good item, why that is a fault, and the end of the path of the field.
struct Flaw {
    make: fn(&mut ClaimText),
    reason: Reason,
    field: &'static str,
}

const PERSONAL: &str = "claims.personal_number";
const LEGACY: &str = "claims.legacy_number";
const NAME: &str = "claims.full_name";
const BIRTH: &str = "claims.birth_date";

/// Flaws of claims that every verb takes for what they are.
const FLAWS: &[Flaw] = &[
    Flaw {
        make: |c| c.number = Number::Missing,
        reason: Reason::FieldRequired,
        field: "claims.number",
    },
    Flaw {
        make: |c| c.number = Number::Personal("90119012345".into()),
        reason: Reason::NumberLength,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.number = Number::Personal("9011901234567".into()),
        reason: Reason::NumberLength,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.number = Number::Personal("901190 12345".into()),
        reason: Reason::NumberNotDigits,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.number = Number::Personal("+90119012345".into()),
        reason: Reason::NumberNotDigits,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.number = Number::Personal("９０１１９０１２３４５６".into()),
        reason: Reason::NumberNotDigits,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.number = Number::Personal("٩٠١١٩٠١٢٣٤٥٦".into()),
        reason: Reason::NumberNotDigits,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.number = Number::Personal("901190\u{200b}123456".into()),
        reason: Reason::NumberNotDigits,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.number = Number::Personal(String::new()),
        reason: Reason::FieldRequired,
        field: PERSONAL,
    },
    Flaw {
        make: |c| c.name = "Ý".into(),
        reason: Reason::NameTooShort,
        field: NAME,
    },
    Flaw {
        make: |c| c.name = "Nguyễn ".repeat(80),
        reason: Reason::NameTooLong,
        field: NAME,
    },
    Flaw {
        make: |c| c.name = "Nguyễn\u{7} Văn An".into(),
        reason: Reason::NameCharacter,
        field: NAME,
    },
    Flaw {
        make: |c| c.name = "Nguyễn \u{202e}Văn An".into(),
        reason: Reason::NameCharacter,
        field: NAME,
    },
    Flaw {
        make: |c| c.name = "Nguyễn Vаn Аn".into(),
        reason: Reason::NameCharacter,
        field: NAME,
    },
    Flaw {
        make: |c| c.name = format!("Nguyen{} Van An", "\u{301}".repeat(100)),
        reason: Reason::NameMarks,
        field: NAME,
    },
    Flaw {
        make: |c| c.birth = Some((1990, 2, 30)),
        reason: Reason::DateInvalid,
        field: BIRTH,
    },
    Flaw {
        make: |c| c.birth = Some((1990, 13, 1)),
        reason: Reason::DateInvalid,
        field: BIRTH,
    },
    Flaw {
        make: |c| c.birth = Some((2023, 2, 29)),
        reason: Reason::DateInvalid,
        field: BIRTH,
    },
    Flaw {
        make: |c| c.birth = Some((2190, 1, 1)),
        reason: Reason::DateInFuture,
        field: BIRTH,
    },
    Flaw {
        make: |c| c.birth = Some((0, 0, 0)),
        reason: Reason::FieldRequired,
        field: BIRTH,
    },
];

/// Flaws that some verbs or licences take differently.
const STRICT: &[Flaw] = &[
    Flaw {
        make: |c| c.name.clear(),
        reason: Reason::FieldRequired,
        field: NAME,
    },
    Flaw {
        make: |c| c.birth = None,
        reason: Reason::FieldRequired,
        field: BIRTH,
    },
];

/// Flaws of the old number, which a push does not take at all.
const OLD: &[Flaw] = &[
    Flaw {
        make: |c| c.number = Number::Legacy("12345678".into()),
        reason: Reason::NumberLength,
        field: LEGACY,
    },
    Flaw {
        make: |c| c.number = Number::Legacy("12345678O".into()),
        reason: Reason::NumberNotDigits,
        field: LEGACY,
    },
];

/// Spoils an item. With `number_alone`, a missing name or birth date is no flaw.
pub(crate) fn spoil(chance: &mut Chance, item: &mut Item, number_alone: bool) {
    if let Body::Event(event) = &mut item.body
        && chance.permille(300)
    {
        let (reason, field) = if chance.permille(500) {
            event.record_version = 0;
            (Reason::FieldRequired, "record_version")
        } else {
            event.event = None;
            (Reason::FieldRequired, "event")
        };
        item.expect = Expect::Malformed(reason, field);
        return;
    }
    let strict = if number_alone { &[] } else { STRICT };
    let all = FLAWS.len() + strict.len() + OLD.len();
    let pick = chance.below(all as u64) as usize;
    if let Some(flaw) = FLAWS.iter().chain(strict).chain(OLD).nth(pick) {
        (flaw.make)(&mut item.claims);
        item.expect = Expect::Malformed(flaw.reason, flaw.field);
    }
}

/// Spoils an item so that it has this fault, the path of the field ending like that; where there is
/// no such flaw here, in another way that is malformed to everybody.
pub(crate) fn spoil_like(item: &mut Item, reason: Reason, path: &str) {
    if let Body::Event(event) = &mut item.body {
        if path.ends_with("record_version") {
            event.record_version = 0;
            return;
        }
        if path.ends_with("event") {
            event.event = None;
            return;
        }
    }
    let all = || FLAWS.iter().chain(STRICT).chain(OLD);
    let flaw = all()
        .find(|flaw| flaw.reason == reason && path.ends_with(flaw.field))
        .or_else(|| FLAWS.iter().find(|flaw| flaw.reason == reason));
    if let Some(flaw) = flaw.or(FLAWS.first()) {
        (flaw.make)(&mut item.claims);
    }
}

/// Spoils an envelope, and tells what that must be called.
pub(crate) fn spoil_envelope(
    chance: &mut Chance,
    verb: Verb,
    envelope: &mut Envelope,
) -> (Reason, &'static str) {
    let complete = !envelope.procedure.is_empty();
    match chance.below(if complete && verb != Verb::Push { 4 } else { 1 }) {
        0 => {
            envelope.purpose = None;
            (Reason::FieldRequired, "context.purpose")
        }
        1 => {
            envelope.procedure.clear();
            (Reason::FieldRequired, "context.procedure")
        }
        2 => {
            envelope.officer.clear();
            (Reason::FieldRequired, "context.officer")
        }
        _ => {
            envelope.dossier = "H26/2023/0001".into();
            (Reason::FieldInvalid, "context.dossier")
        }
    }
}
