//! Who waits for whom: messages that share a citizen go one after the other, in their order.

use std::collections::{HashMap, VecDeque};

/// Messages by what they are about. Each has a position, and they come in the order of those.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// For each citizen the positions of messages that are about him, the first on its way.
    lines: HashMap<u64, VecDeque<u64>>,
    held: HashMap<u64, Held<T>>,
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
        }
    }

    /// How many messages are on their way or wait.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Takes a message in; gives it back where it can go at once.
    pub(super) fn add(&mut self, position: u64, mut about: Vec<u64>, message: T) -> Option<T> {
        about.sort_unstable();
        about.dedup();
        let mut before = 0;
        for citizen in &about {
            let line = self.lines.entry(*citizen).or_default();
            before += usize::from(!line.is_empty());
            line.push_back(position);
        }
        let (waits, goes) = if before > 0 {
            (Some(message), None)
        } else {
            (None, Some(message))
        };
        let held = Held {
            about: about.into(),
            before,
            message: waits,
        };
        self.held.insert(position, held);
        goes
    }

    /// Takes note that a message is over; the positions and messages that can go now.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_about_one_citizen_go_one_after_the_other_in_their_order() {
        let mut queue = Queue::new();
        assert_eq!(queue.add(0, vec![7, 8], 'a'), Some('a'));
        assert_eq!(queue.add(1, vec![8, 9, 9], 'b'), None);
        assert_eq!(queue.add(2, vec![7], 'c'), None);
        assert_eq!(queue.add(3, vec![9], 'd'), None, "behind one that waits");
        assert_eq!(queue.add(4, vec![10], 'e'), Some('e'));
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
            if let Some(message) = queue.add(position, about.clone(), about) {
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
