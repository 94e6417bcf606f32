//! Draws follow their distributions, and are the same wherever they are drawn.

use super::*;
use crate::scenario::{Accept, ConnectionMode, Load, Machine, Server, Step, Warmup, WorkerKind};
use crate::units::CpuTime;

const MILLISECOND: u64 = 1_000_000;

fn scenario(seed: u64, draws: &[Draw], arrivals: Arrivals) -> Scenario {
    let step = |draw: &Draw| Step::Compute {
        cpu: *draw,
        slice: None::<CpuTime>,
    };
    let request = |name: &str, weight| Request {
        name: name.into(),
        weight,
        script: draws.iter().map(step).collect(),
    };
    Scenario {
        seed,
        warmup: Warmup::UntilEveryoneWasAnswered,
        duration: Elapsed::from_secs(5),
        server: Server {
            kind: WorkerKind::Sync,
            workers: 1,
            connections: 1000,
            backlog: 2048,
            keepalive: Elapsed::ZERO,
            timeout: None,
            graceful_timeout: Elapsed::ZERO,
            threads: 1,
            gil: true,
            gil_returns: false,
            threadpool: 10,
            accept: Accept::Shared,
            max_requests: None,
            max_requests_jitter: 0,
            app: 0,
            processes: 0,
            boot: crate::scenario::Boot::default(),
            preload: false,
            command: None,
            nice: 0,
        },
        services: vec![],
        counters: vec![],
        requests: vec![
            request("often", 3.0),
            request("never", 0.0),
            request("seldom", 1.0),
        ],
        load: Load {
            arrivals,
            jobs: Vec::new(),
            requests: None,
            connection: ConnectionMode::PerRequest,
            silent: 0,
            patience: Elapsed::from_secs(30),
        },
        timeline: Vec::new(),
        machine: Machine::default(),
    }
}

fn open(rate: f64, process: Process) -> Arrivals {
    Arrivals::Open { rate, process }
}

fn poisson(seed: u64, rate: f64) -> Scenario {
    scenario(seed, &[], open(rate, Process::Poisson))
}

/// Returns the first `count` draws of one step, in milliseconds, sorted.
fn sample(draw: Draw, count: u64) -> Vec<f64> {
    let scenario = scenario(1, &[draw], open(1.0, Process::Poisson));
    let mut drawn: Vec<f64> = (0..count)
        .map(|n| demands(&scenario, 0, n)[0] as f64 / MILLISECOND as f64)
        .collect();
    drawn.sort_by(f64::total_cmp);
    drawn
}

/// True if `sorted` passes Kolmogorov and Smirnov's test against the distribution function `cdf` at 5 %, with
/// Stephens' correction for the size of the sample.
fn passes_kolmogorov_smirnov(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> bool {
    let count = sorted.len() as f64;
    let distance = sorted
        .iter()
        .enumerate()
        .map(|(rank, value)| {
            let expected = cdf(*value);
            let below = expected - rank as f64 / count;
            let above = (rank + 1) as f64 / count - expected;
            below.max(above)
        })
        .fold(0.0, f64::max);
    distance * (count.sqrt() + 0.12 + 0.11 / count.sqrt()) < 1.358
}

fn share_that_passes(seeds: u64, passes: impl Fn(u64) -> bool) -> f64 {
    (0..seeds).filter(|seed| passes(*seed)).count() as f64 / seeds as f64
}

#[test]
fn gaps_between_poisson_arrivals_are_exponential() {
    let share = share_that_passes(200, |seed| {
        let instants: Vec<f64> = arrivals(&poisson(seed, 200.0))
            .take(1000)
            .map(Elapsed::as_secs_f64)
            .collect();
        let mut gaps: Vec<f64> = std::iter::once(instants[0])
            .chain(instants.windows(2).map(|pair| pair[1] - pair[0]))
            .collect();
        gaps.sort_by(f64::total_cmp);
        passes_kolmogorov_smirnov(&gaps, |gap| 1.0 - (-gap * 200.0).exp())
    });
    assert!(share >= 0.93, "only {share} of 200 timetables pass");
}

#[test]
fn poisson_arrivals_are_spread_evenly_over_a_run() {
    let share = share_that_passes(200, |seed| {
        let instants: Vec<f64> = arrivals(&poisson(seed, 200.0))
            .map(Elapsed::as_secs_f64)
            .take_while(|instant| *instant < 5.0)
            .collect();
        passes_kolmogorov_smirnov(&instants, |instant| instant / 5.0)
    });
    assert!(share >= 0.93, "only {share} of 200 timetables pass");
}

#[test]
fn another_rate_rescales_the_same_arrivals() {
    let slow: Vec<Elapsed> = arrivals(&poisson(7, 50.0)).take(500).collect();
    let fast: Vec<Elapsed> = arrivals(&poisson(7, 100.0)).take(500).collect();
    for (slow, fast) in slow.iter().zip(&fast) {
        assert!(
            slow.0.abs_diff(2 * fast.0) <= 1,
            "{slow:?} is not twice {fast:?}"
        );
    }
}

#[test]
fn a_longer_run_begins_with_the_shorter_one() {
    let scenario = poisson(7, 50.0);
    let longer: Vec<Elapsed> = arrivals(&scenario).take(900).collect();
    assert!(
        arrivals(&scenario)
            .take(300)
            .eq(longer[..300].iter().copied())
    );
    assert!(longer.is_sorted());
}

#[test]
fn constant_arrivals_are_a_clockwork_from_zero() {
    let scenario = scenario(1, &[], open(4.0, Process::Constant));
    let first: Vec<u64> = arrivals(&scenario)
        .map(|due| due.0 / MILLISECOND)
        .take(4)
        .collect();
    assert_eq!(first, [0, 250, 500, 750]);
}

#[test]
fn a_closed_load_has_no_timetable_but_thinks() {
    let think_time = Draw::Exponential {
        mean: 10 * MILLISECOND,
    };
    let closed = Arrivals::Closed {
        clients: 3,
        think: think_time,
        ramp: Elapsed::ZERO,
    };
    let scenario = scenario(1, &[], closed);
    assert_eq!(arrivals(&scenario).next(), None);
    assert_ne!(think(&scenario, 0), think(&scenario, 1));
    assert_eq!(think(&poisson(1, 1.0), 0), Elapsed::ZERO);
}

#[test]
fn each_distribution_is_what_it_says() {
    let uniform = sample(
        Draw::Uniform {
            low: 90 * MILLISECOND,
            high: 110 * MILLISECOND,
        },
        4000,
    );
    assert!(passes_kolmogorov_smirnov(&uniform, |x| (x - 90.0) / 20.0));

    let exponential = sample(
        Draw::Exponential {
            mean: 99 * MILLISECOND,
        },
        4000,
    );
    assert!(passes_kolmogorov_smirnov(&exponential, |x| 1.0 - (-x / 99.0).exp()));

    let pareto = Draw::Pareto {
        least: 5 * MILLISECOND,
        shape: 1.5,
        most: LONGEST,
    };
    let pareto = sample(pareto, 4000);
    assert!(passes_kolmogorov_smirnov(&pareto, |x| 1.0 - (5.0 / x).powf(1.5)));

    let lognormal = Draw::Lognormal {
        median: 50 * MILLISECOND,
        p99: 400 * MILLISECOND,
    };
    let lognormal = sample(lognormal, 4000);
    let spread = 8_f64.ln() / NORMAL_P99;
    assert!(passes_kolmogorov_smirnov(&lognormal, |x| {
        0.5 * libm::erfc(-(x / 50.0).ln() / spread / std::f64::consts::SQRT_2)
    }));
}

#[test]
fn no_draw_leaves_its_bounds() {
    let draws = [
        (Draw::Fixed(7), 7, 7),
        (Draw::Uniform { low: 3, high: 5 }, 3, 5),
        (Draw::Uniform { low: 4, high: 4 }, 4, 4),
        (Draw::Exponential { mean: LONGEST }, 0, LONGEST),
        (
            Draw::Lognormal {
                median: LONGEST / 2,
                p99: LONGEST,
            },
            0,
            LONGEST,
        ),
        (
            Draw::Pareto {
                least: 5,
                shape: 0.01,
                most: 90,
            },
            5,
            90,
        ),
    ];
    for (draw, low, high) in draws {
        let scenario = scenario(3, &[draw], open(1.0, Process::Poisson));
        for n in 0..2000 {
            let length = demands(&scenario, 0, n)[0];
            assert!((low..=high).contains(&length), "{draw:?} gave {length}");
        }
    }
}

#[test]
fn requests_are_mixed_by_weight_and_weight_zero_never_comes() {
    let scenario = poisson(1, 1.0);
    let mut counts = [0; 3];
    for n in 0..4000 {
        counts[class_of(&scenario, n)] += 1;
    }
    assert_eq!(counts[1], 0);
    // Four standard deviations of a binomial with 4000 draws of 3/4 are 110.
    assert!((2890..=3110).contains(&counts[0]), "{counts:?}");
}

#[test]
fn a_draw_depends_on_seed_request_and_step_and_on_nothing_else() {
    let draw = Draw::Exponential { mean: MILLISECOND };
    let all = |seed, n| {
        demands(
            &scenario(seed, &[draw; 2], open(1.0, Process::Poisson)),
            0,
            n,
        )
    };
    assert_eq!(all(1, 5), all(1, 5));
    assert_ne!(all(1, 5), all(2, 5));
    assert_ne!(all(1, 5), all(1, 6));
    assert_ne!(all(1, 5)[0], all(1, 5)[1]);
    let many = scenario(9, &[draw], open(3.0, Process::Constant));
    assert_eq!(
        demands(
            &scenario(9, &[draw, draw], open(1.0, Process::Poisson)),
            0,
            4
        )[0],
        demands(&many, 0, 4)[0],
    );
}

/// One draw of each law.
fn every_law() -> [Draw; 4] {
    [
        Draw::Uniform {
            low: 0,
            high: 1_000_000,
        },
        Draw::Exponential {
            mean: 99 * MILLISECOND,
        },
        Draw::Lognormal {
            median: 50 * MILLISECOND,
            p99: 400 * MILLISECOND,
        },
        Draw::Pareto {
            least: 5 * MILLISECOND,
            shape: 1.5,
            most: 2000 * MILLISECOND,
        },
    ]
}

#[test]
fn the_numbers_are_the_same_on_every_machine_and_in_every_program_with_this_version_of_draws() {
    let scenario = scenario(7, &every_law(), open(200.0, Process::Poisson));
    let classes: Vec<usize> = (0..12).map(|n| class_of(&scenario, n)).collect();
    let due: Vec<u64> = arrivals(&scenario).take(3).map(|due| due.0).collect();
    // Computed in Python, from the definitions of the cipher and of the laws.
    assert_eq!(classes, [0, 0, 0, 2, 0, 0, 2, 2, 2, 2, 0, 0]);
    let first = [557_292, 54_903_029, 32_874_118, 6_453_259];
    assert_eq!(demands(&scenario, 0, 0), first);
    let late = [100_437, 99_492_497, 196_326_749, 22_317_711];
    assert_eq!(demands(&scenario, 0, 1_000_000), late);
    assert_eq!(due, [723_805, 5_186_810, 9_004_807]);
}

#[test]
fn demands_of_a_recording_in_version_1_are_those_that_it_played() {
    // Values that the program printed with draws of version 1.
    let scenario = scenario(7, &every_law(), open(200.0, Process::Poisson));
    let first = [909_190, 148_234_960, 12_186_918, 7_411_407];
    assert_eq!(demands_in_version(1, &scenario, 0, 0), first);
    let late = [428_397, 280_102_246, 13_327_733, 8_466_483];
    assert_eq!(demands_in_version(1, &scenario, 0, 1_000_000), late);
}

#[test]
fn draws_that_are_remembered_are_the_same_draws() {
    let thinks = Arrivals::Closed {
        clients: 3,
        think: Draw::Exponential { mean: MILLISECOND },
        ramp: Elapsed::ZERO,
    };
    let scenario = scenario(11, &every_law(), thinks);
    let mut remembered = Draws::new(11);
    for n in (0..500).rev().chain(0..500) {
        assert_eq!(
            remembered.class_of(&scenario, n),
            class_of(&scenario, n),
            "{n}"
        );
        assert_eq!(remembered.think(&scenario, n), think(&scenario, n), "{n}");
        for (step, draw) in every_law().iter().enumerate() {
            let alone = demand(&scenario, 0, n, step);
            assert_eq!(remembered.demand(n, step, draw), alone, "{n} {step}");
        }
    }
}

#[test]
fn chances_and_choices_are_uniform() {
    let mut draws = Draws::new(3);
    let mut chances: Vec<f64> = (0..4_000).map(|n| draws.overshoot(n)).collect();
    chances.sort_by(f64::total_cmp);
    assert!(passes_kolmogorov_smirnov(&chances, |chance| chance));
    let mut counts = [0_u32; 4];
    for n in 0..4_000 {
        counts[draws.choice(n, 4)] += 1;
    }
    // Four standard deviations of a binomial with 4000 draws of 1/4 are 110.
    let is_usual = |count: &u32| count.abs_diff(1_000) <= 110;
    assert!(counts.iter().all(is_usual), "{counts:?}");
}

#[test]
fn lengths_are_rounded_as_the_standard_library_rounds_them() {
    let halves = (0..1_000).map(|halves| f64::from(halves) / 2.0);
    let near = halves.flat_map(|half| [half.next_down(), half, half.next_up()]);
    let large = [51, 52, 53, 54, 63, 64, 65].map(|bits| 2_f64.powi(bits));
    let large = large.into_iter().flat_map(|it| [it.next_down(), it]);
    let odd = [-0.7, f64::INFINITY, f64::NAN];
    for length in near.chain(large).chain(odd) {
        assert_eq!(rounded(length), length.round() as u64, "{length}");
    }
}
