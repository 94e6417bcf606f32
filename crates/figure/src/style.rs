//! Style sheet of figures: plain values, since some programs that draw SVG do not support variables, and a
//! second set for readers with a dark theme.

use std::fmt::Write as _;

use concsim_model::palette::{Background, Meaning, Rgb, Theme};
use concsim_model::scenario::WorkerKind;
use concsim_model::svg::{self, class_of};

/// Sizes of letters, in user units.
pub(super) const TITLE: f64 = 18.0;
/// Labels and other text.
pub(super) const TEXT: f64 = 13.0;
/// Axes and notes.
pub(super) const SMALL: f64 = 12.0;

/// Returns the class of a kind of worker: its word. Anything else is neutral.
pub(super) fn class_of_kind(word: &str) -> &'static str {
    let kind = WorkerKind::ALL.into_iter().find(|kind| kind.word() == word);
    kind.map_or("neutral", WorkerKind::word)
}

/// Returns the style sheet, with the colours of the classes for which `is_used` is true. So a new kind of
/// workers changes no figure but its own.
pub(super) fn sheet(theme: Theme, is_used: impl Fn(&str) -> bool) -> String {
    let colours = svg::by_theme(theme, |ground| colours(ground, &is_used));
    format!(
        "text{{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'DejaVu Sans',sans-serif;\
         font-size:{TEXT}px;font-variant-numeric:tabular-nums}}\n\
         .title{{font-size:{TITLE}px;font-weight:bold}}.head{{font-weight:bold}}.small,.quiet{{font-size:{SMALL}px}}\n\
         .axis,.grid,.outline,.line{{fill:none}}.axis,.outline{{stroke-width:1}}.grid{{stroke-width:1;stroke-opacity:.3}}.line{{stroke-width:2}}.thin{{stroke-width:1.2}}.thick{{stroke-width:3.2}}.faint{{stroke-opacity:.6}}.beyond{{fill-opacity:.12}}.edge{{stroke-width:1}}.crisp{{shape-rendering:crispEdges}}\n\
         .dashed{{stroke-dasharray:6 4}}.dash-dot{{stroke-dasharray:7 3 2 3}}.dash-dot-dot{{stroke-dasharray:7 3 2 3 2 3}}.long{{stroke-dasharray:16 3}}.long-short{{stroke-dasharray:16 3 4 3}}.dotted{{stroke-dasharray:2 3}}.beads{{stroke-dasharray:0 7;stroke-linecap:round;stroke-width:3}}.sparse{{stroke-dasharray:2 6}}.dot-dot{{stroke-dasharray:2 2 2 6}}.box{{fill-opacity:.1}}.lead{{stroke-width:1}}.halo{{paint-order:stroke;stroke-width:4;stroke-linejoin:round}}.hollow{{stroke-width:2}}\n\
         {colours}\n"
    )
}

fn colours(ground: Background, is_used: &impl Fn(&str) -> bool) -> String {
    let [behind, letters, quiet] = [ground.colour(), ground.text(), ground.quiet()].map(Rgb::hex);
    let warning = ground.warning().hex();
    let mut sheet = format!(
        ".ground,.hollow{{fill:{behind}}}.halo{{stroke:{behind}}}text{{fill:{letters}}}.quiet{{fill:{quiet}}}.warning{{fill:{warning}}}\
         .axis,.grid,.lead,.neutral-s{{stroke:{quiet}}}.neutral{{fill:{quiet}}}"
    );
    let states = Meaning::STATES.map(|state| (class_of(state), state.colour(ground)));
    let kinds = WorkerKind::ALL.map(|kind| (kind.word(), kind.colour(ground)));
    for (class, colour) in states.into_iter().chain(kinds) {
        if is_used(class) {
            shade(&mut sheet, class, colour);
        }
    }
    for (level, colour) in (1..).zip(heat(ground)) {
        let colour = colour.hex();
        write!(sheet, ".heat{level}{{fill:{colour}}}").expect("a String takes all text");
    }
    sheet
}

/// Returns the colours of cells from few requests to many: one hue, in even steps from near the background to
/// far from it, so that more requests always look stronger. The first step is distinguishable from the
/// background.
fn heat(ground: Background) -> [Rgb; 8] {
    let (near, far) = match ground {
        Background::Light => (Rgb(0xC3, 0xDC, 0xEF), Rgb(0x04, 0x2A, 0x4D)),
        Background::Dark => (Rgb(0x1C, 0x3F, 0x5C), Rgb(0xDD, 0xF1, 0xFF)),
    };
    let step = |from: u8, to: u8, step: u16| {
        ((u16::from(from) * (7 - step) + u16::from(to) * step + 3) / 7) as u8
    };
    [0, 1, 2, 3, 4, 5, 6, 7].map(|at| {
        Rgb(
            step(near.0, far.0, at),
            step(near.1, far.1, at),
            step(near.2, far.2, at),
        )
    })
}

/// Adds rules for areas filled with a colour, and for lines drawn in it.
fn shade(sheet: &mut String, class: &str, colour: Rgb) {
    let colour = colour.hex();
    write!(
        sheet,
        ".{class}{{fill:{colour}}}.{class}-s{{stroke:{colour}}}"
    )
    .expect("a String takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::palette::contrast;

    const BACKGROUNDS: [Background; 2] = [Background::Light, Background::Dark];

    #[test]
    fn each_step_of_a_heat_map_is_further_from_its_ground_than_the_one_before() {
        for ground in BACKGROUNDS {
            let ratios = heat(ground).map(|colour| contrast(colour, ground.colour()));
            assert!(ratios[0] >= 1.3, "{ground:?}: {ratios:?}");
            assert!(
                ratios.windows(2).all(|pair| pair[0] < pair[1]),
                "{ground:?}: {ratios:?}"
            );
            assert!(ratios[7] >= 7.0, "{ground:?}: {ratios:?}");
        }
    }
}
