//! The methods of the verbs: which bytes of the wire are which message of the domain.

use dancu_domain::{Authenticate, Failure, Lookup, Push, Reconcile};
use dancu_wire::answer::Form;
use dancu_wire::door::{self, Door, Parsed};

use super::asked::Asked;
use super::method::Method;

/// A request and its answer: of a unary call, or in a stream.
pub(crate) trait Exchange: Send + 'static {
    /// Which method.
    const METHOD: Method;
    /// Which message its answer is.
    const FORM: Form;
    /// What is asked.
    type Asked: Asked;

    /// Reads the request.
    fn read(door: &Door, bytes: &[u8]) -> Result<Parsed<Self::Asked>, Failure>;
}

macro_rules! exchanges {
    ($($name:ident, $asked:ty, $read:ident, $form:ident;)*) => {$(
        pub(crate) struct $name;

        impl Exchange for $name {
            const METHOD: Method = Method::$name;
            const FORM: Form = Form::$form;
            type Asked = $asked;

            fn read(door: &Door, bytes: &[u8]) -> Result<Parsed<$asked>, Failure> {
                door::$read(door, bytes)
            }
        }
    )*};
}

exchanges! {
    LookupCitizen, Lookup, read_lookup_citizen, One;
    BatchLookupCitizens, Lookup, read_batch_lookup_citizens, Batch;
    StreamLookupCitizens, Lookup, read_stream_lookup_citizens, Stream;
    AuthenticateCitizen, Authenticate, read_authenticate_citizen, One;
    BatchAuthenticateCitizens, Authenticate, read_batch_authenticate_citizens, Batch;
    StreamAuthenticateCitizens, Authenticate, read_stream_authenticate_citizens, Stream;
    ReconcileCitizens, Reconcile, read_reconcile_citizens, Batch;
    StreamReconcileCitizens, Reconcile, read_stream_reconcile_citizens, Stream;
    PushChanges, Push, read_push_changes, Batch;
    StreamPushChanges, Push, read_stream_push_changes, Stream;
}
