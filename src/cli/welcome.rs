//! `concsim` alone: what there is to play, what each scenario shows and how long it takes; on a
//! terminal a key plays one.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use crossterm::event::{self, KeyCode, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::colour::Colour;
use super::run;
use super::scenarios::{Known, known, listed};
use super::talk;

/// The keys that play the scenarios, in their order.
const KEYS: &str = "1234567890abcdefghijklmnoprstuvwxyz";

/// Lists the scenarios, and plays the one that a person asks for.
///
/// # Errors
/// When nothing can be written, or the machine refuses what a run needs.
pub fn run(colour: Colour) -> anyhow::Result<ExitCode> {
    let known = known();
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        talk::print(&listed(&known))?;
        return Ok(ExitCode::SUCCESS);
    }
    offer(&known)?;
    match chosen(&known)? {
        Some(one) => run::run(&run::Args::of(&one.name), colour),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The list, each line with the key that plays it.
fn offer(known: &[Known]) -> io::Result<()> {
    let mut output = io::stdout();
    writeln!(
        output,
        "concsim: what is concurrent, and what is parallel?\n"
    )?;
    let list = listed(known);
    let mut keys = KEYS.chars();
    for (number, line) in list.lines().enumerate() {
        match keys.next().filter(|_| number < known.len()) {
            Some(key) => writeln!(output, " {key} {}", line.trim_start())?,
            None => writeln!(output, "{line}")?,
        }
    }
    writeln!(output, "A key plays one; q leaves.")
}

/// The scenario whose key is pressed; `None` if a person leaves.
fn chosen(known: &[Known]) -> anyhow::Result<Option<&Known>> {
    enable_raw_mode()?;
    let choice = wait_for_a_key(known);
    disable_raw_mode()?;
    Ok(choice?)
}

fn wait_for_a_key(known: &[Known]) -> io::Result<Option<&Known>> {
    loop {
        let Some(key) = event::read()?.as_key_press_event() else {
            continue;
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Ok(None),
            KeyCode::Char('c' | 'd') if control => return Ok(None),
            KeyCode::Char(pressed) => {
                let number = KEYS.chars().position(|key| key == pressed);
                if let Some(one) = number.and_then(|number| known.get(number)) {
                    return Ok(Some(one));
                }
            }
            _ => {}
        }
    }
}
