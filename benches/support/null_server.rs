//! A server that does nothing, at the maximal speed of one loop over the same poller: a measurement against
//! it is the cost of measuring.
//!
//! It answers every request with the same two bytes, at once, on kept connections and on those with
//! `Connection: close`. It searches only for the end of a head and for that header.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};

use concsim::sys::net;
use concsim::sys::poller::{Poller, Ready};
use concsim::units::Elapsed;

const KEPT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const LISTENER: u64 = u64::MAX;
/// Interval at which the server checks `stop`.
const LOOK_UP: Elapsed = Elapsed::from_millis(50);

/// Opens a listener for [`serve`] on a free port of the loopback interface.
pub(crate) fn listen() -> TcpListener {
    net::listen(([127, 0, 0, 1], 0).into(), 4096).expect("a free port can be listened to")
}

/// Returns the address of the listener.
pub(crate) fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("a listener has an address")
}

/// Answers until `stop` is set.
pub(crate) fn serve(listener: &TcpListener, stop: &AtomicBool) {
    let mut poller = Poller::new().expect("a poller can be made");
    poller
        .add_listener(listener, LISTENER)
        .expect("a listener can be watched");
    let mut connections: Vec<Option<TcpStream>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut ready: Vec<Ready> = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while !stop.load(Ordering::Relaxed) {
        poller
            .wait(Some(LOOK_UP), &mut ready)
            .expect("a poller can wait");
        for event in &ready {
            if event.token == LISTENER {
                accept(listener, &poller, &mut connections, &mut free);
                continue;
            }
            let place = event.token as usize;
            let Some(stream) = &mut connections[place] else {
                continue;
            };
            if event.readable && !answer(stream, &mut buffer) {
                connections[place] = None;
                free.push(place);
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poller: &Poller,
    connections: &mut Vec<Option<TcpStream>>,
    free: &mut Vec<usize>,
) {
    while let Ok(stream) = net::accept(listener, false) {
        let place = free.pop().unwrap_or_else(|| {
            connections.push(None);
            connections.len() - 1
        });
        poller
            .add_stream(&stream, place as u64)
            .expect("a connection can be watched");
        connections[place] = Some(stream);
    }
}

/// Answers the received requests; false after the connection is closed.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(count) => {
                let head = &buffer[..count];
                let closes = head
                    .windows(17)
                    .any(|window| window.eq_ignore_ascii_case(b"connection: close"));
                let written = stream.write(if closes { LAST } else { KEPT });
                if closes || written.is_err() {
                    return false;
                }
            }
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
