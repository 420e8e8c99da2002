//! SIGTERM and SIGINT, in place of the end that they put to a process by themselves.

/// The signals to end. Where none can be waited for, nothing ever comes.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals(Option<[tokio::signal::unix::Signal; 2]>);

#[cfg(unix)]
impl Signals {
    /// Takes them over: from now on they end the process no more by themselves. Must be called
    /// within a runtime.
    pub fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate());
        let interrupt = signal(SignalKind::interrupt());
        if let (Ok(terminate), Ok(interrupt)) = (terminate, interrupt) {
            return Self(Some([terminate, interrupt]));
        }
        tracing::warn!("cannot wait for signals");
        Self(None)
    }

    /// Until one of them comes.
    pub async fn wait(self) {
        let Some([mut terminate, mut interrupt]) = self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// The signal to end.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Nothing is taken over until it is waited for.
    pub fn new() -> Self {
        Self
    }

    /// Until it comes.
    pub async fn wait(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Default for Signals {
    fn default() -> Self {
        Self::new()
    }
}
