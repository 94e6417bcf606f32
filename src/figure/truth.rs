//! Whether figures of made-up runs say what is true of their data: titles, notes, marks and their limits.

use super::tests::{TITLE, figure_of, kept, look, of_runs, of_sweep, sweep};
use super::*;
use crate::figure::table::Origin;
use crate::recording::synthetic::Synthetic;
use crate::scenario::WorkerKind;

/// Three requests, as few as the file asks for.
fn few() -> Kept {
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
        run.because.iter().any(|reason| reason.code == FEW),
        "{run:?}"
    );
    for kind in [Kind::WhoRuns, Kind::Boxes, Kind::Heatmap, Kind::Queues] {
        let table = of_runs(kind, &kept).expect("it has requests");
        assert_eq!(
            table.notes,
            ["an illustration: the file asks for 3 requests"]
        );
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
fn all_panels_of_a_heat_map_have_cells_of_the_same_height_and_no_more_rows_than_can_be_told_apart()
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
fn what_coroutines_were_computed_to_pay_stands_beside_what_they_paid() {
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
fn several_lines_of_one_kind_differ_in_their_dashes_and_in_their_marks() {
    let rows: Vec<Row> = ["one", "two", "three"]
        .into_iter()
        .flat_map(|series| {
            [0.0, 1.0].map(|x| Row {
                kind: "sync".into(),
                ..Row::at(series, Origin::Measured, (x, x))
            })
        })
        .collect();
    let all = lines::series(rows.iter());
    let classes: Vec<String> = all.iter().map(lines::Series::class).collect();
    let marks: Vec<String> = all
        .iter()
        .map(|of| {
            let mut svg = svg::Svg::default();
            of.mark(&mut svg, (0.0, 0.0));
            svg.finish()
        })
        .collect();
    for told in [classes, marks] {
        assert!(
            told[0] != told[1] && told[1] != told[2] && told[0] != told[2],
            "{told:?}"
        );
    }
}

#[test]
fn the_title_of_a_sweep_is_what_its_points_show() {
    // Two cores, 10 ms of computing and 30 ms of waiting: sync workers answer 25/s each, coroutine workers
    // 100/s, and the cores 200/s.
    let workers = figure_of(Kind::Workers);
    let expected =
        "Throughput stops growing: sync at 8 workers, coroutine at 2 workers: 2 cores are busy";
    assert_eq!(workers.title, expected);
    // Eight workers: sync ones are all taken at 200/s, as much as 2 cores give; coroutine ones keep 8 cores busy.
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
