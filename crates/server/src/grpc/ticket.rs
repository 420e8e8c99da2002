//! What is kept of a call while it lasts, and counted when it ends.

use std::sync::Arc;
use std::time::Instant;

use dancu_domain::{AgencyCode, Reason};
use tonic::Code;

use crate::clock::instant;
use crate::grpc::finish::Ending;
use crate::grpc::method::Method;
use crate::limits::Inside;
use crate::log::{Line, Outcomes};
use crate::transport::activity::CallOfConnection;
use crate::transport::owed::Owed;

/// Where the ends of calls are told.
pub(crate) trait Told: Send + Sync {
    /// Counts the end of a call.
    fn ended(&self, method: Method, ending: Ending, began: Instant, now: Instant);
    /// Writes the line of a message, or of a call that did not get as far as one.
    fn tell(&self, line: &Line, now: Instant);
}

/// One call. Dropped before its end, it counts as one whose caller went away.
pub(crate) struct Ticket {
    told: Arc<dyn Told>,
    method: Method,
    began: Instant,
    agency: Option<AgencyCode>,
    open: bool,
    connection: CallOfConnection,
    inside: Option<Inside>,
}

impl Ticket {
    pub(crate) fn new(told: Arc<dyn Told>, method: Method, connection: CallOfConnection) -> Self {
        Self {
            told,
            method,
            began: instant(),
            agency: None,
            open: true,
            connection,
            inside: None,
        }
    }

    /// Notes that the call found room.
    pub(crate) fn is_inside(&mut self, inside: Inside) {
        self.inside = Some(inside);
    }

    /// Notes who calls.
    pub(crate) fn is_of(&mut self, agency: AgencyCode) {
        self.agency = Some(agency);
    }

    /// What the connection of the call owes.
    pub(crate) fn owed(&self) -> &Arc<Owed> {
        self.connection.owed()
    }

    /// Ends the call. `told` says that its message has had its line already.
    pub(crate) fn end(mut self, ending: Ending, told: bool) {
        self.close(ending, told);
    }

    fn close(&mut self, ending: Ending, told: bool) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let now = instant();
        self.told.ended(self.method, ending, self.began, now);
        if told || ending.code == Code::Ok || has_its_line(self.method, ending.reason) {
            return;
        }
        let line = Line {
            method: self.method,
            agency: self.agency,
            code: ending.code,
            reason: ending.reason,
            items: 0,
            outcomes: Outcomes::default(),
            took: now.duration_since(self.began),
            source: None,
            request: None,
        };
        self.told.tell(&line, now);
    }
}

/// Whether a failed message of a stream ends the stream: its line was written where it failed.
fn has_its_line(method: Method, reason: Option<Reason>) -> bool {
    method.kind() == super::method::Kind::Bidi && reason.is_some_and(super::stream::ends_a_stream)
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.close(Ending::GONE, false);
    }
}
