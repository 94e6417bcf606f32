//! Figures of made-up runs: as they were, the same bytes each time, and nothing that is typed becomes
//! markup.

use super::*;
use crate::recording::synthetic::{self, Synthetic};
use crate::scenario::WorkerKind;

const WIDTHS: [u32; 2] = [720, 360];

fn kept(title: &str, of: fn(WorkerKind) -> Synthetic) -> Kept {
    let runs = [of(WorkerKind::Sync), of(WorkerKind::Coroutine)];
    Kept {
        plan: synthetic::plan(title, &runs.each_ref(), &[]),
        recordings: runs.iter().map(Synthetic::recording).collect(),
        torn: Vec::new(),
        missing: Vec::new(),
    }
}

/// The figure of each kind from the run that suits it.
fn figure_of(kind: Kind) -> Table {
    let of = match kind {
        Kind::WhoRuns => Synthetic::three_requests,
        Kind::Boxes | Kind::Payoff => Synthetic::io_bound,
    };
    let kept = kept("Waiting is free, if you let go", of);
    let play = Play {
        kept: &kept,
        is_one_of_many: false,
    };
    table(kind, &[play]).unwrap_or_else(|refused| panic!("{}: {refused}", kind.name()))
}

fn look(width: u32, theme: Theme) -> Look {
    Look {
        width,
        theme,
        notes: Vec::new(),
        is_in_page: false,
    }
}

#[test]
fn each_kind_of_figure_is_drawn_as_it_was() {
    for kind in Kind::ALL {
        let table = figure_of(kind);
        insta::assert_snapshot!(kind.name(), draw(&table, &look(720, Theme::Auto)));
        insta::assert_snapshot!(format!("{}-data", kind.name()), table.to_csv());
    }
}

#[test]
fn a_figure_is_drawn_again_from_its_data_byte_by_byte() {
    for kind in Kind::ALL {
        let table = figure_of(kind);
        let again = Table::from_csv(&table.to_csv());
        let again = again.unwrap_or_else(|malformed| panic!("{malformed}"));
        for width in WIDTHS {
            let look = look(width, Theme::Dark);
            assert_eq!(draw(&table, &look), draw(&again, &look), "{}", kind.name());
        }
    }
}

#[test]
fn a_figure_is_small() {
    for kind in Kind::ALL {
        let length = draw(&figure_of(kind), &look(720, Theme::Auto)).len();
        assert!(length <= 40 << 10, "{}: {length} bytes", kind.name());
    }
}

#[test]
fn nothing_that_is_typed_becomes_markup_or_breaks_the_figure() {
    let long = "x".repeat(10_000);
    let hostile = [
        "</text><script>alert(1)</script>",
        "\u{202e}txt \u{5e9}\u{5dc}",
        "🐍 & \"q\" <!--",
        long.as_str(),
        "",
    ];
    for kind in Kind::ALL {
        for words in hostile {
            let mut table = figure_of(kind);
            table.title = words.into();
            table.caveats = vec![words.into()];
            table.provenance = vec![words.into()];
            for row in &mut table.rows {
                row.panel = words.into();
                row.label = words.into();
            }
            let notes = vec![words.to_owned()];
            let svg = draw(
                &table,
                &Look {
                    notes,
                    ..look(360, Theme::Auto)
                },
            );
            assert!(!svg.contains("<script"), "{}: {words}", kind.name());
            assert!(!svg.contains('\u{202e}'), "{}: {words}", kind.name());
            let read = resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default());
            assert!(read.is_ok(), "{}: {words}", kind.name());
        }
    }
}

#[test]
fn a_picture_has_the_same_pixels_each_time() {
    let svg = draw(&figure_of(Kind::WhoRuns), &look(360, Theme::Light));
    let pictures = [png::of_svg(&svg), png::of_svg(&svg)]
        .map(|it| it.unwrap_or_else(|error| panic!("{error}")));
    assert_eq!(pictures[0], pictures[1]);
    assert!(pictures[0].starts_with(b"\x89PNG"));
}

#[test]
fn a_run_of_which_there_is_nothing_to_draw_is_refused() {
    let mut kept = kept("Nothing", Synthetic::io_bound);
    kept.recordings.clear();
    let play = Play {
        kept: &kept,
        is_one_of_many: false,
    };
    for kind in Kind::ALL {
        assert!(table(kind, &[play]).is_err(), "{}", kind.name());
    }
}
