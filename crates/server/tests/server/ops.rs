//! Operators' HTTP.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::Service;

/// Status and body of a path of operators' HTTP.
pub(crate) async fn get(service: &Service, path: &str) -> (u16, String) {
    let address = service.running.ops_addr().unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

#[tokio::test]
async fn life_and_readiness_are_told() {
    let service = Service::start();
    assert_eq!(get(&service, "/livez").await, (200, "ok\n".to_owned()));
    // At first the live volumes are still read from the ledger.
    let began = tokio::time::Instant::now();
    while get(&service, "/readyz").await == (200, "ready, degraded\n".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(get(&service, "/readyz").await, (200, "ready\n".to_owned()));
    let (status, body) = get(&service, "/readyz?verbose").await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        "registry: ok\nledger: ok\nlimits: none: not configured\n\
         directory: ok\nopen: ok\nfeed: ok\n\
         redis: none: not configured\nlive_volumes: ok\n\
         quotas: none: not configured\nrecording: none: not configured\n\
         registry_standby: none: no database server\n\
         ledger_standby: none: no database server\n\
         registry_replica: none: not configured\nready\n"
    );
    assert_eq!(get(&service, "/nothing").await.0, 404);
}

#[tokio::test]
async fn every_metric_of_the_list_is_shown_and_every_series_of_a_method_from_the_start() {
    let service = Service::start();
    let (status, text) = get(&service, "/metrics").await;
    assert_eq!(status, 200);
    for metric in dancu_server::METRICS {
        let kind = match metric.kind {
            dancu_server::MetricKind::Counter => "counter",
            dancu_server::MetricKind::Gauge => "gauge",
            dancu_server::MetricKind::Histogram => "histogram",
        };
        let declared = format!("# TYPE {} {kind}\n", metric.name);
        assert_eq!(text.matches(&declared).count(), 1, "{declared}");
    }
    for method in dancu_wire::METHODS {
        let series = format!(
            "grpc_server_handled_total{{grpc_type=\"{}\",grpc_service=\"{}\",\
             grpc_method=\"{}\",grpc_code=\"OK\"}} 0\n",
            method.kind.word(),
            method.service,
            method.method
        );
        assert!(text.contains(&series), "{series}");
    }
    assert!(text.contains("dancu_answers_total{verb=\"LOOKUP\",outcome=\"FOUND\"} 0\n"));
    assert!(text.contains("dancu_part_up{part=\"ledger\"} 1\n"));
    assert!(text.contains("dancu_part_degraded{part=\"feed\"} 0\n"));
    assert!(
        !text.contains("part=\"redis\""),
        "a part that is absent has no series"
    );
}
