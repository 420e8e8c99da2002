//! `cargo run --profile bench -p dancu-tests --bin bench`: the service beside its rivals.
//!
//! Every side runs in a process of its own; the generator is this one. Rounds go A B C A B C, so
//! that a machine that gets slower slows them all.

use std::process::Command;
use std::time::Duration;

use clap::Parser;
use dancu_population::{KeyState, Nation};
use dancu_tests::bench::echo::{self, Echo};
use dancu_tests::bench::generator::{Load, Traffic, drive};
use dancu_tests::bench::processes::Server;
use dancu_tests::bench::report::{Side, table};
use dancu_tests::messages;
use dancu_tests::stage;
use dancu_wire::pb::dancu::v1 as pb;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures unary cached lookups against bare tonic echoes.
#[derive(Debug, Parser)]
struct Arguments {
    /// Citizens of the nation.
    #[arg(long, default_value_t = 100_000)]
    citizens: u64,
    /// Seed of the nation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds; each measures every side once.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds measured a side and round.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Connections x calls in flight.
    #[arg(long, value_delimiter = ',', default_value = "8x1,8x64,8x256")]
    concurrency: Vec<String>,
    /// Serve an echo instead: `cores` or `stock`.
    #[arg(long, hide = true)]
    echo: Option<String>,
}

const PATH: &str = "/dancu.v1.LookupService/LookupCitizen";

#[expect(
    clippy::print_stdout,
    reason = "the figures are what the command is for"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let nation = Nation::new(arguments.seed, arguments.citizens);
    if let Some(kind) = &arguments.echo {
        return serve_echo(&nation, kind);
    }
    let key = nation
        .sandbox_keys()
        .into_iter()
        .find(|key| key.state == KeyState::Valid && key.agency.text() == "H26")
        .ok_or("the nation has no key for H26")?;
    let messages = messages::framed_lookups(&nation, 8192, &key);
    println!(
        "nation {} of seed {}, requests of {} bytes, commit {}, {} rounds of {} s, seconds of warm-up 1",
        nation.len(),
        nation.seed(),
        messages[0].len(),
        commit(),
        arguments.rounds,
        arguments.seconds
    );
    let traffic = Traffic {
        path: PATH,
        key: key.key,
        messages: messages.into(),
    };
    let folder = tempfile::tempdir()?;
    let myself = std::env::current_exe()?;
    let echo = |kind: &str| {
        let mut command = Command::new(&myself);
        command.args([
            "--echo",
            kind,
            "--citizens",
            &arguments.citizens.to_string(),
        ]);
        command
    };
    let servers = [
        ("echo, a runtime a core", Server::start(&mut echo("cores"))?),
        (
            "dancu, cached, recorded",
            Server::start(&mut stage::serve_command(
                &stage::sibling("dancu")?,
                folder.path(),
                arguments.citizens,
                arguments.seed,
            ))?,
        ),
        ("echo, stock runtime", Server::start(&mut echo("stock"))?),
    ];
    for concurrency in &arguments.concurrency {
        let (connections, in_flight) = concurrency
            .split_once('x')
            .ok_or("concurrency is written like 8x64")?;
        let load = Load {
            connections: connections.parse()?,
            in_flight: in_flight.parse()?,
            measured: Duration::from_secs_f64(arguments.seconds),
            warm_up: Duration::from_secs(1),
        };
        let mut sides: Vec<Side> = servers
            .iter()
            .map(|(name, _)| Side {
                name,
                ..Side::default()
            })
            .collect();
        for _ in 0..arguments.rounds {
            for ((_, server), side) in servers.iter().zip(&mut sides) {
                let before = server.cpu();
                let measured = drive(server.address, &traffic, load);
                let all = measured.rate() * (measured.seconds + 1.0);
                side.rate.0.push(measured.rate());
                side.server_cpu.0.push((server.cpu() - before) * 1e6 / all);
                side.generator_cpu
                    .0
                    .push(measured.cpu * 1e6 / measured.ok.max(1) as f64);
                side.p50
                    .0
                    .push(measured.latency.value_at_quantile(0.5) as f64);
                side.p99
                    .0
                    .push(measured.latency.value_at_quantile(0.99) as f64);
                side.failed += measured.failed;
            }
        }
        println!("{}", table(concurrency, &sides));
    }
    Ok(())
}

/// Serves an echo until the process is ended.
#[expect(
    clippy::print_stdout,
    reason = "the address is read by the process that started this"
)]
fn serve_echo(nation: &Nation, kind: &str) -> Result<(), Box<dyn std::error::Error>> {
    let citizen = nation.citizen(7);
    let echo = Echo::new(pb::LookupCitizenResponse {
        header: Some(pb::AnswerHeader {
            request_id: "bench-7".to_owned(),
            revision: Some(pb::Revision {
                nation: "0".repeat(32),
                number: 0,
            }),
            source: pb::Source::Memory.into(),
            receipt: Some(pb::Receipt {
                writer: 1,
                first_index: 1_000_000,
                count: 1,
            }),
        }),
        result: Some(pb::LookupResult {
            outcome: pb::LookupOutcome::Found.into(),
            level: pb::MatchLevel::Exact.into(),
            citizen: Some(pb::Citizen {
                personal_number: citizen.personal_id.text(),
                legacy_number: "100000000".to_owned(),
                full_name: citizen.name.text().to_owned(),
                birth_date: Some(messages::birth(citizen.birth)),
                sex: pb::Sex::Male.into(),
                current_residence: Some(messages::address(&citizen.current_residence)),
                resident_since: Some(messages::date(citizen.resident_since)),
                ..Default::default()
            }),
            ..Default::default()
        }),
    });
    let address = match kind {
        "cores" => echo::serve_per_core(&echo, 2)?,
        "stock" => echo::serve_stock(&echo)?,
        _ => return Err("an echo is `cores` or `stock`".into()),
    };
    println!("{address}");
    loop {
        std::thread::park();
    }
}

fn commit() -> String {
    Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
