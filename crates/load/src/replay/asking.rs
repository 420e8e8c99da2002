//! One message on its way: asked until it is answered, or until nobody waits for it any more.

use std::rc::Rc;
use std::time::{Duration, Instant};

use dancu_domain::Verb;

use super::bytes::Sendable;
use super::heard::{self, Answer};
use super::state::State;
use super::sums::{Beside, Held, hold};
use crate::clock::now;
use crate::draw::Shape;
use crate::run::{GRACE, Link};
use crate::tally::Fate;
use crate::told::code_word;
use dancu_wire::pb::recording::Exchange;

/// How long a message waits before it is asked again, where it was not told how long.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest that it waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The words for an attempt that found no connection.
const NO_CONNECTION: &str = "UNAVAILABLE (no connection at an attempt)";
/// The words for the last one of a message that found none at any: it never left.
const NEVER_LEFT: &str = "UNAVAILABLE (no connection)";

/// What became of a message.
pub(super) struct Asked {
    /// The answer, and what it is beside the recorded one; none where there was none in time.
    pub(super) answer: Option<(Answer, Held)>,
    /// When the attempt that was answered was sent.
    pub(super) sent: Instant,
    /// When its answer was there.
    pub(super) came: Instant,
    /// The words for each attempt.
    pub(super) codes: Vec<String>,
    /// Whether the last attempt found no connection.
    pub(super) unreached: bool,
}

/// How long things may take, and what is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) deadline: Duration,
    pub(super) patience: Duration,
    /// Whether versions are held against the recorded ones.
    pub(super) versions: bool,
}

/// Asks until there is an answer, for as long as anybody has patience and the replay is not over.
pub(super) async fn ask(
    link: &Rc<Link>,
    (verb, shape): (Verb, Shape),
    sendable: &Sendable,
    exchange: &Exchange,
    state: &State,
) -> Asked {
    let times = state.times;
    let began = now();
    let mut codes = Vec::new();
    let beside = || Beside {
        versions: times.versions,
        may_be_applied: verb == Verb::Push && state.lost.borrow().contains(&exchange.request),
    };
    loop {
        let sent = now();
        let call = link.call((*sendable.head).clone(), sendable.body.clone());
        let heard = tokio::time::timeout(times.deadline + GRACE, call).await;
        let came = now();
        let mut pause = PAUSE;
        // Whether it may have been carried out, if this is no answer.
        let mut in_doubt = true;
        let mut unreached = false;
        match heard {
            Ok(Ok(heard)) => match heard::read(verb, shape, &heard) {
                Some(answer) => {
                    if let Answer::Failed(told) = &answer {
                        pause = told.wait.unwrap_or(PAUSE);
                        in_doubt = !matches!(told.fate(), Fate::Unavailable { in_doubt: false });
                        codes.push(word(told));
                    } else {
                        codes.push("OK".to_owned());
                    }
                    if let Some(held) = hold(exchange, &answer, beside()) {
                        return Asked {
                            answer: Some((answer, held)),
                            sent,
                            came,
                            codes,
                            unreached: false,
                        };
                    }
                }
                None => codes.push("UNKNOWN (a reply that cannot be read)".to_owned()),
            },
            Ok(Err(broken)) => {
                (in_doubt, unreached) = (broken.sent, !broken.sent);
                let word = if broken.sent {
                    "UNAVAILABLE (connection lost)"
                } else {
                    NO_CONNECTION
                };
                codes.push(word.to_owned());
            }
            Err(_) => codes.push("DEADLINE_EXCEEDED (own clock)".to_owned()),
        }
        if in_doubt && verb == Verb::Push {
            state.lost.borrow_mut().insert(exchange.request);
        }
        let patient = came.saturating_duration_since(began) < times.patience
            && state.until(came + pause.min(LONGEST_PAUSE)).await;
        if !patient {
            if codes.iter().all(|code| code == NO_CONNECTION)
                && let Some(last) = codes.last_mut()
            {
                NEVER_LEFT.clone_into(last);
            }
            return Asked {
                answer: None,
                sent,
                came,
                codes,
                unreached,
            };
        }
    }
}

fn word(told: &crate::told::Told) -> String {
    code_word(told.code as i32).to_owned()
}
