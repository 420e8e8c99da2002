//! What is wanted of a run, as it stands on the command line.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use clap::{Args, ValueEnum};
use dancu_domain::Verb;
use dancu_load::choice::Choice;
use dancu_load::draw::{Shape, Shares};
use dancu_load::pace::{Arrivals, Pace, Schedule, duration};
use dancu_load::run::{LoadPlan, nation_at};
use dancu_population::Nation;

use crate::edge::fresh_id;
use crate::exit::Failure;
use crate::real_looking::Numbering;
use crate::words::Lang;

/// Which service, how hard, and with what.
#[derive(Args, Clone, Debug)]
pub(super) struct Wanted {
    /// The service's address.
    #[arg(long, env = "DANCU_SERVER", default_value = "http://127.0.0.1:50051")]
    server: String,
    /// Drive a service beyond loopback. Ask whoever runs it first.
    #[arg(long)]
    beyond_loopback: bool,
    /// Citizens of the service's nation.
    #[arg(long, env = "DANCU_CITIZENS", default_value_t = dancu_server::DEFAULT_CITIZENS)]
    citizens: u64,
    /// The seed of the service's nation.
    #[arg(long, env = "DANCU_SEED", default_value_t = dancu_server::DEFAULT_SEED)]
    seed: u64,
    #[command(flatten)]
    numbering: Numbering,
    /// The seed of what is drawn.
    #[arg(long, default_value_t = 1)]
    draw_seed: u64,
    /// Which of how many generators this is that ask at the same time, such as 1/3: each pushes about
    /// citizens of its own. They may be as unlike as the machines they run on.
    #[arg(long, value_name = "N/OF", default_value = "1/1", value_parser = part)]
    part: (u32, u32),

    /// Messages a second, in an open loop: the schedule does not wait for replies.
    #[arg(
        long,
        default_value_t = 1000.0,
        conflicts_with = "schedule",
        allow_negative_numbers = true
    )]
    rate: f64,
    /// For how long: 30s, 1.5m.
    #[arg(long, default_value = "30s", value_parser = duration, conflicts_with = "schedule")]
    time: f64,
    /// A schedule in place of one rate: stages told apart by commas, each `hold RATE TIME`,
    /// `ramp FROM TO TIME`, `step FROM TO PLATEAUS TIME`, `burst LOW HIGH EVERY LENGTH TIME` or
    /// `day PEAK TIME`.
    #[arg(long, value_parser = Schedule::parse)]
    schedule: Option<Schedule>,
    /// How the messages of an open loop are spread.
    #[arg(long, value_enum, default_value_t = Spread::Poisson)]
    arrivals: Spread,
    /// A closed loop: so many callers as calls can be in flight, each asking again once answered.
    #[arg(long, conflicts_with_all = ["schedule", "rate"])]
    closed: bool,
    /// What is not measured at the beginning.
    #[arg(long, default_value = "2s", value_parser = duration)]
    warm_up: f64,

    /// Connections.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Calls in flight on a connection; of streams, streams open on it.
    #[arg(long, default_value_t = 64)]
    calls: usize,
    /// Threads; left out, one a core.
    #[arg(long)]
    threads: Option<usize>,
    /// How messages travel.
    #[arg(long, value_enum, default_value_t = Travel::Unary)]
    shape: Travel,
    /// Items of a message of a batch or a stream.
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// Messages of a lane of streams that may be unanswered at once.
    #[arg(long, default_value_t = 4)]
    window: usize,
    /// The deadline of a call; on a stream, for how long nothing may come while a reply is due.
    #[arg(long, default_value = "10s", value_parser = duration)]
    deadline: f64,
    /// How late a slot may be taken before it is missed.
    #[arg(long, default_value = "1s", value_parser = duration)]
    patience: f64,

    /// Parts of each verb among the items, such as `lookup=60,authenticate=40`; left out, the
    /// national mix.
    #[arg(long, value_parser = mix)]
    mix: Option<Mixed>,
    /// Whom it asks about: `uniform`, `zipf:EXPONENT`, or `hot:CITIZENS:ASKING` with shares in a
    /// thousand.
    #[arg(long, default_value = "uniform")]
    choose: Choice,
    /// Claims that are not the person's, in a thousand; left out, 174 as for the subscribers of 2023.
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=1000))]
    mistaken: Option<u64>,
    /// Claims with a number that nobody has, in a thousand; left out, 10.
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=1000))]
    unknown: Option<u64>,
    /// Malformed items, in a thousand.
    #[arg(long, default_value_t = Shares::default().malformed, value_parser = clap::value_parser!(u64).range(0..=1000))]
    malformed: u64,
    /// Messages that must be denied, in a thousand.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=500))]
    denied: u64,
    /// Messages whose envelope, token or credential does not hold, in a thousand.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=500))]
    unfit: u64,
    /// The share of replies that is verified, from 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    verify: f64,
    /// Items prepared for each verb and thread, sent over and over.
    #[arg(long, default_value_t = 16_384)]
    stock: usize,
}

/// How the messages of an open loop are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Spread {
    /// Like callers who know nothing of each other.
    Poisson,
    /// At even distances.
    Constant,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Travel {
    /// One item, one call; but the lookups that find the people of pushes.
    Unary,
    /// One message of many items.
    Batch,
    /// Streams of such messages.
    Stream,
}

type Mixed = [u64; 4];

impl Wanted {
    /// The plan. The service is asked which nation it is, unless nothing is verified.
    pub(super) fn plan(&self, lang: Lang) -> Result<LoadPlan, Failure> {
        let server = address(&self.server)?;
        if !(self.beyond_loopback || server.ip().is_loopback()) {
            return Err(Failure::Usage(format!(
                "{server} is not on loopback: say --beyond-loopback if you may drive it"
            )));
        }
        if !(0.0..=1.0).contains(&self.verify) {
            return Err(Failure::Usage("--verify is from 0 to 1".to_owned()));
        }
        let nation = self.numbering.of(&Nation::new(self.seed, self.citizens));
        let verified = (self.verify * 1000.0).round() as u64;
        if verified == 0 && self.verify > 0.0 {
            return Err(Failure::Usage(
                "--verify is 0, or at least 0.001".to_owned(),
            ));
        }
        let nobody = dancu_domain::NationId([0; 16]);
        let base = LoadPlan::new(fresh_id(), server, nation, nobody);
        let mut plan = LoadPlan {
            beyond_loopback: self.beyond_loopback,
            seed: self.draw_seed,
            pace: self.pace()?,
            warm_up: Duration::from_secs_f64(self.warm_up),
            threads: self.threads.unwrap_or(base.threads),
            part: self.part,
            connections: self.connections,
            in_flight: self.calls,
            shape: match self.shape {
                Travel::Unary => Shape::Unary,
                Travel::Batch => Shape::Batch,
                Travel::Stream => Shape::Stream,
            },
            size: match self.shape {
                Travel::Unary => 1,
                Travel::Batch | Travel::Stream => self.size,
            },
            window: self.window,
            mix: self.mix.unwrap_or(base.mix),
            shares: Shares {
                malformed: self.malformed,
                denied: self.denied,
                unfit: self.unfit,
                ..self.shares(base.shares)
            },
            choice: self.choose,
            deadline: Duration::from_secs_f64(self.deadline),
            patience: Duration::from_secs_f64(self.patience),
            stock: self.stock,
            verified,
            language: lang.tag(),
            ..base
        };
        plan.validate()
            .map_err(|error| super::failure(&error, lang))?;
        // What is wrong by itself is told without a service.
        if verified > 0 {
            plan.nation_id =
                nation_at(server, &nation).map_err(|error| super::failure(&error, lang))?;
        }
        Ok(plan)
    }

    /// These shares, with what the command line says of claims.
    pub(super) fn shares(&self, shares: Shares) -> Shares {
        Shares {
            mistaken: self.mistaken.unwrap_or(shares.mistaken),
            unknown: self.unknown.unwrap_or(shares.unknown),
            ..shares
        }
    }

    /// How the messages of an open loop are spread.
    pub(super) const fn arrivals(&self) -> Arrivals {
        match self.arrivals {
            Spread::Poisson => Arrivals::Poisson,
            Spread::Constant => Arrivals::Constant,
        }
    }

    fn pace(&self) -> Result<Pace, Failure> {
        if self.closed {
            return Ok(Pace::Closed {
                duration: Duration::from_secs_f64(self.time),
            });
        }
        let schedule = match &self.schedule {
            Some(schedule) => schedule.clone(),
            None => Schedule::parse(&format!("hold {} {}", self.rate, self.time))
                .map_err(|error| Failure::Usage(format!("--rate, --time: {}", error.rule)))?,
        };
        Ok(Pace::Open {
            schedule,
            arrivals: self.arrivals(),
        })
    }
}

/// The socket address in `http://HOST:PORT` or `HOST:PORT`.
pub(crate) fn address(text: &str) -> Result<SocketAddr, Failure> {
    let wrong =
        || Failure::Usage("--server must be an address such as http://127.0.0.1:50051".to_owned());
    let place = text.strip_prefix("http://").unwrap_or(text);
    let place = place.trim_end_matches('/');
    let mut found = place.to_socket_addrs().map_err(|_| wrong())?;
    found.next().ok_or_else(wrong)
}

/// Reads `lookup=60,push=1`; a verb that is left out has no part.
fn mix(text: &str) -> Result<Mixed, String> {
    let (mut parts, mut named) = ([0; 4], [false; 4]);
    for part in text.split(',') {
        let (word, number) = part
            .split_once('=')
            .ok_or_else(|| format!("`{part}` is no VERB=PARTS"))?;
        let place = Verb::ALL
            .iter()
            .position(|verb| verb.word().eq_ignore_ascii_case(word.trim()))
            .ok_or_else(|| format!("`{word}` is no verb"))?;
        if std::mem::replace(&mut named[place], true) {
            return Err(format!("`{word}` stands there twice"));
        }
        parts[place] = number
            .trim()
            .parse()
            .map_err(|_| format!("`{number}` is no number of parts"))?;
    }
    if parts.iter().all(|n| *n == 0) {
        return Err("some verb must have a part".to_owned());
    }
    Ok(parts)
}

/// Reads `2/3` as the second of three, counted from 0.
fn part(text: &str) -> Result<(u32, u32), &'static str> {
    let read = |(n, of): (&str, &str)| {
        let n = n.parse::<u32>().ok()?.checked_sub(1)?;
        Some((n, of.parse().ok()?))
    };
    text.split_once('/')
        .and_then(read)
        .filter(|(n, of)| n < of && *of <= 256)
        .ok_or("written like 2/3, the second of three")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_names_verbs_and_their_parts() {
        assert_eq!(mix("lookup=60, Push=1"), Ok([60, 0, 0, 1]));
        for text in [
            "",
            "lookup",
            "lookup=x",
            "nobody=1",
            "lookup=0",
            "push=1,Push=1",
        ] {
            assert!(mix(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_read_with_and_without_its_scheme() {
        let wanted: SocketAddr = "127.0.0.1:50051".parse().unwrap();
        assert_eq!(address("http://127.0.0.1:50051").unwrap(), wanted);
        assert_eq!(address("127.0.0.1:50051/").unwrap(), wanted);
        assert!(address("nowhere").is_err());
    }
}
