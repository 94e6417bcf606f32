//! Sequence of screens as one animated SVG, for pages that run no script.
//!
//! Each line of the screen is drawn once for each of its contents, and each drawing is visible for the time
//! of that content, by keyframes of a style sheet. Renderers without animation, printers and readers with
//! reduced motion see the last screen.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use concsim_model::palette::Theme;
use ratatui_core::buffer::Buffer;

use super::drawing::{classes, draw_line, head, style};

/// Screens with the instants at which they appear, in seconds.
#[derive(Debug, Default)]
pub(super) struct Film {
    /// Contents of each line, with the instant at which each begins, in seconds.
    lines: Vec<Vec<(f64, String)>>,
    classes: BTreeSet<&'static str>,
    last: Option<Buffer>,
}

impl Film {
    /// Adds a screen that appears at an instant, in seconds since the beginning. Screens must come in order
    /// of time and have one size.
    pub(super) fn show(&mut self, at: f64, screen: &Buffer) {
        let height = usize::from(screen.area.height);
        self.lines.resize(height, Vec::new());
        for (y, contents) in (0..).zip(&mut self.lines) {
            let mut content = String::new();
            draw_line(&mut content, screen, y);
            if contents.last().is_none_or(|(_, last)| *last != content) {
                contents.push((at, content));
            }
        }
        self.classes.extend(classes(screen));
        self.last = Some(screen.clone());
    }

    /// Returns the SVG, which begins again after `length` seconds; empty without a screen.
    #[must_use]
    pub(super) fn finish(
        self,
        length: f64,
        title: &str,
        description: &str,
        theme: Theme,
    ) -> String {
        let Some(last) = &self.last else {
            return String::new();
        };
        let mut keyframes = String::new();
        let mut body = String::new();
        let mut number = 0;
        for contents in &self.lines {
            for (place, (from, content)) in contents.iter().enumerate() {
                let next = contents.get(place + 1).map(|(at, _)| *at);
                if content.is_empty() {
                    continue;
                }
                if place == 0 && next.is_none() {
                    body.push_str(content);
                    continue;
                }
                number += 1;
                keyframes.push_str(&visible(number, *from / length, next.map(|at| at / length)));
                let hidden = next.map_or("", |_| " visibility=\"hidden\"");
                write!(body, "<g class=\"m k{number}\"{hidden}>\n{content}</g>\n")
                    .expect("a String takes all text");
            }
        }
        let moves = format!(
            "@media (prefers-reduced-motion:no-preference){{.m{{animation:{length:.2}s step-end infinite}}}}\n"
        );
        let style = style(&self.classes, theme) + &moves + &keyframes;
        head(last, title, description, &style) + &body + "</svg>\n"
    }
}

/// Returns keyframes that show a group from one share of the film (0 to 1) to another, or to its end.
fn visible(number: usize, from: f64, to: Option<f64>) -> String {
    let percent = |share: f64| share * 100.0;
    let mut steps = String::new();
    if from > 0.0 {
        steps.push_str("0%{visibility:hidden}");
    }
    write!(steps, "{:.3}%{{visibility:visible}}", percent(from)).expect("a String takes all text");
    if let Some(to) = to {
        write!(steps, "{:.3}%{{visibility:hidden}}", percent(to)).expect("a String takes all text");
    }
    format!("@keyframes k{number}{{{steps}}}.k{number}{{animation-name:k{number}}}\n")
}

#[cfg(test)]
mod tests {
    use ratatui_core::layout::Rect;
    use ratatui_core::style::Style;

    use super::*;

    fn screen(lines: [&str; 2]) -> Buffer {
        let mut screen = Buffer::empty(Rect::new(0, 0, 6, 2));
        for (y, line) in (0..).zip(lines) {
            screen.set_string(0, y, line, Style::new());
        }
        screen
    }

    fn film() -> String {
        let mut film = Film::default();
        film.show(0.0, &screen(["same", "one"]));
        film.show(1.0, &screen(["same", "two"]));
        film.show(3.0, &screen(["same", "three"]));
        film.finish(4.0, "a claim", "what is seen", Theme::Dark)
    }

    #[test]
    fn a_line_is_drawn_once_for_each_content_and_visible_while_it_has_it() {
        let film = film();
        assert_eq!(film.matches(">same<").count(), 1);
        // Of 4 s: the first second, the next two, the last.
        assert!(
            film.contains("@keyframes k1{0.000%{visibility:visible}25.000%{visibility:hidden}}")
        );
        assert!(film.contains("@keyframes k2{0%{visibility:hidden}25.000%{visibility:visible}75.000%{visibility:hidden}}"));
        assert!(film.contains("@keyframes k3{0%{visibility:hidden}75.000%{visibility:visible}}"));
        assert!(film.contains(".m{animation:4.00s step-end infinite}"));
    }

    #[test]
    fn a_viewer_without_animation_shows_the_last_screen() {
        let film = film();
        let shown = |word: &str| {
            let group = film
                .rsplit_once(&format!(">{word}<"))
                .expect("it is drawn")
                .0;
            !group
                .rsplit_once("<g ")
                .expect("it is in a group")
                .1
                .contains("hidden")
        };
        assert!(!shown("one") && !shown("two") && shown("three"));
    }

    #[test]
    fn a_film_without_a_screen_is_empty() {
        assert_eq!(Film::default().finish(1.0, "", "", Theme::Auto), "");
    }
}
