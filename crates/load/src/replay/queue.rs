//! Who waits for whom: messages that share a citizen go one after the other, in their order, and
//! nobody goes past one that was not answered.

use std::collections::{HashMap, HashSet, VecDeque};

/// Messages by what they are about. Each has a position, and they come in the order of those.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// For each citizen the positions of messages that are about him, the first on its way.
    lines: HashMap<u64, VecDeque<u64>>,
    held: HashMap<u64, Held<T>>,
    /// Citizens about whom nothing more is sent: a message about them was given up.
    shut: HashSet<u64>,
}

/// What becomes of a message that is taken in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<T> {
    /// It can go at once.
    Goes(T),
    /// It waits for others.
    Waits,
    /// It is not sent: one before it, about the same citizen, was given up.
    Behind,
}

#[derive(Debug)]
struct Held<T> {
    about: Box<[u64]>,
    /// In how many lines others stand before it.
    before: usize,
    /// What is to be sent; gone once it is on its way.
    message: Option<T>,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            lines: HashMap::new(),
            held: HashMap::new(),
            shut: HashSet::new(),
        }
    }

    /// How many messages are on their way or wait.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Takes a message in; gives it back where it can go at once.
    pub(super) fn add(&mut self, position: u64, mut about: Vec<u64>, message: T) -> Place<T> {
        about.sort_unstable();
        about.dedup();
        if about.iter().any(|citizen| self.shut.contains(citizen)) {
            // What comes behind this one is behind the one that was given up, too.
            self.shut.extend(about);
            return Place::Behind;
        }
        let mut before = 0;
        for citizen in &about {
            let line = self.lines.entry(*citizen).or_default();
            before += usize::from(!line.is_empty());
            line.push_back(position);
        }
        let (waits, goes) = if before > 0 {
            (Some(message), Place::Waits)
        } else {
            (None, Place::Goes(message))
        };
        let held = Held {
            about: about.into(),
            before,
            message: waits,
        };
        self.held.insert(position, held);
        goes
    }

    /// Takes note that a message was answered; the positions and messages that can go now.
    pub(super) fn done(&mut self, position: u64) -> Vec<(u64, T)> {
        let mut free = Vec::new();
        let Some(held) = self.held.remove(&position) else {
            return free;
        };
        for citizen in &held.about {
            let Some(line) = self.lines.get_mut(citizen) else {
                continue;
            };
            line.pop_front();
            let Some(next) = line.front().copied() else {
                self.lines.remove(citizen);
                continue;
            };
            if let Some(held) = self.held.get_mut(&next) {
                held.before -= 1;
                if held.before == 0
                    && let Some(message) = held.message.take()
                {
                    free.push((next, message));
                }
            }
        }
        free
    }

    /// Takes note that a message was given up; how many were behind it and are not sent. Whoever
    /// stands before one of those in another line still goes.
    pub(super) fn given_up(&mut self, position: u64) -> u64 {
        let (mut over, mut behind) = (vec![position], 0);
        while let Some(position) = over.pop() {
            let Some(held) = self.held.remove(&position) else {
                continue;
            };
            behind += u64::from(held.message.is_some());
            for citizen in held.about {
                self.shut.insert(citizen);
                let Some(line) = self.lines.get_mut(&citizen) else {
                    continue;
                };
                // Positions only grow along a line.
                let at = line.partition_point(|other| *other < position);
                over.extend(line.drain(at..));
                if line.is_empty() {
                    self.lines.remove(&citizen);
                }
            }
        }
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_goes_past_a_message_that_was_given_up() {
        let mut queue = Queue::new();
        assert_eq!(queue.add(0, vec![7], 'a'), Place::Goes('a'));
        assert_eq!(queue.add(1, vec![8], 'b'), Place::Goes('b'));
        assert_eq!(queue.add(2, vec![8], 'c'), Place::Waits);
        assert_eq!(queue.add(3, vec![7, 8], 'd'), Place::Waits);
        assert_eq!(queue.add(4, vec![8, 9], 'e'), Place::Waits, "behind d");
        assert_eq!(queue.add(5, vec![10], 'f'), Place::Goes('f'));
        assert_eq!(queue.given_up(0), 2, "d, and e behind it");
        assert_eq!(queue.add(6, vec![9], 'g'), Place::Behind);
        assert_eq!(queue.add(7, vec![10, 9], 'h'), Place::Behind);
        assert_eq!(queue.add(8, vec![11, 10], 'i'), Place::Behind, "of h");
        // What stood before those is sent all the same.
        assert_eq!(queue.done(1), [(2, 'c')]);
        assert_eq!(queue.done(5), []);
        assert_eq!(queue.done(2), []);
        assert!(queue.lines.is_empty() && queue.len() == 0);
        assert_eq!(queue.given_up(0), 0);
    }

    #[test]
    fn messages_about_one_citizen_go_one_after_the_other_in_their_order() {
        let mut queue = Queue::new();
        assert_eq!(queue.add(0, vec![7, 8], 'a'), Place::Goes('a'));
        assert_eq!(queue.add(1, vec![8, 9, 9], 'b'), Place::Waits);
        assert_eq!(queue.add(2, vec![7], 'c'), Place::Waits);
        assert_eq!(
            queue.add(3, vec![9], 'd'),
            Place::Waits,
            "behind one that waits"
        );
        assert_eq!(queue.add(4, vec![10], 'e'), Place::Goes('e'));
        assert_eq!(queue.done(4), []);
        assert_eq!(queue.done(0), [(2, 'c'), (1, 'b')]);
        assert_eq!(queue.done(2), []);
        assert_eq!(queue.done(1), [(3, 'd')]);
        assert_eq!(queue.done(3), []);
        assert!(queue.lines.is_empty() && queue.len() == 0);
    }

    #[test]
    fn whatever_the_order_of_replies_nobody_is_asked_about_twice_at_once() {
        let mut chance = crate::chance::Chance::new(5, 0);
        let mut queue = Queue::new();
        let mut out: Vec<(u64, Vec<u64>)> = Vec::new();
        let mut last: HashMap<u64, u64> = HashMap::new();
        let mut sent = 0;
        for position in 0..2_000 {
            let about: Vec<u64> = (0..=chance.below(3)).map(|_| chance.below(12)).collect();
            let mut free: Vec<(u64, Vec<u64>)> = Vec::new();
            if let Place::Goes(message) = queue.add(position, about.clone(), about) {
                free.push((position, message));
            }
            while out.len() > 5 || (position == 1_999 && !(out.is_empty() && free.is_empty())) {
                if !out.is_empty() {
                    let at = chance.below(out.len() as u64) as usize;
                    let (position, _) = out.swap_remove(at);
                    free.extend(queue.done(position));
                }
                for (position, about) in free.drain(..) {
                    for citizen in &about {
                        assert!(out.iter().all(|(_, other)| !other.contains(citizen)));
                        let before = last.insert(*citizen, position);
                        assert!(before.is_none_or(|before| before <= position));
                    }
                    sent += 1;
                    out.push((position, about));
                }
            }
            for (position, about) in free {
                for citizen in &about {
                    assert!(out.iter().all(|(_, other)| !other.contains(citizen)));
                    let before = last.insert(*citizen, position);
                    assert!(before.is_none_or(|before| before <= position));
                }
                sent += 1;
                out.push((position, about));
            }
        }
        assert_eq!(sent, 2_000);
        assert_eq!(queue.len(), 0);
    }
}
