//! The methods of the verbs: which bytes of the wire are which message of the domain.

use dancu_domain::{Answer, Authenticate, Failure, Lookup, Push, Reconcile};
use dancu_wire::answer;
use dancu_wire::door::{self, Door, Parsed};
use dancu_wire::errors::Lang;

use super::asked::Asked;
use super::method::Method;

/// A request and its answer: of a unary call, or in a stream.
pub(crate) trait Exchange: Send + 'static {
    /// Which method.
    const METHOD: Method;
    /// What is asked.
    type Asked: Asked;

    /// Reads the request.
    fn read(door: &Door, bytes: &[u8]) -> Result<Parsed<Self::Asked>, Failure>;

    /// Writes the answer.
    fn write(
        out: &mut Vec<u8>,
        answer: Answer<<Self::Asked as Asked>::Result>,
        ids: Vec<String>,
        lang: Lang,
    ) -> Result<(), Failure>;
}

macro_rules! exchanges {
    ($($name:ident, $asked:ty, $read:ident,
       |$out:ident, $answer:ident, $ids:ident, $lang:ident| $write:expr;)*) => {$(
        pub(crate) struct $name;

        impl Exchange for $name {
            const METHOD: Method = Method::$name;
            type Asked = $asked;

            fn read(door: &Door, bytes: &[u8]) -> Result<Parsed<$asked>, Failure> {
                door::$read(door, bytes)
            }

            fn write(
                $out: &mut Vec<u8>,
                $answer: Answer<<$asked as Asked>::Result>,
                $ids: Vec<String>,
                $lang: Lang,
            ) -> Result<(), Failure> {
                $write
            }
        }
    )*};
}

exchanges! {
    LookupCitizen, Lookup, read_lookup_citizen,
        |out, answer, ids, _lang| answer::write_lookup_citizen(out, answer, ids);
    BatchLookupCitizens, Lookup, read_batch_lookup_citizens,
        |out, answer, ids, lang| {
            answer::write_batch_lookup_citizens(out, &answer, &ids, lang);
            Ok(())
        };
    StreamLookupCitizens, Lookup, read_stream_lookup_citizens,
        |out, answer, ids, lang| {
            answer::write_stream_lookup_citizens(out, &answer, &ids, lang);
            Ok(())
        };
    AuthenticateCitizen, Authenticate, read_authenticate_citizen,
        |out, answer, ids, _lang| answer::write_authenticate_citizen(out, answer, ids);
    BatchAuthenticateCitizens, Authenticate, read_batch_authenticate_citizens,
        |out, answer, ids, lang| {
            answer::write_batch_authenticate_citizens(out, &answer, &ids, lang);
            Ok(())
        };
    StreamAuthenticateCitizens, Authenticate, read_stream_authenticate_citizens,
        |out, answer, ids, lang| {
            answer::write_stream_authenticate_citizens(out, &answer, &ids, lang);
            Ok(())
        };
    ReconcileCitizens, Reconcile, read_reconcile_citizens,
        |out, answer, ids, _lang| {
            answer::write(out, &answer::reconcile_citizens_response(answer, ids));
            Ok(())
        };
    StreamReconcileCitizens, Reconcile, read_stream_reconcile_citizens,
        |out, answer, ids, _lang| {
            answer::write_stream_answer(out, &answer::reconcile_citizens_response(answer, ids));
            Ok(())
        };
    PushChanges, Push, read_push_changes,
        |out, answer, ids, _lang| {
            answer::write(out, &answer::push_changes_response(answer, ids));
            Ok(())
        };
    StreamPushChanges, Push, read_stream_push_changes,
        |out, answer, ids, _lang| {
            answer::write_stream_answer(out, &answer::push_changes_response(answer, ids));
            Ok(())
        };
}
