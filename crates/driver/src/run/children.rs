//! The children of a run: their messages, and their exits.

use super::{Driver, State};
use concsim_os::load;
use concsim_os::sys;
use concsim_os::sys::child::Child;
use concsim_os::telemetry::{ChildMessage, Stage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Services,
    Arbiter,
    Load,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Services => "the services",
            Self::Arbiter => "the server",
            Self::Load => "load",
        }
    }
}

impl Driver<'_> {
    pub(super) fn listen(&mut self) -> sys::Result<()> {
        for role in [Role::Services, Role::Arbiter, Role::Load] {
            let Some(child) = self.child(role) else {
                continue;
            };
            // In this order, so that the last messages of an ended child are read first.
            let ended = child.ended();
            let lines = child.lines();
            for line in lines {
                self.on_message(role, ChildMessage::from_line(&line))?;
            }
            if let Some(status) = ended {
                self.on_exit(role, &status.to_string());
            }
        }
        Ok(())
    }

    fn on_message(&mut self, role: Role, line: ChildMessage) -> sys::Result<()> {
        match (line, self.state) {
            (ChildMessage::Ready { addresses }, State::Services) => {
                self.service_addresses = addresses;
                self.start_server()
            }
            (ChildMessage::Ready { .. }, State::Server) if self.has_no_load => {
                self.open_window();
                Ok(())
            }
            (ChildMessage::Ready { addresses }, State::Server) => match addresses.first() {
                Some(address) => self.start_load(load::Target::at(*address)),
                None => Ok(()),
            },
            (ChildMessage::Ready { .. }, _) => Ok(()),
            (ChildMessage::Failed { reason }, _) => {
                self.break_off(format!("{} failed to {reason}", role.word()));
                Ok(())
            }
            (ChildMessage::Redirected { status, location }, _) => {
                let locations = &mut self.live.header_mut().locations;
                locations.entry(status).or_insert(location);
                Ok(())
            }
            (ChildMessage::Note { text }, _) => {
                self.notes.push(text);
                Ok(())
            }
        }
    }

    /// Handles the exit of a child. An early exit breaks the run.
    fn on_exit(&mut self, role: Role, status: &str) {
        *self.place(role) = None;
        let expected = match role {
            Role::Arbiter => self.state == State::Stopping,
            Role::Load => self.stage() == Stage::Done,
            Role::Services => false,
        };
        if role == Role::Arbiter && self.state == State::Stopping {
            self.enter(State::Over);
        } else if !expected {
            self.break_off(format!("{} ended unexpectedly ({status})", role.word()));
        }
    }

    pub(super) fn break_off(&mut self, reason: String) {
        self.live.header_mut().crashed.get_or_insert(reason);
        self.enter(State::Over);
    }

    fn child(&mut self, role: Role) -> Option<&mut Child> {
        self.place(role).as_mut()
    }

    fn place(&mut self, role: Role) -> &mut Option<Child> {
        match role {
            Role::Services => &mut self.services,
            Role::Arbiter => &mut self.arbiter,
            Role::Load => &mut self.load,
        }
    }
}
