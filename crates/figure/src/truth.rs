//! Tests that figures of made-up runs agree with their data: titles, notes, marks and their limits.

use std::collections::BTreeSet;

use super::tests::{TITLE, figure_of, kept, kept_of, look, of_runs, of_sweep, sweep};
use super::*;
use crate::table::Origin;
use concsim_engine::telemetry::Failure;
use concsim_model::scenario::WorkerKind;
use concsim_model::units::Stamp;
use concsim_record::caveat::FEW_SAMPLES;
use concsim_record::summary::summarise;
use concsim_record::synthetic::{self, Synthetic};

/// Three requests, the number that the file sets.
fn few() -> StoredRun {
    let by_design = |kind: WorkerKind| {
        let mut run = Synthetic::three_requests(kind);
        run.scenario.load.requests = Some(3);
        run
    };
    kept("Few", by_design)
}

#[test]
fn a_run_that_is_small_by_design_is_called_an_illustration_once_and_no_doubt_is_cast_on_it() {
    let kept = few();
    let run = summarise(&kept.recordings[0]);
    assert!(
        run.because.iter().any(|reason| reason.code == FEW_SAMPLES),
        "{run:?}"
    );
    for kind in [Kind::WhoRuns, Kind::Boxes, Kind::Heatmap, Kind::Queues] {
        let table = of_runs(kind, &kept).expect("it has requests");
        let text = "an illustration: the file sets 3 requests";
        assert_eq!(table.notes[0], text);
        let is_window = |note: &String| note.starts_with("counted: ");
        assert!(table.notes[1..].iter().all(is_window), "{:?}", table.notes);
        assert!(
            !table.caveats.iter().any(|it| it.contains("few")),
            "{:?}",
            table.caveats
        );
        let svg = draw(&table, &look(720, Theme::Light));
        assert_eq!(svg.matches("an illustration").count(), 1, "{}", kind.name());
        assert!(!svg.contains("rough"), "{}", kind.name());
    }
}

#[test]
fn a_run_that_is_small_although_its_file_asks_for_more_is_doubted() {
    let cut_short = |kind: WorkerKind| {
        let mut run = Synthetic::three_requests(kind);
        run.scenario.load.requests = None;
        run
    };
    let kept = kept("Few", cut_short);
    let table = of_runs(Kind::WhoRuns, &kept).expect("it has requests");
    assert_eq!(table.notes, Vec::<String>::new());
    assert!(
        table.caveats[0].starts_with("sync: rough; 3 requests are few"),
        "{:?}",
        table.caveats
    );
}

#[test]
fn all_panels_of_a_heat_map_have_cells_of_the_same_height_and_no_more_rows_than_can_be_distinguished()
 {
    let table = of_runs(Kind::Heatmap, &kept(TITLE, Synthetic::hog)).expect("it has requests");
    let cells = table.rows.iter().filter(|row| row.n.is_some());
    let factors: Vec<f64> = cells.clone().map(|row| row.upper() / row.y).collect();
    assert!(
        factors
            .iter()
            .all(|factor| (factor / factors[0] - 1.0).abs() < 1e-9)
    );
    let least = cells.clone().map(|row| row.y).fold(f64::INFINITY, f64::min);
    let most = cells.map(Row::upper).fold(0.0, f64::max);
    let rows = (most / least).ln() / factors[0].ln();
    assert!(rows <= 42.0, "{rows}");
}

#[test]
fn the_computed_gain_of_coroutines_is_beside_the_measured_gain() {
    let table = figure_of(Kind::Payoff);
    let marks = table
        .rows
        .iter()
        .filter(|row| row.origin != Origin::Computed);
    for row in marks {
        // 60 clients, 2 workers and 1 ms of computing in 100 ms: 60 ÷ 2.
        assert_eq!(row.y_to, Some(30.0), "{row:?}");
        let svg = draw(&table, &look(720, Theme::Light));
        assert!(svg.contains(", computed × 30<"), "{svg}");
    }
}

#[test]
fn ten_lines_of_one_kind_have_marks_of_their_own_and_thirty_differ_in_marks_or_dashes() {
    for (kind, origin) in [
        ("sync", Origin::Measured),
        ("coroutine", Origin::Simulated),
        ("threads", Origin::Measured),
    ] {
        let rows = (0..30).map(|line| Row {
            kind: kind.into(),
            ..Row::at(format!("line {line}"), origin, (0.0, 0.0))
        });
        let rows: Vec<Row> = rows.collect();
        let look = |of: &lines::Series<'_>| {
            let mut svg = svg::Svg::default();
            of.mark(&mut svg, (0.0, 0.0));
            (svg.finish(), of.class())
        };
        let looks: Vec<(String, String)> = lines::series(rows.iter()).iter().map(look).collect();
        let marks: BTreeSet<&String> = looks[..10].iter().map(|(mark, _)| mark).collect();
        let dashes: BTreeSet<&String> = looks[..3].iter().map(|(_, dashes)| dashes).collect();
        assert_eq!((marks.len(), dashes.len()), (10, 3), "{kind}");
        let all: BTreeSet<&(String, String)> = looks.iter().collect();
        assert_eq!(all.len(), 30, "{kind}");
    }
}

#[test]
fn a_line_has_the_mark_of_the_legend_also_where_other_lines_are_missing() {
    let runs = [
        Synthetic::hog(WorkerKind::Sync),
        Synthetic::io_bound(WorkerKind::Sync),
    ];
    let mut table = of_runs(Kind::OpenClosed, &kept_of(TITLE, &runs)).expect("it has requests");
    let marks = |table: &Table| {
        let svg = draw(table, &look(720, Theme::Light));
        let lines = svg.lines().filter(|line| line.contains("<polygon"));
        // Path from the first corner to the second.
        let shape = |line: &str| {
            let points = line.split("points=\"").nth(1).unwrap_or_default();
            let numbers = points.split([' ', ',', '"']);
            let numbers: Vec<f64> = numbers.map_while(|it| it.parse().ok()).collect();
            let tenths = |length: f64| (length * 10.0).round() as i64;
            (
                tenths(numbers[2] - numbers[0]),
                tenths(numbers[3] - numbers[1]),
            )
        };
        lines.map(shape).collect::<BTreeSet<(i64, i64)>>()
    };
    let whole = marks(&table);
    // One for each line, and the diamond of the legend.
    assert_eq!(whole.len(), 3, "{whole:?}");
    let first = table.rows[0].series.clone();
    table
        .rows
        .retain(|row| row.series != first || row.panel != "the slowest tenth");
    assert_eq!(marks(&table), whole);
}

#[test]
fn the_title_of_a_sweep_is_what_its_points_show() {
    // Two cores, 10 ms of computing and 30 ms of waiting: sync workers answer 25/s each, coroutine workers
    // 100/s, and the cores 200/s.
    let workers = figure_of(Kind::Workers);
    let expected =
        "Throughput stops growing: sync at 8 workers, coroutine at 2 workers: 2 cores are busy";
    assert_eq!(workers.title, expected);
    // Eight workers: all sync ones are occupied at 200/s, the capacity of 2 cores; coroutine ones keep 8
    // cores busy.
    let cores = figure_of(Kind::WhatIf);
    let expected = "Throughput stops growing: sync at 2 cores (8 workers are taken), coroutine at 8 cores (8 workers are busy)";
    assert_eq!(cores.title, expected);
    // Two workers answer 50/s and 200/s.
    let load = figure_of(Kind::HockeyStick);
    let expected = "sync keeps up with 40/s and not with 80/s; coroutine keeps up with 160/s";
    assert_eq!(load.title, expected);
}

#[test]
fn a_sweep_that_ends_before_growth_does_says_so() {
    let table = of_sweep(Kind::Workers, sweep("server.workers", &[1.0, 2.0])).expect("two points");
    assert_eq!(table.title, "Throughput still grows at 2 workers");
}

#[test]
fn bars_of_unlike_means_are_shares_and_their_sums_stand_beside_them() {
    let table = figure_of(Kind::Breakdown);
    let ends = |panel: &str| table.of_panel(panel).map(Row::right).fold(0.0, f64::max);
    let times = ends("sync") / ends("coroutine");
    let svg = draw(&table, &look(720, Theme::Light));
    assert_eq!(
        svg.contains("share of the mean latency in %"),
        times > 5.0,
        "{times}"
    );
    let mut alike = table.clone();
    for row in &mut alike.rows {
        row.x = 1.0;
        row.x_to = Some(2.0);
    }
    let svg = draw(&alike, &look(720, Theme::Light));
    assert!(svg.contains("mean latency in ms"), "{svg}");
}

/// Mixed work; the end of the run cut off the last requests of the window.
fn cut_off(count: usize) -> StoredRun {
    let mut kept = kept(TITLE, Synthetic::hog);
    for recording in &mut kept.recordings {
        let window = recording.header.window.expect("it was counted");
        let in_it = recording.outcomes.iter_mut().rev();
        let in_it = in_it.filter(|outcome| window.contains(outcome.due));
        for outcome in in_it.take(count) {
            outcome.failure = Some(Failure::Timeout);
        }
    }
    kept
}

#[test]
fn percentiles_of_an_interrupted_run_are_those_of_its_answers_and_what_was_cut_off_counts_as_slowest()
 {
    let ends = |kept: &StoredRun| {
        let table = of_runs(Kind::Percentiles, kept).expect("it has requests");
        let of_sync = table
            .of_panel("from due")
            .filter(|row| row.series == "sync");
        let (last, n) = of_sync.map(|row| (row.x, row.n)).last().expect("drawn");
        (table, last, n.expect("counted") as f64)
    };
    let (_, whole, count) = ends(&kept(TITLE, Synthetic::hog));
    let (table, cut, of_cut) = ends(&cut_off(20));
    assert!((count - of_cut).abs() < 0.5, "{count} {of_cut}");
    // A line ends where 10 requests were slower, or 20 were cut off: x is 1 ÷ (1 − p).
    assert!(whole <= count / 10.0 + 1e-6 && cut <= count / 20.0 + 1e-6);
    assert!(
        whole > count / 12.0 && cut > count / 24.0,
        "{whole} {cut} of {count}"
    );
    let text = "sync: the end of the run cut off 20 of ";
    let says = |it: &String| it.starts_with(text) && it.ends_with(", which count as the slowest");
    assert!(table.caveats.iter().any(says), "{:?}", table.caveats);
}

#[test]
fn a_request_that_the_end_of_the_run_cut_off_has_no_latency_on_a_heat_map_and_did_not_fail() {
    let kept = cut_off(3);
    let table = of_runs(Kind::Heatmap, &kept).expect("it has requests");
    let patience = kept.recordings[0].header.scenario.load.patience;
    let is_at_patience = |row: &&Row| row.n.is_some() && row.upper() >= patience.as_millis_f64();
    assert_eq!(table.rows.iter().filter(is_at_patience).count(), 0);
    let text = "sync: 3 requests without a latency, cut off by the end of the run";
    assert!(
        table.caveats.iter().any(|it| it == text),
        "{:?}",
        table.caveats
    );
    let mut few = few();
    few.recordings[0].outcomes[2].failure = Some(Failure::Timeout);
    let number = few.recordings[0].outcomes[2].request + 1;
    let lanes = of_runs(Kind::WhoRuns, &few).expect("it has requests");
    let line = format!("request {number} cut off");
    assert!(lanes.of_panel("sync").any(|row| row.label == line));
}

#[test]
fn figures_of_the_counted_window_name_it() {
    // One second of warm-up, and a window of five seconds.
    let mut io_bound = kept(TITLE, Synthetic::io_bound);
    let notes = |kept: &StoredRun| {
        of_runs(Kind::Percentiles, kept)
            .expect("it has requests")
            .notes
    };
    let whole = "counted: requests due from 1.00 s to 6.00 s after load began";
    assert_eq!(notes(&io_bound), [whole]);
    let window = io_bound.recordings[1]
        .header
        .window
        .as_mut()
        .expect("it was counted");
    window.end = Stamp(window.begin.0 + 2_000_000_000);
    let cut = "counted: requests due after load began, sync from 1.00 s to 6.00 s; coroutine from 1.00 s to 3.00 s";
    assert_eq!(notes(&io_bound), [cut]);
    let of = |kind: Kind, kept: &StoredRun| of_runs(kind, kept).expect("it has requests").notes;
    assert_eq!(of(Kind::Breakdown, &io_bound), [cut]);
    let mut six = kept_of(TITLE, &[WorkerKind::Sync; 6].map(Synthetic::io_bound));
    for (recording, length) in six.recordings.iter_mut().zip([5, 5, 4, 4, 3, 2]) {
        let window = recording.header.window.as_mut().expect("it was counted");
        window.begin = Stamp(window.end.0 - length * 1_000_000_000);
    }
    let many =
        "counted: requests due in 2.00 s to 5.00 s of each run, after 1.00 s to 4.00 s of warm-up";
    assert_eq!(of(Kind::Breakdown, &six), [many]);
    let cut = cut.replace("requests due ", "");
    assert_eq!(of(Kind::Boxes, &io_bound), [cut]);
    let mixed = "counted: requests due after load began, sync, open, 100/s from 1.00 s to 21.0 s; \
                 sync, closed, 60 clients from 1.00 s to 6.00 s";
    assert_eq!(figure_of(Kind::OpenClosed).notes, [mixed]);
    let swept = "counted: requests due in 10.0 s at each load, after 1.00 s of warm-up";
    assert_eq!(figure_of(Kind::HockeyStick).notes, [swept]);
    for (kind, each) in [(Kind::Workers, "workers"), (Kind::WhatIf, "cores")] {
        let text = swept.replace("at each load", &format!("for each number of {each}"));
        assert_eq!(figure_of(kind).notes, [text]);
    }
    assert_eq!(figure_of(Kind::Payoff).notes, [whole]);
}

/// The first variant is that of hog, with an open load; the second has a closed load, in which each fourth
/// request fails after its client's patience.
fn with_failures() -> StoredRun {
    let runs = [
        Synthetic::hog(WorkerKind::Sync),
        Synthetic::io_bound(WorkerKind::Sync),
    ];
    let mut kept = kept_of(TITLE, &runs);
    let recording = &mut kept.recordings[1];
    let patience = recording.header.scenario.load.patience;
    for outcome in recording.outcomes.iter_mut().step_by(4) {
        outcome.failure = Some(Failure::Timeout);
        outcome.done = outcome.due + patience;
    }
    kept
}

#[test]
fn latencies_that_are_the_clients_patience_are_marked_and_explained_once() {
    let whole = kept_of(
        TITLE,
        &[
            Synthetic::hog(WorkerKind::Sync),
            Synthetic::io_bound(WorkerKind::Sync),
        ],
    );
    for (kind, arrow) in [
        (Kind::Percentiles, '\u{2191}'),
        (Kind::Heatmap, '\u{2191}'),
        (Kind::OpenClosed, '\u{2192}'),
    ] {
        let drawn = |kept: &StoredRun| {
            let table = of_runs(kind, kept).expect("it has requests");
            let svg = draw(&table, &look(720, Theme::Light));
            let is_marked = |row: &Row| row.is_at_patience();
            let legend = svg.matches(&format!(">{arrow} lower limit")).count();
            let arrows = svg.matches(&format!(">{arrow}<")).count();
            (table.rows.iter().any(is_marked), arrows > 0, legend)
        };
        assert_eq!(drawn(&whole), (false, false, 0), "{}", kind.name());
        assert_eq!(drawn(&with_failures()), (true, true, 1), "{}", kind.name());
    }
}

#[test]
fn a_latency_is_at_least_so_long_only_where_it_is_the_patience_of_the_clients() {
    let kept = with_failures();
    let patience = kept.recordings[1].header.scenario.load.patience;
    for kind in [Kind::Heatmap, Kind::OpenClosed] {
        let table = of_runs(kind, &kept).expect("it has requests");
        for row in table.rows.iter().filter(|row| row.is_at_patience()) {
            // The range along the axis of latencies; a cell extends from its lower to its upper edge.
            let (from, to) = match kind {
                Kind::Heatmap => (row.y, row.upper()),
                _ => (row.x, row.x),
            };
            let is_there =
                from <= patience.as_millis_f64() && patience.as_millis_f64() <= to + 1e-6;
            assert!(is_there, "{}: {from} to {to}", kind.name());
        }
    }
}

/// In the warm-up of a second two requests fail, in the window three: no figure confuses the two numbers.
#[test]
fn each_figure_says_which_failed_requests_it_counts() {
    let mut kept = kept(TITLE, Synthetic::io_bound);
    let recording = &mut kept.recordings[0];
    let patience = recording.header.scenario.load.patience;
    let window = recording.header.window.expect("it was counted");
    let (mut before, mut inside) = (2, 3);
    for outcome in &mut recording.outcomes {
        let left = if window.contains(outcome.due) {
            &mut inside
        } else if outcome.due < window.begin {
            &mut before
        } else {
            continue;
        };
        if *left > 0 {
            *left -= 1;
            outcome.failure = Some(Failure::Timeout);
            outcome.done = outcome.due + patience;
        }
    }
    let due = |from: Stamp| {
        let due = kept.recordings[0].outcomes.iter();
        due.filter(|it| from <= it.due && it.due <= window.end)
            .count()
    };
    let due_in_window = kept.recordings[0].outcomes.iter();
    let due_in_window = due_in_window.filter(|it| window.contains(it.due)).count();
    let says = |kind: Kind| {
        let table = of_runs(kind, &kept).expect("it has requests");
        let text = table.caveats.iter().filter(|it| it.contains("fail"));
        text.cloned().collect::<Vec<_>>()
    };
    let all = due(kept.recordings[0].header.began);
    let patience = concsim_model::words::length(patience);
    assert_eq!(
        says(Kind::Heatmap),
        [format!(
            "sync: 5 of {all} requests due during the load failed; they count with {patience} or more; \
             3 were due in the counted window"
        )]
    );
    assert_eq!(
        says(Kind::Percentiles),
        [format!(
            "sync: 3 of {due_in_window} requests due in the counted window failed; they count with \
             {patience} or more"
        )]
    );
    assert_eq!(
        says(Kind::Breakdown),
        [format!(
            "sync: 3 of {due_in_window} requests due in the counted window failed; they are not in the mean"
        )]
    );
    assert_eq!(
        says(Kind::WhoRuns),
        [format!(
            "sync: 3 of {due_in_window} requests due in the counted window failed"
        )]
    );
}

/// Sync workers of these runs answer 20 requests a second, coroutine workers 600: 30 times as many.
#[test]
fn a_claim_that_the_runs_speak_against_is_no_title() {
    let runs = [WorkerKind::Sync, WorkerKind::Coroutine].map(Synthetic::io_bound);
    let of = |that: &str| {
        let mut kept = kept_of(TITLE, &runs);
        let runs: Vec<&Synthetic> = runs.iter().collect();
        kept.plan = synthetic::plan(TITLE, &runs, &[("ten times as many", that)]);
        of_runs(Kind::Boxes, &kept).expect("it has requests")
    };
    let holds = of("coroutine.throughput_per_s > 10 * sync.throughput_per_s");
    assert_eq!(holds.title, TITLE);
    let counted = "counted: from 1.00 s to 6.00 s after load began";
    assert_eq!(holds.notes, [counted]);
    let fails = of("coroutine.throughput_per_s > 100 * sync.throughput_per_s");
    assert_eq!(fails.title, Kind::Boxes.description());
    assert_eq!(fails.notes[1..], [counted]);
    let text = "not titled as the file, because this claim fails: ten times as many (";
    assert!(fails.notes[0].starts_with(text), "{:?}", fails.notes);
}
