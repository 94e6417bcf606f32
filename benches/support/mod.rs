//! Timing of two functions side by side.
//!
//! A figure from a shared machine alone has little value: the clock rate changes, and other processes run. A
//! floor and concsim's function are therefore measured in turn, in many short batches, so that disturbances
//! affect both equally.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

use std::time::Instant;

/// Approximate length of one batch, in nanoseconds.
const BATCH_NS: f64 = 200_000.0;
const BATCHES: usize = 201;

/// A named function that can be repeated any number of times.
pub(crate) type Routine<'a> = (&'a str, &'a mut dyn FnMut(u64));

/// Times `floor` and `ours` in turn, and prints the median of each, their difference and their ratio.
///
/// Without `--bench` (as under `cargo test --benches`) each is only run a few times, as a check.
pub(crate) fn beside(what: &str, floor: Routine<'_>, ours: Routine<'_>) {
    let (floor_name, floor) = floor;
    let (our_name, ours) = ours;
    if !is_measuring() {
        floor(2);
        ours(2);
        return;
    }
    let (floor_times, our_times) = (size_of_batch(floor), size_of_batch(ours));
    let (mut floor_ns, mut our_ns, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        let floor_took = nanoseconds_each(floor, floor_times);
        let ours_took = nanoseconds_each(ours, our_times);
        floor_ns.push(floor_took);
        our_ns.push(ours_took);
        ratios.push(ours_took / floor_took);
    }
    let [floor_median, our_median] = [&mut floor_ns, &mut our_ns].map(|times| quantile(times, 0.5));
    println!(
        "{what}: {floor_name} {floor_median:.1} ns, {our_name} {our_median:.1} ns: {:+.1} ns, \
         ratio {:.2} (half of all batches between {:.2} and {:.2})",
        our_median - floor_median,
        quantile(&mut ratios, 0.5),
        quantile(&mut ratios, 0.25),
        quantile(&mut ratios, 0.75),
    );
}

/// True if figures are wanted, false for a check that the bench still runs.
pub(crate) fn is_measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

fn size_of_batch(routine: &mut dyn FnMut(u64)) -> u64 {
    const TRIAL: u64 = 1_000;
    nanoseconds_each(routine, TRIAL);
    (BATCH_NS / nanoseconds_each(routine, TRIAL)).max(1.0) as u64
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench measures with the clock that the harness uses"
)]
fn nanoseconds_each(routine: &mut dyn FnMut(u64), times: u64) -> f64 {
    let begin = Instant::now();
    routine(times);
    begin.elapsed().as_nanos() as f64 / times as f64
}

fn quantile(values: &mut [f64], which: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * which).round() as usize]
}
