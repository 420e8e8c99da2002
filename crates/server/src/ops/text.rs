//! Families of figures as text: OpenMetrics for who asks for it, the older Prometheus form for
//! everybody else.

use std::fmt::{self, Write as _};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;

use super::list::{Metric, MetricKind};

/// A metric with its rows.
#[derive(Debug)]
pub(crate) struct Family {
    /// Which.
    pub(crate) metric: &'static Metric,
    /// One a series.
    pub(crate) rows: Vec<Row>,
}

/// One series.
#[derive(Debug)]
pub(crate) struct Row {
    /// The values of the labels, in their order.
    pub(crate) labels: Vec<String>,
    /// The figure.
    pub(crate) figure: Figure,
}

/// A figure.
#[derive(Debug)]
pub(crate) enum Figure {
    /// A whole number that only grows.
    Count(u64),
    /// Seconds that only grow, or any number that goes up and down.
    Number(f64),
    /// Durations: their sum in seconds, and how many fell under each bound in seconds.
    Durations(f64, Vec<(f64, u64)>),
}

#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Family { metric, rows } in &self.0 {
            let (kind, name) = match metric.kind {
                MetricKind::Counter => (
                    MetricType::Counter,
                    metric.name.strip_suffix("_total").unwrap_or(metric.name),
                ),
                MetricKind::Gauge => (MetricType::Gauge, metric.name),
                MetricKind::Histogram => (MetricType::Histogram, metric.name),
            };
            let mut encoder = encoder.encode_descriptor(name, metric.help, None, kind)?;
            for row in rows {
                if metric.labels.is_empty() {
                    encode(&mut encoder, metric.kind, &row.figure)?;
                    continue;
                }
                let labels: Vec<(&str, &str)> = metric
                    .labels
                    .iter()
                    .copied()
                    .zip(row.labels.iter().map(String::as_str))
                    .collect();
                let mut encoder = encoder.encode_family(&labels)?;
                encode(&mut encoder, metric.kind, &row.figure)?;
            }
        }
        Ok(())
    }
}

/// No exemplars are given.
type Nothing = Exemplar<[(&'static str, &'static str); 0], f64>;

fn encode(encoder: &mut MetricEncoder<'_>, kind: MetricKind, figure: &Figure) -> fmt::Result {
    match (kind, figure) {
        (MetricKind::Counter, Figure::Count(n)) => encoder.encode_counter(n, None::<&Nothing>),
        (MetricKind::Counter, Figure::Number(n)) => encoder.encode_counter(n, None::<&Nothing>),
        (_, Figure::Count(n)) => encoder.encode_gauge(n),
        (_, Figure::Number(n)) => encoder.encode_gauge(n),
        (_, Figure::Durations(sum, buckets)) => {
            let all = buckets.iter().map(|(_, n)| n).sum();
            encoder.encode_histogram::<[(&str, &str); 0]>(*sum, all, buckets, None)
        }
    }
}

/// The text in OpenMetrics.
pub(crate) fn open_metrics(families: Vec<Family>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(families)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

/// The same in the older form: counters are declared under the name that their series have, and
/// there is no mark of the end.
pub(crate) fn prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut helped = None;
    for line in open_metrics.lines() {
        if line == "# EOF" || line.starts_with("# UNIT") {
            continue;
        }
        if let Some(help) = line.strip_prefix("# HELP ") {
            // Its name is known once its kind is.
            helped = Some(help);
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap_or((kind, "untyped"));
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = helped.take().and_then(|help| help.split_once(' ')) {
                writeln!(text, "# HELP {name}{suffix} {help}").expect("a string takes every write");
            }
            writeln!(text, "# TYPE {name}{suffix} {kind}").expect("a string takes every write");
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::list::{CONNECTIONS, HANDLING, STARTED};
    use super::*;

    fn families() -> Vec<Family> {
        let labels = ["unary", "a.Service", "Do"].map(str::to_owned).to_vec();
        vec![
            Family {
                metric: &STARTED,
                rows: vec![Row {
                    labels: labels.clone(),
                    figure: Figure::Count(3),
                }],
            },
            Family {
                metric: &HANDLING,
                rows: vec![Row {
                    labels,
                    figure: Figure::Durations(0.5, vec![(0.1, 2), (f64::INFINITY, 1)]),
                }],
            },
            Family {
                metric: &CONNECTIONS,
                rows: vec![Row {
                    labels: Vec::new(),
                    figure: Figure::Number(2.0),
                }],
            },
        ]
    }

    #[test]
    fn the_older_form_declares_counters_as_their_series_are_named() {
        let text = prometheus(&open_metrics(families()).unwrap());
        let labels = "grpc_type=\"unary\",grpc_service=\"a.Service\",grpc_method=\"Do\"";
        for line in [
            "# HELP grpc_server_started_total Calls begun",
            "# TYPE grpc_server_started_total counter",
            &format!("grpc_server_started_total{{{labels}}} 3"),
            "# TYPE grpc_server_handling_seconds histogram",
            &format!("grpc_server_handling_seconds_bucket{{le=\"0.1\",{labels}}} 2"),
            &format!("grpc_server_handling_seconds_bucket{{le=\"+Inf\",{labels}}} 3"),
            &format!("grpc_server_handling_seconds_count{{{labels}}} 3"),
            "# TYPE dancu_connections gauge",
            "dancu_connections 2.0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n\n{text}");
        }
        assert!(!text.contains("EOF"));
    }

    #[test]
    fn open_metrics_ends_with_its_mark() {
        assert!(open_metrics(families()).unwrap().ends_with("# EOF\n"));
    }
}
