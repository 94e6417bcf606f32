//! The server that does nothing, alone, until it is killed: `cargo run --release --example null_server`.
//! Says its address first. What `concsim load FILE --target http://ADDRESS` measures against it is
//! what the measuring costs.

#[path = "../benches/support/null_server.rs"]
mod null_server;

use std::sync::atomic::AtomicBool;

#[expect(clippy::print_stdout, reason = "an example says its address")]
fn main() {
    let listener = null_server::listen();
    println!("{}", null_server::address(&listener));
    null_server::serve(&listener, &AtomicBool::new(false));
}
