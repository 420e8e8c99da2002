//! Every method that is answered here, as an enum that metrics and dispatch share.

use dancu_domain::Verb;

/// How many messages go each way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One and one.
    Unary,
    /// One, then many.
    ServerStream,
    /// Many and many.
    Bidi,
}

impl Kind {
    /// Its word in metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ServerStream => "server_stream",
            Self::Bidi => "bidi_stream",
        }
    }
}

macro_rules! methods {
    ($($variant:ident, $service:literal, $name:literal, $kind:ident, $verb:expr;)*) => {
        /// A method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Method { $($variant,)* }

        impl Method {
            /// How many there are.
            pub(crate) const COUNT: usize = Self::ALL.len();

            /// All of them; the last one stands for every method that is not ours.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The method that a path names.
            pub(crate) fn of(path: &str) -> Self {
                match path {
                    $(concat!("/", $service, "/", $name) => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }

            /// Its service.
            pub(crate) const fn service(self) -> &'static str {
                match self { $(Self::$variant => $service,)* }
            }

            /// Its name within the service.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How many messages go each way.
            pub(crate) const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// The verb, for those that make entries.
            pub(crate) const fn verb(self) -> Option<Verb> {
                match self { $(Self::$variant => $verb,)* }
            }
        }
    };
}

methods! {
    LookupCitizen, "dancu.v1.LookupService", "LookupCitizen", Unary, Some(Verb::Lookup);
    BatchLookupCitizens, "dancu.v1.LookupService", "BatchLookupCitizens", Unary, Some(Verb::Lookup);
    StreamLookupCitizens, "dancu.v1.LookupService", "StreamLookupCitizens", Bidi, Some(Verb::Lookup);
    AuthenticateCitizen, "dancu.v1.AuthenticationService", "AuthenticateCitizen", Unary, Some(Verb::Authenticate);
    BatchAuthenticateCitizens, "dancu.v1.AuthenticationService", "BatchAuthenticateCitizens", Unary, Some(Verb::Authenticate);
    StreamAuthenticateCitizens, "dancu.v1.AuthenticationService", "StreamAuthenticateCitizens", Bidi, Some(Verb::Authenticate);
    ReconcileCitizens, "dancu.v1.SyncService", "ReconcileCitizens", Unary, Some(Verb::Reconcile);
    StreamReconcileCitizens, "dancu.v1.SyncService", "StreamReconcileCitizens", Bidi, Some(Verb::Reconcile);
    PushChanges, "dancu.v1.SyncService", "PushChanges", Unary, Some(Verb::Push);
    StreamPushChanges, "dancu.v1.SyncService", "StreamPushChanges", Bidi, Some(Verb::Push);
    GetVolumes, "dancu.v1.StatisticsService", "GetVolumes", Unary, None;
    HealthCheck, "grpc.health.v1.Health", "Check", Unary, None;
    HealthWatch, "grpc.health.v1.Health", "Watch", ServerStream, None;
    ReflectionV1, "grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", Bidi, None;
    ReflectionV1Alpha, "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", Bidi, None;
    Unknown, "unknown", "unknown", Unary, None;
}

impl Method {
    /// Whether it is answered by the reflection of a library.
    pub(crate) fn is_reflection(self) -> bool {
        matches!(self, Self::ReflectionV1 | Self::ReflectionV1Alpha)
    }

    /// Whether it is a verb's, with one message each way.
    pub(crate) fn is_unary_verb(self) -> bool {
        self.kind() == Kind::Unary && self.verb().is_some()
    }

    /// Whether its messages have one item: short enough to come together with the headers. Longer ones
    /// may come behind the headers of whatever else their connection asks at once, and keep their
    /// place only if they are there when it is their turn.
    pub(crate) const fn has_one_item(self) -> bool {
        matches!(self, Self::LookupCitizen | Self::AuthenticateCitizen)
    }

    /// Whether it is answered only to who shows a credential.
    pub(crate) fn needs_credential(self) -> bool {
        self.service().starts_with("dancu.")
    }
}
