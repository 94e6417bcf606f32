//! A screen as SVG: text as text, blocks as rectangles, the same bytes every time.
//!
//! Every run of cells of one style is placed at its own column, so that a font whose glyphs are a
//! little wider or narrower shifts nothing. Full and half blocks are drawn as shapes, since a font's
//! leave seams between lines.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Size of a cell in user units.
const WIDTH: u32 = 8;
const HEIGHT: u32 = 18;
/// From a line's top to its letters' feet.
const FEET: u32 = 13;
const MARGIN: u32 = 12;

/// Whether the drawing is for light pages, dark ones, or follows the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    /// Dark letters on a light ground.
    Light,
    /// Light letters on a dark ground.
    Dark,
    /// As the reader's system has it.
    #[default]
    Auto,
}

/// Ground, letters and quiet letters. Plain values: not every program that draws SVG knows variables.
const LIGHT: [&str; 3] = ["#ffffff", "#1a1a1a", "#6b6b6b"];
const DARK: [&str; 3] = ["#14161a", "#e6e6e6", "#9a9a9a"];

/// Draws the screen. `title` is what it claims, `description` what is on it: for those who cannot see
/// it.
#[must_use]
pub fn draw(screen: &Buffer, title: &str, description: &str, theme: Theme) -> String {
    let area = screen.area;
    let width = u32::from(area.width) * WIDTH + 2 * MARGIN;
    let height = u32::from(area.height) * HEIGHT + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"screen-t screen-d\">\n<title id=\"screen-t\">{}</title>\n\
         <desc id=\"screen-d\">{}</desc>\n<style>\n{}</style>\n\
         <rect class=\"g\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\n",
        escaped(title),
        escaped(description),
        style(theme),
    );
    for y in 0..area.height {
        draw_line(&mut svg, screen, y);
    }
    svg.push_str("</svg>\n");
    svg
}

fn style(theme: Theme) -> String {
    let colours = |[ground, letters, quiet]: [&str; 3]| {
        format!(".g,text.i{{fill:{ground}}}text,.r{{fill:{letters}}}text.q,.q{{fill:{quiet}}}\n")
    };
    let colours = match theme {
        Theme::Light => colours(LIGHT),
        Theme::Dark => colours(DARK),
        Theme::Auto => {
            let dark = colours(DARK);
            let dark = dark.trim_end();
            format!(
                "{}@media(prefers-color-scheme:dark){{{dark}}}\n",
                colours(LIGHT)
            )
        }
    };
    "text{font:13.3px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;\
     white-space:pre}\nrect{shape-rendering:crispEdges}.b{font-weight:bold}\n"
        .to_owned()
        + &colours
}

fn draw_line(svg: &mut String, screen: &Buffer, y: u16) {
    let cell = |x: u16| &screen[(screen.area.x + x, screen.area.y + y)];
    let mut x = 0;
    while x < screen.area.width {
        let first = cell(x);
        let same =
            |other: &Cell| look_of(other) == look_of(first) && is_block(other) == is_block(first);
        let until = (x..screen.area.width).find(|x| !same(cell(*x)));
        let until = until.unwrap_or(screen.area.width);
        let text: String = (x..until).map(|x| cell(x).symbol()).collect();
        draw_run(svg, (x, y), first, &text);
        x = until;
    }
}

/// A run of cells that look the same.
fn draw_run(svg: &mut String, (x, y): (u16, u16), cell: &Cell, text: &str) {
    let left = MARGIN + u32::from(x) * WIDTH;
    let top = MARGIN + u32::from(y) * HEIGHT;
    let columns = text.chars().count() as u32;
    if cell.modifier.contains(Modifier::REVERSED) {
        let width = columns * WIDTH;
        writeln!(
            svg,
            "<rect class=\"r\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{HEIGHT}\"/>"
        )
        .expect("a String takes all text");
    }
    if is_block(cell) {
        draw_blocks(svg, (left, top), text, &fill(cell));
        return;
    }
    for (column, words) in stretches(text) {
        let left = left + column as u32 * WIDTH;
        let length = words.chars().count() as u32 * WIDTH;
        let feet = top + FEET;
        writeln!(
            svg,
            "<text x=\"{left}\" y=\"{feet}\" textLength=\"{length}\"{}>{}</text>",
            attributes(cell),
            escaped(words)
        )
        .expect("a String takes all text");
    }
}

/// Words that one blank at most keeps apart, each with its column: programs that draw SVG make one
/// blank of several.
fn stretches(text: &str) -> Vec<(usize, &str)> {
    let mut stretches = Vec::new();
    let (mut column, mut rest) = (0, text);
    loop {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        column += blanks;
        rest = &rest[blanks..];
        if rest.is_empty() {
            return stretches;
        }
        let end = rest.find("  ").unwrap_or(rest.trim_end_matches(' ').len());
        let (words, behind) = rest.split_at(end);
        stretches.push((column, words));
        column += words.chars().count();
        rest = behind;
    }
}

/// Class or colour of letters.
fn attributes(cell: &Cell) -> String {
    let mut classes = Vec::new();
    if cell.modifier.contains(Modifier::BOLD) {
        classes.push("b");
    }
    if cell.modifier.contains(Modifier::REVERSED) {
        classes.push("i");
    } else if cell.modifier.contains(Modifier::DIM) {
        classes.push("q");
    }
    let mut said = String::new();
    if !classes.is_empty() {
        said = format!(" class=\"{}\"", classes.join(" "));
    }
    if let Color::Rgb(red, green, blue) = cell.fg {
        write!(said, " style=\"fill:#{red:02x}{green:02x}{blue:02x}\"")
            .expect("a String takes all text");
    }
    said
}

fn fill(cell: &Cell) -> String {
    match cell.fg {
        Color::Rgb(red, green, blue) => format!("fill=\"#{red:02x}{green:02x}{blue:02x}\""),
        _ if cell.modifier.contains(Modifier::DIM) => "class=\"q\"".into(),
        _ => "class=\"r\"".into(),
    }
}

/// What two cells must have in common to be drawn in one piece.
fn look_of(cell: &Cell) -> (Color, Modifier) {
    (cell.fg, cell.modifier)
}

fn is_block(cell: &Cell) -> bool {
    matches!(
        cell.symbol(),
        "█" | "▀" | "▄" | "▪" | "━" | "╸" | "▒" | "▁" | "▂" | "▃" | "▅" | "▆" | "▇"
    )
}

/// Blocks of one style, each stretch of equal ones as one shape.
fn draw_blocks(svg: &mut String, (left, top): (u32, u32), text: &str, fill: &str) {
    let glyphs: Vec<char> = text.chars().collect();
    let mut x = left;
    for stretch in glyphs.chunk_by(|one, other| one == other && *one != '▪') {
        let width = stretch.len() as u32 * WIDTH;
        draw_block(svg, (x, top), width, stretch[0], fill);
        x += width;
    }
}

fn draw_block(svg: &mut String, (x, y): (u32, u32), width: u32, glyph: char, fill: &str) {
    let half = HEIGHT / 2;
    let (x, y, width, height, opacity) = match glyph {
        '▀' => (x, y, width, half, ""),
        '▄' => (x, y + half, width, half, ""),
        '▪' => (x + 2, y + half - 2, width - 4, 4, ""),
        '━' => (x, y + half - 1, width, 3, ""),
        '╸' => (x, y + half - 1, width / 2, 3, ""),
        '▒' => (x, y, width, HEIGHT, " fill-opacity=\"0.5\""),
        '▁'..='▇' => {
            let eighths = glyph as u32 - '▁' as u32 + 1;
            let height = HEIGHT * eighths / 8;
            (x, y + HEIGHT - height, width, height, "")
        }
        _ => (x, y, width, HEIGHT, ""),
    };
    writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {fill}{opacity}/>"
    )
    .expect("a String takes all text");
}

/// Without anything that XML would read: control characters become spaces.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() || is_direction(letter) => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Characters that turn the direction of what follows them.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn screen() -> Buffer {
        let mut screen = Buffer::empty(Rect::new(0, 0, 12, 2));
        screen.set_string(1, 0, "a <b> & c", Style::new());
        let green = Style::new().fg(Color::Rgb(0, 158, 115));
        screen.set_string(0, 1, "██▒·", green);
        screen.set_string(6, 1, "dim", Style::new().add_modifier(Modifier::DIM));
        screen
    }

    #[test]
    fn a_screen_is_drawn_with_text_as_text_and_blocks_as_shapes() {
        insta::assert_snapshot!(draw(&screen(), "a claim", "what is seen", Theme::Auto));
    }

    #[test]
    fn words_far_apart_keep_their_columns() {
        let stretches = stretches("  a b   c ");
        assert_eq!(stretches, [(2, "a b"), (8, "c")]);
    }

    #[test]
    fn hostile_words_stay_words() {
        let hostile = "</title><script>alert(1)</script>\u{202E}\u{1b}[31m\0";
        let svg = draw(&screen(), hostile, hostile, Theme::Dark);
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}') && !svg.contains('\0'));
        assert!(!svg.contains('\u{202E}'));
        assert_eq!(svg.matches("</title>").count(), 1);
    }

    #[test]
    fn the_same_screen_is_the_same_bytes() {
        let draw = || draw(&screen(), "a", "b", Theme::Light);
        assert_eq!(draw(), draw());
        assert!(draw().ends_with("</svg>\n"));
    }
}
