//! The waiting list: who waits for which numbers, and which batches are under way.
//!
//! Plain bookkeeping under one lock; it wakes nobody and awaits nothing.

use std::collections::{BTreeMap, HashSet};

use dancu_domain::IdKey;

use crate::{CoalesceConfig, CoalesceCounts};

/// What an ask must be answered with at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// This revision or a later one.
    AtLeast(u64),
    /// A read that was started after the ask.
    Fresh,
}

/// Somebody who waits. `A` is where the answer goes.
pub(super) struct Ask<A> {
    pub(super) keys: Vec<IdKey>,
    pub(super) need: Need,
    pub(super) answer: A,
}

/// The place of an ask, by which it is given up.
pub(super) type Place = u64;

/// Why an ask was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too much waits.
    Full,
    /// The driver has gone.
    Closed,
}

/// A batch to be read now.
pub(super) struct Batch {
    pub(super) id: u64,
    /// Distinct, in ascending order.
    pub(super) keys: Vec<IdKey>,
    pub(super) need: Need,
}

/// A batch under way and who waits for it.
struct Flight<A> {
    id: u64,
    keys: Vec<IdKey>,
    /// The watermark before it was started: its answer is at this revision or later.
    watermark: u64,
    asks: BTreeMap<Place, Ask<A>>,
}

/// Everything that waits for the registry.
pub(super) struct Queue<A> {
    config: CoalesceConfig,
    next: u64,
    waiting: BTreeMap<Place, Ask<A>>,
    flights: Vec<Flight<A>>,
    /// Numbers of all asks that are not answered yet.
    load: usize,
    closed: bool,
    pub(super) counts: CoalesceCounts,
}

impl<A> Ask<A> {
    /// An ask without numbers has a place too.
    fn load(&self) -> usize {
        self.keys.len().max(1)
    }
}

impl<A> Queue<A> {
    pub(super) fn new(config: CoalesceConfig) -> Self {
        Self {
            config,
            next: 0,
            waiting: BTreeMap::new(),
            flights: Vec::new(),
            load: 0,
            closed: false,
            counts: CoalesceCounts::default(),
        }
    }

    /// Takes an ask in: attached to a batch under way that will answer it, or at the end of the
    /// list. More numbers than fit into a batch are refused as well: they could not be answered
    /// at one revision.
    pub(super) fn push(&mut self, ask: Ask<A>) -> Result<Place, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        self.counts.asks += 1;
        let load = ask.load();
        if ask.keys.len() > self.config.max_keys || self.load + load > self.config.max_waiting {
            self.counts.shed += 1;
            return Err(Refused::Full);
        }
        self.load += load;
        let place = self.next;
        self.next += 1;
        match self.flights.iter_mut().find(|flight| flight.serves(&ask)) {
            Some(flight) => {
                self.counts.attached += 1;
                flight.asks.insert(place, ask);
            }
            None => {
                self.waiting.insert(place, ask);
            }
        }
        Ok(place)
    }

    /// Forgets an ask whose caller has gone; the others keep their places.
    pub(super) fn give_up(&mut self, place: Place) -> Option<Ask<A>> {
        let flights = &mut self.flights;
        let ask = self.waiting.remove(&place).or_else(|| {
            let mut asks = flights.iter_mut().map(|flight| &mut flight.asks);
            asks.find_map(|asks| asks.remove(&place))
        })?;
        self.load -= ask.load();
        self.counts.dropped += 1;
        Some(ask)
    }

    /// Whether a batch could be started now.
    pub(super) fn ready(&self) -> bool {
        !self.waiting.is_empty() && self.flights.len() < self.config.max_in_flight.max(1)
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.flights.is_empty()
    }

    /// Makes the next batch of those who have waited longest. It carries the strongest need of
    /// its members. `watermark` was loaded before this call.
    pub(super) fn take(&mut self, watermark: u64) -> Option<Batch> {
        if !self.ready() {
            return None;
        }
        let (mut distinct, mut asks) = (HashSet::new(), BTreeMap::new());
        let mut need = Need::AtLeast(0);
        while let Some(first) = self.waiting.first_entry() {
            let ask = first.get();
            let new = ask.keys.iter().filter(|key| !distinct.contains(*key));
            if !asks.is_empty() && distinct.len() + new.count() > self.config.max_keys {
                break;
            }
            distinct.extend(ask.keys.iter().copied());
            need = need.max(ask.need);
            let (place, ask) = first.remove_entry();
            asks.insert(place, ask);
        }
        let mut keys: Vec<_> = distinct.into_iter().collect();
        keys.sort_unstable();
        self.counts.batches += 1;
        self.counts.keys += keys.len() as u64;
        let id = self.next;
        self.next += 1;
        self.flights.push(Flight {
            id,
            keys: keys.clone(),
            watermark,
            asks,
        });
        Some(Batch { id, keys, need })
    }

    /// Ends a batch and hands back who waits for it. Nobody can attach to it any more.
    pub(super) fn land(&mut self, id: u64) -> Vec<Ask<A>> {
        let Some(index) = self.flights.iter().position(|flight| flight.id == id) else {
            return Vec::new();
        };
        let flight = self.flights.swap_remove(index);
        let asks: Vec<_> = flight.asks.into_values().collect();
        self.load -= asks.iter().map(Ask::load).sum::<usize>();
        asks
    }

    /// Refuses everybody from now on and hands back who waited.
    pub(super) fn close(&mut self) -> Vec<Ask<A>> {
        self.closed = true;
        self.load = 0;
        let flights = std::mem::take(&mut self.flights);
        let under_way = flights.into_iter().flat_map(|flight| flight.asks);
        let waiting = std::mem::take(&mut self.waiting);
        under_way.chain(waiting).map(|(_, ask)| ask).collect()
    }
}

impl<A> Flight<A> {
    /// Whether the answer of this batch will do: it has all the numbers, and it was started at a
    /// watermark that is good enough. Who wants a fresh read gets one that starts after the ask.
    fn serves(&self, ask: &Ask<A>) -> bool {
        let fresh_enough = match ask.need {
            Need::AtLeast(revision) => self.watermark >= revision,
            Need::Fresh => false,
        };
        let has = |key: &IdKey| self.keys.binary_search(key).is_ok();
        fresh_enough && ask.keys.iter().all(has)
    }
}
