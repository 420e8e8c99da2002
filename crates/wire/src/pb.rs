//! The generated code, as it lies in `gen/`: `dancu.v1` at the top, what it stands on beside it.
//!
//! Messages that hold something personal print as their name and nothing else.

use std::fmt;

/// The packages in their own nesting, as the generated code names them.
macro_rules! package {
    ($(#[$meta:meta])* $name:ident, $file:literal, $($lint:path),*) => {
        $(#[$meta])*
        #[expect($($lint,)* reason = "generated code keeps its generator's habits")]
        pub mod $name {
            include!($file);
        }
    };
}

/// Ours.
pub mod dancu {
    package!(
        /// The messages, servers and clients of the contract.
        v1,
        "gen/dancu.v1.rs",
        clippy::pedantic,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason
    );

    /// The form in which traffic is recorded.
    pub mod recording {
        package!(
            /// Its one version.
            v1,
            "gen/dancu.recording.v1.rs",
            clippy::pedantic
        );
    }
}

/// Vendored from googleapis.
pub mod google {
    package!(
        /// Statuses and their details.
        rpc,
        "gen/google.rpc.rs",
        missing_docs
    );
    package!(
        /// Dates of which parts may be unknown.
        r#type,
        "gen/google.r#type.rs",
        missing_docs
    );
}

/// Vendored from gRPC.
pub mod grpc {
    /// The health protocol.
    pub mod health {
        package!(
            /// Its one version.
            v1,
            "gen/grpc.health.v1.rs",
            missing_docs,
            clippy::pedantic,
            clippy::allow_attributes,
            clippy::allow_attributes_without_reason
        );
    }
}

pub use dancu::recording::v1 as recording;
pub use dancu::v1::*;
pub use google::rpc;
pub use google::r#type::Date;
pub use grpc::health::v1 as health;

/// A `FileDescriptorSet` of every package here and of what they import, without comments.
pub const DESCRIPTORS: &[u8] = include_bytes!("gen/descriptors.bin");

macro_rules! opaque {
    ($($name:path),* $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}

opaque!(
    Claims,
    claims::Number,
    Address,
    Relative,
    Citizen,
    ReconcileRecord,
    ResidenceChange,
    Death,
    ChangeRecord,
    change_record::Event,
);
