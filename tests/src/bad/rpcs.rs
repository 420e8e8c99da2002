//! The table of our methods, held against the descriptor set: a method without its row here, or a
//! row without its method, fails every test that walks the table.

use dancu_domain::Verb;
use dancu_wire::DESCRIPTORS;
use dancu_wire::pb::dancu::v1::Purpose;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// How a method takes its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One item, one answer.
    One,
    /// A list of items, one answer.
    Batch,
    /// Many lists, an answer for each.
    Stream,
    /// No items: totals.
    Totals,
}

/// One method, and who may use it.
#[derive(Clone, Copy, Debug)]
pub struct Rpc {
    /// Its path.
    pub path: &'static str,
    /// How it takes its items.
    pub form: Form,
    /// What its items are counted under.
    pub verb: Option<Verb>,
    /// An agency whose licence covers it.
    pub agency: &'static str,
    /// A purpose that the licence covers.
    pub purpose: Purpose,
}

macro_rules! rpcs {
    ($($path:literal, $form:ident, $verb:expr, $agency:literal, $purpose:ident;)*) => {
        /// Every method of ours.
        pub const RPCS: &[Rpc] = &[$(Rpc {
            path: concat!("/dancu.v1.", $path),
            form: Form::$form,
            verb: $verb,
            agency: $agency,
            purpose: Purpose::$purpose,
        }),*];
    };
}

rpcs! {
    "LookupService/LookupCitizen", One, Some(Verb::Lookup), "H26", AdministrativeProcedure;
    "LookupService/BatchLookupCitizens", Batch, Some(Verb::Lookup), "H26", AdministrativeProcedure;
    "LookupService/StreamLookupCitizens", Stream, Some(Verb::Lookup), "H26", AdministrativeProcedure;
    "AuthenticationService/AuthenticateCitizen", One, Some(Verb::Authenticate), "H26", AdministrativeProcedure;
    "AuthenticationService/BatchAuthenticateCitizens", Batch, Some(Verb::Authenticate), "H26", AdministrativeProcedure;
    "AuthenticationService/StreamAuthenticateCitizens", Stream, Some(Verb::Authenticate), "H26", AdministrativeProcedure;
    "SyncService/ReconcileCitizens", Batch, Some(Verb::Reconcile), "H26", DataCleaning;
    "SyncService/StreamReconcileCitizens", Stream, Some(Verb::Reconcile), "H26", DataCleaning;
    "SyncService/PushChanges", Batch, Some(Verb::Push), "G01", LifeEvent;
    "SyncService/StreamPushChanges", Stream, Some(Verb::Push), "G01", LifeEvent;
    "StatisticsService/GetVolumes", Totals, None, "H26", Statistics;
}

/// The row of a path.
pub fn rpc(path: &str) -> Option<&'static Rpc> {
    RPCS.iter().find(|rpc| rpc.path == path)
}

/// The paths of our methods, as the descriptor set lists them.
pub fn described() -> Vec<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("the descriptor set is one");
    let mut paths = Vec::new();
    for file in &set.file {
        if !file.package().starts_with("dancu.") {
            continue;
        }
        for service in &file.service {
            for method in &service.method {
                paths.push(format!(
                    "/{}.{}/{}",
                    file.package(),
                    service.name(),
                    method.name()
                ));
            }
        }
    }
    paths
}

/// The row of every method that the descriptor set lists.
pub fn every() -> Vec<&'static Rpc> {
    let described = described();
    assert!(described.len() >= 11, "the descriptor set lost methods");
    for row in RPCS {
        assert!(
            described.iter().any(|path| path == row.path),
            "{} is in the table and nowhere else",
            row.path
        );
    }
    described
        .iter()
        .map(|path| rpc(path).unwrap_or_else(|| panic!("{path} has no row in the tables")))
        .collect()
}

/// The rows of methods with items.
pub fn with_items() -> Vec<&'static Rpc> {
    every().into_iter().filter(|r| r.verb.is_some()).collect()
}

/// The rows of streams.
pub fn streams() -> Vec<&'static Rpc> {
    let stream = |rpc: &&Rpc| rpc.form == Form::Stream;
    every().into_iter().filter(stream).collect()
}

impl Rpc {
    /// Service and method.
    pub fn names(&self) -> (&'static str, &'static str) {
        self.path[1..]
            .split_once('/')
            .expect("a path has two parts")
    }

    /// The field that holds the items.
    pub fn list(&self) -> &'static str {
        match (self.form, self.verb) {
            (Form::One, _) => "item",
            (_, Some(verb)) if verb.is_sync() => "records",
            _ => "items",
        }
    }

    /// Whether a bad item is an outcome here, counted as INVALID, rather than a status.
    pub fn counts_invalid(&self) -> bool {
        self.verb.is_some_and(Verb::is_sync)
    }

    /// A field of an item as a fault names it.
    pub fn field_of_item(&self, field: &str) -> String {
        match self.form {
            Form::One => format!("item.{field}"),
            _ => field.to_owned(),
        }
    }

    /// A field of the message as the decoder names it.
    pub fn field_of_bytes(&self, field: &str) -> String {
        match self.form {
            Form::Stream => format!("batch.{field}"),
            _ => field.to_owned(),
        }
    }
}
