//! Every method that this crate has generated code for, as the descriptor set lists them.
//!
//! The table is written out so that it costs nothing to read; a test holds it against the
//! descriptor set, so that no method is forgotten.

use dancu_domain::Verb;

/// How many messages go each way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// One there, one back.
    Unary,
    /// One there, many back.
    ServerStream,
    /// Many there, many back.
    Bidi,
}

impl MethodKind {
    /// Its word in metrics, as the `grpc_server_*` series spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ServerStream => "server_stream",
            Self::Bidi => "bidi_stream",
        }
    }
}

/// One method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Method {
    /// The path of its requests, `/package.Service/Method`.
    pub path: &'static str,
    /// The full name of its service.
    pub service: &'static str,
    /// Its own name.
    pub method: &'static str,
    /// How many messages go each way.
    pub kind: MethodKind,
    /// The verb that its items are counted under; `None` where nobody is disclosed.
    pub verb: Option<Verb>,
}

macro_rules! methods {
    ($($service:literal { $($method:literal, $kind:ident, $verb:expr;)* })*) => {
        /// Every method, by service.
        pub const METHODS: &[Method] = &[$($(Method {
            path: concat!("/", $service, "/", $method),
            service: $service,
            method: $method,
            kind: MethodKind::$kind,
            verb: $verb,
        },)*)*];
    };
}

methods! {
    "dancu.v1.AuthenticationService" {
        "AuthenticateCitizen", Unary, Some(Verb::Authenticate);
        "BatchAuthenticateCitizens", Unary, Some(Verb::Authenticate);
        "StreamAuthenticateCitizens", Bidi, Some(Verb::Authenticate);
    }
    "dancu.v1.LookupService" {
        "LookupCitizen", Unary, Some(Verb::Lookup);
        "BatchLookupCitizens", Unary, Some(Verb::Lookup);
        "StreamLookupCitizens", Bidi, Some(Verb::Lookup);
    }
    "dancu.v1.StatisticsService" {
        "GetVolumes", Unary, None;
    }
    "dancu.v1.SyncService" {
        "ReconcileCitizens", Unary, Some(Verb::Reconcile);
        "StreamReconcileCitizens", Bidi, Some(Verb::Reconcile);
        "PushChanges", Unary, Some(Verb::Push);
        "StreamPushChanges", Bidi, Some(Verb::Push);
    }
    "grpc.health.v1.Health" {
        "Check", Unary, None;
        "Watch", ServerStream, None;
    }
}

/// The method of a request's path.
pub fn method(path: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.path == path)
}
