//! The routes: `/metrics`, `/livez`, `/readyz`.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::{Sources, gather, text};
use crate::backing::RegistryHome;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers until the runtime ends.
pub(crate) async fn serve<R: RegistryHome>(listener: TcpListener, sources: Sources<R>) {
    let router = Router::new()
        .route("/metrics", get(metrics::<R>))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready::<R>))
        .with_state(Arc::new(sources));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(kind = %error.kind(), "operators' HTTP has ended");
    }
}

async fn metrics<R: RegistryHome>(
    State(sources): State<Arc<Sources<R>>>,
    headers: HeaderMap,
) -> Response {
    let Ok(text) = text::open_metrics(gather::families(&sources).await) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let open = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/openmetrics-text"));
    if open {
        ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response()
    } else {
        ([(CONTENT_TYPE, PROMETHEUS)], text::prometheus(&text)).into_response()
    }
}

/// 200 while verbs can be answered, 503 otherwise; with `?verbose` each part has its line.
async fn ready<R: RegistryHome>(State(sources): State<Arc<Sources<R>>>, uri: Uri) -> Response {
    let parts = *sources.parts.borrow();
    let (status, word) = match (parts.serving(), parts.degraded()) {
        (true, false) => (StatusCode::OK, "ready"),
        (true, true) => (StatusCode::OK, "ready, degraded"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let mut body = String::new();
    let verbose = uri
        .query()
        .is_some_and(|query| query.split('&').any(|part| part.starts_with("verbose")));
    if verbose {
        for (part, state) in parts.each() {
            writeln!(body, "{}: {state}", part.word()).expect("a string takes every write");
        }
    }
    body.push_str(word);
    body.push('\n');
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
