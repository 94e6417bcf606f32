//! Large digits, for the last row of a lecture hall.
//!
//! Each digit is drawn on a grid of 3 × 5. Half blocks put two lines of the grid into one of the screen; on
//! a large screen each point is a block of its own. Without blocks, strokes are drawn as on a pocket
//! calculator.

use concsim_model::palette::Glyphs;

/// Size of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// Ordinary text: 1 line.
    Plain,
    /// 3 lines.
    Big,
    /// 5 lines, times this factor.
    Huge(u16),
}

impl Size {
    /// Returns the lines of the screen that a number takes.
    pub(super) fn lines(self) -> u16 {
        match self {
            Self::Plain => 1,
            Self::Big => 3,
            Self::Huge(times) => 5 * times,
        }
    }
}

/// Lines of a digit's grid, one bit for each point.
type Grid = [u8; 5];

/// Draws `number` (digits, a point, spaces between groups, `–`) in [`Size::lines`] lines.
pub(super) fn lines(number: &str, size: Size, glyphs: Glyphs) -> Vec<String> {
    let drawn = number.chars().map(|character| match (size, glyphs) {
        (Size::Plain, _) => vec![character.to_string()],
        (Size::Big, Glyphs::Ascii) => strokes(character).map(str::to_owned).to_vec(),
        (Size::Big, Glyphs::Unicode) => halves(character),
        (Size::Huge(times), glyphs) => blocks(character, times, glyphs),
    });
    let gap = match size {
        Size::Plain => 0,
        Size::Big => 1,
        Size::Huge(times) => 2 * usize::from(times),
    };
    let mut lines = vec![String::new(); usize::from(size.lines())];
    for (position, character) in drawn.enumerate() {
        for (line, part) in lines.iter_mut().zip(character) {
            if position > 0 {
                line.extend(std::iter::repeat_n(' ', gap));
            }
            line.push_str(&part);
        }
    }
    lines
}

/// Returns the columns that a number takes.
pub(super) fn columns(number: &str, size: Size) -> usize {
    lines(number, size, Glyphs::Unicode)[0].chars().count()
}

fn halves(character: char) -> Vec<String> {
    let (grid, width) = grid(character);
    let line = |half: usize| {
        let (upper, lower) = (grid[2 * half], grid.get(2 * half + 1).copied().unwrap_or(0));
        let point = |column: u32| match (lit(upper, column, width), lit(lower, column, width)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..width).map(point).collect()
    };
    (0..3).map(line).collect()
}

/// Draws a character in blocks. Each point has twice as many columns as lines, which makes it about square.
fn blocks(character: char, times: u16, glyphs: Glyphs) -> Vec<String> {
    let (grid, width) = grid(character);
    let block = match glyphs {
        Glyphs::Unicode => "█",
        Glyphs::Ascii => "#",
    };
    let times = usize::from(times);
    let line = |row: &u8| {
        let point = |column: u32| {
            let drawn = if lit(*row, column, width) { block } else { " " };
            drawn.repeat(2 * times)
        };
        (0..width).map(point).collect::<String>()
    };
    let lines = grid.iter().map(line);
    lines
        .flat_map(|line| std::iter::repeat_n(line, times))
        .collect()
}

fn lit(row: u8, column: u32, width: u32) -> bool {
    row >> (width - 1 - column) & 1 == 1
}

/// Returns the points of a character, and its number of columns.
fn grid(character: char) -> (Grid, u32) {
    let digit = match character {
        '0' => [0b111, 0b101, 0b101, 0b101, 0b111],
        '1' => [0b010, 0b110, 0b010, 0b010, 0b111],
        '2' => [0b111, 0b001, 0b111, 0b100, 0b111],
        '3' => [0b111, 0b001, 0b111, 0b001, 0b111],
        '4' => [0b101, 0b101, 0b111, 0b001, 0b001],
        '5' => [0b111, 0b100, 0b111, 0b001, 0b111],
        '6' => [0b111, 0b100, 0b111, 0b101, 0b111],
        '7' => [0b111, 0b001, 0b001, 0b001, 0b001],
        '8' => [0b111, 0b101, 0b111, 0b101, 0b111],
        '9' => [0b111, 0b101, 0b111, 0b001, 0b111],
        '.' => return ([0, 0, 0, 0, 1], 1),
        '–' => [0, 0, 0b111, 0, 0],
        '×' => [0, 0b101, 0b010, 0b101, 0],
        '÷' => [0b010, 0, 0b111, 0, 0b010],
        _ => return ([0; 5], 1),
    };
    (digit, 3)
}

fn strokes(character: char) -> [&'static str; 3] {
    match character {
        '0' => [" _ ", "| |", "|_|"],
        '1' => ["   ", "  |", "  |"],
        '2' => [" _ ", " _|", "|_ "],
        '3' => [" _ ", " _|", " _|"],
        '4' => ["   ", "|_|", "  |"],
        '5' => [" _ ", "|_ ", " _|"],
        '6' => [" _ ", "|_ ", "|_|"],
        '7' => [" _ ", "  |", "  |"],
        '8' => [" _ ", "|_|", "|_|"],
        '9' => [" _ ", "|_|", " _|"],
        '.' => [" ", " ", "."],
        '–' => ["   ", "---", "   "],
        '×' => ["   ", " x ", "   "],
        '÷' => ["   ", " / ", "   "],
        _ => [" ", " ", " "],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_blocks_put_five_lines_into_three() {
        let text = lines("0.62", Size::Big, Glyphs::Unicode);
        assert_eq!(text, ["█▀█   █▀▀ ▀▀█", "█ █   █▀█ █▀▀", "▀▀▀ ▀ ▀▀▀ ▀▀▀"]);
    }

    #[test]
    fn every_line_of_a_number_is_equally_wide() {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            for size in [Size::Plain, Size::Big, Size::Huge(1), Size::Huge(3)] {
                let text = lines("1 234.5 67 890 – × ÷", size, glyphs);
                let widths: Vec<usize> = text.iter().map(|line| line.chars().count()).collect();
                assert_eq!(text.len(), usize::from(size.lines()));
                assert!(widths.iter().all(|width| *width == widths[0]));
            }
        }
    }
}
