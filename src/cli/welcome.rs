//! `concsim` alone: the scenarios with the claim and the length of each. On a terminal they are a menu,
//! from which one is played or simulated.

use super::terminal_event;
use std::io;
use std::os::fd::BorrowedFd;
use std::process::ExitCode;
use std::time::Duration;

use crossterm::event;
use crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use crossterm::{cursor, execute, style};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::colour::Colour;
use super::display;
use super::scenarios::{Known, known, listed, takes};
use super::{run, screen, sim, talk};
use concsim_model::palette::Colours;
use concsim_model::units::Elapsed;
use concsim_os::sys::net;
use concsim_os::sys::terminal::{self, FullScreen};
use concsim_tui::{Choice, Entry, Key, Menu, view};

/// Maximum time until a new size of the terminal is noticed.
const AT_MOST: Elapsed = Elapsed::from_millis(500);

/// Lists the scenarios, and plays the chosen one.
///
/// # Errors
/// Standard output that cannot be written, or a system limit that is too low for a run.
pub fn run(colour: Colour) -> anyhow::Result<ExitCode> {
    let known = known();
    let Some(terminal) = display::canvas().filter(|_| io::IsTerminal::is_terminal(&io::stdin()))
    else {
        talk::print(&listed(&known))?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut menu = Menu::of(known.iter().map(entry).collect(), colour.look());
    match choose(terminal, &mut menu)? {
        Choice::Play(place) => run::run(&run::Args::of(&known[place].name), colour),
        Choice::Simulate(place) => sim::run(&sim::Args::of(&known[place].name), colour),
        Choice::Leave => Ok(ExitCode::SUCCESS),
    }
}

fn entry(known: &Known) -> Entry {
    let name = known.name.clone();
    match &known.plan {
        Some(plan) => Entry {
            name,
            length: takes(plan),
            title: plan.title.clone(),
            about: plan.about.clone().unwrap_or_default(),
        },
        None => Entry {
            title: format!("has mistakes: concsim check scenarios/{name}.toml"),
            name,
            ..Entry::default()
        },
    }
}

/// Shows the menu until the user chooses.
fn choose(terminal: BorrowedFd<'static>, menu: &mut Menu) -> anyhow::Result<Choice> {
    let full_screen = FullScreen::take(terminal)?;
    style::force_color_output(menu.look.colours != Colours::None);
    screen::restore_when_panicking(full_screen.modes());
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
    let mut drawn = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    loop {
        let size = drawn.size()?;
        if size.width > 0 && size.height > 0 {
            drawn.draw(|frame| view::draw_menu(frame.buffer_mut(), menu))?;
        }
        let key = wait_for_a_key(terminal)?;
        if let Some(choice) = key.and_then(|key| menu.key(key)) {
            return Ok(choice);
        }
    }
}

/// Returns the next key; `None` for any other event after which the menu is redrawn.
fn wait_for_a_key(terminal: BorrowedFd<'static>) -> anyhow::Result<Option<Key>> {
    while !event::poll(Duration::ZERO)? {
        let is_gone = terminal::is_gone(terminal);
        anyhow::ensure!(!is_gone, "the terminal is gone");
        net::wait_readable([terminal], Some(AT_MOST))?;
    }
    let key = event::read()?.as_key_event();
    Ok(key.and_then(|key| terminal_event::key(&key)))
}
