//! PostgreSQL and Redis from `deploy/parts`, which end with this process however it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::postgres::{PostgresPart, psql};
use super::redis::RedisPart;

/// Parts of one's own, to be hurt.
#[derive(Debug)]
pub struct Held {
    holder: Child,
    folder: PathBuf,
    told: BTreeMap<String, String>,
    /// The primary.
    pub postgres: PostgresPart,
    /// The shared level, where there is one.
    pub redis: Option<RedisPart>,
}

impl Held {
    /// Starts them; `options` as `deploy/parts` takes them.
    pub fn start(options: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::temp_dir().join(format!(
            "dancu-parts-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let script = crate::house::top().join("deploy/parts");
        let mut holder = Command::new(script)
            .arg("hold")
            .arg(&folder)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("deploy/parts runs");
        let output = holder.stdout.take().expect("its output is piped");
        let mut told = BTreeMap::new();
        let mut ready = false;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line == "ready" {
                ready = true;
                break;
            }
            if let Some((name, value)) = line.split_once('=') {
                told.insert(name.to_owned(), value.to_owned());
            }
        }
        assert!(ready, "deploy/parts could not start PostgreSQL and Redis");
        let postgres = PostgresPart::at(&told["DANCU_PARTS_ADMIN"]);
        let redis = told.get("DANCU_PARTS_REDIS").map(|url| {
            let script = crate::house::top().join("deploy/parts");
            RedisPart::at(authority(url), script, folder.clone())
        });
        Self {
            holder,
            folder,
            told,
            postgres,
            redis,
        }
    }

    /// A value that `deploy/parts` told, without the prefix of its names.
    pub fn told(&self, name: &str) -> &str {
        let name = format!("DANCU_PARTS_{name}");
        let value = self.told.get(&name);
        value.unwrap_or_else(|| panic!("deploy/parts tells no {name}"))
    }

    /// Redis, which must be there.
    pub fn redis(&mut self) -> &mut RedisPart {
        self.redis.as_mut().expect("these parts have a Redis")
    }

    /// A new, empty database on the primary: its URL for the service's account.
    pub fn fresh_database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("fresh_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = psql(
            self.told("ADMIN"),
            &format!("create database {name} owner dancu"),
        );
        made.expect("a database can be made");
        let url = self.told("POSTGRES");
        let (server, _) = url.rsplit_once('/').expect("a URL names its database");
        format!("{server}/{name}")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Its input closes, and with it everything ends.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The address in a URL.
pub fn authority(url: &str) -> SocketAddr {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let address = rest.split(['/', '?']).next().unwrap_or_default();
    address
        .parse()
        .expect("the parts' URLs name loopback addresses")
}

/// The same URL with another address.
pub fn through(url: &str, address: SocketAddr) -> String {
    url.replacen(&authority(url).to_string(), &address.to_string(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_through_another_address() {
        let url = "postgres://a:b@127.0.0.1:5433/x";
        let other = "127.0.0.1:9".parse().unwrap();
        assert_eq!(through(url, other), "postgres://a:b@127.0.0.1:9/x");
        assert_eq!(authority("redis://127.0.0.1:1/0").port(), 1);
    }
}
