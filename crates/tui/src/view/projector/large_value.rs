//! Value in large digits, with its sign before it and its unit behind it.

use super::super::canvas::{Canvas, strong, width_of};
use super::super::digits::{self, Size};
use super::super::mark::Target;
use crate::number::Number;

/// Lines of a large number.
pub(super) const LINES: u16 = 3;

/// Value in its parts, such as `≥ 30.0 s`.
pub(super) struct LargeValue {
    prefix: &'static str,
    digits: String,
    unit: String,
}

impl LargeValue {
    /// Splits the text of a value; a word stays as it is, as a unit without digits.
    pub(super) fn of(value: &str) -> Self {
        let (before, rest) = match value.strip_prefix('≥') {
            Some(rest) => ("≥ ", rest.trim_start()),
            None => ("", value),
        };
        let (digits, unit) = match rest.rsplit_once(' ') {
            Some((digits, unit)) if !unit.starts_with(|it: char| it.is_ascii_digit()) => {
                (digits, unit)
            }
            _ => (rest, ""),
        };
        let has_digits = |it: char| it.is_ascii_digit() || ".– ".contains(it);
        let (digits, unit) = if digits.chars().all(has_digits) {
            (digits, unit)
        } else {
            ("", rest)
        };
        Self {
            prefix: before,
            digits: digits.to_owned(),
            unit: unit.to_owned(),
        }
    }

    /// Returns its width in columns.
    pub(super) fn columns(&self) -> u16 {
        let digits = match self.digits.as_str() {
            "" => 0,
            digits => digits::columns(digits, Size::Big) as u16 + 1,
        };
        width_of(self.prefix) + digits + width_of(&self.unit)
    }

    /// Draws it at column `x`, in the [`LINES`] from `y` on; returns the column behind it.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, (x, y): (u16, u16), number: Number) -> u16 {
        let foot = y + LINES - 1;
        let at = canvas.write(x, foot, self.prefix, strong());
        if self.digits.is_empty() {
            return canvas.number(at, foot, &self.unit, strong(), number);
        }
        let glyphs = canvas.look().glyphs;
        for (y, line) in (y..).zip(digits::lines(&self.digits, Size::Big, glyphs)) {
            canvas.write(at, y, &line, strong());
        }
        let width = digits::columns(&self.digits, Size::Big) as u16;
        canvas.mark((at, y), (width, LINES), Target::Number(number));
        canvas.number(at + width + 1, foot, &self.unit, strong(), number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_split_into_sign_digits_and_unit() {
        for (value, parts) in [
            ("101 ms", ("", "101", "ms")),
            ("≥ 30.0 s", ("≥ ", "30.0", "s")),
            ("≥1.93 ms", ("≥ ", "1.93", "ms")),
            ("12 000", ("", "12 000", "")),
            ("0.64", ("", "0.64", "")),
            ("–", ("", "–", "")),
            ("proves nothing", ("", "", "proves nothing")),
        ] {
            let large = LargeValue::of(value);
            let text = (large.prefix, large.digits.as_str(), large.unit.as_str());
            assert_eq!(text, parts);
        }
    }
}
