//! Rows of cores. Cores for which there is no room share the last row: the height of a column is the share
//! that was busy in it.

use super::cells::{self, Cell, CoreCell};
use super::rows::{Labels, draw_cell, draw_running, filled};
use crate::lanes::Panel;
use crate::view::axis::Axis;
use crate::view::canvas::{Canvas, plain};
use concsim_model::palette::Meaning;
use concsim_model::units::letter;
use concsim_record::lanes::CoreLane;

/// Cores that have rows of their own, and cores that share one, by position.
#[derive(Clone, Debug)]
pub(super) struct CoreRows {
    own: Vec<usize>,
    shared: Vec<usize>,
}

impl CoreRows {
    /// Returns a row for each core.
    pub(super) fn none(panel: &Panel) -> Self {
        Self {
            own: (0..panel.cores.len()).collect(),
            shared: Vec::new(),
        }
    }

    /// Returns at most `room` rows. Cores on which a worker ran come before the others.
    pub(super) fn into(panel: &Panel, room: usize) -> Self {
        if panel.cores.len() <= room {
            return Self::none(panel);
        }
        let all = 0..panel.cores.len();
        let (used, unused): (Vec<usize>, Vec<usize>) =
            all.partition(|position| !panel.cores[*position].held.is_empty());
        let mut own = if used.is_empty() { &unused } else { &used }.clone();
        own.truncate(room.saturating_sub(1));
        let shared = (0..panel.cores.len()).filter(|position| !own.contains(position));
        Self {
            shared: shared.collect(),
            own,
        }
    }

    /// Returns the number of all rows.
    pub(super) fn rows(&self) -> usize {
        self.own.len() + usize::from(!self.shared.is_empty())
    }

    /// Returns the note about the shared row, if there is one.
    pub(super) fn note(&self) -> Option<String> {
        (!self.shared.is_empty()).then(|| "taller: more of the others busy".to_owned())
    }
}

/// Draws the rows of the cores, beginning at line `first`.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    (first, thick): (u16, u16),
    panel: &Panel,
    fold: &CoreRows,
    grid: (Labels, Axis),
) {
    let mut y = first;
    for place in &fold.own {
        let core = &panel.cores[*place];
        canvas.write(1, y, &name_of_core(panel, core, *place), plain());
        draw_core(canvas, (y, thick), panel, core, grid);
        y += thick;
    }
    if !fold.shared.is_empty() {
        canvas.write(1, y, &format!("{} others", fold.shared.len()), plain());
        draw_shared(canvas, (y, thick), panel, fold, grid);
    }
}

fn draw_core(
    canvas: &mut Canvas<'_>,
    (y, thick): (u16, u16),
    panel: &Panel,
    core: &CoreLane,
    grid: (Labels, Axis),
) {
    let style = canvas.style(Meaning::Running);
    let is_the_only_one = panel.cores.len() == 1 && panel.cores_are_known;
    let uses = cells::of_core(core, panel.began, grid.1);
    for (column, used) in (grid.0.axis_at..).zip(uses) {
        let worker = match used {
            None => continue,
            Some(CoreCell::InPart(side)) => {
                draw_cell(canvas, column, (y, thick), Cell::RanInPart(side));
                continue;
            }
            Some(CoreCell::By(worker)) => worker,
        };
        draw_running(canvas, column, (y, thick));
        // A thick row names its worker once.
        if !is_the_only_one {
            let name = letter(usize::from(worker));
            let last = name.chars().last().unwrap_or('?').to_string();
            canvas.write(column, y, &last, style);
        }
    }
}

fn draw_shared(
    canvas: &mut Canvas<'_>,
    (y, thick): (u16, u16),
    panel: &Panel,
    fold: &CoreRows,
    grid: (Labels, Axis),
) {
    let columns = usize::from(grid.1.columns);
    let (mut busy, mut briefly) = (vec![0_usize; columns], vec![None; columns]);
    for place in &fold.shared {
        let uses = cells::of_core(&panel.cores[*place], panel.began, grid.1);
        for ((count, briefly), used) in busy.iter_mut().zip(&mut briefly).zip(uses) {
            *count += usize::from(matches!(used, Some(CoreCell::By(_))));
            if let Some(CoreCell::InPart(side)) = used {
                *briefly = Some(side);
            }
        }
    }
    let lines = filled(thick);
    for (column, (busy, briefly)) in (grid.0.axis_at..).zip(busy.into_iter().zip(briefly)) {
        if let (0, Some(side)) = (busy, briefly) {
            canvas.partial_column(column, y + lines - 1, side);
            continue;
        }
        let height = f64::from(lines) * busy as f64 / fold.shared.len() as f64;
        for line in 0..lines {
            let share = height - f64::from(lines - 1 - line);
            canvas.level(column, y + line, Meaning::Running, share);
        }
    }
}

fn name_of_core(panel: &Panel, core: &CoreLane, place: usize) -> String {
    match core.core {
        Some(number) => format!("core {number}"),
        None if panel.cores.len() == 1 => "core".into(),
        None => match place {
            0 => "first".into(),
            1 => "second".into(),
            2 => "third".into(),
            _ => format!("{}th", place + 1),
        },
    }
}
