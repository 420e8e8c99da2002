//! The side of the stub that answers unary calls with as little work as HTTP/2 allows.
//!
//! It looks at no header: the message alone tells which reply it wants. So there is no table of
//! headers to keep, and what it writes is the same bytes each time. It minds no window of the
//! client's either: replies of unary calls that are waited for never fill one.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use bytes::BytesMut;

use super::known::Known;

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
/// The length of a frame's head.
const HEAD: usize = 9;
/// The longest frame that everybody takes.
const FRAME: usize = 16_384;
/// How much is read before the client is told that there is room again.
const ROOM: usize = 1 << 20;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
/// Of DATA and HEADERS: the last of its stream. Of SETTINGS and PING: an acknowledgement.
const END: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200`, and `content-type: application/grpc` as a literal that no table keeps.
const BEGINNING: &[u8] = b"\x88\x0f\x10\x10application/grpc";
/// `grpc-status: 0`, likewise.
const ANSWERED: &[u8] = b"\x00\x0bgrpc-status\x010";
/// `grpc-status: 5`: nothing is kept for this message.
const UNKNOWN: &[u8] = b"\x00\x0bgrpc-status\x015";

/// Serves, a thread a connection, until the process ends. Returns the address.
pub(super) fn serve(known: Arc<Known>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let known = Arc::clone(&known);
            // How a connection ends matters to nobody but its client.
            std::thread::spawn(move || drop(connection(socket, &known)));
        }
    });
    Ok(address)
}

fn connection(mut socket: TcpStream, known: &Known) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut preface = [0; PREFACE];
    socket.read_exact(&mut preface)?;
    let mut side = Side {
        known,
        begun: HashMap::new(),
        received: 0,
        out: Vec::with_capacity(1 << 18),
    };
    // No more than this many calls at once, windows of the largest size.
    let mut settings = Vec::new();
    settings.extend_from_slice(&[0, 3, 0, 1, 0, 0]);
    settings.extend_from_slice(&[0, 4, 0x7f, 0xff, 0xff, 0xff]);
    side.frame(SETTINGS, 0, 0, &settings);
    side.room(0x7fff_ffff - 0xffff);
    socket.write_all(&side.out)?;
    let mut waiting = BytesMut::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        let read = socket.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        waiting.extend_from_slice(&piece[..read]);
        side.out.clear();
        while let Some(frame) = frame(&mut waiting) {
            side.take(&frame);
        }
        socket.write_all(&side.out)?;
    }
}

/// The next whole frame, its head included.
fn frame(waiting: &mut BytesMut) -> Option<BytesMut> {
    let head = waiting.get(..HEAD)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    (waiting.len() >= HEAD + length).then(|| waiting.split_to(HEAD + length))
}

struct Side<'a> {
    known: &'a Known,
    /// What has come of calls whose message is not whole.
    begun: HashMap<u32, Vec<u8>>,
    received: usize,
    out: Vec<u8>,
}

impl Side<'_> {
    fn take(&mut self, frame: &[u8]) {
        let (head, load) = frame.split_at(HEAD);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        match kind {
            DATA => self.data(stream, load, flags & END > 0),
            SETTINGS if flags & END == 0 => self.frame(SETTINGS, END, 0, &[]),
            PING if flags & END == 0 => self.frame(PING, END, 0, load),
            RESET => drop(self.begun.remove(&stream)),
            _ => {}
        }
    }

    fn data(&mut self, stream: u32, load: &[u8], last: bool) {
        self.received += load.len();
        if self.received >= ROOM {
            self.room(self.received as u32);
            self.received = 0;
        }
        match self.begun.remove(&stream) {
            None if last => self.answer(stream, load),
            begun => {
                let mut begun = begun.unwrap_or_default();
                begun.extend_from_slice(load);
                if last {
                    self.answer(stream, &begun);
                } else {
                    self.begun.insert(stream, begun);
                }
            }
        }
    }

    fn answer(&mut self, stream: u32, message: &[u8]) {
        self.frame(HEADERS, END_HEADERS, stream, BEGINNING);
        let Some(reply) = self.known.reply(message) else {
            return self.frame(HEADERS, END_HEADERS | END, stream, UNKNOWN);
        };
        for piece in reply.chunks(FRAME) {
            self.frame(DATA, 0, stream, piece);
        }
        self.frame(HEADERS, END_HEADERS | END, stream, ANSWERED);
    }

    fn room(&mut self, bytes: u32) {
        self.frame(WINDOW_UPDATE, 0, 0, &bytes.to_be_bytes());
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, load: &[u8]) {
        let [_, length @ ..] = (load.len() as u32).to_be_bytes();
        self.out.extend_from_slice(&length);
        self.out.extend_from_slice(&[kind, flags]);
        self.out.extend_from_slice(&stream.to_be_bytes());
        self.out.extend_from_slice(load);
    }
}
