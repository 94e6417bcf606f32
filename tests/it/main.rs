//! The one integration binary: what only the whole program, or the whole project, can show.

mod beside;
mod calibration;
mod conformance;
mod faults;
mod figures;
mod greenlet;
mod harness;
mod hostile;
mod house;
mod http_cases;
mod kept;
mod load;
mod on_screen;
mod played;
mod rehearsal;
mod scenario_errors;
mod screens;
mod server;
mod serving;
mod sweep;
mod terminal;
mod theory;
mod tidy;
mod timeline;
