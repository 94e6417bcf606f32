//! Demonstrations of coroutines without a server: hand-overs, the rules of a hub, and threads with a hub each.
//!
//! Each returns its findings; the command line prints them as text or as JSON.

mod costs;
mod hub;
mod isolation;
mod ping_pong;
mod rules;

pub use costs::HandOverCost;
pub use hub::Switch;
pub use isolation::{Isolation, ThreadStory};
pub use ping_pong::{PingPong, Story};
pub use rules::{Rule, Rules};

/// Returns a story as text: its title, the lines that coroutines print, and the switches.
fn story_text<'a>(
    title: &str,
    lines: impl IntoIterator<Item = &'a String>,
    switches: &[Switch],
) -> String {
    let indented = |line: &String| format!("  {line}\n");
    let lines: String = lines.into_iter().map(indented).collect();
    let line_of = |it: &Switch| format!("  {:<6}  {:<9} → {}\n", it.event, it.origin, it.target);
    let switches: String = switches.iter().map(line_of).collect();
    format!("\n{title}:\n\n{lines}\n{switches}")
}
