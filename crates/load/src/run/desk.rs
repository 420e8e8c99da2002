//! What the lanes of a thread share: whose turn it is, what goes out, and what came of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dancu_domain::Verb;
use tonic::{Code, Status};

use super::ask::Ask;
use super::digest::{Known, digest};
use super::judge::{judge, parts};
use super::link::{Broken, Heard};
use super::source::Source;
use crate::chance::Chance;
use crate::clock::now;
use crate::draw::World;
use crate::measure::{Figures, Interval, Sheet, Times, Watch};
use crate::mix::place;
use crate::pace::{Turn, Turnstile};
use crate::report::Discrepancy;
use crate::tally::Fate;
use crate::told::{Told, code_word};
use crate::verify::{self, Judged};

/// How many right replies to the same message are remembered.
const REMEMBERED: usize = 8;

/// How long somebody waits at most when the service asks for it, so that a run can be ended.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What the lanes of a thread share.
pub(crate) struct Desk {
    pub(crate) world: Arc<World>,
    pub(crate) source: RefCell<Source>,
    pub(crate) turnstile: Turnstile,
    pub(crate) figures: RefCell<Figures>,
    interval: RefCell<Interval>,
    watch: Arc<Watch>,
    nation: String,
    pub(super) began: Instant,
    measured_from: Instant,
    verified: u64,
    chance: RefCell<Chance>,
}

/// A message on its way.
pub(crate) struct Out {
    pub(crate) ask: Rc<Ask>,
    due: Instant,
    sent: Instant,
}

impl Desk {
    pub(crate) fn new(
        world: Arc<World>,
        source: Source,
        turnstile: Turnstile,
        watch: Arc<Watch>,
        (began, warm_up): (Instant, Duration),
        (verified, seed): (u64, u64),
    ) -> Self {
        Self {
            nation: world.nation_id.text(),
            world,
            source: RefCell::new(source),
            turnstile,
            figures: RefCell::default(),
            interval: RefCell::new(Interval::new(0)),
            watch,
            began,
            measured_from: began + warm_up,
            verified,
            chance: RefCell::new(Chance::new(seed, 0x7e51)),
        }
    }

    /// The next message that is due, on its way; `None` once the run is over.
    pub(crate) async fn next(&self) -> Option<Out> {
        if self.turnstile.is_calendar() {
            return self.by_calendar().await;
        }
        loop {
            let Turn { due } = self.turnstile.turn(|due| self.missed(due)).await?;
            while !self.turnstile.is_stopped() {
                let next = self.source.borrow_mut().next();
                if let Some(ask) = next {
                    return Some(self.send(ask, due));
                }
                if self.source.borrow().is_over() {
                    return None;
                }
                // Nothing can be asked just now; what is on its way must come back first. The slot
                // waits for it, and no longer than for anything else.
                tokio::time::sleep(Duration::from_millis(1)).await;
                if !self.turnstile.has_slots() {
                    break;
                }
                if self.turnstile.is_missed(due) {
                    self.missed(due);
                    break;
                }
            }
        }
    }

    pub(super) fn send(&self, ask: Rc<Ask>, due: Instant) -> Out {
        let sent = now();
        let verb = place(ask.message.verb);
        let mut figures = self.figures.borrow_mut();
        figures.tally[verb].sent += ask.items();
        if due >= self.measured_from {
            figures.lag.note(sent.saturating_duration_since(due));
            figures.sent_until = sent.saturating_duration_since(self.began);
        }
        self.at(sent).verbs[verb].sent += 1;
        Out { ask, due, sent }
    }

    pub(super) fn missed(&self, due: Instant) {
        let verb: Verb = self.source.borrow_mut().missed();
        if due >= self.measured_from {
            self.figures.borrow_mut().calls[place(verb)].missed += 1;
        }
        self.at(now()).verbs[place(verb)].missed += 1;
    }

    /// Takes note of what came back. Whoever has to ask again for what was turned away is told for how
    /// long the service wants to be left alone first.
    pub(crate) fn heard(&self, out: Out, heard: Result<Heard, Broken>) -> Option<Duration> {
        let came = now();
        let times = Times {
            service: came.saturating_duration_since(out.sent),
            corrected: came.saturating_duration_since(out.due),
        };
        let wait = match heard {
            Ok(heard) => self.reply(&out, times, &heard),
            Err(broken) => {
                self.broken(&out, broken);
                None
            }
        };
        self.over(&out.ask);
        let wait = wait.filter(|_| self.source.borrow().asks_again());
        wait.map(|wait| wait.min(LONGEST_WAIT))
    }

    /// Takes note of a message whose call was over before its reply came.
    pub(crate) fn late(&self, out: Out) {
        self.count_code("DEADLINE_EXCEEDED (own clock)");
        let judged = verify::failure(&out.ask.message, &Told::nothing());
        self.note(&out, None, judged, None);
        self.over(&out.ask);
    }

    fn broken(&self, out: &Out, broken: Broken) {
        self.count_code(if broken.sent {
            "UNAVAILABLE (connection lost)"
        } else {
            "UNAVAILABLE (no connection)"
        });
        let mut judged = verify::failure(&out.ask.message, &Told::nothing());
        if !broken.sent {
            let verb = place(out.ask.message.verb);
            self.at(now()).verbs[verb].unreached += 1;
            let absences = &mut self.figures.borrow_mut().absences;
            absences.unreached.goes_on(self.after(now()));
            for fate in &mut judged.fates {
                *fate = Fate::Unavailable { in_doubt: false };
            }
        }
        self.note(out, None, judged, None);
    }

    fn reply(&self, out: &Out, times: Times, heard: &Heard) -> Option<Duration> {
        let ask = &out.ask;
        self.count_code(code_word(heard.code));
        if self.verified < 1000 && !self.chance.borrow_mut().permille(self.verified) {
            self.unread(out, times, heard);
            return None;
        }
        let (sum, entries) = match self.print(ask, heard) {
            Some((sum, entries)) => {
                let known = ask.known.borrow();
                if let Some(known) = known
                    .iter()
                    .find(|known| known.digest == sum && known.entries == entries)
                {
                    let mut figures = self.figures.borrow_mut();
                    figures.verified.by_digest += 1;
                    known.sheet.add_to(&mut figures, ask.message.verb);
                    drop(figures);
                    self.measure(out, Some(times), known.sheet.items());
                    self.source.borrow_mut().ended(ask, false);
                    return None;
                }
                (Some(sum), entries)
            }
            None => (None, 0),
        };
        self.figures.borrow_mut().verified.in_full += 1;
        let judged = match &heard.status {
            Some(headers) => {
                let status = Status::from_header_map(headers)
                    .unwrap_or_else(|| Status::new(Code::Unknown, ""));
                Some(verify::failure(&ask.message, &Told::of(&status)))
            }
            None => judge(&self.world, ask, &heard.body),
        };
        let judged = judged.unwrap_or_else(|| unreadable(ask));
        let wait = judged.wait;
        self.note(out, Some(times), judged, sum.map(|sum| (sum, entries)));
        wait
    }

    /// The digest of a reply, and the entries its receipt counts, where header and framing are
    /// what they must be; `None` of what must be read whole.
    fn print(&self, ask: &Ask, heard: &Heard) -> Option<(u64, u64)> {
        if let Some(headers) = &heard.status {
            let text = headers
                .get("grpc-message")
                .map_or(&b""[..], |v| v.as_bytes());
            let details = headers.get("grpc-status-details-bin");
            let details = details.map_or(&b""[..], |v| v.as_bytes());
            let sum = digest(text) ^ digest(details).rotate_left(1) ^ heard.code as u64;
            return Some((sum, 0));
        }
        let parts = parts(ask.shape, &heard.body)?;
        let sound = parts.request_id == ask.message.request_id.as_bytes()
            && parts.nation == self.nation.as_bytes();
        sound.then(|| (digest(parts.results), parts.entries))
    }

    /// Takes note of a reply that was read; a right one is known from here on.
    fn note(&self, out: &Out, times: Option<Times>, judged: Judged, print: Option<(u64, u64)>) {
        let (ask, message) = (&out.ask, &out.ask.message);
        let mut figures = self.figures.borrow_mut();
        let key = (message.standing.caller.agency, message.verb, ask.day);
        let sheet = Sheet::of(&mut figures.cells, key, &judged.fates);
        sheet.add_to(&mut figures, message.verb);
        let right = judged.wrong.is_empty();
        self.at(now()).wrong += judged.wrong.len() as u64;
        for wrong in judged.wrong {
            figures.wrong(wrong);
        }
        drop(figures);
        let answered = sheet.is_answered();
        self.measure(out, times.filter(|_| answered), sheet.items());
        self.source.borrow_mut().ended(ask, sheet.is_unrecorded());
        if let Some((digest, entries)) = print
            && right
            && answered
            && message.verb != Verb::Push
        {
            let mut known = ask.known.borrow_mut();
            if known.len() == REMEMBERED {
                known.remove(0);
            }
            known.push(Known {
                digest,
                entries,
                sheet,
            });
        }
        if let Some(pusher) = ask.pusher.borrow_mut().as_mut() {
            for (item, effect) in message.items.iter().zip(&judged.effects) {
                if let Some(revision) = effect {
                    let standing = Arc::clone(&message.standing);
                    pusher
                        .register()
                        .acknowledge(item.clone(), standing, *revision);
                }
            }
        }
    }

    /// Takes note of a reply that is not looked into, by its code alone.
    fn unread(&self, out: &Out, times: Times, heard: &Heard) {
        let mut figures = self.figures.borrow_mut();
        figures.verified.unread += 1;
        let items = out.ask.items();
        let tally = &mut figures.tally[place(out.ask.message.verb)];
        let answered = if heard.code == 0 {
            // Which outcome it was nobody looked at.
            tally.answered += items;
            true
        } else {
            let fate = Told::of(&Status::new(Code::from_i32(heard.code), "")).fate();
            tally.note(fate, items);
            !matches!(fate, Fate::Unavailable { .. })
        };
        drop(figures);
        self.measure(out, answered.then_some(times), items);
        self.source.borrow_mut().ended(&out.ask, false);
    }

    /// Latency and rate of a message; without times it failed.
    fn measure(&self, out: &Out, times: Option<Times>, items: u64) {
        let verb = place(out.ask.message.verb);
        let measured = out.due >= self.measured_from;
        let at = now();
        let mut figures = self.figures.borrow_mut();
        let figures = &mut *figures;
        let (calls, absences) = (&mut figures.calls[verb], &mut figures.absences);
        let mut interval = self.at(at);
        let shown = &mut interval.verbs[verb];
        let Some(times) = times else {
            absences.failed.goes_on(self.after(at));
            shown.failed += 1;
            calls.failed += u64::from(measured);
            return;
        };
        absences.end(self.after(at));
        shown.answered += 1;
        shown.items += items;
        interval.service.note(times.service);
        interval.corrected.note(times.corrected);
        if measured {
            calls.answered += 1;
            calls.items += items;
            calls.service.note(times.service);
            calls.corrected.note(times.corrected);
        }
    }

    fn count_code(&self, word: &str) {
        let mut figures = self.figures.borrow_mut();
        if let Some(count) = figures.codes.get_mut(word) {
            *count += 1;
        } else {
            figures.codes.insert(word.to_owned(), 1);
        }
    }

    fn over(&self, ask: &Ask) {
        if let Some(pusher) = ask.pusher.take() {
            self.source.borrow_mut().give_back(pusher);
        }
    }

    /// How long after the beginning.
    fn after(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.began)
    }

    /// The interval of an instant; the one before is handed over.
    fn at(&self, instant: Instant) -> std::cell::RefMut<'_, Interval> {
        let second = self.after(instant).as_secs();
        let mut interval = self.interval.borrow_mut();
        if second > interval.second {
            self.watch.add(&interval);
            *interval = Interval::new(second);
        }
        interval
    }

    /// Hands over what has been gathered, although nothing happens.
    pub(crate) fn tick(&self) {
        drop(self.at(now()));
        self.watch.share(&mut self.figures.borrow_mut().absences);
    }

    /// Whether everything that was asked, by whichever thread, has failed for so long.
    pub(crate) fn is_left_alone(&self, long: Duration) -> bool {
        let lasted = self.figures.borrow().absences.failed.lasted();
        lasted.is_some_and(|lasted| lasted >= long)
    }

    /// Hands over the last interval.
    pub(crate) fn close(&self) {
        let mut interval = self.interval.borrow_mut();
        self.watch.add(&interval);
        *interval = Interval::new(interval.second + 1);
        self.watch.share(&mut self.figures.borrow_mut().absences);
    }
}

/// What is wrong with bytes that are no reply.
fn unreadable(ask: &Ask) -> Judged {
    let mut judged = verify::failure(&ask.message, &Told::nothing());
    judged.wrong.push(Discrepancy {
        verb: ask.message.verb,
        request_id: ask.message.request_id.clone(),
        item: None,
        citizen: None,
        field: "reply".to_owned(),
        expected: "a message that can be read".to_owned(),
    });
    judged
}
