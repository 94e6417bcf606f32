//! Display of a screen: layout, colours, characters and frame rate; and the form of a result.

use std::path::PathBuf;

use super::colour::Colour;
use concsim_model::palette::{Glyphs, Look, Room, Theme};
use concsim_model::units::Elapsed;
use concsim_report::card::Extent;
use concsim_terminal::display::{DisplayOptions, delivery};

/// Frames per second: as fast as digits can be read.
const FRAMES: u16 = 12;
/// Frames per second over SSH: keys arrive between frames.
const FRAMES_OVER_SSH: u16 = 4;

/// Display options of the command line.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct DisplayArgs {
    /// Layout for a projector: few panes, large digits, and a pause before each variant until space is pressed
    #[arg(long)]
    projector: bool,
    /// Colours of text and background: the terminal's own, light or dark
    #[arg(long, value_enum, default_value_t)]
    theme: Theme,
    /// Draw with ASCII characters alone
    #[arg(long)]
    ascii: bool,
    /// Frames per second; by default 12, over SSH 4
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=30))]
    fps: Option<u16>,
}

/// Options of the result of a run: its form, and the place of its recording.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ResultArgs {
    /// Print the summary as JSON alone on standard output
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) card: CardArgs,
    /// Keep the recording in this folder, which must be new or empty; repeats in folders below it
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

/// Options of the printed card.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct CardArgs {
    /// Print the whole card: also explanations, bounds and theory, switches, remedies and notes
    #[arg(long)]
    full: bool,
}

impl CardArgs {
    /// Returns the extent asked for.
    #[must_use]
    pub fn extent(self) -> Extent {
        if self.full {
            Extent::Full
        } else {
            Extent::Short
        }
    }
}

impl DisplayArgs {
    /// Returns the look of screen and card.
    #[must_use]
    pub fn look(self, colour: Colour) -> Look {
        let look = colour.look();
        Look {
            glyphs: if self.ascii {
                Glyphs::Ascii
            } else {
                look.glyphs
            },
            theme: self.theme,
            room: if self.projector {
                Room::Projector
            } else {
                Room::Desk
            },
            ..look
        }
    }

    /// Returns the display options for this terminal.
    #[must_use]
    pub fn options(self, colour: Colour) -> DisplayOptions {
        let variable = |name: &str| std::env::var(name).ok();
        DisplayOptions {
            look: self.look(colour),
            frame_every: Elapsed(1_000_000_000 / u64::from(self.frames(variable))),
            delivery: delivery(variable("TERM").as_deref()),
        }
    }

    /// Returns the frames per second.
    fn frames(self, variable: impl Fn(&str) -> Option<String>) -> u16 {
        let is_far = ["SSH_CONNECTION", "SSH_TTY"]
            .into_iter()
            .filter_map(variable)
            .any(|value| !value.is_empty());
        let usual = if is_far { FRAMES_OVER_SSH } else { FRAMES };
        self.fps.unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_fewer_over_ssh_unless_their_number_is_given() {
        let at = |fps, environment: &[(&str, &str)]| {
            let display = DisplayArgs {
                fps,
                ..DisplayArgs::default()
            };
            display.frames(|name| {
                let set = environment.iter().find(|(known, _)| *known == name);
                set.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(at(None, &[]), 12);
        assert_eq!(at(None, &[("SSH_TTY", "/dev/pts/3")]), 4);
        assert_eq!(at(None, &[("SSH_CONNECTION", "10.0.0.1 5 10.0.0.2 22")]), 4);
        assert_eq!(at(None, &[("SSH_TTY", "")]), 12);
        assert_eq!(at(Some(30), &[("SSH_TTY", "/dev/pts/3")]), 30);
    }
}
