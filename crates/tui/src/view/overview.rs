//! Main picture: everything at a glance, from the door to the keys.

use super::canvas::Canvas;
use super::layout::{Layout, Need};
use super::worker_rows::WorkerRows;
use super::{
    cores, detail, footer, header, lanes, latency, numbers, script, variants, worker_list,
};
use crate::state::State;

/// Least number of free lines for panes.
const PANE_LINES: u16 = 8;
/// Least number of lines for lanes above the panes.
const LANES_LEAST: u16 = 4;
/// Least width of a screen with panes beside each other.
const WIDE: u16 = 120;

/// Draws the overview.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let need = Need {
        workers: WorkerRows::of(&state.shown().picture).rows().max(1),
        variants: state.variants().len(),
        scripts: script::lines(state.scenario()),
    };
    let layout = Layout::fit(canvas.width(), canvas.height(), need);
    let spare = canvas.height().saturating_sub(layout.lines());
    let mut down = RowCursor { canvas, y: 0 };

    header::draw(&mut down.next(2), state);
    script::draw(&mut down.next(layout.script), state);
    down.skip(layout.gap(3));
    worker_list::draw_door(&mut down.next(1), state, layout.workers_table);
    worker_list::draw_workers(
        &mut down.next(1 + layout.workers),
        state,
        layout.workers_table,
    );
    cores::draw(&mut down.next(1), state);
    down.skip(layout.gap(0));
    numbers::draw(
        &mut down.next(numbers::lines(layout.digits)),
        state,
        layout.digits,
    );
    down.skip(layout.gap(1));
    variants::draw(&mut down.next(1 + layout.variants), state);
    down.skip(layout.gap(2));
    footer::draw_caption(&mut down.next(layout.caption), state);
    if spare >= PANE_LINES {
        draw_panes(&mut down.next(spare), state);
    } else {
        down.skip(spare);
    }
    if layout.legend {
        footer::draw_legend(&mut down.next(1));
    }
    footer::draw_keys(&mut down.next(1), state);
}

/// Draws the panes of a large screen: workers in detail and latencies, and lanes above them.
fn draw_panes(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    if width >= WIDE && height >= 2 * PANE_LINES + LANES_LEAST {
        let lanes = height - PANE_LINES - 2;
        lanes::draw_lanes(&mut canvas.part(0, 1, width, lanes), state);
        draw_panes(
            &mut canvas.part(0, lanes + 1, width, height - lanes - 1),
            state,
        );
        return;
    }
    let height = height.saturating_sub(2);
    if width < WIDE {
        detail::draw(&mut canvas.part(0, 1, width, height), state);
        return;
    }
    let left = detail::WIDTH + 2;
    detail::draw(&mut canvas.part(0, 1, left, height), state);
    latency::draw(&mut canvas.part(left, 1, width - left, height), state);
}

/// Allocator of parts of a canvas, from top to bottom.
struct RowCursor<'c, 'b> {
    canvas: &'c mut Canvas<'b>,
    y: u16,
}

impl RowCursor<'_, '_> {
    fn next(&mut self, lines: u16) -> Canvas<'_> {
        let y = self.y;
        self.y = self.y.saturating_add(lines);
        let width = self.canvas.width();
        self.canvas.part(0, y, width, lines)
    }

    fn skip(&mut self, lines: u16) {
        self.y = self.y.saturating_add(lines);
    }
}
