//! What a core hands over at once, and what it could not.

use std::time::Instant;

use super::notes::Note;

/// Messages that were not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// When the first of them ended.
    pub(crate) from: Instant,
    /// When the last of them ended.
    pub(crate) to: Instant,
    /// How many.
    pub(crate) messages: u64,
    /// Items in them.
    pub(crate) items: u64,
}

/// What a core hands over at once: messages, and what was lost before them.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) lost: Option<Lost>,
    #[expect(
        clippy::vec_box,
        reason = "a note is handed over where it lies: copying it costs more than making it"
    )]
    pub(crate) notes: Vec<Box<Note>>,
}

impl Sheet {
    pub(crate) fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.lost.is_none()
    }

    /// Its messages from a place on, as messages that were lost.
    pub(crate) fn losing(&self, from: usize) -> Option<Lost> {
        let notes = self.notes.get(from..).unwrap_or_default();
        let lost = notes.iter().map(|note| Lost::of(note));
        lost.reduce(Lost::and)
    }
}

impl Lost {
    /// One message.
    pub(crate) fn of(note: &Note) -> Self {
        let ended = note.at + note.took;
        Self {
            from: ended,
            to: ended,
            messages: 1,
            items: note.count.into(),
        }
    }

    /// What is known of either, as one.
    pub(crate) fn either(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        }
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
            messages: self.messages + other.messages,
            items: self.items + other.items,
        }
    }
}
