//! The operators' pages, read with a socket and nothing else.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The status line, headers and body of `path`.
pub async fn get(address: SocketAddr, path: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(address)
        .await
        .expect("the operators' port is open");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket
        .write_all(request.as_bytes())
        .await
        .expect("the request can be written");
    let mut page = String::new();
    socket
        .read_to_string(&mut page)
        .await
        .expect("the page can be read");
    page
}

/// The same without a runtime, for a server that may be gone.
pub fn try_get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let time = Duration::from_secs(5);
    let mut socket = std::net::TcpStream::connect_timeout(&address, time)?;
    socket.set_read_timeout(Some(time))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut page = String::new();
    socket.read_to_string(&mut page)?;
    Ok(page)
}

/// The value of a series, its labels included, on a page of `/metrics`.
pub fn series(page: &str, name: &str) -> Option<f64> {
    page.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix(' ')?
            .trim()
            .parse()
            .ok()
    })
}
