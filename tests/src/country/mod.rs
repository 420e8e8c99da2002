//! A country: real parts, real instances, and a wire between them that a test can hurt.

pub mod held;
pub mod instance;
pub mod postgres;
pub mod redis;
pub mod signals;

use dancu_population::Nation;

use self::held::Held;
use self::instance::{Instance, Making};

/// How a country is raised.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its citizens.
    pub citizens: u64,
    /// The nation's seed.
    pub seed: u64,
    /// The names of its instances.
    pub instances: Vec<&'static str>,
    /// What `deploy/parts` is told.
    pub parts: Vec<&'static str>,
    /// How many readers of the registry an instance has; left out, its default.
    pub readers: Option<u32>,
    /// The replica for reads; left out, that of the parts where they have one.
    pub replica: Option<String>,
    /// Lines for every instance's configuration.
    pub more: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            citizens: 2_000,
            seed: 7,
            instances: vec!["a"],
            parts: Vec::new(),
            readers: None,
            replica: None,
            more: String::new(),
        }
    }
}

/// Real parts with a nation in them, and instances over them.
#[derive(Debug)]
pub struct Country {
    /// The instances; they end before the parts do.
    pub instances: Vec<Instance>,
    /// The parts.
    pub parts: Held,
    /// Who lives there.
    pub nation: Nation,
    /// The registry's database, without a wire between.
    pub registry: String,
    /// The ledger's database, without a wire between.
    pub ledger: String,
    folder: tempfile::TempDir,
}

impl Country {
    /// Starts the parts and the instances; the first of them makes the nation.
    pub fn raise(plan: &Plan) -> Self {
        let parts = Held::start(&plan.parts);
        let (registry, ledger) = (parts.told("POSTGRES"), parts.told("LEDGER"));
        let (registry, ledger) = (registry.to_owned(), ledger.to_owned());
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut country = Self {
            instances: Vec::new(),
            nation: Nation::new(plan.seed, plan.citizens),
            parts,
            registry,
            ledger,
            folder,
        };
        for name in &plan.instances {
            country.add(name, plan);
        }
        country
    }

    /// Starts one more instance.
    pub fn add(&mut self, name: &str, plan: &Plan) {
        let making = Making {
            name: name.to_owned(),
            folder: self.folder.path().to_owned(),
            registry: self.registry.clone(),
            ledger: self.ledger.clone(),
            redis: self
                .parts
                .redis
                .as_ref()
                .map(|_| self.parts.told("REDIS").to_owned()),
            citizens: plan.citizens,
            seed: plan.seed,
            readers: plan.readers,
            replica: plan.replica.clone().or_else(|| {
                let own = plan.parts.contains(&"--replica");
                own.then(|| self.parts.told("REPLICA").to_owned())
            }),
            more: plan.more.clone(),
        };
        self.instances.push(Instance::start(making));
    }

    /// Where the folders of the instances lie.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}
