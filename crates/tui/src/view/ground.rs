//! Background: the terminal's own, or a painted one if a theme is selected, with letters that are legible
//! on it.
//!
//! It is painted last, cell by cell, so that no view depends on themes. In projector mode dim text becomes
//! normal, since it cannot be read at the end of a hall.

use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::style::{Color, Modifier};

use super::canvas::on_screen;
use concsim_model::palette::{Background, Colours, Look, Room};

/// Colours of a painted background, and of normal and quiet letters on it.
struct Paint {
    ground: Color,
    text: Color,
    quiet: Color,
}

impl Paint {
    fn of(ground: Background, look: Look) -> Option<Self> {
        let shown = |colour| on_screen(colour, look);
        let sixteen = |ground, text, quiet| Self {
            ground: Color::Indexed(ground),
            text: Color::Indexed(text),
            quiet: Color::Indexed(quiet),
        };
        match (look.colours, ground) {
            (Colours::Sixteen, Background::Dark) => Some(sixteen(0, 15, 7)),
            (Colours::Sixteen, Background::Light) => Some(sixteen(15, 0, 8)),
            (Colours::None | Colours::Many | Colours::All, ground) => Some(Self {
                ground: shown(ground.colour())?,
                text: shown(ground.text())?,
                quiet: shown(ground.quiet())?,
            }),
        }
    }
}

/// Paints the background, if a theme is selected, and makes dim text normal in projector mode.
pub(super) fn paint(buffer: &mut Buffer, look: Look) {
    let paint = look.painted().and_then(|ground| Paint::of(ground, look));
    for cell in &mut buffer.content {
        if look.room == Room::Projector {
            cell.modifier.remove(Modifier::DIM);
        }
        if let Some(paint) = &paint {
            paint_cell(cell, paint);
        }
    }
}

fn paint_cell(cell: &mut Cell, paint: &Paint) {
    let is_quiet = cell.modifier.contains(Modifier::DIM);
    if cell.fg == Color::Reset {
        cell.fg = if is_quiet { paint.quiet } else { paint.text };
    }
    // The colour replaces dim: terminals render dim colours differently.
    cell.modifier.remove(Modifier::DIM);
    if cell.bg == Color::Reset {
        cell.bg = paint.ground;
    }
}
