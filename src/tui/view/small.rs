//! A screen too small for the picture: what matters, as text.

use super::canvas::{Canvas, cut, plain, quiet, wrap};
use super::header;
use super::numbers::server_now;
use crate::telemetry::Stage;
use crate::tui::state::State;
use crate::words::{grouped, mean};

/// The least that the picture needs.
pub(super) const LEAST: (u16, u16) = (60, 16);

/// Draws the text.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    header::draw_small(canvas, state);
    let mut y = 3;
    for (name, value) in figures(state) {
        canvas.write(1, y, name, quiet());
        canvas.write(15, y, &value, plain());
        y += 1;
    }
    let said = state.caption().iter().cloned().chain(state.note());
    let said: Vec<String> = said.collect();
    for line in wrap(&said.join(" "), width.saturating_sub(2)) {
        if y + 1 < height {
            canvas.write(1, y, &line, plain());
            y += 1;
        }
    }
    let said = format!("The picture needs {} × {}.", LEAST.0, LEAST.1);
    canvas.write(
        1,
        height.saturating_sub(1).max(y),
        &cut(&said, width.saturating_sub(2)),
        quiet(),
    );
}

fn figures(state: &State) -> Vec<(&'static str, String)> {
    let server = server_now(state);
    let picture = &state.shown().picture;
    let means = &picture.mean;
    if picture.stage == Stage::Preparing {
        return Vec::new();
    }
    let limit = server.workers.min(state.cores);
    vec![
        (
            "concurrency",
            format!(
                "{} of {}",
                mean(means.concurrency),
                grouped(server.concurrency_limit() as u64)
            ),
        ),
        (
            "parallelism",
            format!("{:.2} of {limit}", means.parallelism),
        ),
        ("at the door", grouped(picture.door)),
        ("answers/s", mean(means.throughput)),
    ]
}
