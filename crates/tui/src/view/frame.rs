//! Frame around a part of the screen that lies over others.

use super::canvas::{Canvas, cut, quiet, strong};

/// Draws a frame with a title along the edges of `canvas`.
pub(super) fn draw(canvas: &mut Canvas<'_>, title: &str) {
    let (right, bottom) = (
        canvas.width().saturating_sub(1),
        canvas.height().saturating_sub(1),
    );
    let line = "─".repeat(usize::from(canvas.width()));
    for y in [0, bottom] {
        canvas.write(0, y, &line, quiet());
    }
    for y in 0..=bottom {
        canvas.write(0, y, "│", quiet());
        canvas.write(right, y, "│", quiet());
    }
    for (x, y, corner) in [
        (0, 0, "┌"),
        (right, 0, "┐"),
        (0, bottom, "└"),
        (right, bottom, "┘"),
    ] {
        canvas.write(x, y, corner, quiet());
    }
    let title = cut(title, canvas.width().saturating_sub(6));
    if !title.is_empty() {
        canvas.write(2, 0, &format!(" {title} "), strong());
    }
}
