//! kill -9 of instances and of the parts that they stand on, under load, again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::balance::Balance;
use crate::country::Plan as CountryPlan;
use crate::country::signals::within;
use crate::scene::{PATIENCE, Scene};
use crate::stale::Chance;

/// How a loop is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often something is killed.
    pub cycles: u32,
    /// Where victims and moments come from.
    pub seed: u64,
    /// Citizens of the nation.
    pub citizens: u64,
}

/// What a loop found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Kills, by victim.
    pub kills: BTreeMap<&'static str, u32>,
    /// Kills while calls were under way.
    pub in_flight: u32,
    /// Instances that ended by themselves when a part was killed, and were started again.
    pub ended_by_themselves: u32,
    /// The longest time from a kill until every instance served again.
    pub longest_away: Duration,
    /// The comparison at the end, over all writers.
    pub balance: Balance,
    /// What the live volumes in Redis say, which are equal to the counters.
    pub live: u64,
}

/// Raises a country of two instances, kills something `plan.cycles` times under load, and
/// compares. `tell` hears of each cycle.
pub fn kill_loop(plan: Plan, mut tell: impl FnMut(u32)) -> Outcome {
    let mut scene = Scene::raise(&CountryPlan {
        citizens: plan.citizens,
        seed: plan.seed,
        instances: vec!["a", "b"],
        ..CountryPlan::default()
    });
    let mut chance = Chance::new(plan.seed);
    let mut kills = BTreeMap::new();
    let (mut in_flight, mut ended_by_themselves) = (0, 0);
    let mut longest_away = Duration::ZERO;
    for cycle in 0..plan.cycles {
        scene.go_on(Duration::from_millis(60 + chance.below(240)));
        in_flight += u32::from(scene.in_flight() > 0);
        let victim = VICTIMS[chance.below(VICTIMS.len() as u64) as usize];
        *kills.entry(victim).or_insert(0) += 1;
        let from = scene.now();
        strike(&mut scene, victim, &mut chance);
        ended_by_themselves += stand_up(&mut scene);
        longest_away = longest_away.max(scene.now().saturating_sub(from));
        tell(cycle + 1);
    }
    scene.flows(PATIENCE);
    scene.stop_callers();
    let live = scene.live_volumes();
    Outcome {
        kills,
        in_flight,
        ended_by_themselves,
        longest_away,
        balance: scene.end(),
        live,
    }
}

/// Each instance twice, so that they are killed as often as the parts.
const VICTIMS: [&str; 6] = ["a", "b", "a", "b", "postmaster", "redis"];

fn strike(scene: &mut Scene, victim: &str, chance: &mut Chance) {
    match victim {
        "postmaster" => {
            scene.country.parts.postgres.kill_postmaster();
            scene.go_on(Duration::from_millis(chance.below(300)));
            scene.country.parts.postgres.start();
        }
        "redis" => {
            scene.country.parts.redis().kill();
            scene.go_on(Duration::from_millis(chance.below(300)));
            scene.country.parts.redis().start();
        }
        name => {
            let named =
                |instance: &&mut crate::country::instance::Instance| instance.name() == name;
            let instance = scene.country.instances.iter_mut().find(named);
            let instance = instance.expect("the victims are the instances of the plan");
            instance.kill();
            instance.supervise(PATIENCE);
        }
    }
}

/// Does what a supervisor does until every instance serves; how many had ended by themselves.
fn stand_up(scene: &mut Scene) -> u32 {
    let mut ended = 0;
    for instance in &mut scene.country.instances {
        let up = within(PATIENCE, || {
            if instance.ended().is_some() {
                ended += 1;
                instance.supervise(PATIENCE);
            }
            instance.serves()
        });
        assert!(
            up,
            "{} does not serve again:\n{}\n{}",
            instance.name(),
            instance.readiness(),
            instance.log()
        );
    }
    ended
}
