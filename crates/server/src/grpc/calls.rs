//! The layer that every call passes.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use dancu_domain::{Failure, Reason, Recorder, Registry, Volumes};
use dancu_wire::door::{EVENT_DAY, event_day};
use dancu_wire::errors::{Lang, status};
use futures::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};
use tonic::Status;

use super::body::AnswerBody;
use super::dispatch::{Call, Heading, Work, dispatch};
use super::finish::{Ending, finish};
use super::full::FULL;
use super::head::{is_grpc, language};
use super::inflow::Inflow;
use super::message::Told as MessageTold;
use super::method::{Kind, Method};
use super::rest::Rest;
use super::ticket::{Ticket, Told};
use super::timeout;
use super::unary::Answered;
use crate::core::Core;
use crate::credentials::Doorman;
use crate::log::Line;
use crate::phase::Phase;
use crate::transport::activity::Activity;
use crate::transport::receiving::Receiving;

/// Where a caller says how its messages are compressed.
const ENCODING: &str = "grpc-encoding";

/// The calls of one connection.
pub(crate) struct Calls<R, L> {
    core: Arc<Core<R, L>>,
    activity: Arc<Activity>,
}

impl<R, L> Calls<R, L> {
    pub(crate) fn new(core: Arc<Core<R, L>>, activity: Arc<Activity>) -> Self {
        Self { core, activity }
    }
}

impl<R, L> hyper::service::Service<Request<Incoming>> for Calls<R, L>
where
    R: Registry,
    L: Recorder + Volumes + Clone,
{
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Running;

    fn call(&self, request: Request<Incoming>) -> Running {
        let core = &self.core;
        let method = Method::of(request.uri().path());
        let told: Arc<dyn Told> = Arc::clone(core) as _;
        core.numbers.method(method).started.add(1);
        let lang = language(request.headers());
        let mut running = Running {
            state: State::Done,
            ticket: Some(Ticket::new(told, method, self.activity.begin())),
            deadline: timeout::deadline(request.headers(), method.kind(), &core.times),
            sleep: None,
            lang,
            retry: core.times.retry_after,
            streams: method.kind() != Kind::Unary,
            phase: method.is_reflection().then(|| core.phase.clone()),
        };
        running.state = match self.admit(&request, method, &mut running) {
            Ok(call) => State::Working(self.work(request, method, call)),
            Err(why) => {
                let rest = (method.kind() == Kind::Unary)
                    .then(|| Rest::of(request.into_body(), Arc::clone(&self.activity)));
                State::Refused(Box::new((why, rest)))
            }
        };
        running
    }
}

/// Why a call is not begun.
enum Refused {
    NotGrpc,
    /// For want of room, which these headers say.
    ForRoom(HeaderMap),
    For(Reason),
    Malformed(Failure),
}

impl<R, L> Calls<R, L>
where
    R: Registry,
    L: Recorder + Volumes + Clone,
{
    /// What is decided before a byte of the body is read.
    fn admit(
        &self,
        request: &Request<Incoming>,
        method: Method,
        running: &mut Running,
    ) -> Result<Call, Refused> {
        if !is_grpc(request) {
            return Err(Refused::NotGrpc);
        }
        if method == Method::Unknown {
            return Err(Refused::For(Reason::MethodUnknown));
        }
        let mut call = Call {
            method,
            heading: Heading {
                lang: running.lang,
                event_day: None,
            },
            caller: None,
        };
        let inside = match (method.needs_credential(), method.kind()) {
            (true, _) if method.is_unary_verb() && !self.activity.has_place() => None,
            (true, _) => self.core.gates.enter(),
            (false, Kind::ServerStream | Kind::Bidi) => self.core.gates.enter_as_guest(),
            // How the service is can be asked however full it is.
            (false, Kind::Unary) => return Ok(call),
        };
        let Some(inside) = inside else {
            self.core.numbers.shed.add(1);
            self.activity.turn_away();
            return Err(Refused::ForRoom(self.core.full.headers(running.lang)));
        };
        if let Some(ticket) = &mut running.ticket {
            ticket.is_inside(inside);
        }
        if !method.needs_credential() {
            return Ok(call);
        }
        let key = Doorman::header(request.headers()).map_err(Refused::For)?;
        let caller = self.core.doorman.authenticate(key).map_err(Refused::For)?;
        if let Some(ticket) = &mut running.ticket {
            ticket.is_of(caller.who.agency());
        }
        call.caller = Some(caller);
        // Of the others tonic says it.
        let plain = |encoding: &HeaderValue| encoding == "identity";
        if method.verb().is_some() && !request.headers().get(ENCODING).is_none_or(plain) {
            return Err(Refused::For(Reason::CompressionUnsupported));
        }
        let days = request.headers().get_all(EVENT_DAY).iter();
        let days = days.map(HeaderValue::as_bytes);
        call.heading.event_day =
            event_day(days, self.core.event_days).map_err(Refused::Malformed)?;
        Ok(call)
    }

    fn work(&self, request: Request<Incoming>, method: Method, call: Call) -> Work {
        let received = match method.kind() {
            Kind::Unary => self.core.gates.receiving.enter(0),
            Kind::ServerStream | Kind::Bidi => None,
        };
        let (is_verb, is_long) = (method.is_unary_verb(), !method.has_one_item());
        let guards = received.map(|received| {
            let receiving = Receiving::new(&self.activity, is_verb, is_long);
            (received, receiving)
        });
        let request = request.map(|body| Inflow::new(body, guards));
        dispatch(Arc::clone(&self.core), call, request)
    }
}

/// A call until its answer's headers.
pub(crate) struct Running {
    state: State,
    ticket: Option<Ticket>,
    deadline: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    lang: Lang,
    retry: Duration,
    streams: bool,
    /// For streams that know nothing of a drain.
    phase: Option<watch::Receiver<Phase>>,
}

enum State {
    Working(Work),
    /// Why, and what its caller is sending all the same.
    Refused(Box<(Refused, Option<Rest>)>),
    Done,
}

impl Future for Running {
    type Output = Result<Response<AnswerBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let response = match &mut this.state {
            State::Working(work) => match poll(work, cx) {
                Poll::Ready(Ok(done)) => {
                    // What the work held is free before its answer leaves.
                    this.state = State::Done;
                    return Poll::Ready(Ok(match done {
                        Done::Unary(answered) => this.unary(answered),
                        Done::Framed(response) => this.answer(response),
                    }));
                }
                Poll::Ready(Err(Panicked)) => this.failed(&Failure::new(Reason::Internal)),
                Poll::Pending if !this.is_late(cx) => return Poll::Pending,
                Poll::Pending => this.failed(&Failure::new(Reason::DeadlineExceeded)),
            },
            State::Refused(refused) => {
                if let Some(rest) = &mut refused.1 {
                    ready!(rest.poll(cx));
                }
                let State::Refused(refused) = std::mem::replace(&mut this.state, State::Done)
                else {
                    return Poll::Pending;
                };
                match refused.0 {
                    Refused::NotGrpc => return Poll::Ready(Ok(this.not_grpc())),
                    Refused::ForRoom(headers) => return Poll::Ready(Ok(this.full(headers))),
                    Refused::For(reason) => this.failed(&Failure::new(reason)),
                    Refused::Malformed(failure) => this.failed(&failure),
                }
            }
            State::Done => return Poll::Pending,
        };
        // Work that came too late, or that is done, is dropped here.
        this.state = State::Done;
        Poll::Ready(Ok(this.answer(response)))
    }
}

/// What work came to.
enum Done {
    Unary(Answered),
    Framed(Response<tonic::body::Body>),
}

/// The work of a call panicked.
struct Panicked;

/// Polls the work. A panic costs its call alone: the connection and everybody else's calls go on.
fn poll(work: &mut Work, cx: &mut Context<'_>) -> Poll<Result<Done, Panicked>> {
    let polled = catch_unwind(AssertUnwindSafe(|| match work {
        Work::Unary(work) => work.as_mut().poll(cx).map(Done::Unary),
        Work::Framed(work) => work.as_mut().poll(cx).map(Done::Framed),
    }));
    match polled {
        Ok(polled) => polled.map(Ok),
        Err(_) => Poll::Ready(Err(Panicked)),
    }
}

impl Running {
    /// The answer of a unary call of a verb.
    fn unary(&mut self, answered: Answered) -> Response<AnswerBody> {
        match answered {
            Answered::Message(message) => {
                let body = match self.ticket.take() {
                    Some(ticket) => AnswerBody::message(message, ticket),
                    None => AnswerBody::empty(),
                };
                let mut response = Response::new(body);
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                response
            }
            Answered::Full(headers) => self.full(headers),
            Answered::Failed { status, told } => {
                let mut response = (*status).into_http();
                if told {
                    response.extensions_mut().insert(MessageTold);
                }
                self.answer(response)
            }
        }
    }

    /// There is no room for the call.
    fn full(&mut self, headers: HeaderMap) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody::empty());
        *response.headers_mut() = headers;
        if let Some(ticket) = self.ticket.take() {
            ticket.end(FULL, false);
        }
        response
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else {
            return false;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(deadline)));
        sleep.as_mut().poll(cx).is_ready()
    }

    fn failed(&self, failure: &Failure) -> Response<tonic::body::Body> {
        let mut response: Response<_> = status(failure, self.lang, Some(self.retry)).into_http();
        if failure.reason == Reason::CompressionUnsupported {
            let taken = HeaderValue::from_static("identity");
            response.headers_mut().insert("grpc-accept-encoding", taken);
        }
        response
    }

    fn answer(&mut self, response: Response<tonic::body::Body>) -> Response<AnswerBody> {
        let (mut parts, body) = response.into_parts();
        let told = parts.extensions.remove::<MessageTold>().is_some();
        parts.extensions.remove::<Status>();
        let Some(ticket) = self.ticket.take() else {
            return Response::from_parts(parts, AnswerBody::empty());
        };
        if let Some(ending) = finish(&mut parts.headers, self.lang, self.retry) {
            ticket.end(ending, told);
            return Response::from_parts(parts, AnswerBody::empty());
        }
        let limit = self
            .streams
            .then(|| limit(self.deadline, self.phase.take()));
        let body = AnswerBody::open(body, ticket, limit, self.lang, self.retry);
        Response::from_parts(parts, body)
    }

    /// Whoever does not speak gRPC is told so in HTTP.
    fn not_grpc(&mut self) -> Response<AnswerBody> {
        if let Some(ticket) = self.ticket.take() {
            let unknown = Ending {
                code: tonic::Code::Unknown,
                reason: None,
            };
            ticket.end(unknown, true);
        }
        let mut response = Response::new(AnswerBody::empty());
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        response
    }
}

impl<R: Registry, L: Send + Sync> Told for Core<R, L> {
    fn ended(&self, method: Method, ending: Ending, began: Instant, now: Instant) {
        if ending.code == tonic::Code::Ok {
            self.turns.refusals().answered();
        }
        self.numbers
            .method(method)
            .end(ending.code, now.duration_since(began));
    }

    fn tell(&self, line: &Line, now: Instant) {
        if let Some(reason) = line.reason {
            self.numbers.failures(reason).add(1);
        }
        self.log.write(&self.numbers, now, line);
    }
}

/// What cuts a stream: its deadline, and a drain where it would not end by itself.
fn limit(
    deadline: Option<Duration>,
    phase: Option<watch::Receiver<Phase>>,
) -> BoxFuture<'static, Reason> {
    Box::pin(async move {
        let late = async {
            match deadline {
                Some(deadline) => sleep(deadline).await,
                None => std::future::pending().await,
            }
        };
        let drained = async {
            match phase {
                // A sender that is gone is a service that is gone.
                Some(mut phase) => drop(phase.wait_for(|p| *p != Phase::Serving).await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = late => Reason::DeadlineExceeded,
            () = drained => Reason::Draining,
        }
    })
}
