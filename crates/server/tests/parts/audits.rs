//! The audit of a ledger in a database, beside the instances that write to it.

use dancu_domain::{Receipt, WriterId};
use dancu_server::audit::{self, At};

use crate::stage::{Stage, look_up};

#[tokio::test]
async fn a_ledger_in_a_database_is_verified_over_the_chains_of_all_instances() {
    let stage = Stage::new();
    let (one, two) = (stage.instance("one"), stage.instance("two"));
    let mut receipts = Vec::new();
    for (id, service) in [("r-1", &one), ("r-2", &two), ("r-3", &one)] {
        let told = look_up(service, id, None).await.unwrap();
        let receipt = told.header.unwrap().receipt.unwrap();
        receipts.push(Receipt {
            writer: WriterId(receipt.writer),
            first: u64::try_from(receipt.first_index).unwrap(),
            count: u32::try_from(receipt.count).unwrap(),
        });
    }
    let data = one.dir.path().to_owned();
    let report = tokio::task::spawn_blocking(move || one.running.drain());
    assert!(report.await.unwrap().ledger_closed);
    let at = At {
        data,
        ledger: stage.ledger_place(),
        keys: Some(stage.keys()),
    };
    let report = audit::verify(at.clone(), None).unwrap();
    assert!(report.ok() && report.vouched());
    let found = audit::entries(at.clone(), receipts).unwrap();
    assert!(found.iter().all(|entries| entries.len() == 1));
    assert_eq!(audit::recount(at).unwrap().values().sum::<u64>(), 3);
}
