//! The run on a screen: takes the terminal over, draws the recording while it grows, and gives the
//! terminal back, whatever happens.

use std::io::{self, Stdout, Write as _};
use std::time::Duration;

use crossterm::event;
use crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::audience::Audience;
use super::performance::{Performance, Stagecraft};
use crate::recording::summary::Run;
use crate::scenario::Plan;
use crate::sys::clock::Clock;
use crate::sys::interrupt;
use crate::sys::terminal::{LEAVE_FULL_SCREEN, Modes};
use crate::telemetry::Stage;
use crate::tui::{self, Action, Key, Moment, Row, State};
use crate::units::{Elapsed, Stamp};

/// Between two frames: about twelve a second, which is as fast as digits can be read.
const FRAME_EVERY: Elapsed = Elapsed::from_millis(83);
/// How long a title card stays unless a key is pressed.
const TITLE_STAYS: Elapsed = Elapsed::from_secs(2);

/// The terminal, taken over. Dropping it gives it back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    state: State,
    modes: Modes,
    clock: Clock,
    next_frame: Stamp,
    /// How many outcomes of this variant the state has been shown.
    seen: usize,
    /// What the processes said: printed when the terminal has been given back.
    notes: Vec<String>,
}

impl Screen {
    /// Takes over the terminal of `stagecraft`.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn open(state: State, stagecraft: Stagecraft) -> anyhow::Result<Self> {
        restore_when_panicking(stagecraft);
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        Ok(Self {
            terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?,
            state,
            modes: stagecraft.modes,
            clock: Clock::starting_now(),
            next_frame: Stamp::ZERO,
            seen: 0,
            notes: Vec::new(),
        })
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        self.next_frame = self.clock.now() + FRAME_EVERY;
        let state = &self.state;
        self.terminal.draw(|frame| tui::view::draw(frame, state))?;
        Ok(())
    }

    /// Handles keys until `length` is over or one of them asks the driver for something.
    fn attend(&mut self, length: Elapsed) -> anyhow::Result<Option<Action>> {
        let until = self.clock.now() + length;
        loop {
            let left = until.since(self.clock.now());
            if !event::poll(Duration::from_nanos(left.0))? {
                return Ok(None);
            }
            let event = event::read()?;
            let key = event.as_key_event().and_then(|key| Key::of(&key));
            let action = key.and_then(|key| self.state.key(key));
            if action.is_some() {
                return Ok(action);
            }
            self.draw()?;
        }
    }

    /// A moment of the title card, or of play: a person may have had enough.
    fn attend_to_play(&mut self, length: Elapsed) -> anyhow::Result<()> {
        match self.attend(length)? {
            Some(Action::Quit | Action::Interrupt) => interrupt::interrupt(),
            Some(Action::Begin) | None => {}
        }
        Ok(())
    }

    /// Shows the card until a person leaves it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn show_card(&mut self, card: &str) -> anyhow::Result<()> {
        self.state
            .show_card(card.lines().map(str::to_owned).collect());
        self.draw()?;
        while !interrupt::noted() {
            if let Some(Action::Quit | Action::Interrupt) = self.attend(TITLE_STAYS)? {
                break;
            }
        }
        Ok(())
    }

    fn observe(&mut self, performance: &Performance<'_>) {
        let recording = performance.recording();
        if let Some(moment) = Moment::of(recording, self.seen) {
            self.state.observe(&moment);
        }
        self.seen = recording.outcomes.len();
    }
}

impl Audience for Screen {
    fn announce(&mut self, _plan: &Plan, variant: usize) -> anyhow::Result<()> {
        self.state.begin_variant(variant);
        self.seen = 0;
        self.draw()?;
        self.attend_to_play(TITLE_STAYS)
    }

    fn watch(&mut self, performance: &mut Performance<'_>, spare: Elapsed) -> anyhow::Result<()> {
        self.notes.append(&mut performance.take_notes());
        let playing = !matches!(performance.stage(), Stage::Preparing | Stage::Done);
        if playing && self.clock.now() >= self.next_frame {
            self.observe(performance);
            self.draw()?;
        }
        self.attend_to_play(spare)
    }

    fn applaud(&mut self, run: &Run) -> anyhow::Result<()> {
        self.state.finish_variant(Row::of(run));
        self.draw()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave(self.modes);
        for note in &self.notes {
            eprintln!("concsim: {note}");
        }
    }
}

fn leave(modes: Modes) {
    let mut output = io::stdout();
    // A terminal that is gone needs no restoring.
    let _ = output.write_all(LEAVE_FULL_SCREEN);
    let _ = output.flush();
    let _ = modes.restore(io::stdout());
}

/// A panic's message is of no use on a screen that is about to go.
fn restore_when_panicking(stagecraft: Stagecraft) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        leave(stagecraft.modes);
        hook(panic);
    }));
}
