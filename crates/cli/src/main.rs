//! `dancu`: a national population database on a laptop. Everybody in it is made up.
//!
//! Arguments in, tables or JSON and an exit code out. Each subcommand has a file of its own; what
//! it does lives in the other rooms.

mod agencies;
mod audit;
mod authenticate;
mod causes;
mod choosing;
mod compare;
mod config;
mod demo;
mod edge;
mod exit;
mod help;
mod load;
mod lookup;
mod misuse;
mod output;
mod personas;
mod reach;
mod real_looking;
mod recording;
mod replay;
mod seed;
mod seeding;
mod serve;
mod show;
mod signals;
mod vietnamese;
mod volumes;
mod who;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::Failure;
use crate::output::{Form, tell};
use crate::words::Lang;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A national population database on a laptop: lookup (tra cứu), authentication (xác thực) and
/// sync (đồng bộ) over gRPC. Everybody in it is made up.
///
/// Exit codes: 0 all is well; 1 something does not add up, was found edited, or was refused;
/// 2 it was called wrongly; 3 it could not start or reach what it needs.
#[derive(Debug, Parser)]
#[command(name = "dancu", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The form of what goes to standard output.
    #[arg(long, global = true, env = "DANCU_OUTPUT", value_enum, default_value_t = Form::Table)]
    output: Form,
    /// The language of tables and messages.
    #[arg(long, global = true, env = "DANCU_LANG", value_enum, default_value_t = Lang::En)]
    lang: Lang,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a nation, serves it, drives all verbs against it, and adds up.
    Demo(demo::Demo),
    /// Serves a nation over gRPC.
    Serve(Box<serve::Serve>),
    /// Makes a nation without serving it.
    Seed(Box<seed::Seed>),
    /// Checks and shows the configuration.
    Config(config::Config),
    /// Lists the agencies and their sandbox keys.
    Agencies(agencies::Agencies),
    /// Lists the well-known people of every nation.
    Personas(personas::Personas),
    /// Looks one citizen up at a running service.
    Lookup(lookup::Lookup),
    /// Authenticates one citizen's claims at a running service.
    Authenticate(authenticate::Authenticate),
    /// Drives a running service by a schedule, verifies replies, reports latencies.
    Load(Box<load::Load>),
    /// Asks a running service again what was recorded, and holds the outcomes against each other.
    Replay(Box<replay::Replay>),
    /// Shows what is in recordings of traffic, and makes them out of other logs.
    Recording(recording::Recording),
    /// Prints exact totals beside the figures of the first nine months of 2023.
    Volumes(volumes::Volumes),
    /// Verifies the ledger, or shows entries of it.
    Audit(audit::Audit),
}

fn main() -> ExitCode {
    let Arguments {
        command,
        output,
        lang,
    } = edge::parsed();
    let done = match command {
        Command::Demo(demo) => demo.run(output, lang),
        Command::Serve(serve) => serve.run(output, lang),
        Command::Seed(seed) => seed.run(output, lang),
        Command::Config(config) => config.run(output, lang),
        Command::Agencies(agencies) => agencies.run(output, lang),
        Command::Personas(personas) => {
            personas.run(output, lang);
            Ok(())
        }
        Command::Lookup(lookup) => lookup.run(output, lang),
        Command::Authenticate(authenticate) => authenticate.run(output, lang),
        Command::Load(load) => load.run(output, lang),
        Command::Replay(replay) => replay.run(output, lang),
        Command::Recording(recording) => recording.run(output, lang),
        Command::Volumes(volumes) => volumes.run(output, lang),
        Command::Audit(audit) => audit.run(output, lang),
    };
    match done {
        Ok(()) if output::lost() => {
            let doing = lang.of("ghi ra đầu ra chuẩn", "write to standard output");
            let failure = Failure::just(doing);
            tell(&format!("dancu: {}", failure.text(lang)));
            failure.into()
        }
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What does not add up was told on standard output, with the sums.
            if !matches!(failure, Failure::Wrong) {
                tell(&format!("dancu: {}", failure.text(lang)));
            }
            failure.into()
        }
    }
}
