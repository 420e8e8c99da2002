//! What one thread sends of the nine months, message by message.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{AgencyKind, Day, Verb};

use super::calendar::shared_out;
use super::days::Days;
use super::scale::Scale;
use super::table::Table;
use super::weighted::Weighted;
use crate::ask::Message;
use crate::callers::Standing;
use crate::chance::Chance;
use crate::draw::{Draw, Shape, World};
use crate::mix::{Mix, place};
use crate::pace::{Arrivals, Pace};
use crate::run::{Ask, Heads, LoadPlan, shape_of};

/// When the next message may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Next {
    /// So long after the beginning.
    At(Duration),
    /// At once: the calendar is over, or it is a lookup that comes before a push.
    Free,
    /// Not before something has come back.
    Waits,
    /// Everything was sent and has come back.
    Over,
}

/// What the next message is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Whatever the mix wants.
    Any,
    /// One of this verb.
    Of(Verb),
    /// A lookup of those whose events are pushed later.
    Scout,
}

/// How event time goes by.
struct Pacing {
    speed: f64,
    /// Where within its share of the schedule the next message of each verb is due.
    part: [f64; 4],
    scattered: bool,
}

/// What one thread sends.
pub(crate) struct Itinerary {
    mix: Mix,
    pub(super) days: Days,
    /// Rows of social insurance still to be reconciled.
    insurance: u64,
    callers: [Weighted; 4],
    insurer: Option<Arc<Standing>>,
    draw: Draw,
    pub(super) pushers: VecDeque<Draw>,
    pub(super) all_pushers: u64,
    /// Lookups before a push that are on their way.
    pub(super) scouts: u64,
    /// How often in a row a lane found nobody whose events it could push.
    pub(super) barren: u64,
    chance: Chance,
    heads: Heads,
    pub(super) shape: Shape,
    size: usize,
    /// The most events of a message: no more than fall on one day.
    events: usize,
    out: u64,
    simulated: bool,
    pacing: Option<Pacing>,
    pub(super) turn: Turn,
    /// Whether what was put off is being sent.
    after: bool,
}

/// The most events of a message.
const MOST_EVENTS: usize = 200;
/// A lane looks up at least so many people before it pushes.
const LEAST_SCOUTED: usize = 20;

impl Itinerary {
    /// The part of one of so many threads.
    pub(crate) fn new(
        scale: Scale,
        plan: &LoadPlan,
        world: &Arc<World>,
        (thread, threads): (usize, usize),
    ) -> Self {
        let table = Table::nine_months();
        let shares = vec![1; threads];
        let mine = |total| shared_out(total, &shares)[thread];
        let left = scale.items().map(mine);
        let lanes = (world.people.nation().len() / 256 / threads as u64).clamp(1, 32);
        let all = (lanes + 1) * threads as u64;
        let lane = |nth: u64| nth * threads as u64 + thread as u64;
        let draw = |nth| Draw::new(Arc::clone(world), plan.seed, lane(nth), all);
        let ministries = world.callers.of_kind(Verb::Reconcile, AgencyKind::Ministry);
        let insurer = ministries
            .into_iter()
            .find(|standing| standing.caller.agency.text() == "G03");
        let pacing = match plan.pace {
            Pace::Calendar {
                speed, arrivals, ..
            } => Some(Pacing {
                speed,
                part: [0.0; 4],
                scattered: arrivals == Arrivals::Poisson,
            }),
            Pace::Open { .. } | Pace::Closed { .. } => None,
        };
        let days = Days::new(&table, left);
        let busiest = days.busiest(Verb::Push) as usize;
        let mut itinerary = Self {
            mix: Mix::new(left),
            events: plan.size.min(MOST_EVENTS).min(busiest).max(1),
            days,
            insurance: mine(scale.insurance()).min(left[2]),
            callers: [
                Verb::Lookup,
                Verb::Authenticate,
                Verb::Reconcile,
                Verb::Push,
            ]
            .map(|verb| Weighted::of(&table, world, verb)),
            insurer: insurer.cloned(),
            draw: draw(lanes),
            pushers: (0..lanes).map(draw).collect(),
            all_pushers: lanes,
            scouts: 0,
            barren: 0,
            chance: Chance::new(plan.seed, 0x9e37 + thread as u64),
            heads: Heads::new(plan.server.to_string(), plan.language, plan.deadline),
            shape: plan.shape,
            size: plan.size,
            out: 0,
            simulated: plan.simulated_days,
            pacing,
            turn: Turn::Any,
            after: false,
        };
        for verb in Verb::ALL {
            itinerary.scatter(*verb);
        }
        itinerary
    }

    /// When the next message may go, and which one it will be.
    pub(crate) fn due(&mut self) -> Next {
        self.turn = Turn::Any;
        if self.is_over() {
            return Next::Over;
        }
        if self.pacing.is_none() || self.after {
            return Next::Free;
        }
        if self.wants_scout() {
            self.turn = Turn::Scout;
            return Next::Free;
        }
        let dues = Verb::ALL.iter().filter_map(|verb| {
            let due = self.due_of(*verb)?;
            Some((due, *verb))
        });
        if let Some((due, verb)) = dues.min_by_key(|(due, _)| *due) {
            self.turn = Turn::Of(verb);
            return Next::At(due);
        }
        if self.days.is_sent() && self.out == 0 {
            self.days.begin_later();
            self.after = true;
            return Next::Free;
        }
        Next::Waits
    }

    /// Whether the calendar is over and what was put off is being sent.
    pub(crate) const fn is_after(&self) -> bool {
        self.after
    }

    /// Whether what was turned away is put back among what comes next, and not off.
    pub(crate) const fn asks_again(&self) -> bool {
        self.pacing.is_none() || self.after
    }

    /// Puts the message that [`Itinerary::due`] spoke of off until the calendar is over; its verb.
    pub(crate) fn put_off(&mut self) -> Verb {
        let Turn::Of(verb) = self.turn else {
            return Verb::Lookup;
        };
        let size = self.size_of(verb);
        if let Some((day, _)) = self.days.now(verb) {
            self.days.take(verb, size);
            self.days.put_off(verb, day, size);
            self.mix.sent(verb, size);
        }
        self.scatter(verb);
        verb
    }

    /// The next message; `None` where nothing is left, or where what is left waits for answers.
    pub(crate) fn next(&mut self) -> Option<Rc<Ask>> {
        let ask = match self.turn {
            Turn::Any => {
                let wanted = self.mix.next();
                let order = [
                    wanted,
                    Verb::Push,
                    Verb::Reconcile,
                    Verb::Authenticate,
                    Verb::Lookup,
                ];
                order.into_iter().find_map(|verb| self.of(verb))
            }
            Turn::Of(verb) => self.of(verb),
            Turn::Scout => self.scout(),
        }?;
        let verb = ask.message.verb;
        self.days.take(verb, ask.items());
        self.mix.sent(verb, ask.items());
        self.scatter(verb);
        self.scouts += u64::from(is_scout(&ask));
        self.out += 1;
        Some(Rc::new(ask))
    }

    /// Whether everything was sent and has come back.
    pub(crate) fn is_over(&self) -> bool {
        self.out == 0 && self.days.is_over()
    }

    /// Takes note that a message is over; `again` puts its items back, because nothing was
    /// recorded of them.
    pub(crate) fn ended(&mut self, ask: &Ask, again: bool) {
        self.out -= 1;
        self.scouts -= u64::from(is_scout(ask));
        if !again {
            return;
        }
        let (verb, items) = (ask.message.verb, ask.items());
        if self.asks_again() {
            self.days.put_back(verb, ask.planned, items);
        } else {
            self.days.put_off(verb, ask.planned, items);
        }
    }

    /// Takes back the lane of a push that is over: it goes on first, with the people that it has
    /// looked up.
    pub(crate) fn give_back(&mut self, pusher: Draw) {
        self.pushers.push_front(pusher);
    }

    /// Draws where in its share of the schedule the next message of a verb is due.
    fn scatter(&mut self, verb: Verb) {
        if let Some(pacing) = &mut self.pacing {
            let share = (self.chance.bits() >> 11) as f64 / (1_u64 << 53) as f64;
            pacing.part[place(verb)] = if pacing.scattered { share } else { 0.0 };
        }
    }

    fn due_of(&mut self, verb: Verb) -> Option<Duration> {
        let waits = match verb {
            Verb::Push => self.ready_pusher().is_none() && self.may_scout(),
            _ => self.free(verb) == 0,
        };
        if waits {
            return None;
        }
        let size = self.size_of(verb);
        let pacing = self.pacing.as_ref()?;
        let (speed, part) = (pacing.speed, pacing.part[place(verb)]);
        let due = self.days.due(verb, size, part)?;
        Some(due.div_f64(speed))
    }

    /// How many items the next message of a verb has.
    pub(super) fn size_of(&mut self, verb: Verb) -> u64 {
        let Some((_, of_day)) = self.days.now(verb) else {
            return 0;
        };
        let most = match verb {
            Verb::Push => self.events as u64,
            _ => self.free(verb).min(self.size as u64),
        };
        most.min(of_day)
    }

    /// How many lookups are kept back at most for each lane that pushes, which looks people up
    /// first.
    pub(super) fn kept_back(&self) -> u64 {
        2 * self.events.max(LEAST_SCOUTED) as u64
    }

    /// Items of a verb that may be asked now: lookups are kept back for those before pushes.
    fn free(&self, verb: Verb) -> u64 {
        let kept = match (verb, self.days.left(Verb::Push)) {
            (Verb::Lookup, 1..) => {
                let wanted = 2 * self.days.left(Verb::Push) + self.kept_back();
                wanted.min(self.kept_back() * self.all_pushers)
            }
            _ => 0,
        };
        self.days.left(verb).saturating_sub(kept)
    }

    fn of(&mut self, verb: Verb) -> Option<Ask> {
        if verb == Verb::Push {
            return self.push();
        }
        let size = self.size_of(verb) as usize;
        if size == 0 {
            return None;
        }
        let (day, _) = self.days.now(verb)?;
        let shape = shape_of(verb, self.shape);
        let left = self.days.left(verb);
        let insured = verb == Verb::Reconcile
            && self.insurer.is_some()
            && self.chance.below(left) < self.insurance;
        let standing = if insured {
            self.insurer.clone()?
        } else {
            Arc::clone(self.callers[place(verb)].draw(&mut self.chance)?)
        };
        let size = if insured {
            size.min(self.insurance as usize)
        } else {
            size
        };
        let message = self.draw.asked_by(verb, &standing, size);
        if insured {
            self.insurance -= message.items.len() as u64;
        }
        (!message.items.is_empty()).then(|| self.ask(message, shape, day))
    }

    pub(super) fn ask(&mut self, message: Message, shape: Shape, day: Day) -> Ask {
        let named = self.simulated.then_some(day);
        Ask {
            planned: day,
            ..Ask::new(message, shape, named, &mut self.heads)
        }
    }
}

/// Whether it is a lookup that comes before a push.
fn is_scout(ask: &Ask) -> bool {
    ask.message.verb == Verb::Lookup && ask.pusher.borrow().is_some()
}
