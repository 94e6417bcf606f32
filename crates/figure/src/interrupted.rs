//! Tests of interrupted runs in figures over time: the part that was not played, or not counted, is grey.

use super::legible::complaints;
use super::tests::{TITLE, kept, look, of_runs};
use super::{Kind, Refused, draw};
use concsim_engine::telemetry::Failure;
use concsim_model::palette::Theme;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Window;
use concsim_record::storage::StoredRun;
use concsim_record::synthetic::Synthetic;

const S: u64 = 1_000_000_000;
const OVER_TIME: [Kind; 3] = [Kind::Heatmap, Kind::Queues, Kind::Utilisation];

/// Runs with a second of warm-up and a window of five seconds, interrupted after `after_ms` milliseconds.
fn interrupted(after_ms: u64) -> StoredRun {
    let mut kept = kept(TITLE, Synthetic::io_bound);
    for recording in &mut kept.recordings {
        let header = &mut recording.header;
        header.interrupted = true;
        header.scenario.duration = Elapsed::from_secs(5);
        header.scenario.warmup = concsim_model::scenario::Warmup::For(Elapsed::from_secs(1));
        header.scenario.load.requests = None;
        let at = Stamp(header.began.0 + after_ms * 1_000_000);
        let begin = Stamp(header.began.0 + S);
        header.window = (begin < at).then_some(Window { begin, end: at });
        recording.samples.retain(|sample| sample.at <= at);
        recording.outcomes.retain(|outcome| outcome.due < at);
        for outcome in &mut recording.outcomes {
            if outcome.done > at {
                outcome.done = at;
                outcome.failure = Some(Failure::Timeout);
            }
        }
    }
    kept
}

/// Returns the grey rectangles of a picture: left end, right end and top of each.
fn grey(svg: &str) -> Vec<(f64, f64, f64)> {
    let lines = svg
        .lines()
        .filter(|line| line.contains("\"neutral beyond\""));
    let rect = |line: &str| {
        let number = |name: &str| {
            let rest = line.split(&format!(" {name}=\"")).nth(1)?;
            rest.split('"').next()?.parse::<f64>().ok()
        };
        let (x, width) = (number("x")?, number("width")?);
        Some((x, x + width, number("y")?))
    };
    lines.filter_map(rect).collect()
}

#[test]
fn a_run_that_ended_in_its_warm_up_is_grey_from_its_beginning_to_its_planned_end() {
    for kind in OVER_TIME {
        let table = of_runs(kind, &interrupted(700)).expect("it has requests");
        let svg = draw(&table, &look(720, Theme::Light));
        let grey = grey(&svg);
        let left = grey.iter().map(|it| it.0).fold(f64::INFINITY, f64::min);
        let right = grey.iter().map(|it| it.1).fold(0.0, f64::max);
        // 700 ms of six seconds were played.
        let stopped = left + (right - left) * 0.7 / 6.0;
        let is_warm_up = |it: &&(f64, f64, f64)| (it.0 - left).abs() < 0.1;
        let warm_up: Vec<f64> = grey.iter().filter(is_warm_up).map(|it| it.1).collect();
        assert_eq!(warm_up.len(), 2, "{}: {grey:?}", kind.name());
        let is_whole = warm_up.iter().all(|end| (end - stopped).abs() < 1.0);
        assert!(is_whole, "{}: {grey:?}", kind.name());
        let after = grey.iter().filter(|it| (it.0 - stopped).abs() < 1.0);
        assert!(after.count() >= 2, "{}: {grey:?}", kind.name());
    }
}

#[test]
fn lanes_of_cores_are_grey_where_an_interrupted_run_was_not_played() {
    let table = of_runs(Kind::Utilisation, &interrupted(2_500)).expect("it has samples");
    let names: Vec<&str> = table.rows.iter().map(|row| row.label.as_str()).collect();
    let lanes = super::table::distinct(names.into_iter().filter(|it| it.starts_with("core ")));
    let svg = draw(&table, &look(720, Theme::Light));
    let grey = grey(&svg);
    let right = grey.iter().map(|it| it.1).fold(0.0, f64::max);
    let to_the_end = grey.iter().filter(|it| (it.1 - right).abs() < 0.1);
    // For each of two variants, its lanes and the line beneath.
    assert_eq!(to_the_end.count(), 2 * (lanes.len() + 1), "{grey:?}");
}

#[test]
fn words_about_an_interruption_can_be_read_at_any_position() {
    for after_ms in [700, 2_500, 4_200, 5_900] {
        for kind in OVER_TIME {
            let table = of_runs(kind, &interrupted(after_ms)).expect("it has requests");
            for width in super::tests::WIDTHS {
                let found = complaints(&table, width);
                assert!(
                    found.is_empty(),
                    "{}, {after_ms}, {width}: {found:#?}",
                    kind.name()
                );
            }
        }
    }
}

#[test]
fn cells_of_a_heat_map_are_as_long_in_all_panels() {
    let mut kept = kept(TITLE, Synthetic::io_bound);
    let short = interrupted(1_200).recordings.remove(1);
    kept.recordings[1] = short;
    let table = of_runs(Kind::Heatmap, &kept).expect("it has requests");
    let cells = table.rows.iter().filter(|row| row.n.is_some());
    let lengths: Vec<f64> = cells.map(|row| row.right() - row.x).collect();
    assert!(
        lengths.iter().all(|it| (it - lengths[0]).abs() < 1e-9),
        "{lengths:?}"
    );
}

#[test]
fn percentiles_that_are_refused_since_most_requests_were_cut_off_say_so() {
    let mut kept = kept(TITLE, Synthetic::io_bound);
    for recording in &mut kept.recordings {
        for outcome in &mut recording.outcomes {
            outcome.failure = Some(Failure::Timeout);
        }
    }
    let text = match of_runs(Kind::Percentiles, &kept) {
        Err(refused @ Refused::Nothing(_)) => refused.to_string(),
        other => panic!("{other:?}"),
    };
    let begins = "nothing to draw: sync is not drawn: the end of the run cut off ";
    assert!(text.starts_with(begins), "{text}");
}
