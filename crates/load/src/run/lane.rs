//! A lane: one call after the other on its connection.

use std::rc::Rc;
use std::time::Duration;

use super::desk::Desk;
use super::link::Link;

/// How much longer than the deadline a lane waits for the service to tell that it has passed.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// Asks until the run is over. What has been sent is waited for.
pub(crate) async fn lane(desk: Rc<Desk>, link: Rc<Link>, deadline: Duration) {
    while let Some(out) = desk.next().await {
        let call = link.call((*out.ask.head).clone(), out.ask.body.clone());
        match tokio::time::timeout(deadline + GRACE, call).await {
            Ok(heard) => {
                let failed = heard.is_err();
                let wait = desk.heard(out, heard);
                if failed {
                    // A service that is gone is not asked in a circle.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                if let Some(wait) = wait {
                    tokio::time::sleep(wait).await;
                }
            }
            Err(_) => desk.late(out),
        }
    }
}
