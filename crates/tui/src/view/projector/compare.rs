//! Comparison of the variants in projector mode: few measures, with a thick bar and large digits for each
//! variant. All digits of a measure have one size.

use super::large_value::{LINES, LargeValue};
use crate::state::State;
use crate::view::canvas::{Canvas, cut, strong, width_of};
use crate::view::compare::{self, MeasureRow};

/// Column at which the bars begin, behind the variants' names.
const BARS_AT: u16 = 20;
/// Lines of a bar.
const THICK: u16 = 2;

/// Draws as many measures as there is room for; if not even one fits, draws them as at a desk.
pub(in crate::view) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let all = compare::compared(state);
    let lines = 1 + LINES * state.variants().len() as u16;
    let (width, height) = (canvas.width(), canvas.height());
    let room = height.saturating_sub(1);
    if lines > room {
        compare::draw(canvas, state);
        return;
    }
    let behind = canvas.write(1, 0, "COMPARE", strong());
    let base = compare::time_base(state);
    canvas.write(behind + 2, 0, &cut(&base, width - behind - 3), strong());
    let count = (room / lines).min(all.len() as u16);
    // An empty line separates the measures if there is room for all of those.
    let gap = u16::from(count * lines + count <= room + 1);
    for (place, compared) in (0..count).zip(&all) {
        let y = 1 + place * (lines + gap);
        draw_measure(&mut canvas.part(0, y, width, lines), state, compared);
    }
}

fn draw_measure(canvas: &mut Canvas<'_>, state: &State, compared: &MeasureRow) {
    canvas.write(1, 0, &compared.name, strong());
    let values = compared.values.iter();
    let values: Vec<LargeValue> = values.map(|it| LargeValue::of(&it.text)).collect();
    let widest = values.iter().map(LargeValue::columns).max().unwrap_or(0);
    let end = canvas.width().saturating_sub(1);
    let room = end.saturating_sub(BARS_AT + widest + 2);
    let style = compared
        .meaning
        .map_or(strong(), |meaning| canvas.style(meaning));
    let block = canvas.look().level(1.0);
    for (nth, (value, large)) in (0..).zip(compared.values.iter().zip(&values)) {
        let y = 1 + nth * LINES;
        let variant = &state.variants()[usize::from(nth)];
        let is_on = usize::from(nth) == state.shown().variant;
        canvas.write(1, y, if is_on { "▸" } else { " " }, strong());
        canvas.write(2, y, &cut(&variant.name, BARS_AT - 4), strong());
        if let Some(ratio) = &value.ratio {
            canvas.write(2, y + 1, ratio, strong());
        }
        let columns = (value.share * f64::from(room)).ceil() as u16;
        for x in 0..columns.min(room) {
            for line in 0..THICK {
                canvas.cell(BARS_AT + x, y + line, block, style);
            }
        }
        let x = end.saturating_sub(large.columns());
        large.draw(canvas, (x.max(width_of("▸")), y), compared.number);
    }
}
