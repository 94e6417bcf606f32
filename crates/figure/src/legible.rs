//! Test that the words of a figure are legible: none is cut off, struck through or overlapped, at the widths
//! of a blog and of a phone.

use resvg::tiny_skia::{PathSegment, Rect};
use resvg::usvg::{Group, Node, TextChunk};

use super::gallery::data_of;
use super::tests::{WIDTHS, figure_of, look};
use super::{Kind, Table, draw, png};
use concsim_model::palette::Theme;

/// Collects the words of a figure with their boxes, with the letters of the built-in font.
fn words_of(group: &Group, into: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Text(text) => {
                let words = text.chunks().iter().map(TextChunk::text);
                into.push((words.collect(), text.abs_bounding_box()));
            }
            Node::Group(group) => words_of(group, into),
            Node::Path(_) | Node::Image(_) => {}
        }
    }
}

/// A drawn straight line.
type Line = ((f32, f32), (f32, f32));

/// Collects the lines of a figure except those of its grid, which are faint.
fn lines_of(group: &Group, into: &mut Vec<Line>) {
    for node in group.children() {
        match node {
            Node::Path(path) if path.stroke().is_some_and(|it| it.opacity().get() > 0.5) => {
                let mut from = (0.0, 0.0);
                for segment in path.data().segments() {
                    match segment {
                        PathSegment::MoveTo(to) => from = (to.x, to.y),
                        PathSegment::LineTo(to) => {
                            into.push((from, (to.x, to.y)));
                            from = (to.x, to.y);
                        }
                        PathSegment::QuadTo(..) | PathSegment::CubicTo(..) | PathSegment::Close => {
                        }
                    }
                }
            }
            Node::Group(group) => lines_of(group, into),
            Node::Path(_) | Node::Image(_) | Node::Text(_) => {}
        }
    }
}

/// True if a line passes through words. The letters fill their box except for a margin.
fn crosses(line: &Line, words: &Rect) -> bool {
    const STEPS: u16 = 400;
    let ((x, y), (x_to, y_to)) = *line;
    (0..=STEPS).any(|step| {
        let share = f32::from(step) / f32::from(STEPS);
        let (x, y) = (x + (x_to - x) * share, y + (y_to - y) * share);
        words.left() + 2.0 < x
            && x < words.right() - 2.0
            && words.top() + 4.0 < y
            && y < words.bottom() - 4.0
    })
}

/// Returns the illegible parts of a figure of this width.
pub(super) fn complaints(table: &Table, width: u32) -> Vec<String> {
    let svg = draw(table, &look(width, Theme::Light));
    let tree = png::tree_of(&svg).expect("it is SVG");
    let mut all = Vec::new();
    words_of(tree.root(), &mut all);
    let mut lines = Vec::new();
    lines_of(tree.root(), &mut lines);
    let mut complaints = Vec::new();
    for (place, (words, one)) in all.iter().enumerate() {
        if one.left() < 0.0 || one.right() > width as f32 || one.bottom() > tree.size().height() {
            complaints.push(format!("`{words}` is cut off"));
        }
        let over = all[..place]
            .iter()
            .filter(|(_, other)| lies_over(one, other));
        complaints.extend(over.map(|(other, _)| format!("`{words}` lies over `{other}`")));
        // A letter may interrupt its own line.
        let is_struck = words.chars().count() > 1 && lines.iter().any(|line| crosses(line, one));
        if is_struck {
            complaints.push(format!("`{words}` is struck through"));
        }
    }
    complaints
}

/// True if two boxes overlap. Boxes have empty space above and below their letters, which may touch.
fn lies_over(one: &Rect, other: &Rect) -> bool {
    let across = one.right().min(other.right()) - one.left().max(other.left());
    let down = one.bottom().min(other.bottom()) - one.top().max(other.top());
    across > 1.0 && down > 3.0
}

fn expect_legible(of: &str, kind: Kind, table: &Table) {
    for width in WIDTHS {
        let found = complaints(table, width);
        assert!(
            found.is_empty(),
            "{of} {}, {width}: {found:#?}",
            kind.name()
        );
    }
}

#[test]
fn no_words_of_the_gallery_are_shortened_on_a_phone() {
    for kind in Kind::ALL {
        let svg = draw(&data_of(kind), &look(360, Theme::Light));
        let drawn = svg.split("<style>").nth(1).unwrap_or_default();
        assert!(!drawn.contains('…'), "{}: {drawn}", kind.name());
    }
}

#[test]
fn no_words_of_a_figure_are_cut_off_struck_through_or_lie_over_others() {
    for kind in Kind::ALL {
        expect_legible("made up", kind, &figure_of(kind));
    }
    for kind in Kind::ALL {
        expect_legible("gallery", kind, &data_of(kind));
    }
}

#[test]
fn long_names_are_shortened_or_go_on_to_another_line() {
    for kind in Kind::ALL {
        let mut table = figure_of(kind);
        table.title = "a title of many words ".repeat(9);
        table.caveats = vec!["a warning that takes its time ".repeat(4)];
        for row in &mut table.rows {
            // Names that distinguish parts of a figure must not change.
            let is_a_name = ["sync", "coroutine"].contains(&row.series.as_str());
            if is_a_name {
                row.series = format!("{}_with_a_name_that_is_long", row.series);
            }
            if ["sync", "coroutine"].contains(&row.panel.as_str()) {
                row.panel = format!("{}_with_a_name_that_is_long", row.panel);
            }
        }
        expect_legible("long names", kind, &table);
    }
}

#[test]
fn words_over_words_are_found() {
    let at = |left: f32, top: f32| Rect::from_xywh(left, top, 50.0, 14.0).expect("it has a size");
    assert!(lies_over(&at(0.0, 0.0), &at(40.0, 8.0)));
    assert!(!lies_over(&at(0.0, 0.0), &at(51.0, 0.0)));
    assert!(!lies_over(&at(0.0, 0.0), &at(0.0, 13.0)));
}
