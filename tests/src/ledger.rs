//! A ledger, opened beside or after the servers that write it.

use std::path::Path;
use std::process::Command;

use dancu_store::{PostgresBlocks, PostgresBlocksOptions, SqliteBlocks};

/// Calls `read` with the blocks of the data folder `data`.
pub fn with_blocks<T>(data: &Path, read: impl AsyncFnOnce(&mut SqliteBlocks) -> T) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
        .block_on(async {
            let mut store = SqliteBlocks::open_read_only(&data.join("ledger.db"))
                .await
                .expect("the ledger can be opened");
            read(&mut store).await
        })
}

/// Runs `dancu audit verify`; what it prints when it finds something.
pub fn audit(binary: &Path, data: &Path) -> Result<String, String> {
    let output = Command::new(binary)
        .args(["audit", "verify", "--data"])
        .arg(data)
        .output()
        .expect("the binary runs");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

/// Calls `read` with the blocks of the PostgreSQL database at `url`.
pub fn with_postgres<T>(url: &str, read: impl AsyncFnOnce(&mut PostgresBlocks) -> T) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
        .block_on(async {
            let options = PostgresBlocksOptions::new(url);
            let mut store = PostgresBlocks::open_read_only(options)
                .await
                .expect("the ledger can be opened");
            read(&mut store).await
        })
}
