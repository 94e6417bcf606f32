//! Tests of pools of tokens against computed values, simpler queues, and an iteration over the same states.

use proptest::prelude::*;

use super::*;
use crate::close;
use crate::demand::Moments;
use crate::queues;

/// Times in milliseconds.
fn pool(rate: f64, tokens: usize, cores: usize, (compute, wait): (f64, f64)) -> Pool {
    Pool {
        rate,
        tokens: Tokens::Some(tokens),
        cores,
        compute: compute / 1e3,
        wait: wait / 1e3,
    }
}

fn response_ms(pool: &Pool) -> f64 {
    pool.steady().expect("a stable pool").means.response * 1e3
}

#[test]
fn five_sync_workers_that_mostly_wait() {
    // Digits beyond those of other computations (151.526, 243.513) are confirmed by two methods.
    for (rate, expected_ms) in [
        (25.0, 104.921_367),
        (40.0, 151.525_469),
        (45.0, 243.512_478),
    ] {
        close(
            response_ms(&pool(rate, 5, 2, (10.0, 90.0))),
            expected_ms,
            1e-6,
        );
    }
}

#[test]
fn five_sync_workers_that_compute_half_of_the_time_contend_for_two_cores() {
    let at = |rate| pool(rate, 5, 2, (10.0, 10.0));
    close(at(1.0).capacity(), 186.9, 0.1);
    for (rate, expected_ms) in [(100.0, 23.558), (150.0, 36.468), (170.0, 64.068)] {
        close(response_ms(&at(rate)), expected_ms, 1e-3);
    }
}

#[test]
fn one_coroutine_process_with_few_and_with_many_connections() {
    for (tokens, rate, expected_ms) in [
        (10, 50.0, 100.936),
        (10, 90.0, 169.312),
        (50, 300.0, 103.005),
    ] {
        close(
            response_ms(&pool(rate, tokens, 1, (2.0, 98.0))),
            expected_ms,
            1e-3,
        );
    }
    // With 50 connections almost no request waits for one.
    close(response_ms(&pool(90.0, 50, 1, (2.0, 98.0))), 100.4, 0.1);
}

#[test]
fn without_a_limit_a_coroutine_process_is_a_queue_and_a_wait() {
    for (rate, expected_ms) in [(400.0, 108.0), (450.0, 118.0)] {
        let pool = Pool {
            tokens: Tokens::Unlimited,
            ..pool(rate, 1, 1, (2.0, 98.0))
        };
        close(response_ms(&pool), expected_ms, 1e-9);
        close(pool.capacity(), 500.0, 1e-9);
    }
}

#[test]
fn sixty_four_tokens_on_one_core_are_as_good_as_any_number() {
    for rate in [100.0, 200.0] {
        let many = pool(rate, 64, 1, (2.0, 98.0));
        let unlimited = Pool {
            tokens: Tokens::Unlimited,
            ..many
        };
        let (many, unlimited) = (response_ms(&many), response_ms(&unlimited));
        assert!((many / unlimited - 1.0).abs() < 1e-8, "{many} {unlimited}");
    }
}

#[test]
fn at_its_capacity_a_pool_has_no_steady_state() {
    let capacity = pool(1.0, 5, 2, (10.0, 10.0)).capacity();
    assert_eq!(pool(capacity, 5, 2, (10.0, 10.0)).steady(), None);
    assert_eq!(pool(2.0 * capacity, 5, 2, (10.0, 10.0)).steady(), None);
    let near = pool(capacity * (1.0 - 1e-6), 5, 2, (10.0, 10.0));
    assert!(response_ms(&near) > 1e6);
}

/// Mean number present, by iteration over the same states until nothing changes; the queue is limited to
/// `last` requests.
fn by_iteration(pool: &Pool, tokens: usize, last: usize) -> f64 {
    let at = |level: usize, phase: usize| level * (tokens + 1) + phase;
    let busiest = pool.rate + pool.cores as f64 / pool.compute + tokens as f64 / pool.wait;
    let mut shares = vec![0.0; at(last + 1, 0)];
    shares[0] = 1.0;
    let mut present = 0.0;
    loop {
        let mut next = shares.clone();
        for level in 0..=last {
            let begun = level.min(tokens);
            for phase in 0..=begun {
                let share = shares[at(level, phase)];
                let mut flow = |rate: f64, to: usize| {
                    next[at(level, phase)] -= share * rate / busiest;
                    next[to] += share * rate / busiest;
                };
                if level < last {
                    flow(
                        pool.rate,
                        at(level + 1, phase + usize::from(level < tokens)),
                    );
                }
                if phase > 0 {
                    let computed = phase.min(pool.cores) as f64 / pool.compute;
                    flow(computed, at(level, phase - 1));
                }
                if begun > phase {
                    let over = (begun - phase) as f64 / pool.wait;
                    flow(over, at(level - 1, phase + usize::from(level > tokens)));
                }
            }
        }
        shares = next;
        let levels = shares
            .chunks(tokens + 1)
            .map(|level| level.iter().sum::<f64>());
        let now: f64 = levels
            .zip(0..)
            .map(|(share, level)| f64::from(level) * share)
            .sum();
        if (now - present).abs() < 1e-14 * now {
            return now;
        }
        present = now;
    }
}

#[test]
fn the_reduction_gives_what_stepping_through_the_states_gives() {
    for (rate, tokens, cores, times) in [
        (60.0, 3, 2, (10.0, 10.0)),
        (30.0, 1, 4, (10.0, 10.0)),
        (20.0, 4, 1, (10.0, 90.0)),
    ] {
        let pool = pool(rate, tokens, cores, times);
        let found = pool.steady().expect("a stable pool").means.present;
        let expected = by_iteration(&pool, tokens, 60);
        assert!((found / expected - 1.0).abs() < 1e-8, "{found} {expected}");
    }
}

fn times() -> impl Strategy<Value = (f64, f64)> {
    (0.1_f64..50.0, 0.1_f64..500.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn waiting_and_begun_requests_obey_littles_law(
        times in times(), tokens in 1_usize..16, cores in 1_usize..8, used in 0.01_f64..0.97,
    ) {
        let idle = pool(1.0, tokens, cores, times);
        let pool = Pool { rate: used * idle.capacity(), ..idle };
        let steady = pool.steady().expect("a stable pool");
        let sum = steady.means.waiting + steady.begun;
        prop_assert!((steady.means.present / sum - 1.0).abs() < 1e-12);
        prop_assert!(steady.begun <= tokens as f64 && steady.computing <= cores as f64);
        prop_assert!(steady.at_cores >= pool.compute * (1.0 - 1e-9));
        prop_assert!((0.0..=1.0).contains(&steady.waits));
        // A check independent of the reduction: no response is shorter than computing and wait together.
        let alone = pool.compute + pool.wait;
        prop_assert!(steady.means.response >= alone * (1.0 - 1e-9));
    }

    #[test]
    fn more_load_is_slower_and_more_tokens_or_cores_are_not(
        times in times(), tokens in 1_usize..12, cores in 1_usize..6, used in 0.05_f64..0.9,
    ) {
        let idle = pool(1.0, tokens, cores, times);
        let less = Pool { rate: used * idle.capacity(), ..idle };
        let response = response_ms(&less) * (1.0 + 1e-9);
        let more_load = response_ms(&Pool { rate: less.rate * 1.05, ..less });
        let more_tokens = response_ms(&Pool { tokens: Tokens::Some(tokens + 1), ..less });
        let more_cores = response_ms(&Pool { cores: cores + 1, ..less });
        prop_assert!(more_load * (1.0 + 2e-9) >= response);
        prop_assert!(more_tokens <= response && more_cores <= response);
    }

    #[test]
    fn requests_that_only_compute_are_a_queue_with_many_servers(
        tokens in 1_usize..10, more in 0_usize..5, used in 0.1_f64..0.95,
    ) {
        let queue = Mmc { servers: tokens, rate: used * tokens as f64, service: 1.0 };
        let expected = queue.steady().expect("a stable queue").means();
        let cores = tokens + more;
        let pool = Pool { rate: queue.rate, tokens: Tokens::Some(tokens), cores, compute: 1.0, wait: 0.0 };
        let found = pool.steady().expect("a stable pool");
        prop_assert!((found.means.wait - expected.wait).abs() < 1e-12);
        prop_assert!((found.at_cores - 1.0).abs() < 1e-12);
        // The chain itself, with almost no wait.
        let pool = Pool { wait: 1e-7, ..pool };
        let found = pool.steady().expect("a stable pool").means;
        prop_assert!((found.response / expected.response - 1.0).abs() < 1e-4, "{found:?}");
        // Requests that only wait form the same queue, with any number of cores.
        let pool = Pool { compute: 0.0, wait: 1.0, cores: 1, ..pool };
        let found = pool.steady().expect("a stable pool").means;
        prop_assert!((found.response / expected.response - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_single_token_is_one_server_for_the_whole_request(
        compute in -9.0_f64..6.0, wait in -9.0_f64..6.0, cores in 1_usize..5, used in 1e-6_f64..0.99,
    ) {
        let (compute, wait) = (libm::pow(10.0, compute), libm::pow(10.0, wait));
        let rate = used / (compute + wait);
        let pool = Pool { rate, tokens: Tokens::Some(1), cores, compute, wait };
        // The square of a sum of two exponential times; Pollaczek and Khinchine.
        let square = 2.0 * (compute * compute + compute * wait + wait * wait);
        let service = Moments { mean: compute + wait, square };
        let expected = queues::wait_in_turn(rate, service).expect("a stable queue");
        let found = pool.steady().expect("a stable pool").means.wait;
        prop_assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn tokens_beyond_the_cores_only_move_where_computing_requests_wait(
        cores in 1_usize..4, more in 1_usize..6, used in 0.1_f64..0.9,
    ) {
        let tokens = Tokens::Some(cores + more);
        let rate = used * cores as f64;
        let alone = Pool { rate, tokens, cores, compute: 1.0, wait: 0.0 };
        let nearly = Pool { wait: 1e-7, ..alone };
        let (alone, nearly) = (alone.steady().unwrap(), nearly.steady().unwrap());
        prop_assert!((alone.means.wait - nearly.means.wait).abs() < 1e-4 * alone.means.response);
        prop_assert!((alone.waits - nearly.waits).abs() < 1e-4);
        prop_assert!((alone.at_cores / nearly.at_cores - 1.0).abs() < 1e-4);
    }
}
