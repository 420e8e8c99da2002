//! What a lane asks next: the same seed, run and lane draw the same messages.

mod items;
mod load;
mod pushes;
mod sweep;
mod unfit;

use std::sync::Arc;

use dancu_domain::{Attribute, AttributeSet, Freshness, NationId, Revision, Verb};

use self::items::mark_duplicates;
use crate::ask::{End, Item, Message, View};
use crate::callers::{Callers, Standing, dossier_of};
use crate::chance::Chance;
use crate::events::Register;
use crate::people::People;
use crate::versions::Versions;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One item, one call.
    Unary,
    /// One message of many items.
    Batch,
    /// A stream of such messages.
    Stream,
}

/// What a lane does next.
#[derive(Clone, Debug)]
pub struct Step {
    /// The verb of all messages.
    pub verb: Verb,
    /// How they travel.
    pub shape: Shape,
    /// The messages, in order; all of one caller.
    pub messages: Vec<Message>,
}

/// The shares of what a run is made of, in a thousand.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Well-formed claims that are not the person's: 17.4 % as for the subscribers of 2023, of
    /// whom 82.6 % matched. An assumption.
    pub mistaken: u64,
    /// Claims with a number that nobody has.
    pub unknown: u64,
    /// Malformed items.
    pub malformed: u64,
    /// Items about a persona.
    pub personas: u64,
    /// Messages that are denied.
    pub denied: u64,
    /// Messages whose envelope, token or credential does not hold.
    pub unfit: u64,
    /// Messages that ask for an answer no older than the last push that was acknowledged.
    pub strict: u64,
    /// Messages that ask for an answer as of now.
    pub consistent: u64,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            mistaken: 174,
            unknown: 10,
            malformed: 10,
            personas: 5,
            denied: 8,
            unfit: 6,
            strict: 200,
            consistent: 100,
        }
    }
}

/// What all lanes of a run draw from.
#[derive(Debug)]
pub struct World {
    /// The run's id.
    pub run_id: String,
    /// The id of the nation that answers.
    pub nation_id: NationId,
    /// Whom to ask about.
    pub people: People,
    /// Who asks.
    pub callers: Callers,
    /// What is known of versions.
    pub versions: Versions,
    /// The shares.
    pub shares: Shares,
}

/// One lane's draw.
#[derive(Debug)]
pub struct Draw {
    world: Arc<World>,
    chance: Chance,
    register: Register,
    lane: u64,
    lanes: u64,
    turn: u64,
    few: Vec<Arc<Standing>>,
}

/// How many citizens are looked up at once to learn their versions.
const SCOUTED: usize = 20;

impl Draw {
    /// The draw of one of so many lanes.
    pub fn new(world: Arc<World>, seed: u64, lane: u64, lanes: u64) -> Self {
        let chance = Chance::new(seed, lane);
        // Each run begins to push somewhere else, so that runs on the same data meet fresh people.
        let run = world.run_id.bytes();
        let run = run.fold(0_u64, |n, b| n.wrapping_mul(31).wrapping_add(u64::from(b)));
        let places = world.people.nation().len().div_ceil(lanes);
        let start = Chance::new(run, lane).below(places);
        Self {
            register: Register::new(lane, lanes, start),
            world,
            chance,
            lane,
            lanes,
            turn: 0,
            few: Vec::new(),
        }
    }

    /// The lane's register of events.
    pub(crate) const fn register(&mut self) -> &mut Register {
        &mut self.register
    }

    /// The next step for a verb. Before a push it may be a lookup of those whose events are to
    /// be pushed, so the verb of the step is the one that counts.
    pub fn step(&mut self, verb: Verb) -> Step {
        if verb == Verb::Push && !self.register.ready(SCOUTED) {
            let wanted = self.register.scout(&self.world.people, SCOUTED);
            if let Some(message) = self.scouting(&wanted) {
                return Step {
                    verb: Verb::Lookup,
                    shape: Shape::Batch,
                    messages: vec![message],
                };
            }
        }
        let (shape, messages) = self.shape(verb);
        if let Some(message) = self.unfit(verb, shape) {
            return Step {
                verb,
                shape: if message.items.len() == 1 && !verb.is_sync() {
                    Shape::Unary
                } else {
                    Shape::Batch
                },
                messages: vec![message],
            };
        }
        let messages = self.messages(verb, shape, messages);
        Step {
            verb,
            shape,
            messages,
        }
    }

    /// An own request id: `d-{run}-{n}`.
    pub fn request_id(&mut self) -> String {
        let n = self.turn * self.lanes + self.lane;
        self.turn += 1;
        format!("d-{}-{n}", self.world.run_id)
    }

    fn shape(&mut self, verb: Verb) -> (Shape, u64) {
        let of_hundred = self.chance.below(100);
        let (unary, batch) = match verb {
            Verb::Lookup | Verb::Authenticate => (88, 96),
            Verb::Reconcile => (0, 70),
            Verb::Push => (0, 85),
        };
        if of_hundred < unary {
            (Shape::Unary, 1)
        } else if of_hundred < batch {
            (Shape::Batch, 1)
        } else {
            (Shape::Stream, 2 + self.chance.below(4))
        }
    }

    fn size(&mut self, verb: Verb, shape: Shape) -> usize {
        let (least, more) = match (verb, shape) {
            (_, Shape::Unary) => (1, 1),
            (Verb::Lookup | Verb::Authenticate, Shape::Batch) => (2, 40),
            (Verb::Lookup | Verb::Authenticate, Shape::Stream) => (10, 50),
            (Verb::Reconcile, _) => (20, 180),
            (Verb::Push, _) => (1, 20),
        };
        (least + self.chance.below(more)) as usize
    }

    /// The messages of a step: one, or those of a stream, where some are denied or unfit in
    /// their place and the stream goes on.
    fn messages(&mut self, verb: Verb, shape: Shape, count: u64) -> Vec<Message> {
        let world = Arc::clone(&self.world);
        if verb == Verb::Push {
            return self.pushes(shape, count);
        }
        let Some(standing) = world.callers.licensed(verb, &mut self.chance) else {
            return Vec::new();
        };
        (0..count)
            .map(|_| {
                let size = self.size(verb, shape);
                let mut message = self.message(verb, standing, size);
                if shape == Shape::Stream && self.chance.permille(20) {
                    self.spoil(&mut message);
                }
                message
            })
            .collect()
    }

    /// A message of so many items of a verb that reads.
    fn message(&mut self, verb: Verb, standing: &Arc<Standing>, size: usize) -> Message {
        let mut items = Vec::with_capacity(size);
        for _ in 0..size {
            items.extend(self.item(verb, standing));
        }
        if verb == Verb::Reconcile {
            mark_duplicates(&mut items);
            if items.len() > 10 && self.chance.permille(200) {
                let twin = items[0].clone();
                items.push(twin);
                mark_duplicates(&mut items);
            }
        }
        self.envelope(verb, standing, items)
    }

    fn envelope(&mut self, verb: Verb, standing: &Arc<Standing>, items: Vec<Item>) -> Message {
        let mut message = Message {
            verb,
            request_id: self.request_id(),
            standing: Arc::clone(standing),
            key: Some(standing.caller.key.clone()),
            envelope: standing.envelope.clone(),
            freshness: Freshness::MinimizeLatency,
            view: View::Basic,
            items,
            end: End::Answered,
        };
        let today = self.world.people.nation().reference_date();
        let agency = standing.caller.agency;
        if !message.envelope.dossier.is_empty() {
            message.envelope.dossier = dossier_of(agency, today, self.turn);
            if verb != Verb::Push && self.chance.permille(200) {
                message.envelope.dossier.clear();
                for (item, running) in message.items.iter_mut().zip(self.turn..) {
                    item.dossier = dossier_of(agency, today, running);
                }
            }
        }
        for (place, item) in message.items.iter_mut().enumerate() {
            item.id = format!("i{place}");
        }
        if verb == Verb::Lookup {
            message.view = self.view();
        }
        if verb != Verb::Push {
            self.freshen(&mut message);
        }
        message
    }

    fn view(&mut self) -> View {
        const MASK: AttributeSet =
            AttributeSet::of(&[Attribute::FullName, Attribute::Sex, Attribute::Household]);
        const PATHS: &[&str] = &["full_name", "sex", "head_of_household", "relation_to_head"];
        match self.chance.below(10) {
            0..5 => View::Basic,
            5..9 => View::Full,
            _ => View::Mask(PATHS, MASK),
        }
    }

    /// Sets how fresh the answer must be. Floors come before the token: see [`Versions::pushed`].
    fn freshen(&mut self, message: &mut Message) {
        let shares = self.world.shares;
        let of_thousand = self.chance.below(1000);
        let consistent = of_thousand < shares.consistent;
        let strict = of_thousand < shares.consistent + shares.strict;
        for item in &mut message.items {
            if let Some(index) = item.about.index() {
                item.floor = self.world.versions.floor(index, strict);
            }
        }
        message.freshness = match (strict, consistent) {
            (false, _) => Freshness::MinimizeLatency,
            (true, true) => Freshness::FullyConsistent,
            (true, false) => Freshness::AtLeast(Revision {
                nation: self.world.nation_id,
                number: self.world.versions.acknowledged(),
            }),
        };
    }
}
