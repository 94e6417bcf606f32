//! The live screen: a view of a recording while it grows.
//!
//! ```text
//!   recording ──Frame──▶ Watch ──▶ ViewModel + Caption        state, and a sentence about it
//!   keys ─▶ Keymap ─▶ Command ─▶ State (title card, play, card)   no ratatui type up to here
//!                           └──▶ view::draw(frame, state)  changes nothing
//! ```
//!
//! Two rules keep the screen true to the run. Glyphs are the state *now*: one for each request. Digits are
//! the mean of the last second, from the same integrals as the summary. The screen knows nothing of
//! engines, processes and terminals: the driver passes it frames and keys, and a buffer to draw into.

mod caption;
pub mod capture;
mod command;
mod cursor;
mod frame_state;
mod help;
mod hold;
mod indexes;
mod instants;
mod keyfile;
mod keymap;
mod keys;
mod lanes;
mod latencies;
mod mean_interval;
mod menu;
mod now;
mod number;
mod pane;
mod pointer;
mod press;
mod requests;
mod row;
mod setting;
mod spectrum;
mod state;
#[cfg(test)]
mod tests;
mod theory;
mod time_base;
mod travel;
pub mod view;
mod view_model;
mod watch;

pub use keymap::Keymap;
pub use keys::{Action, Key};
pub use menu::{Choice, Entry, Menu};
pub use number::{NumberTexts, number_texts};
pub use pointer::{Gesture, Mouse, Pointer};
pub use row::Row;
pub use state::State;
pub use travel::TurnResult;
pub use view_model::Frame;
