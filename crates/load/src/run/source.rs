//! Where a thread's messages come from.

use std::rc::Rc;

use dancu_domain::Verb;

use super::ask::Ask;
use super::stock::Stock;
use crate::draw::Draw;

/// Where a thread's messages come from.
pub(crate) enum Source {
    /// A prepared stock, sent over and over.
    Stock(Box<Stock>),
}

impl Source {
    /// The next message; `None` where there is none now.
    pub(crate) fn next(&mut self) -> Option<Rc<Ask>> {
        match self {
            Self::Stock(stock) => stock.next(),
        }
    }

    /// Whether there will be none any more.
    pub(crate) const fn is_over(&self) -> bool {
        match self {
            Self::Stock(_) => false,
        }
    }

    /// The verb of a slot that nobody took.
    pub(crate) fn missed(&mut self) -> Verb {
        match self {
            Self::Stock(stock) => stock.missed(),
        }
    }

    /// Takes back the lane of a push that is over.
    pub(crate) fn give_back(&mut self, pusher: Draw) {
        match self {
            Self::Stock(stock) => stock.give_back(pusher),
        }
    }
}
