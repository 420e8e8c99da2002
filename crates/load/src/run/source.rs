//! Where a thread's messages come from.

use std::rc::Rc;

use dancu_domain::Verb;

use super::ask::Ask;
use super::stock::Stock;
use crate::draw::Draw;
use crate::profile::{Itinerary, Next};

/// Where a thread's messages come from.
pub(crate) enum Source {
    /// A prepared stock, sent over and over.
    Stock(Box<Stock>),
    /// A profile, each message once.
    Itinerary(Box<Itinerary>),
}

impl Source {
    /// The next message; `None` where there is none now.
    pub(crate) fn next(&mut self) -> Option<Rc<Ask>> {
        match self {
            Self::Stock(stock) => stock.next(),
            Self::Itinerary(itinerary) => itinerary.next(),
        }
    }

    /// When the next message may go, where a calendar says so.
    pub(crate) fn due(&mut self) -> Next {
        match self {
            Self::Stock(_) => Next::Free,
            Self::Itinerary(itinerary) => itinerary.due(),
        }
    }

    /// Whether a calendar is over and what was put off is being sent.
    pub(crate) fn is_after(&self) -> bool {
        match self {
            Self::Stock(_) => false,
            Self::Itinerary(itinerary) => itinerary.is_after(),
        }
    }

    /// Whether there will be none any more.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Stock(_) => false,
            Self::Itinerary(itinerary) => itinerary.is_over(),
        }
    }

    /// Whether what was turned away is asked again as soon as somebody is free to.
    pub(crate) fn asks_again(&self) -> bool {
        match self {
            Self::Stock(_) => false,
            Self::Itinerary(itinerary) => itinerary.asks_again(),
        }
    }

    /// The verb of a slot that nobody took; a calendar puts its items off.
    pub(crate) fn missed(&mut self) -> Verb {
        match self {
            Self::Stock(stock) => stock.missed(),
            Self::Itinerary(itinerary) => itinerary.put_off(),
        }
    }

    /// Takes note that a message is over; `again` where nothing was recorded of it.
    pub(crate) fn ended(&mut self, ask: &Ask, again: bool) {
        if let Self::Itinerary(itinerary) = self {
            itinerary.ended(ask, again);
        }
    }

    /// Takes back the lane of a push that is over.
    pub(crate) fn give_back(&mut self, pusher: Draw) {
        match self {
            Self::Stock(stock) => stock.give_back(pusher),
            Self::Itinerary(itinerary) => itinerary.give_back(pusher),
        }
    }
}
