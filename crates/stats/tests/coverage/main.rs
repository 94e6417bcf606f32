//! Measures the share of 95 % intervals that contain the true value, on queues whose true values are known.
//!
//! `cargo test --release -p concsim-stats coverage -- --ignored --nocapture` prints the tables.

mod queue;

use concsim_stats::until::{self, StoppingDecision, StoppingRule};
use concsim_stats::{Interval, StatsError, batch, mean, percentile, warm_up};
use queue::{Law, Queue, exponential, normal};
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;

const REPLICATIONS: usize = 20;
const CUSTOMERS: usize = 5_000;

const QUEUES: [Queue; 8] = [
    Queue::new("M/M/1", Law::Exponential, 1, 0.5),
    Queue::new("M/M/1", Law::Exponential, 1, 0.8),
    Queue::new("M/D/1", Law::Constant, 1, 0.5),
    Queue::new("M/D/1", Law::Constant, 1, 0.8),
    Queue::new("M/G/1, cv 2", Law::Hyperexponential, 1, 0.5),
    Queue::new("M/G/1, cv 2", Law::Hyperexponential, 1, 0.8),
    Queue::new("M/M/4", Law::Exponential, 4, 0.5),
    Queue::new("M/M/4", Law::Exponential, 4, 0.8),
];

/// Intervals of many experiments, beside the true value.
#[derive(Default)]
struct CoverageCounts {
    intervals: usize,
    covering: usize,
    /// Intervals above the true value.
    too_high: usize,
    refused: usize,
    /// Intervals with an infinite end.
    unbounded: usize,
    /// Sum of the relative half-widths of the others.
    relative: f64,
    /// Sum of relative errors of the estimates.
    bias: f64,
}

impl CoverageCounts {
    fn add(&mut self, truth: f64, found: Result<Interval, StatsError>) {
        let Ok(found) = found else {
            self.refused += 1;
            return;
        };
        self.intervals += 1;
        self.covering += usize::from(found.contains(truth));
        self.too_high += usize::from(truth < found.low);
        if found.half_width().is_finite() {
            self.relative += found.half_width() / truth;
        } else {
            self.unbounded += 1;
        }
        self.bias += found.estimate / truth - 1.0;
    }

    #[expect(clippy::print_stdout, reason = "the table is what this is for")]
    fn print(&self, name: &str, method: &str) {
        if self.intervals == 0 {
            println!(
                "{name:<28} {method:<26} no interval  refused {}",
                self.refused
            );
            return;
        }
        let n = self.intervals as f64;
        let per_cent = |count: usize| 100.0 * count as f64 / n;
        let missed_low = self.intervals - self.covering - self.too_high;
        println!(
            "{name:<28} {method:<26} {:5.1} %  too low {:4.1} %, too high {:4.1} %  ±{:5.2} %  bias {:+6.2} %  refused {}, unbounded {}",
            per_cent(self.covering),
            per_cent(missed_low),
            per_cent(self.too_high),
            100.0 * self.relative / (n - self.unbounded as f64),
            100.0 * self.bias / n,
            self.refused,
            self.unbounded,
        );
    }
}

/// Plays the replications of one experiment.
fn play(queue: &Queue, customers: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..REPLICATIONS)
        .map(|_| queue.play(customers, &mut random))
        .collect()
}

/// Discards the warm-up that the mean series shows.
fn truncate(mut all: Vec<Vec<f64>>) -> Result<Vec<Vec<f64>>, StatsError> {
    let truncated = warm_up::mser5_pooled(&all)?;
    for times in &mut all {
        times.drain(..truncated);
    }
    Ok(all)
}

fn experiment(queue: &Queue, seed: u64) -> Result<Vec<Vec<f64>>, StatsError> {
    truncate(play(queue, CUSTOMERS, seed))
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn means(replications: &[Vec<f64>]) -> Vec<f64> {
    replications.iter().map(|times| average(times)).collect()
}

#[test]
#[ignore = "prints a table of 11 000 experiments"]
fn coverage_of_means() {
    let all = QUEUES.iter().map(|queue| (queue, CUSTOMERS));
    for (queue, customers) in
        all.chain([(&QUEUES[0], 500), (&QUEUES[0], 1_000), (&QUEUES[5], 20_000)])
    {
        let (mut usual, mut skewed) = (CoverageCounts::default(), CoverageCounts::default());
        for seed in 0..1_000 {
            let means = truncate(play(queue, customers, seed)).map(|all| means(&all));
            let each = |method: fn(&[f64], f64) -> Result<Interval, StatsError>| {
                means.clone().and_then(|means| method(&means, 0.95))
            };
            usual.add(queue.mean(), each(mean::interval));
            skewed.add(queue.mean(), each(mean::skewed));
        }
        let name = format!("{} ρ {} of {customers}", queue.name, queue.load);
        usual.print(&name, "mean, Student t");
        skewed.print(&name, "mean, skewed");
    }
}

#[test]
fn intervals_of_the_mean_contain_it_as_often_as_they_state() {
    let queue = Queue::new("M/M/1", Law::Exponential, 1, 0.5);
    let mut tally = CoverageCounts::default();
    for seed in 0..200 {
        // With 500 customers the level is missed: 91.8 % of 960 (`coverage_of_means`).
        let all = truncate(play(&queue, 1_000, seed));
        let found = all.and_then(|all| mean::interval(&means(&all), 0.95));
        tally.add(queue.mean(), found);
    }
    // 95 % of 200 have a standard deviation of 1.54 %: 3.3 of these are exceeded once in a thousand
    // experiments.
    let share = tally.covering as f64 / tally.intervals as f64;
    assert!(tally.intervals >= 190, "{} refused", tally.refused);
    assert!((0.95 - share).abs() < 0.051, "{share}");
}

#[test]
fn intervals_of_percentiles_contain_them_as_often_as_they_state() {
    let median_of_all = 2.0_f64.ln();
    let (mut median, mut p99) = (CoverageCounts::default(), CoverageCounts::default());
    for seed in 0..1_000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let values: Vec<f64> = (0..600).map(|_| exponential(&mut random)).collect();
        median.add(median_of_all, percentile::median(&values[..20], 0.95));
        p99.add(
            100.0_f64.ln(),
            percentile::of_independent(&values, 0.99, 0.95),
        );
    }
    // Of 600, ranks 589 to 600 are the narrowest that reach 95 %: their level is the sum of the binomial law
    // from 589 to 599. A thousand experiments have a standard deviation of 6.9.
    let level = percentile::of_independent(&[0.0; 600], 0.99, 0.95)
        .expect("values")
        .level;
    assert!((0.95..0.99).contains(&level), "{level}");
    assert!(
        (927..=973).contains(&median.covering),
        "{}",
        median.covering
    );
    let expected = 1_000.0 * level;
    assert!(
        (p99.covering as f64 - expected).abs() < 23.0,
        "{} for {expected}",
        p99.covering
    );
}

/// The ways to discard a warm-up.
type Truncation = fn(Vec<Vec<f64>>) -> Result<Vec<Vec<f64>>, StatsError>;

const TRUNCATIONS: [(&str, Truncation); 3] = [
    ("no warm-up", Ok),
    ("MSER-5 of the mean series", truncate),
    ("MSER-5 of each", |all| {
        let each = all
            .into_iter()
            .map(|times| Ok(times[warm_up::mser5(&times)?..].to_vec()));
        each.collect()
    }),
];

#[test]
#[ignore = "prints a table of 4 000 experiments"]
fn coverage_of_warm_ups() {
    for (queue, customers) in [(1, 500), (1, 5_000), (5, 5_000), (5, 20_000)] {
        let queue = &QUEUES[queue];
        let mut tallies: [CoverageCounts; 3] = Default::default();
        for seed in 0..1_000 {
            let all = play(queue, customers, seed);
            for (tally, (_, truncation)) in tallies.iter_mut().zip(TRUNCATIONS) {
                let kept = truncation(all.clone());
                let found = kept.and_then(|all| mean::skewed(&means(&all), 0.95));
                tally.add(queue.mean(), found);
            }
        }
        for (tally, (truncation, _)) in tallies.iter().zip(TRUNCATIONS) {
            tally.print(
                &format!("{} ρ {} of {customers}", queue.name, queue.load),
                truncation,
            );
        }
    }
}

/// The ways to a percentile from replications.
type Method = fn(&[Vec<f64>], f64) -> Result<Interval, StatsError>;

fn own(replications: &[Vec<f64>], share: f64) -> Vec<f64> {
    let own = replications
        .iter()
        .map(|times| percentile::quantile(times, share));
    own.collect::<Result<_, _>>().expect("times")
}

const METHODS: [(&str, Method); 4] = [
    ("median of own percentiles", |all, share| {
        percentile::median(&own(all, share), 0.95)
    }),
    ("t of own percentiles", |all, share| {
        mean::interval(&own(all, share), 0.95)
    }),
    ("pooled as independent", |all, share| {
        percentile::of_independent(&all.concat(), share, 0.95)
    }),
    ("pooled, by replications", |all, share| {
        percentile::of_replications(all, share, 0.95)
    }),
];

#[test]
#[ignore = "prints a table of 2 000 experiments"]
fn coverage_of_percentiles() {
    for queue in &QUEUES[..2] {
        for share in [0.5, 0.99] {
            let mut tallies: [CoverageCounts; 4] = Default::default();
            for seed in 0..1_000 {
                let all = experiment(queue, seed);
                for (tally, (_, method)) in tallies.iter_mut().zip(METHODS) {
                    let found = all.as_ref().map_err(|error| *error);
                    tally.add(
                        queue.percentile(share),
                        found.and_then(|all| method(all, share)),
                    );
                }
            }
            for (tally, (method, _)) in tallies.iter().zip(METHODS) {
                tally.print(
                    &format!("{} ρ {} p{}", queue.name, queue.load, 100.0 * share),
                    method,
                );
            }
        }
    }
}

#[test]
#[ignore = "prints a table of 8 000 long runs"]
fn coverage_of_batch_means() {
    for queue in &QUEUES {
        let mut tally = CoverageCounts::default();
        for seed in 0..1_000 {
            let times = queue.play(100_000, &mut ChaCha8Rng::seed_from_u64(seed));
            let found = warm_up::mser5(&times)
                .and_then(|truncated| batch::of_series(&times[truncated..], 0.95));
            tally.add(queue.mean(), found);
        }
        tally.print(
            &format!("{} ρ {}", queue.name, queue.load),
            "one run, 16 batches",
        );
    }
}

/// Stops of many experiments by the rule of 2 %: percentages of covering intervals without and with the
/// correction, and the mean number of replications. `draw` makes a value whose true mean is `truth`.
fn stopped(experiments: u64, truth: f64, draw: impl Fn(&mut ChaCha8Rng) -> f64) -> String {
    let rule = StoppingRule {
        relative: 0.02,
        least: 5,
        cap: 10_000,
    };
    let (mut plain, mut corrected, mut total) = (0, 0, 0);
    for seed in 0..experiments {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut values = vec![draw(&mut random)];
        let (mut is_plain_done, mut is_done) = (false, false);
        while !is_done {
            values.push(draw(&mut random));
            let found = mean::interval(&values, 0.95).expect("values");
            if !is_plain_done && found.n >= 5 && found.relative_half_width() <= rule.relative {
                is_plain_done = true;
                plain += u32::from(found.contains(truth));
            }
            is_done = rule.decide(&found) != StoppingDecision::Continue;
            if is_done {
                corrected += u32::from(until::corrected(&found).contains(truth));
                total += found.n;
            }
        }
    }
    let all = experiments as f64;
    let per_cent = |count: u32| 100.0 * f64::from(count) / all;
    let (plain, corrected, n) = (per_cent(plain), per_cent(corrected), total as f64 / all);
    format!("{plain:.1} % without correction, {corrected:.1} % with, after {n:.1}")
}

#[test]
#[ignore = "prints a table of 71 000 experiments"]
fn coverage_after_a_stop() {
    for needed in [3.0_f64, 5.0, 8.0, 12.0, 20.0, 40.0, 80.0] {
        // 1.96·cv ÷ √needed = 2 %.
        let cv = 0.02 * needed.sqrt() / 1.96;
        let found = stopped(10_000, 1.0, |random| 1.0 + cv * normal(random));
        println!("2 % with {needed} normal values: {found}");
    }
    let queue = &QUEUES[0];
    let found = stopped(1_000, queue.mean(), |random| {
        average(&queue.play(CUSTOMERS, random))
    });
    println!(
        "2 % with {} ρ {} of {CUSTOMERS}: {found}",
        queue.name, queue.load
    );
}
