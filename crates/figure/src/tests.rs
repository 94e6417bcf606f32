//! Tests with figures of made-up runs: unchanged output, the same bytes each time, and input text that never
//! becomes markup.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::table::Origin;
use concsim_engine::telemetry::Failure;
use concsim_model::scenario::WorkerKind;
use concsim_record::synthetic::{self, Synthetic};

pub(super) const WIDTHS: [u32; 2] = [720, 360];
pub(super) const TITLE: &str = "Waiting is free, if you let go";

pub(super) fn kept(title: &str, of: fn(WorkerKind) -> Synthetic) -> StoredRun {
    kept_of(title, &[of(WorkerKind::Sync), of(WorkerKind::Coroutine)])
}

/// Stores a run of each of these in one folder.
pub(super) fn kept_of(title: &str, runs: &[Synthetic]) -> StoredRun {
    StoredRun {
        plan: synthetic::plan(title, &runs.iter().collect::<Vec<_>>(), &[]),
        recordings: runs.iter().map(Synthetic::recording).collect(),
        torn: Vec::new(),
        missing: Vec::new(),
    }
}

pub(super) fn of_runs(kind: Kind, kept: &StoredRun) -> Result<Table, Refused> {
    let play = Play::of(kept, String::new());
    let material = Inputs {
        plays: vec![play],
        ..Inputs::default()
    };
    table(kind, &material)
}

/// A made-up sweep: its results follow from a few lines of arithmetic.
pub(super) fn sweep(key: &str, values: &[f64]) -> Sweep {
    let mut text = String::new();
    for (row, (value, kind)) in values
        .iter()
        .flat_map(|value| ["sync", "coroutine"].map(|kind| (*value, kind)))
        .enumerate()
    {
        // Each request computes 10 ms and waits 30 ms.
        let held = if kind == "sync" { 0.04 } else { 0.01 };
        let (workers, cores, rate) = match key {
            "server.workers" => (value, 2.0, 1e9),
            "machine.cores" => (8.0, value, 1e9),
            _ => (2.0, 2.0, value),
        };
        let most = f64::min(workers / held, cores / 0.01);
        let answered = f64::min(most, rate);
        let busy = f64::min(rate / most, 0.99);
        let latency = 40.0 / (1.0 - busy);
        let unit = if key == "load.rate" { "/s" } else { "" };
        text += &serde_json::json!({
            "row": row, "index": row / 2, "overrides": [format!("{key}={value}{unit}")],
            "variant": kind, "seed": 7, "concsim": "0.1.0", "sha256": "0123456789",
            "origin": "simulated", "trust": "ok",
            "command": format!("concsim sim scenarios/made_up.toml --set {key}={value}{unit}"),
            "numbers": {
                "kind": kind, "due": rate.min(1e4) * 10.0, "window_s": 10.0, "warmup_s": 1.0,
                "throughput_per_s": answered,
                "latency_ms": { "p50": latency, "p90": 2.0 * latency, "p99": 4.0 * latency },
                "theory": { "bounds": [
                    { "of": "workers", "count": workers, "each_ms": held * 1e3, "per_s": workers / held },
                    { "of": "cores", "count": cores, "each_ms": 10.0, "per_s": cores / 0.01 },
                ] },
            },
        })
        .to_string();
        text.push('\n');
    }
    Sweep::read(&text).unwrap_or_else(|malformed| panic!("{malformed}"))
}

pub(super) fn of_sweep(kind: Kind, sweep: Sweep) -> Result<Table, Refused> {
    let material = Inputs {
        sweeps: vec![sweep],
        ..Inputs::default()
    };
    table(kind, &material)
}

/// Made-up predictions.
fn predictions() -> StoredPredictions {
    let both = |measured: f64, share: f64| serde_json::json!({ "measured": measured, "predicted": measured * share });
    let run = |scenario: &str, variant: &str, trust: &str, share: f64| {
        serde_json::json!({
            "scenario": scenario, "variant": variant, "trust": trust,
            "prediction": {
                "throughput_per_s": both(100.0, 1.0), "mean_ms": both(40.0, share),
                "p50_ms": both(30.0, share), "p99_ms": both(200.0, share * share),
            },
        })
    };
    let rows = [
        run("io-bound", "sync", "ok", 0.99),
        run("io-bound", "coroutine", "ok", 0.97),
        run("mixed", "sync", "proves-nothing", 0.8),
    ];
    let text = serde_json::json!({ "schema": "concsim.parity/1", "rows": rows }).to_string();
    StoredPredictions::read(&text).unwrap_or_else(|nothing| panic!("{nothing}"))
}

/// Returns the figure of each kind from suitable inputs.
pub(super) fn figure_of(kind: Kind) -> Table {
    let doublings = [1.0, 2.0, 4.0, 8.0, 16.0];
    let found = match kind {
        Kind::WhoRuns => of_runs(kind, &kept(TITLE, Synthetic::three_requests)),
        Kind::Boxes | Kind::Payoff | Kind::Breakdown | Kind::Queues | Kind::Memory => {
            of_runs(kind, &kept(TITLE, Synthetic::io_bound))
        }
        Kind::Percentiles | Kind::Heatmap | Kind::Utilisation => {
            of_runs(kind, &kept(TITLE, Synthetic::hog))
        }
        Kind::OpenClosed => {
            let runs = [
                Synthetic::hog(WorkerKind::Sync),
                Synthetic::io_bound(WorkerKind::Sync),
            ];
            of_runs(kind, &kept_of(TITLE, &runs))
        }
        Kind::Workers => of_sweep(kind, sweep("server.workers", &doublings)),
        Kind::WhatIf => of_sweep(kind, sweep("machine.cores", &doublings)),
        Kind::HockeyStick => of_sweep(kind, sweep("load.rate", &[10.0, 20.0, 40.0, 80.0, 160.0])),
        Kind::Parity => table(
            kind,
            &Inputs {
                predictions: vec![predictions()],
                ..Inputs::default()
            },
        ),
    };
    found.unwrap_or_else(|refused| panic!("{}: {refused}", kind.name()))
}

pub(super) fn look(width: u32, theme: Theme) -> Look {
    Look {
        width,
        theme,
        notes: Vec::new(),
        is_in_page: false,
        place: 0,
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
    // The bytes are equal on every machine, too.
    let digest = format!("{:x}", Sha256::digest(&pictures[0]));
    insta::assert_snapshot!("pixels", digest);
}

#[test]
fn a_run_of_which_there_is_nothing_to_draw_is_refused() {
    let mut kept = kept("Nothing", Synthetic::io_bound);
    kept.recordings.clear();
    for kind in Kind::ALL {
        assert!(of_runs(kind, &kept).is_err(), "{}", kind.name());
        assert!(table(kind, &Inputs::default()).is_err(), "{}", kind.name());
    }
}

#[test]
fn a_wrong_input_is_refused_with_the_needed_one_and_its_commands() {
    let kept = kept("Wrong", Synthetic::io_bound);
    for kind in Kind::ALL {
        let wrong = match kind.recipe().of {
            InputKind::Runs | InputKind::Predictions => {
                of_sweep(kind, sweep("server.workers", &[1.0, 2.0]))
            }
            InputKind::Points => of_runs(kind, &kept),
        };
        let text = wrong.expect_err(kind.name()).to_string();
        let command = format!("concsim figure {}", kind.name());
        assert!(text.contains(&command), "{text}");
    }
}

#[test]
fn runs_without_an_answer_are_refused_or_say_so() {
    let unanswered = |kind: WorkerKind| {
        let mut run = Synthetic::idle(kind, 2);
        run.lives = vec![synthetic::RequestLife {
            due: 2 * synthetic::S,
            door: synthetic::S,
            failure: Some(concsim_engine::telemetry::Failure::Timeout),
            ..synthetic::RequestLife::default()
        }];
        run
    };
    let kept = kept("Nobody answers", unanswered);
    for kind in Kind::ALL {
        match of_runs(kind, &kept) {
            Ok(table) => {
                let svg = draw(&table, &look(360, Theme::Light));
                assert!(svg.contains(">! sync: "), "{}: {svg}", kind.name());
            }
            Err(refused) => assert!(!refused.to_string().is_empty()),
        }
    }
}

#[test]
fn the_parts_of_the_mean_add_up_to_it_exactly() {
    let kept = kept("Sums", Synthetic::io_bound);
    let table = of_runs(Kind::Breakdown, &kept).expect("it was answered");
    for recording in &kept.recordings {
        let run = concsim_record::summary::summarise(recording);
        let parts: Vec<&Row> = table.of_panel(&run.variant).collect();
        assert_eq!(parts.first().map(|row| row.x), Some(0.0));
        assert_eq!(parts.last().map(|row| row.right()), run.latency_ms.mean);
        assert!(parts.windows(2).all(|pair| pair[0].right() <= pair[1].x));
    }
}

#[test]
fn no_percentile_is_drawn_of_which_fewer_than_ten_requests_were_slower() {
    let table = figure_of(Kind::Percentiles);
    for row in &table.rows {
        let slower = row.n.unwrap_or(0) as f64 / row.x;
        assert!(slower >= 10.0 - 1e-6, "{row:?}");
    }
}

#[test]
fn every_request_that_was_due_has_its_cell() {
    let kept = kept("Cells", Synthetic::hog);
    let table = of_runs(Kind::Heatmap, &kept).expect("it has requests");
    for recording in &kept.recordings {
        let cells = table.of_panel(&recording.header.variant);
        let drawn: u64 = cells.filter_map(|row| row.n).sum();
        assert_eq!(drawn, recording.outcomes.len() as u64);
    }
}

#[test]
fn a_heat_map_of_many_variants_is_not_large() {
    let runs: Vec<Synthetic> = ["a", "b", "c", "d"]
        .into_iter()
        .map(|name| Synthetic {
            variant: name.into(),
            ..Synthetic::hog(WorkerKind::Sync)
        })
        .collect();
    let table = of_runs(Kind::Heatmap, &kept_of("Large", &runs)).expect("it has requests");
    let length = draw(&table, &look(720, Theme::Auto)).len();
    assert!(length <= 120 << 10, "{length} bytes");
}

#[test]
fn runs_with_several_numbers_of_workers_are_points_as_those_of_a_sweep() {
    let runs: Vec<Synthetic> = [1, 2, 4]
        .into_iter()
        .map(|workers| {
            let mut run = Synthetic::io_bound(WorkerKind::Sync);
            run.scenario.server.workers = workers;
            run
        })
        .collect();
    let table = of_runs(Kind::Workers, &kept_of("Runs", &runs)).expect("there are three");
    let measured = table
        .rows
        .iter()
        .filter(|row| row.origin == Origin::Measured);
    assert_eq!(
        measured.map(|row| row.x).collect::<Vec<_>>(),
        [1.0, 2.0, 4.0]
    );
}

#[test]
fn measured_and_simulated_values_are_separate_lines() {
    let simulated = sweep("server.workers", &[1.0, 2.0]);
    let runs = Synthetic::io_bound(WorkerKind::Sync);
    let kept = kept_of("Both", &[runs]);
    let material = Inputs {
        plays: vec![Play::of(&kept, String::new())],
        sweeps: vec![simulated.clone(), simulated],
        ..Inputs::default()
    };
    let table = table(Kind::Workers, &material).expect("there are points");
    let mut lines: Vec<(&str, Origin)> = Vec::new();
    for row in table.rows.iter().filter(|row| row.panel.is_empty()) {
        if lines.last() != Some(&(row.series.as_str(), row.origin)) {
            lines.push((row.series.as_str(), row.origin));
        }
    }
    let found: Vec<(&str, Origin)> = lines
        .iter()
        .copied()
        .filter(|(_, origin)| *origin != Origin::Computed)
        .collect();
    let expected = [
        ("sync", Origin::Measured),
        ("sync", Origin::Simulated),
        ("coroutine", Origin::Simulated),
        ("(2) sync", Origin::Simulated),
        ("(2) coroutine", Origin::Simulated),
    ];
    assert_eq!(found, expected);
    assert!(lines.contains(&("sync (measured)", Origin::Computed)));
}

#[test]
fn the_knee_is_where_waiting_and_computing_keep_all_cores_busy() {
    let table = figure_of(Kind::Workers);
    let knees = table.rows.iter().filter(|row| row.series == "knee");
    // n* = m(1 + IO/C): two cores, 10 ms of computing, 30 ms of waiting, for sync workers alone.
    assert_eq!(knees.map(|row| row.x).collect::<Vec<_>>(), [8.0, 2.0]);
}

#[test]
fn where_answers_part_from_load_that_is_reported() {
    let table = figure_of(Kind::HockeyStick);
    let parts = table.rows.iter().filter(|row| row.series == "parts");
    let parts: Vec<(&str, f64)> = parts.map(|row| (row.panel.as_str(), row.x)).collect();
    assert_eq!(parts, [("sync", 80.0)]);
}

#[test]
fn each_variant_that_was_measured_stands_beside_the_same_one_simulated() {
    let mut simulated = kept("Simulated", Synthetic::io_bound);
    for recording in &mut simulated.recordings {
        recording.header.origin = concsim_record::Origin::Simulated;
    }
    let measured = kept("Measured", Synthetic::io_bound);
    let plays = [&measured, &simulated].map(|kept| Play::of(kept, "one".into()));
    let material = Inputs {
        plays: plays.to_vec(),
        ..Inputs::default()
    };
    let table = table(Kind::Parity, &material).expect("both are there");
    assert!(
        table.rows.len() >= 4
            && table
                .rows
                .iter()
                .all(|row| row.x.to_bits() == row.y.to_bits())
    );
}

fn any_row() -> impl Strategy<Value = Row> {
    let number = prop_oneof![
        Just(0.0),
        Just(1e-300),
        -1e300..1e300_f64,
        -10.0..1000.0_f64,
    ];
    let words = prop_oneof![
        "from due|from sent|all requests|the slowest tenth|found|ideal|fitted|rules",
        "sync|coroutine|counted|interventions|parallelism|workers|p50|saturation|parts|ready",
        "\\PC{0,40}",
    ];
    let numbers = (number.clone(), number.clone(), number.clone(), number);
    (
        words.clone(),
        words.clone(),
        words,
        numbers,
        any::<Option<u64>>(),
        0..3_usize,
    )
        .prop_map(|(panel, series, kind, (x, y, x_to, y_to), n, origin)| Row {
            label: panel.clone(),
            panel,
            kind,
            x_to: Some(x_to),
            y_to: Some(y_to),
            n,
            ..Row::at(
                series,
                [Origin::Measured, Origin::Simulated, Origin::Computed][origin],
                (x, y),
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_stands_in_a_table_a_figure_is_drawn(rows in prop::collection::vec(any_row(), 0..12)) {
        for kind in Kind::ALL {
            let table = Table {
                kind,
                title: String::new(),
                provenance: Vec::new(),
                caveats: Vec::new(),
                notes: Vec::new(),
                rows: rows.clone(),
            };
            for width in WIDTHS {
                let svg = draw(&table, &look(width, Theme::Auto));
                let read = resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default());
                prop_assert!(read.is_ok(), "{}: {:?}", kind.name(), read.err());
            }
        }
    }
}

#[test]
fn the_lane_of_a_request_that_failed_says_so() {
    let mut kept = kept(TITLE, Synthetic::three_requests);
    kept.recordings[0].outcomes[1].failure = Some(Failure::Reset);
    let failed = kept.recordings[0].outcomes[1].request;
    let table = of_runs(Kind::WhoRuns, &kept).expect("it has requests");
    let text = format!("request {} failed", failed + 1);
    let says = |panel| table.of_panel(panel).any(|row| row.label == text);
    assert!(says("sync") && !says("coroutine"));
}
