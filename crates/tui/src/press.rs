//! Input: turns keys and mouse gestures into commands by their context, and applies them.

use super::command::{Command, Context};
use super::cursor::CursorMotion;
use super::frame_state::Screen;
use super::help::Help;
use super::keys::{Action, Key};
use super::number::Number;
use super::pane::Pane;
use super::pointer::{Gesture, Pointer};
use super::state::State;
use super::view::mark::Target;
use super::view::{help, marks};
use concsim_model::scenario::{Hog, Intervention, Steer};
use concsim_model::units::{Elapsed, Stamp};

/// Rows of a page, and of a turn of the wheel.
const PAGE: isize = 10;
const WHEEL: isize = 3;

impl State {
    /// Applies `key`; returns the action that only the driver can carry out.
    pub fn key(&mut self, key: Key) -> Option<Action> {
        self.has_changed = true;
        self.reply = None;
        if key == Key::Interrupt {
            return Some(Action::Interrupt);
        }
        if self.help.as_mut().is_some_and(|help| help.takes(key)) {
            return None;
        }
        let command = self.keymap.command(key, &self.contexts());
        self.fault_comes = false;
        match command {
            Some(command) => self.apply(command),
            // Any key without another meaning begins the variant.
            None if self.is_at_title() && self.begins(key) => Some(Action::Begin),
            None => {
                self.reply = self.why_not_steered(key);
                None
            }
        }
    }

    /// Explains a key that would intervene in the run, while the screen is not live.
    fn why_not_steered(&self, key: Key) -> Option<String> {
        let is_over_screen = self.help.is_some();
        let shows_a_run = matches!(self.show.screen, Screen::Play | Screen::Card(_));
        if is_over_screen || !shows_a_run || self.is_live() {
            return None;
        }
        self.keymap.command(key, &[Context::Steering])?;
        Some(if self.is_kept {
            "This run is over and cannot be changed.".into()
        } else {
            let end = self.keymap.label(Command::Go(CursorMotion::End));
            format!("The past cannot be changed: {end} goes back to the run.")
        })
    }

    fn is_at_title(&self) -> bool {
        self.help.is_none() && matches!(self.show.screen, Screen::Title)
    }

    /// Returns the active contexts, the innermost first.
    fn contexts(&self) -> Vec<Context> {
        if self.help.is_some() {
            return vec![Context::Help, Context::Scrolling, Context::Anywhere];
        }
        if self.fault_comes && self.is_live() {
            return vec![Context::Fault];
        }
        let numbers = self.explained.map(|_| Context::Numbers);
        let below = self.contexts_below_help();
        numbers.into_iter().chain(below).collect()
    }

    /// Returns the active contexts without those over the screen.
    pub(super) fn contexts_below_help(&self) -> Vec<Context> {
        use Context as In;
        let mut contexts = match (&self.show.screen, self.pane) {
            (Screen::Question(_), _) => vec![In::Question],
            (Screen::Card(_), _) => vec![In::Card, In::Time, In::Scrolling],
            (Screen::Play, Pane::Lanes) => vec![In::Lanes],
            (Screen::Play, Pane::Requests) => vec![In::Requests],
            (
                Screen::Play,
                Pane::Overview
                | Pane::Latency
                | Pane::Compare
                | Pane::Workers
                | Pane::Remarks
                | Pane::Theory,
            )
            | (Screen::Title, _) => vec![],
        };
        if matches!(self.show.screen, Screen::Play) {
            contexts.extend([In::Play, In::Time, In::Scrolling]);
            contexts.extend(self.is_live().then_some(In::Steering));
        }
        contexts.push(In::Anywhere);
        contexts
    }

    /// Applies a command; returns the action that only the driver can carry out.
    fn apply(&mut self, command: Command) -> Option<Action> {
        match command {
            Command::Quit | Command::LeaveCard => return Some(Action::Quit),
            Command::GoOn => return Some(Action::Begin),
            Command::Hog => match Hog::of(self.scenario()) {
                Some(hog) => {
                    let send = Intervention::Send(usize::from(hog.class));
                    return Some(Action::Steer(Steer::Intervene(send)));
                }
                None => self.reply = Some(Hog::offer(self.scenario())),
            },
            Command::Steer(steer) => return Some(Action::Steer(steer)),
            Command::Fault => self.fault_comes = true,
            Command::Help => self.ask_for_help(),
            Command::Search => self.help.iter_mut().for_each(Help::search),
            Command::CloseHelp => {
                let some_were_hidden = self.help.as_mut().is_some_and(Help::clear);
                self.help.take_if(|_| !some_were_hidden);
            }
            Command::Explain => {
                let first = marks::numbers(self).first().copied();
                self.explained = first.filter(|_| self.explained.is_none());
                self.pointed = None;
            }
            Command::NextNumber => self.explain_further(1),
            Command::LastNumber => self.explain_further(-1),
            Command::LeaveNumbers => self.explained = None,
            Command::Projector => self.look.room = self.look.room.other(),
            Command::Theme => self.look.theme = self.look.theme.next(),
            Command::Mouse => self.mouse = self.mouse.other(),
            // The card has no time, and nothing is behind it.
            Command::Go(CursorMotion::End) | Command::Pause | Command::Slower | Command::Faster
                if self.is_at_card() => {}
            Command::Go(motion) => self.pending_move = Some(motion),
            Command::Pause => self.cursor.toggle_pause(),
            Command::Slower => self.cursor.slower(),
            Command::Faster => self.cursor.faster(),
            Command::Turn(pane) => {
                self.turn_to(pane);
                if self.is_at_card() {
                    // Behind the card is the end of the run.
                    self.pending_move = Some(CursorMotion::Back(Elapsed::ZERO));
                }
            }
            Command::NextView => self.turn_to(self.pane.further(1)),
            Command::LastView => self.turn_to(self.pane.further(Pane::ALL.len() - 1)),
            Command::Leave => self.leave(),
            Command::Scroll(rows) => self.scroll(rows),
            Command::ScrollPages(pages) => self.scroll(pages * PAGE),
            Command::ZoomIn => self.lanes.closer(),
            Command::ZoomOut => self.lanes.further(),
            Command::Order => self.requests.sort_by_next(),
            Command::Others => self.requests.choose_next(),
            Command::OpenRequest => self.requests.open(),
            Command::Guess(choice) => self.vote(choice),
            Command::ForgetGuesses => self.forget_votes(),
            Command::WholeCard => self.turn_the_card(),
        }
        None
    }

    fn is_at_card(&self) -> bool {
        matches!(self.show.screen, Screen::Card(_))
    }

    /// Opens the help, at the marked number if there is one; closes it if it is open.
    fn ask_for_help(&mut self) {
        self.help = match (&self.help, self.explained) {
            (Some(_), _) => None,
            (None, Some(number)) => Some(Help::about(number)),
            (None, None) => Some(Help::default()),
        };
    }

    /// Marks the number `steps` further on this screen, wrapping around.
    fn explain_further(&mut self, steps: isize) {
        let numbers = marks::numbers(self);
        let place = |number: Number| numbers.iter().position(|it| *it == number);
        let place = self.explained.and_then(place).unwrap_or(0);
        let count = numbers.len().max(1).cast_signed();
        let next = (place.cast_signed() + steps).rem_euclid(count);
        self.explained = numbers.get(next.cast_unsigned()).copied();
        self.pointed = None;
    }

    fn turn_to(&mut self, pane: Pane) {
        self.pane = pane;
        self.scrolled = 0;
    }

    /// Goes from one request to the list, from a view to the overview, from there to the card.
    fn leave(&mut self) {
        if self.pane == Pane::Requests && self.requests.close() {
            return;
        }
        if self.pane == Pane::Overview {
            self.turn_to_the_card();
        } else {
            self.turn_to(Pane::Overview);
        }
    }

    fn scroll(&mut self, rows: isize) {
        if let Some(help) = &self.help {
            let (lines, room) = help::extent(self, help);
            let scroll = |help: &mut Help| help.scroll(rows, lines, room);
            self.help.iter_mut().for_each(scroll);
            return;
        }
        let least_lines = match &self.show.screen {
            // On a narrow screen the lines are wrapped.
            Screen::Card(lines) => 2 * lines.len(),
            // At any width, a remark has no more lines.
            Screen::Play if self.pane == Pane::Remarks => 16 * self.remarks.len(),
            Screen::Question(_) | Screen::Title | Screen::Play => self.show.picture.workers.len(),
        };
        match (self.pane, &self.show.screen) {
            (Pane::Lanes, Screen::Play) => self.lanes.scroll(rows),
            (Pane::Requests, Screen::Play) => self.requests.scroll(rows),
            _ => {
                let to = self.scrolled.saturating_add_signed(rows);
                self.scrolled = to.min(least_lines.saturating_sub(1));
            }
        }
    }

    /// Applies a mouse gesture, on a screen of the state's size.
    pub fn point(&mut self, pointer: Pointer) -> Option<Action> {
        self.has_changed = true;
        let in_lanes = self.pane == Pane::Lanes
            && self.help.is_none()
            && matches!(self.show.screen, Screen::Play);
        match pointer.gesture {
            Gesture::WheelUp if in_lanes => self.lanes.closer(),
            Gesture::WheelDown if in_lanes => self.lanes.further(),
            Gesture::WheelUp => self.scroll(-WHEEL),
            Gesture::WheelDown => self.scroll(WHEEL),
            Gesture::Click => return self.click(pointer.at),
        }
        None
    }

    fn click(&mut self, at: (u16, u16)) -> Option<Action> {
        let (target, share) = marks::at(self, at)?;
        match target {
            Target::Command(command) => return self.apply(command),
            Target::Number(number) if self.help.is_none() => {
                (self.explained, self.pointed) = (Some(number), Some(at));
            }
            Target::Axis { interval, began } if self.help.is_none() => {
                let length = interval.to.since(interval.from);
                let along = Elapsed((share * length.0 as f64) as u64);
                let from = began + Elapsed(interval.from.0);
                self.pending_move = Some(CursorMotion::To(Stamp((from + along).0)));
            }
            Target::Number(_) | Target::Axis { .. } => {}
        }
        None
    }
}
