//! Screen as SVG: text as text, blocks as rectangles, the same bytes every time.
//!
//! Every run of cells of one style is placed at its own column, so a font whose glyphs are a little wider
//! or narrower shifts nothing. Full and half blocks are drawn as shapes, since those of a font leave seams
//! between lines.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::style::{Color, Modifier};

use concsim_model::palette::{Background, Meaning, Rgb, Theme};
use concsim_model::svg::{self, class_of, escaped};

/// Size of a cell in user units.
const WIDTH: u32 = 8;
const HEIGHT: u32 = 18;
/// Distance from a line's top to its baseline.
const BASELINE: u32 = 13;
const MARGIN: u32 = 12;
/// Width of an eighth of a column, doubled: one pixel is easily overlooked.
const SLIVER: u32 = 2;

/// Draws the screen on a background of its own. The colour of a meaning gets the shade that suits this
/// background; with the reader's theme, the shade for theirs. `title` is the claim and `description` the
/// content, for screen readers.
#[must_use]
pub(super) fn draw(screen: &Buffer, title: &str, description: &str, theme: Theme) -> String {
    let mut svg = head(screen, title, description, &style(&classes(screen), theme));
    for y in 0..screen.area.height {
        draw_line(&mut svg, screen, y);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The beginning of a drawing of screens of this size, up to its background.
pub(super) fn head(screen: &Buffer, title: &str, description: &str, style: &str) -> String {
    let width = u32::from(screen.area.width) * WIDTH + 2 * MARGIN;
    let height = u32::from(screen.area.height) * HEIGHT + 2 * MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"screen-t screen-d\">\n<title id=\"screen-t\">{}</title>\n\
         <desc id=\"screen-d\">{}</desc>\n<style>\n{style}</style>\n\
         <rect class=\"g\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\n",
        escaped(title),
        escaped(description),
    )
}

/// Writes colours as plain values: not every SVG renderer supports variables.
fn colours(ground: Background, meanings: &[Meaning]) -> String {
    let [behind, letters, quiet] = [ground.colour(), ground.text(), ground.quiet()].map(Rgb::hex);
    let mut colours = format!(
        ".g,text.i{{fill:{behind}}}text,.r{{fill:{letters};color:{letters}}}text.q,.q{{fill:{quiet};color:{quiet}}}"
    );
    for meaning in meanings {
        let meaning = *meaning;
        let (class, colour) = (class_of(meaning), meaning.colour(ground).hex());
        write!(colours, ".{class}{{fill:{colour};color:{colour}}}")
            .expect("a String takes all text");
    }
    colours
}

/// Returns the class of a cell's colour, if it is the colour of a meaning.
fn cells_class(cell: &Cell) -> Option<&'static str> {
    match cell.fg {
        Color::Rgb(red, green, blue) => Meaning::of_colour(Rgb(red, green, blue)).map(class_of),
        _ => None,
    }
}

/// The classes of all colours of meanings on a screen.
pub(super) fn classes(screen: &Buffer) -> BTreeSet<&'static str> {
    screen.content.iter().filter_map(cells_class).collect()
}

/// The style sheet of a drawing with these classes.
pub(super) fn style(classes: &BTreeSet<&'static str>, theme: Theme) -> String {
    // Most screens have no queues.
    let queues = Meaning::QUEUES.into_iter();
    let queues = queues.filter(|queue| classes.contains(class_of(*queue)));
    let meanings: Vec<Meaning> = Meaning::STATES.into_iter().chain(queues).collect();
    let colours = svg::by_theme(theme, |ground| colours(ground, &meanings));
    "text{font:13.3px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;\
     white-space:pre}\nrect{shape-rendering:crispEdges}.b{font-weight:bold}\n"
        .to_owned()
        + &colours
        + "\n"
}

/// Appends the shapes and texts of one line of the screen.
pub(super) fn draw_line(svg: &mut String, screen: &Buffer, y: u16) {
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

/// Draws a run of cells that look the same.
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
    for (column, words) in pieces(text) {
        let left = left + column as u32 * WIDTH;
        let length = words.chars().count() as u32 * WIDTH;
        let feet = top + BASELINE;
        writeln!(
            svg,
            "<text x=\"{left}\" y=\"{feet}\" textLength=\"{length}\"{}>{}</text>",
            attributes(cell),
            escaped(words)
        )
        .expect("a String takes all text");
    }
}

/// Splits a text into pieces separated by more than one blank, each with its column: SVG renderers collapse
/// blanks.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let (mut column, mut rest) = (0, text);
    loop {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        column += blanks;
        rest = &rest[blanks..];
        if rest.is_empty() {
            return pieces;
        }
        let end = rest.find("  ").unwrap_or(rest.trim_end_matches(' ').len());
        let (words, behind) = rest.split_at(end);
        pieces.push((column, words));
        column += words.chars().count();
        rest = behind;
    }
}

/// Returns the attributes for class or colour of letters.
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
    let has_class = cells_class(cell);
    classes.extend(has_class);
    let mut line = String::new();
    if !classes.is_empty() {
        line = format!(" class=\"{}\"", classes.join(" "));
    }
    if let (Color::Rgb(red, green, blue), None) = (cell.fg, has_class) {
        write!(line, " style=\"fill:#{red:02x}{green:02x}{blue:02x}\"")
            .expect("a String takes all text");
    }
    line
}

fn fill(cell: &Cell) -> String {
    if let Some(class) = cells_class(cell) {
        return format!("class=\"{class}\"");
    }
    match cell.fg {
        Color::Rgb(red, green, blue) => {
            let colour = format!("#{red:02x}{green:02x}{blue:02x}");
            format!("fill=\"{colour}\" color=\"{colour}\"")
        }
        _ if cell.modifier.contains(Modifier::DIM) => "class=\"q\"".into(),
        _ => "class=\"r\"".into(),
    }
}

/// Returns the style that cells must share to be drawn as one piece.
fn look_of(cell: &Cell) -> (Color, Modifier) {
    (cell.fg, cell.modifier)
}

fn is_block(cell: &Cell) -> bool {
    let mut letters = cell.symbol().chars();
    letters
        .next()
        .is_some_and(|it| matches!(it, '▀'..='▐' | '▕' | '▪' | '━' | '╸' | '▒'))
}

/// Draws blocks of one style; a run of equal blocks is one shape.
fn draw_blocks(svg: &mut String, (left, top): (u32, u32), text: &str, fill: &str) {
    let glyphs: Vec<char> = text.chars().collect();
    let mut x = left;
    let is_whole = |glyph: char| !matches!(glyph, '▪' | '▌' | '▐' | '▏' | '▕' | '╸');
    for run in glyphs.chunk_by(|one, other| one == other && is_whole(*one)) {
        let width = run.len() as u32 * WIDTH;
        draw_block(svg, (x, top), width, run[0], fill);
        x += width;
    }
}

fn draw_block(svg: &mut String, (x, y): (u32, u32), width: u32, glyph: char, fill: &str) {
    let half = HEIGHT / 2;
    if glyph == '▒' {
        return draw_shade(svg, (x, y), width, fill);
    }
    let (x, y, width, height) = match glyph {
        '▀' => (x, y, width, half),
        '▄' => (x, y + half, width, half),
        '▁'..='▇' => {
            let eighths = u32::from(glyph) - u32::from('▁') + 1;
            let filled = HEIGHT * eighths / 8;
            (x, y + HEIGHT - filled, width, filled)
        }
        '▌' => (x, y, width / 2, HEIGHT),
        '▐' => (x + width / 2, y, width / 2, HEIGHT),
        '▏' => (x, y, SLIVER, HEIGHT),
        '▕' => (x + width - SLIVER, y, SLIVER, HEIGHT),
        '▪' => (x + 2, y + half - 2, width - 4, 4),
        '━' => (x, y + half - 1, width, 3),
        '╸' => (x, y + half - 1, width / 2, 3),
        _ => (x, y, width, HEIGHT),
    };
    writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {fill}/>"
    )
    .expect("a String takes all text");
}

/// Draws a shade as stripes of the full colour, so that it stands out from its background as the others do.
fn draw_shade(svg: &mut String, (x, y): (u32, u32), width: u32, fill: &str) {
    let (middle, right) = (y + HEIGHT / 2, x + width);
    writeln!(
        svg,
        "<line x1=\"{x}\" y1=\"{middle}\" x2=\"{right}\" y2=\"{middle}\" {fill} \
         stroke=\"currentColor\" stroke-width=\"{HEIGHT}\" stroke-dasharray=\"2 2\"/>"
    )
    .expect("a String takes all text");
}

#[cfg(test)]
mod tests {
    use ratatui_core::layout::Rect;
    use ratatui_core::style::Style;

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
        let pieces = pieces("  a b   c ");
        assert_eq!(pieces, [(2, "a b"), (8, "c")]);
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
