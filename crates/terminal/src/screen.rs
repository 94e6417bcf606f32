//! The screen of a run: takes the terminal over, draws the recording while it grows, and restores the
//! terminal in every case.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::time::Duration;

use crossterm::event::{self, Event};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, enable_raw_mode,
};
use crossterm::{cursor, execute, queue, style};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::display::{Delivery, DisplayOptions};
use crate::event as terminal_event;
use concsim_driver::console;
use concsim_driver::frontend::{Frontend, is_to_end};
use concsim_driver::run::Driver;
use concsim_driver::watch::WatchedFile;
use concsim_model::palette::{Colours, Glyphs};
use concsim_model::scenario::{Plan, Steer};
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::clock::Clock;
use concsim_os::sys::terminal::{FullScreen, GIVE_THE_MOUSE_BACK, Modes, TAKE_THE_MOUSE};
use concsim_os::sys::{self, interrupt, net};
use concsim_os::telemetry::Stage;
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::summary::{Run, Summary};
use concsim_report::card::{Extent, card};
use concsim_tui::{Action, Keymap, Mouse, Row, State, TurnResult};

/// Buffer size that holds most frames, in bytes.
const LONG_FRAME: usize = 64 << 10;
/// Time that a title card stays unless a key is pressed.
const TITLE_STAYS: Elapsed = Elapsed::from_secs(2);

/// The terminal, taken over. Dropping it restores the terminal.
pub struct Screen {
    /// Buffered: a frame is written at once.
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    state: State,
    options: DisplayOptions,
    taken: FullScreen,
    /// Current owner of the mouse.
    mouse: Mouse,
    clock: Clock,
    next_frame: Stamp,
    /// Time of the state's last update.
    updated: Stamp,
    /// Recordings of the variants that are over.
    over: Vec<Recording>,
    /// Messages of the processes, printed after the terminal has been restored.
    notes: Vec<String>,
    /// The file, if each save plays it again.
    watched: Option<Rc<WatchedFile>>,
    /// Receives the votes of each question as soon as the user goes on.
    on_votes: Option<OnVotes>,
}

/// Receiver of a question's position, and of the votes for each of its choices.
pub type OnVotes = Box<dyn FnMut(usize, &[u64]) -> anyhow::Result<()>>;

impl Screen {
    /// Takes over `terminal` for a run of `plan` on a machine with `cores` cores.
    ///
    /// # Errors
    /// A terminal that is gone.
    pub fn on(
        terminal: BorrowedFd<'static>,
        plan: &Plan,
        cores: usize,
        options: DisplayOptions,
    ) -> anyhow::Result<Self> {
        interrupt::leave_with_the_terminal()?;
        let taken = FullScreen::take(terminal)?;
        let mut state = State::new(plan, cores);
        state.look = options.look;
        // The command line takes precedence over crossterm's own reading of the environment.
        style::force_color_output(options.look.colours != Colours::None);
        restore_when_panicking(taken.modes());
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        let output = BufWriter::with_capacity(LONG_FRAME, io::stdout());
        Ok(Self {
            terminal: Terminal::new(CrosstermBackend::new(output))?,
            state,
            options,
            taken,
            mouse: Mouse::default(),
            clock: Clock::starting_now(),
            next_frame: Stamp::ZERO,
            updated: Stamp::ZERO,
            over: Vec::new(),
            notes: Vec::new(),
            watched: None,
            on_votes: None,
        })
    }

    /// Sets the keys, and takes the mouse if the screen owns it.
    ///
    /// # Errors
    /// A terminal that is gone.
    pub fn steered_by(mut self, keymap: Keymap, mouse: Mouse) -> anyhow::Result<Self> {
        self.state.keymap = keymap;
        self.state.mouse = mouse;
        self.follow_mouse()?;
        Ok(self)
    }

    /// Takes the mouse from the terminal, or returns it, according to the state.
    fn follow_mouse(&mut self) -> anyhow::Result<()> {
        if self.mouse != self.state.mouse {
            self.mouse = self.state.mouse;
            let mut output = io::stdout();
            output.write_all(match self.mouse {
                Mouse::Ours => TAKE_THE_MOUSE,
                Mouse::Terminals => GIVE_THE_MOUSE_BACK,
            })?;
            output.flush()?;
        }
        Ok(())
    }

    /// Skips all questions.
    #[must_use]
    pub fn without_questions(mut self) -> Self {
        self.state.drop_questions();
        self
    }

    /// Also ends the run when this file is saved.
    #[must_use]
    pub fn watching(mut self, watched: Option<&Rc<WatchedFile>>) -> Self {
        self.watched = watched.cloned();
        self
    }

    /// Also reports the votes of each question, before its variant is played.
    #[must_use]
    pub fn reporting_votes(mut self, to: OnVotes) -> Self {
        self.on_votes = Some(to);
        self
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        self.next_frame = self.clock.now() + self.options.frame_every;
        let size = self.terminal.size()?;
        if size.width == 0 || size.height == 0 {
            return Ok(());
        }
        self.state.size = (size.width, size.height);
        let state = &self.state;
        let mut output = io::stdout();
        match self.options.delivery {
            Delivery::AtOnce => {
                queue!(output, BeginSynchronizedUpdate)?;
                self.terminal
                    .draw(|frame| concsim_tui::view::draw(frame, state))?;
                execute!(output, EndSynchronizedUpdate)?;
            }
            Delivery::AsWritten => {
                self.terminal
                    .draw(|frame| concsim_tui::view::draw(frame, state))?;
            }
        }
        Ok(())
    }

    /// Draws a frame, unless it equals the last one.
    fn draw_if_another(&mut self, turned: TurnResult) -> anyhow::Result<()> {
        match turned {
            TurnResult::Another => self.draw(),
            TurnResult::Same => {
                self.next_frame = self.clock.now() + self.options.frame_every;
                Ok(())
            }
        }
    }

    /// Handles keys until `length` is over or a key asks the driver for an action.
    fn handle_keys(&mut self, length: Elapsed) -> anyhow::Result<Option<Action>> {
        let until = self.clock.now() + length;
        loop {
            let left = until.since(self.clock.now());
            if !self.wait_for_input(left)? {
                if left == Elapsed::ZERO {
                    return Ok(None);
                }
                continue;
            }
            // Dragging a window's corner reports a hundred sizes: the last one is drawn.
            while self.has_heard()? {
                let event = event::read()?;
                if event.is_resize() {
                    // A terminal may rearrange its content on any resize: everything is drawn anew, even if
                    // the size is the same again.
                    let size = self.terminal.size()?;
                    self.terminal.resize(size.into())?;
                }
                let action = self.answer(&event);
                self.follow_mouse()?;
                if action.is_some() {
                    return Ok(action);
                }
            }
            self.draw()?;
        }
    }

    /// Waits until there is input, at most this long; a signal ends the wait early.
    fn wait_for_input(&self, at_most: Elapsed) -> anyhow::Result<bool> {
        if self.has_heard()? {
            return Ok(true);
        }
        net::wait_readable([self.taken.terminal()], Some(at_most))?;
        self.has_heard()
    }

    /// True if there is input. crossterm's event source is never asked to wait, and only while the terminal
    /// exists: at end of file it loops without end.
    fn has_heard(&self) -> anyhow::Result<bool> {
        let is_gone = sys::terminal::is_gone(self.taken.terminal());
        anyhow::ensure!(!is_gone, "the terminal was closed");
        Ok(event::poll(Duration::ZERO)?)
    }

    /// Carries out a key or a mouse event.
    fn answer(&mut self, event: &Event) -> Option<Action> {
        if let Event::Mouse(event) = event {
            return terminal_event::pointer(*event).and_then(|pointer| self.state.point(pointer));
        }
        let key = event
            .as_key_event()
            .and_then(|key| terminal_event::key(&key));
        key.and_then(|key| self.state.key(key))
    }

    /// Handles input for a moment of the title card or of play: the user may quit or steer.
    fn handle_input(&mut self, length: Elapsed) -> anyhow::Result<Option<Steer>> {
        match self.handle_keys(length)? {
            Some(Action::Quit | Action::Interrupt) => interrupt::interrupt(),
            Some(Action::Steer(steer)) => return Ok(Some(steer)),
            Some(Action::Begin) | None => {}
        }
        Ok(None)
    }

    /// Shows the card until the user leaves it.
    ///
    /// # Errors
    /// A terminal that is gone.
    pub fn show_card(&mut self, cards: &Cards) -> anyhow::Result<()> {
        self.state
            .show_cards(lines(&cards.short), lines(&cards.full));
        self.draw()?;
        self.explore()
    }

    /// Shows a stored run, until the user quits.
    ///
    /// # Errors
    /// A terminal that is gone.
    pub fn replay(
        &mut self,
        recordings: Vec<Recording>,
        rows: Vec<Row>,
        cards: &Cards,
    ) -> anyhow::Result<()> {
        self.over = recordings;
        self.updated = self.clock.now();
        self.state.replay(rows);
        self.state
            .show_cards(lines(&cards.short), lines(&cards.full));
        self.explore()
    }

    /// Asks a question until the user goes on, or has guessed and then pauses.
    fn ask(&mut self, question: usize) -> anyhow::Result<()> {
        self.state.ask(question);
        let votes = |state: &State| state.votes()[question].iter().sum::<u64>();
        while !self.should_stop() {
            self.draw()?;
            let before = votes(&self.state);
            match self.handle_keys(TITLE_STAYS)? {
                Some(Action::Begin) => break,
                Some(Action::Quit | Action::Interrupt) => interrupt::interrupt(),
                None if self.state.is_before_a_hall() => {}
                None if before > 0 && votes(&self.state) == before => break,
                Some(Action::Steer(_)) | None => {}
            }
        }
        match &mut self.on_votes {
            Some(report) => report(question, &self.state.votes()[question]),
            None => Ok(()),
        }
    }

    /// Returns the number of guesses for each choice of each question.
    #[must_use]
    pub fn votes(&self) -> &[Vec<u64>] {
        self.state.votes()
    }

    /// Lets the user navigate in the recording, until they quit.
    fn explore(&mut self) -> anyhow::Result<()> {
        while !self.should_stop() {
            if let Some(Action::Quit | Action::Interrupt) =
                self.handle_keys(self.options.frame_every)?
            {
                break;
            }
            let turned = self.turn(None);
            self.draw_if_another(turned)?;
        }
        Ok(())
    }

    /// Shows the title card until the user continues. A user who looks back at the last variant comes back to it at its end.
    fn show_title_card(&mut self, variant: usize) -> anyhow::Result<()> {
        while self.state.is_before_a_hall() && !self.should_stop() {
            match self.handle_keys(self.options.frame_every)? {
                Some(Action::Begin) => break,
                Some(Action::Quit | Action::Interrupt) => interrupt::interrupt(),
                Some(Action::Steer(_)) | None if self.state.is_live() => {}
                Some(Action::Steer(_)) | None => self.catch_up(variant)?,
            }
        }
        Ok(())
    }

    /// Shows the title card for [`TITLE_STAYS`], or until the user continues, and advances a replay of the last variant meanwhile.
    fn stay_on_the_title(&mut self) -> anyhow::Result<()> {
        let until = self.clock.now() + TITLE_STAYS;
        while self.clock.now() < until && !self.should_stop() {
            let left = until.since(self.clock.now());
            match self.handle_keys(left.min(self.options.frame_every))? {
                Some(Action::Begin) => break,
                Some(Action::Quit | Action::Interrupt) => interrupt::interrupt(),
                Some(Action::Steer(_)) | None => {}
            }
            if !self.state.is_live() {
                let turned = self.turn(None);
                self.draw_if_another(turned)?;
            }
        }
        Ok(())
    }

    fn catch_up(&mut self, variant: usize) -> anyhow::Result<()> {
        let turned = self.turn(None);
        self.draw_if_another(turned)?;
        let feed = Feed {
            over: &self.over,
            now: None,
        };
        if self.state.has_caught_up(&feed) {
            self.state.begin_variant(variant);
            self.draw()?;
        }
        Ok(())
    }

    /// Updates the state; `now` is the recording in play.
    fn turn(&mut self, now: Option<&Recording>) -> TurnResult {
        let at = self.clock.now();
        let passed = at.since(self.updated);
        self.updated = at;
        let over = &self.over;
        self.state.turn(&Feed { over, now }, passed)
    }
}

fn lines(card: &str) -> Vec<String> {
    card.lines().map(str::to_owned).collect()
}

impl Frontend for Screen {
    fn on_variant_start(&mut self, _plan: &Plan, variant: usize) -> anyhow::Result<()> {
        for question in self.state.questions_before(variant) {
            if self.state.is_live() {
                self.ask(question)?;
            }
        }
        self.state.begin_variant(variant);
        self.draw()?;
        if variant > 0 && self.state.is_before_a_hall() {
            self.show_title_card(variant)
        } else {
            self.stay_on_the_title()
        }
    }

    fn on_progress(&mut self, driver: &mut Driver<'_>, spare: Elapsed) -> anyhow::Result<()> {
        self.notes.append(&mut driver.take_notes());
        let playing = !matches!(driver.stage(), Stage::Preparing | Stage::Done);
        // Looking back continues while the next variant starts.
        if (playing || !self.state.is_live()) && self.clock.now() >= self.next_frame {
            let turned = self.turn(Some(driver.recording()));
            self.draw_if_another(turned)?;
        }
        if let Some(steer) = self.handle_input(spare)? {
            driver.steer(steer);
        }
        Ok(())
    }

    fn on_note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn on_variant_end(&mut self, run: &Run, recording: Recording) -> anyhow::Result<()> {
        let row = Row::of(run, self.state.subject());
        self.state.finish_variant(row);
        self.over.push(recording);
        self.draw()
    }

    fn should_stop(&self) -> bool {
        is_to_end(self.watched.as_ref())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.taken.give_back();
        for note in &self.notes {
            console::print_message(note);
        }
    }
}

/// Restores the terminal on a panic: a message on the alternate screen would be lost.
pub fn restore_when_panicking(modes: Modes) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        modes.leave_full_screen();
        hook(panic);
    }));
}

/// The card in both forms.
#[derive(Debug)]
pub struct Cards {
    /// The short form.
    pub short: String,
    /// The full form.
    pub full: String,
}

impl Cards {
    /// Returns both forms of a run's card.
    #[must_use]
    pub fn of(plan: &Plan, summary: &Summary, glyphs: Glyphs) -> Self {
        let card = |extent| card(plan, summary, glyphs, extent);
        Self {
            short: card(Extent::Short),
            full: card(Extent::Full),
        }
    }
}
