//! `dancu demo`: makes or finds a nation, serves it, drives all verbs against it, verifies every
//! reply, and holds three counts against each other.

mod shown;
mod sums;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use clap::Args;
use dancu_domain::{Receipt, SourceKey};
use dancu_load::{DemoPlan, Progress, Report, drive};
use dancu_population::{KeyState, Nation};
use dancu_server::{Config, LogForm, Running, Stop};
use tonic::Request;
use tonic::transport::Endpoint;

use crate::audit;
use crate::compare::{self, Counts, Mismatch};
use crate::demo::sums::Sums;
use crate::edge::{fresh_id, now};
use crate::exit::Failure;
use crate::output::{Form, print, print_json};
use crate::reach::{run, sign};
use crate::real_looking;
use crate::serve;
use crate::volumes;
use crate::words::Lang;

/// Makes or finds a nation, serves it on loopback, drives lookups, authentications and syncs in
/// the national mix, verifies every reply, and adds up. Can be run again on the same data.
#[derive(Args, Clone, Debug)]
pub(crate) struct Demo {
    /// How many citizens the nation has; left out, those of the nation that is there, or 100,000.
    #[arg(long, env = "DANCU_CITIZENS")]
    citizens: Option<u64>,
    /// For how many seconds messages are sent.
    #[arg(long, env = "DANCU_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// The seed of the nation and of what is drawn; left out, that of the nation that is there,
    /// or 1.
    #[arg(long, env = "DANCU_SEED")]
    seed: Option<u64>,
    /// Make the nation with personal numbers that begin with a 0, as real ones do. Living people may
    /// have these numbers.
    #[arg(long)]
    real_looking_numbers: bool,
    /// The data directory. Made if it is not there.
    #[arg(long, env = "DANCU_DATA", default_value = ".dancu")]
    data: PathBuf,
    /// Go on serving when the sums are told, until SIGTERM or SIGINT.
    #[arg(long)]
    keep: bool,
    /// Begin a new file of checkpoints over entries that are there already. Without it, a lost file
    /// is an error: somebody may have taken it away.
    #[arg(long)]
    new_checkpoints: bool,
    /// Connections of the load client.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=512))]
    connections: u16,
    /// Calls in flight on a connection.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    calls: u16,
    /// What the service logs on standard error.
    #[arg(long, env = "DANCU_LOG", default_value = "error")]
    log: String,
}

/// The most citizens whose whole records are read once more at the end of a run.
const SWEPT: u64 = 100_000;

impl Demo {
    /// Runs from the nation to the sums.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let _log = dancu_server::install_log(LogForm::Text, &self.log)
            .map_err(|why| Failure::Usage(format!("--log: {why}")))?;
        let running = serve::start(self.config(), lang)?;
        let stopping = running.stopping();
        let plan = self.plan(&running, lang)?;

        let before = [counters(&running, lang)?, self.blocks(lang)?];
        let (report, stop) = self.drive(plan, &running, &stopping, lang)?;
        let counted = counters(&running, lang)?;
        let meta = running.meta();
        let keep = self.keep && stop.is_none();
        let kept = keep.then(|| (running.grpc_addr(), running.ops_addr()));
        let mut kept_running = None;
        let mut mismatches = Vec::new();
        if keep {
            kept_running = Some(running);
        } else {
            let drained = running.drain();
            if !drained.ledger_closed {
                return Err(Failure::just(
                    lang.of("đóng sổ kiểm toán", "close the ledger"),
                ));
            }
        }
        let audited = self.blocks(lang)?;
        let mut growth = |before, after: &Counts| {
            compare::grown(before, after).unwrap_or_else(|wrong| {
                mismatches.push(wrong);
                Counts::new()
            })
        };
        let counted = growth(&before[0], &counted);
        let audited = growth(&before[1], &audited);
        mismatches.extend(self.entries(&report, lang)?);
        mismatches.extend(self.ledger(lang)?);

        let nation = (meta.citizens, meta.seed);
        let sums = Sums::new(&report, nation, &counted, &audited, mismatches);
        match form {
            Form::Json => print_json(&sums.object()),
            Form::Table => {
                print(&sums.text(lang));
                print(&shown::next(&self.data, kept, lang));
            }
        }
        if let Some(running) = kept_running {
            let stop = stopping.recv().unwrap_or(Stop::Signal);
            serve::end(running, stop, lang)?;
        }
        if sums.adds_up() {
            Ok(())
        } else {
            Err(Failure::Wrong)
        }
    }

    fn config(&self) -> Config {
        let free = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Config {
            data: self.data.clone(),
            listen: free,
            ops: Some(free),
            new_checkpoints: self.new_checkpoints,
            citizens: self.citizens,
            seed: self.seed,
            real_looking_numbers: self.real_looking_numbers,
            ..Config::default()
        }
    }

    fn plan(&self, running: &Running, lang: Lang) -> Result<DemoPlan, Failure> {
        let meta = running.meta();
        let source = SourceKey::parse(dancu_load::SOURCE, "source").map_err(|_| {
            Failure::just(lang.of(
                "đặt tên nguồn cho biến động của lần chạy thử",
                "name the source of the demo's events",
            ))
        })?;
        let changed = running
            .changed_by_others(source)
            .map_err(|error| Failure::Unable {
                doing: lang
                    .of(
                        "tìm những hồ sơ đã bị nguồn khác thay đổi",
                        "find out whose records others have changed",
                    )
                    .to_owned(),
                cause: Some(error.reason().word().to_owned()),
            })?;
        let nation = real_looking::nation_of(&meta);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Ok(DemoPlan {
            changed_by_others: changed,
            duration: Duration::from_secs(self.seconds),
            seed: self.seed.unwrap_or(meta.seed),
            threads: (cores / 2).clamp(1, 2),
            connections: usize::from(self.connections),
            calls_per_connection: usize::from(self.calls),
            sweep: SWEPT,
            ..DemoPlan::new(fresh_id(), nation, meta.nation)
        })
    }

    /// Drives, and shows how it goes. A signal ends it before its time, and what was done until
    /// then is added up; a service that failed leaves nothing to add up.
    fn drive(
        &self,
        plan: DemoPlan,
        running: &Running,
        stopping: &Receiver<Stop>,
        lang: Lang,
    ) -> Result<(Report, Option<Stop>), Failure> {
        let progress = Arc::new(Progress::default());
        let (seen, service) = (Arc::clone(&progress), running.grpc_addr());
        let began = now();
        let driving = thread::Builder::new()
            .name("dancu-demo".to_owned())
            .spawn(move || drive(plan, service, &seen))
            .map_err(|error| {
                Failure::unable(lang.of("tạo luồng", "start a thread"), &error, lang)
            })?;
        let mut stop = None;
        let bar = shown::begin(self.seconds, lang);
        while !driving.is_finished() {
            thread::sleep(Duration::from_millis(100));
            shown::tick(&bar, began, self.seconds, &progress, lang);
            if let Ok(why) = stopping.try_recv() {
                progress.stop();
                shown::interrupted(&bar, lang);
                stop = Some(why);
            }
        }
        bar.finish_and_clear();
        if let Some(Stop::Failed(why)) = stop {
            return Err(Failure::Unable {
                doing: lang.of("phục vụ tiếp", "go on serving").to_owned(),
                cause: Some(why),
            });
        }
        match driving.join() {
            Ok(Ok(report)) => Ok((report, stop)),
            Ok(Err(error)) => Err(Failure::unable(
                lang.of("chạy tải", "drive the load"),
                &error,
                lang,
            )),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// What the raw blocks hold.
    fn blocks(&self, lang: Lang) -> Result<Counts, Failure> {
        dancu_server::audit::recount(&self.data)
            .map(|recount| compare::of_blocks(&recount))
            .map_err(|error| {
                Failure::unable(lang.of("đếm lại sổ", "recount the ledger"), &error, lang)
            })
    }

    /// What `dancu audit verify` finds wrong: the chain, and the counters as they are stored. The
    /// service answers GetVolumes out of memory, so that its word alone would not do.
    fn ledger(&self, lang: Lang) -> Result<Option<Mismatch>, Failure> {
        let report = dancu_server::audit::verify(&self.data, None)
            .map_err(|error| Failure::unable(lang.of("đọc sổ", "read the ledger"), &error, lang))?;
        let good = report.ok() && report.vouched();
        Ok((!good).then(|| Mismatch::Ledger(audit::text(&report, lang).trim_end().to_owned())))
    }

    /// Every acknowledged item against its entry.
    fn entries(&self, report: &Report, lang: Lang) -> Result<Vec<Mismatch>, Failure> {
        const AT_ONCE: usize = 20_000;
        let mut lines: Vec<_> = report
            .receipts
            .lines()
            .filter(|line| line.receipt.count > 0)
            .collect();
        lines.sort_unstable_by_key(|line| (line.receipt.writer, line.receipt.first));
        let receipts: Vec<Receipt> = lines.iter().map(|line| line.receipt).collect();
        let mut wrong = compare::overlaps(&receipts);
        for (lines, receipts) in lines.chunks(AT_ONCE).zip(receipts.chunks(AT_ONCE)) {
            let found =
                dancu_server::audit::entries(&self.data, receipts.to_vec()).map_err(|error| {
                    Failure::unable(lang.of("đọc sổ", "read the ledger"), &error, lang)
                })?;
            wrong.extend(compare::entries(lines, &found));
        }
        Ok(wrong)
    }
}

/// What GetVolumes says, asked like any caller would.
fn counters(running: &Running, lang: Lang) -> Result<Counts, Failure> {
    let doing = lang.of("hỏi số đếm", "ask for the counters");
    let meta = running.meta();
    let keys = Nation::new(meta.seed, meta.citizens).sandbox_keys();
    let key = keys.into_iter().find(|key| key.state == KeyState::Valid);
    let key = key.ok_or_else(|| Failure::just(doing))?.key;
    let service = format!("http://{}", running.grpc_addr());
    let volumes = run(lang, async {
        let unable = |error| Failure::unable(doing, &error, lang);
        let endpoint = Endpoint::from_shared(service).map_err(unable)?;
        let channel = endpoint.connect().await.map_err(unable)?;
        let request = |body| {
            let mut request = Request::new(body);
            request.set_timeout(Duration::from_mins(1));
            sign(&mut request, &key, lang)?;
            Ok(request)
        };
        volumes::ask(channel, (None, None), request, lang).await
    })?;
    compare::of_volumes(&volumes).ok_or_else(|| Failure::just(doing))
}
