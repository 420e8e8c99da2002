//! The load tool against the service and against the stub: whether it is the limit.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dancu_load::account::Account;
use dancu_load::draw::{Shape, Shares};
use dancu_load::measure::Watch;
use dancu_load::pace::Pace as LoadPace;
use dancu_load::run::{LoadPlan, nation_at, run};

use super::house::House;
use super::processes::{Server, cpu_of_all};
use super::report::{Side, Table};
use super::rivals::{SERVICE, STUB};
use super::run::{Concurrency, Pace};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How often the stub is taught before it is given up.
const LESSONS: u32 = 7;
/// How long it is taught first. Each run asks from the beginning, so each lesson is twice as long.
const LESSON: Duration = Duration::from_millis(500);

/// Lookups and authentications in a closed loop, every reply verified, `size` a message. `stock` is
/// how many items are prepared a verb and thread: the stub must know a reply to each.
pub fn table(
    house: &House,
    (service, stub): (&Server, &Server),
    (concurrency, shape, size): (Concurrency, Shape, usize),
    stock: usize,
    pace: Pace,
) -> Result<Table, Failed> {
    let nation_id = nation_at(service.address, house.nation())?;
    let mut plan = LoadPlan {
        connections: concurrency.0,
        in_flight: concurrency.1,
        shape,
        size,
        warm_up: pace.warm_up,
        pace: lasting(pace.warm_up + pace.measured),
        stock,
        mix: [60, 40, 0, 0],
        // The stub keeps what was answered with OK.
        shares: Shares {
            malformed: 0,
            denied: 0,
            unfit: 0,
            strict: 0,
            consistent: 0,
            ..Shares::default()
        },
        ..LoadPlan::new("bench".into(), service.address, *house.nation(), nation_id)
    };
    let learns = stub.ops.ok_or("the stub does not tell where it learns")?;
    let streams = matches!(shape, Shape::Stream);
    let stubbed = if streams { learns } else { stub.address };
    teach(&plan, learns, stubbed)?;
    let mut sides = [(SERVICE, service, service.address), (STUB, stub, stubbed)].map(
        |(name, server, address)| {
            let side = Side {
                name: name.to_owned(),
                ..Side::default()
            };
            (side, server, address)
        },
    );
    for _ in 0..pace.rounds {
        for (side, server, address) in &mut sides {
            plan.server = *address;
            measure(&plan, server, side)?;
        }
    }
    let travels = if streams {
        format!("streams of {size}")
    } else {
        "unary calls".to_owned()
    };
    Ok(Table {
        name: format!("the load tool, {travels}, every reply verified, {concurrency}"),
        unit: "items",
        sides: sides.map(|(side, ..)| side).into(),
    })
}

/// Asks where the stub learns until it has a reply to everything that it is asked at `stubbed`.
fn teach(plan: &LoadPlan, learns: SocketAddr, stubbed: SocketAddr) -> Result<(), Failed> {
    let mut plan = LoadPlan {
        warm_up: Duration::ZERO,
        ..plan.clone()
    };
    let mut last = None;
    for nth in 0..LESSONS {
        plan.pace = lasting(LESSON * (1 << nth));
        plan.server = learns;
        account(&plan)?;
        plan.server = stubbed;
        match account(&plan) {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| "the stub was taught nothing".into()))
}

fn measure(plan: &LoadPlan, server: &Server, side: &mut Side) -> Result<(), Failed> {
    let before = cpu_of_all(server.id());
    let account = account(plan)?;
    let used = cpu_of_all(server.id()) - before;
    let calls = &account.all.calls;
    let rate = account.all.item_rate;
    side.rate.0.push(rate);
    side.server_cpu
        .0
        .push(used * 1e6 / (rate * account.elapsed));
    side.generator_cpu
        .0
        .push(account.cpu * 1e6 / (rate * account.elapsed));
    side.p50.0.push(calls.service.quantile(0.5) as f64);
    side.p99.0.push(calls.service.quantile(0.99) as f64);
    side.failed += calls.failed;
    Ok(())
}

/// A run whose every reply was right.
fn account(plan: &LoadPlan) -> Result<Account, Failed> {
    let ran = run(plan.clone(), &Arc::new(Watch::default()))?;
    let account = Account::new(plan, ran);
    match account.discrepancies.first() {
        None => Ok(account),
        Some(wrong) => Err(io::Error::other(wrong.clone()).into()),
    }
}

const fn lasting(duration: Duration) -> LoadPace {
    LoadPace::Closed { duration }
}
