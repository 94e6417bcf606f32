//! Jobs of textbook exercises on scheduling: the times are computed by hand, in units of 100 ms.

use super::*;

/// Returns the turnaround time of each class in ms, in the order of the file, and their mean.
fn turnarounds(text: &str) -> (Vec<f64>, f64) {
    let run = runs_of(text, &[]).remove(0);
    check_the_books(&run);
    let classes = run.requests.iter();
    let each = classes.map(|(_, kind)| kind.latency_ms.max.expect("it was answered"));
    (
        each.collect(),
        run.latency_ms.mean.expect("all were answered"),
    )
}

#[track_caller]
fn expect(text: &str, units: &[f64], mean: f64) {
    let (each, found) = turnarounds(text);
    let expected: Vec<f64> = units.iter().map(|units| units * 100.0).collect();
    // Latency in a summary is rounded to three digits.
    for (found, expected) in each
        .iter()
        .chain([&found])
        .zip(expected.iter().chain([&(mean * 100.0)]))
    {
        assert!(
            (found / expected - 1.0).abs() < 5e-4,
            "{each:?}, {found}: not {units:?}"
        );
    }
}

/// Jobs of 3, 2 and 5 units that come together, in turns of 2 units: P1 P1 P2 P2 P3 P3 P1 P3 P3 P3.
#[test]
fn three_jobs_by_turns_have_the_turnarounds_of_the_textbook() {
    let text = "
server.kind = 'coroutine'
requests.p1.steps = ['compute 300ms in slices of 200ms']
requests.p2.steps = ['compute 200ms in slices of 200ms']
requests.p3.steps = ['compute 500ms in slices of 200ms']
jobs = [{ at = '0s', class = 'p1' }, { at = '0s', class = 'p2' }, { at = '0s', class = 'p3' }]
";
    expect(text, &[7.0, 4.0, 10.0], 7.0);
}

/// First come, first served: jobs of 5, 3 and 8 units that come at 0, 1 and 2 end at 5, 8 and 16.
#[test]
fn jobs_one_after_another_wait_for_those_before_them() {
    let text = "
requests.p1.steps = ['compute 500ms']
requests.p2.steps = ['compute 300ms']
requests.p3.steps = ['compute 800ms']
jobs = [
  { at = '200ms', class = 'p3' },
  { at = '0s', class = 'p1' },
  { at = '100ms', class = 'p2' },
]
";
    expect(text, &[5.0, 7.0, 14.0], 26.0 / 3.0);
}

/// Two jobs of one unit at 0 take 1 and 2; one at 10 takes 1, though the server was idle before it.
#[test]
fn a_run_of_jobs_lasts_until_all_have_ended_and_counts_each() {
    let text = "
duration = '300ms'
requests.it.steps = ['compute 100ms']
jobs = [{ at = '0s', count = 2 }, { at = '1s' }]
";
    let run = runs_of(text, &[]).remove(0);
    assert_eq!((run.due, run.completed), (3, 3));
    assert!((run.window_s - 1.1).abs() < 1e-3, "{}", run.window_s);
    let mean = run.latency_ms.mean.expect("all were answered");
    assert!((mean - 400.0 / 3.0).abs() < 0.1, "{mean}");
}

#[test]
fn jobs_after_a_warm_up_are_counted_alone() {
    let text = "
warmup = '500ms'
requests.it.steps = ['compute 100ms']
jobs = [{ at = '0s', count = 2 }, { at = '1s' }]
";
    let run = runs_of(text, &[]).remove(0);
    assert_eq!((run.due, run.completed), (1, 1));
}
