//! What a thread sends: messages prepared before the run, and pushes as they come due.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use dancu_domain::Verb;

use super::ask::{Ask, Heads};
use super::lanes::Lanes;
use super::plan::LoadPlan;
use crate::draw::{Draw, Shape, World};
use crate::mix::{Mix, place};

/// A thread's messages.
pub(crate) struct Stock {
    mix: Mix,
    shelves: [Vec<Rc<Ask>>; 4],
    turns: [usize; 4],
    pushers: VecDeque<Draw>,
    heads: Heads,
    shape: Shape,
    size: usize,
}

/// How many callers stream: each of them has streams of its own on each lane.
const STREAMING: usize = 2;

impl Stock {
    /// Draws the messages of one of so many threads.
    pub(crate) fn new(
        plan: &LoadPlan,
        world: &Arc<World>,
        (thread, threads): (usize, usize),
    ) -> Option<Self> {
        let lanes = Lanes::of(plan, threads as u64);
        let thread = thread as u64;
        let mut stock = Self {
            mix: Mix::new(plan.mix),
            shelves: Default::default(),
            turns: [0; 4],
            pushers: VecDeque::new(),
            heads: Heads::new(plan.server.to_string(), plan.language, plan.deadline),
            shape: plan.shape,
            size: plan.size,
        };
        for verb in Verb::ALL {
            if plan.mix[place(*verb)] == 0 {
                continue;
            }
            if *verb == Verb::Push {
                let own = (0..lanes.pushing).map(|nth| lanes.lane(nth, thread));
                stock.pushers.extend(
                    own.map(|lane| Draw::new(Arc::clone(world), plan.seed, lane, lanes.all)),
                );
                continue;
            }
            let shape = shape(*verb, plan.shape);
            let lane = lanes.lane(lanes.pushing + place(*verb) as u64, thread);
            let mut draw = Draw::new(Arc::clone(world), plan.seed, lane, lanes.all);
            if shape == Shape::Stream {
                draw.keep_callers(*verb, STREAMING);
            }
            let shelf = &mut stock.shelves[place(*verb)];
            for _ in 0..plan.stock.div_ceil(plan.size).max(1) {
                let message = draw.asked(*verb, plan.size, shape)?;
                shelf.push(Rc::new(Ask::new(message, shape, None, &mut stock.heads)));
            }
        }
        Some(stock)
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> Option<Rc<Ask>> {
        let mut verb = self.mix.next();
        if verb == Verb::Push {
            if let Some(ask) = self.push() {
                self.mix.sent(ask.message.verb, ask.items());
                return Some(ask);
            }
            // Every lane waits for its answer: somebody else asks meanwhile.
            verb = [Verb::Lookup, Verb::Authenticate, Verb::Reconcile]
                .into_iter()
                .find(|verb| !self.shelves[place(*verb)].is_empty())?;
        }
        let at = place(verb);
        let shelf = &self.shelves[at];
        let ask = Rc::clone(shelf.get(self.turns[at] % shelf.len().max(1))?);
        self.turns[at] += 1;
        self.mix.sent(verb, ask.items());
        Some(ask)
    }

    /// The verb of a slot that nobody took; it has had its turn.
    pub(crate) fn missed(&mut self) -> Verb {
        let verb = self.mix.next();
        self.mix.sent(verb, self.size as u64);
        verb
    }

    /// Takes back the lane of a push that is over. It goes on first: another one would have to look
    /// people up before, and in a short or slow run the lookups would be that and nothing else.
    pub(crate) fn give_back(&mut self, pusher: Draw) {
        self.pushers.push_front(pusher);
    }

    fn push(&mut self) -> Option<Rc<Ask>> {
        let mut pusher = self.pushers.pop_front()?;
        let Some(message) = pusher.pushed(self.size, true) else {
            self.pushers.push_back(pusher);
            return None;
        };
        let shape = match (message.verb, self.shape) {
            (Verb::Push, shape) => shape,
            // The lookup before a push is one message of many items.
            (_, Shape::Stream) => Shape::Stream,
            _ => Shape::Batch,
        };
        let ask = Ask::new(message, shape, None, &mut self.heads);
        ask.pusher.replace(Some(pusher));
        Some(Rc::new(ask))
    }
}

/// How messages of a verb travel: syncs have no method for one item.
pub(crate) const fn shape(verb: Verb, wanted: Shape) -> Shape {
    match wanted {
        Shape::Unary if verb.is_sync() => Shape::Batch,
        wanted => wanted,
    }
}
