//! Axis of time: maps instants to columns, and labels round instants.

use super::canvas::{Canvas, quiet, strong, width_of};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::lanes::Interval;

/// Least number of blanks between two labels.
const LABEL_GAP: u16 = 3;

/// Interval across a number of columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) interval: Interval,
    pub(super) columns: u16,
}

impl Axis {
    fn length(self) -> u64 {
        self.interval.to.since(self.interval.from).0.max(1)
    }

    /// Returns the instant at which a column begins.
    pub(super) fn edge(self, column: u16) -> Stamp {
        let along = u128::from(self.length()) * u128::from(column);
        let along = along / u128::from(self.columns.max(1));
        self.interval.from + Elapsed(along as u64)
    }

    /// Returns the column of an instant; the last one at the end of the axis.
    pub(super) fn column(self, at: Stamp) -> u16 {
        let along = u128::from(at.since(self.interval.from).0) * u128::from(self.columns);
        let column = along / u128::from(self.length());
        column.min(u128::from(self.columns.saturating_sub(1))) as u16
    }

    /// Returns the columns that [from, to) touches.
    pub(super) fn columns_of(self, from: Stamp, to: Stamp) -> std::ops::Range<u16> {
        let last = Stamp(to.0.saturating_sub(1)).max(from);
        let (first, last) = (self.column(from), self.column(last));
        // Rounding may put an instant a column too early, never too late.
        let first = if self.edge(first) > from {
            first.saturating_sub(1)
        } else {
            first
        };
        first..(last + 2).min(self.columns)
    }
}

/// Labels round instants above the columns in which they begin, and marks the cursor.
pub(super) fn draw(canvas: &mut Canvas<'_>, axis: Axis, cursor: Stamp) {
    let is_inside = cursor >= axis.interval.from && cursor <= axis.interval.to;
    let mark = is_inside.then(|| axis.column(cursor));
    let step = step(axis);
    let first = axis.interval.from.0.div_ceil(step);
    let last = axis.interval.to.0 / step;
    for tick in first..=last {
        let at = Stamp(tick * step);
        let label = label(at, step);
        let column = axis.column(at);
        let covers = |mark: u16| (column..column + width_of(&label)).contains(&mark);
        let is_free = mark.is_none_or(|mark| !covers(mark));
        if is_free && column + width_of(&label) <= canvas.width() {
            canvas.write(column, 0, &label, quiet());
        }
    }
    if let Some(mark) = mark {
        canvas.write(mark, 0, "▾", strong());
    }
}

/// Returns the shortest step of 1, 2, 5, 10 … with which labels do not touch.
fn step(axis: Axis) -> u64 {
    let fits = |step: &u64| {
        let widest = width_of(&label(Stamp(axis.interval.to.0 / step * step), *step));
        let columns = u128::from(*step) * u128::from(axis.columns) / u128::from(axis.length());
        columns >= u128::from(widest + LABEL_GAP)
    };
    let steps = (3..18).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let mut steps = steps.skip_while(|step| !fits(step));
    steps.next().unwrap_or(u64::MAX)
}

/// Formats an instant with as many digits as the step needs: `2 s`, `6.412 s`, `6.412 803 s`.
fn label(at: Stamp, step: u64) -> String {
    let (whole, micros) = (at.0 / 1_000_000_000, at.0 / 1_000 % 1_000_000);
    let fraction = format!("{micros:06}");
    match step {
        1_000_000_000.. => format!("{whole} s"),
        100_000_000.. => format!("{whole}.{} s", &fraction[..1]),
        10_000_000.. => format!("{whole}.{} s", &fraction[..2]),
        1_000_000.. => format!("{whole}.{} s", &fraction[..3]),
        _ => format!("{whole}.{} {} s", &fraction[..3], &fraction[3..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_of_a_column_is_found_in_it() {
        for (length, columns) in [(4_200_000_000, 53), (10_000, 189), (700, 80), (1_000, 1)] {
            let interval = Interval {
                from: Stamp(3),
                to: Stamp(3 + length),
            };
            let axis = Axis { interval, columns };
            for column in 0..columns {
                let (from, to) = (axis.edge(column), axis.edge(column + 1));
                if from < to {
                    assert!(axis.columns_of(from, to).contains(&column));
                }
            }
            assert_eq!(axis.edge(columns), interval.to);
        }
    }

    #[test]
    fn labels_have_the_digits_that_their_step_needs() {
        let at = Stamp(6_412_803_000);
        for (step, text) in [
            (1_000_000_000, "6 s"),
            (500_000_000, "6.4 s"),
            (2_000_000, "6.412 s"),
            (1_000, "6.412 803 s"),
        ] {
            assert_eq!(label(at, step), text);
        }
    }
}
