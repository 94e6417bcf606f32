//! How long answers took, counted from the instant at which each request was due.

use super::canvas::{Canvas, bar, plain, quiet, strong};
use crate::recording::latency::{MEDIAN_NEEDS, P99_NEEDS};
use crate::telemetry::Stage;
use crate::tui::latencies::Latencies;
use crate::tui::state::State;
use crate::units::Elapsed;
use crate::words::{counted, grouped, length};

const BARS_AT: u16 = 12;
const COUNT_WIDTH: u16 = 10;

/// Percentiles, and a bar for each length; the scale of lengths is 1, 2, 5, 10 …
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let picture = &state.shown().picture;
    let latencies = &picture.latencies;
    let behind = canvas.write(1, 0, "LATENCY", strong());
    let whose = match picture.stage {
        Stage::Preparing | Stage::WarmUp => "of all so far, not counted",
        Stage::Counting | Stage::Draining | Stage::Done => "of the counted window",
    };
    let said = format!("{whose}, from the instant a request is due");
    canvas.write(behind + 2, 0, &said, quiet());
    canvas.write(1, 1, &percentiles(latencies), plain());
    let width = canvas.width();
    let height = canvas.height().saturating_sub(3);
    draw_bars(&mut canvas.part(0, 3, width, height), latencies);
}

fn percentiles(latencies: &Latencies) -> String {
    let said = [
        (0.5, "p50", MEDIAN_NEEDS),
        (0.9, "p90", MEDIAN_NEEDS),
        (0.99, "p99", P99_NEEDS),
    ]
    .map(|(share, name, least)| {
        let long = latencies.quantile(share, least);
        format!(
            "{name} {:<9}",
            long.map_or_else(|| "–".into(), |long: Elapsed| long.to_string())
        )
    });
    format!(
        "{} {}",
        said.join(" "),
        counted(latencies.total(), "answer")
    )
}

fn draw_bars(canvas: &mut Canvas<'_>, latencies: &Latencies) {
    let bars = latencies.bars(usize::from(canvas.height()));
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1);
    let room = canvas.width().saturating_sub(BARS_AT + COUNT_WIDTH);
    for (y, (edge, count)) in (0..canvas.height()).zip(&bars) {
        canvas.write_before(BARS_AT - 1, y, &format!("≤ {}", length(*edge)), quiet());
        let bar = bar(*count as f64 / most as f64, room, canvas.look().glyphs);
        let behind = canvas.write(BARS_AT, y, &bar, plain());
        if *count > 0 {
            canvas.write(behind + 1, y, &grouped(*count), quiet());
        }
    }
}
