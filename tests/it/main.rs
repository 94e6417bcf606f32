//! The one integration binary: what only the whole program, or the whole project, can show.

mod faults;
mod greenlet;
mod harness;
mod hostile;
mod house;
mod http_cases;
mod kept;
mod load;
mod played;
mod scenario_errors;
mod server;
mod serving;
mod terminal;
mod tidy;
mod timeline;
