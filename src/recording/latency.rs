//! How long requests took, and what they spent that time on.
//!
//! ```text
//!  due      sent        accepted   first read                          done
//!   ├─generator─┼────door────┼───ready───┼─ waited, ready, core wait, cpu ─┼─ other
//! ```
//!
//! Percentiles are exact: all samples, sorted. Means and parts of means are whole nanoseconds, so
//! that the parts add up to the whole, to the last digit.

use serde::Serialize;

use super::requests::Request;
use crate::units::Elapsed;

/// Below this many samples a median says little.
pub const MEDIAN_NEEDS: usize = 20;
/// A 95th percentile rests on a twentieth of the samples: ten of them at least.
pub const P95_NEEDS: usize = 200;
/// A 99th percentile rests on a hundredth of the samples: ten of them at least.
pub const P99_NEEDS: usize = 1_000;
/// The same for the 99.9th.
pub const P999_NEEDS: usize = 10_000;

/// Latencies in milliseconds; `None` where there are too few samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latencies {
    /// Of the completed requests.
    pub mean: Option<f64>,
    /// Half of the requests took no longer. Failed ones count with at least the patience.
    pub p50: Option<f64>,
    /// Nine of ten took no longer.
    pub p90: Option<f64>,
    /// 19 of 20. Additional to the first version of the summary, as the largest that 200 samples allow.
    pub p95: Option<f64>,
    /// 99 of 100.
    pub p99: Option<f64>,
    /// 999 of 1 000.
    pub p999: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

/// Lengths of time in ascending order.
#[derive(Clone, Debug, Default)]
pub(super) struct Sorted(Vec<Elapsed>);

impl Sorted {
    pub(super) fn of(samples: impl Iterator<Item = Elapsed>) -> Self {
        let mut samples: Vec<Elapsed> = samples.collect();
        samples.sort_unstable();
        Self(samples)
    }

    /// The smallest sample that is not exceeded by `per_mille` of them; `None` if there are none.
    pub(super) fn quantile(&self, per_mille: usize) -> Option<Elapsed> {
        self.0.get(place_of(per_mille, self.0.len())).copied()
    }

    fn quantile_ms(&self, per_mille: usize, needs: usize) -> Option<f64> {
        (self.0.len() >= needs)
            .then(|| self.quantile(per_mille))
            .flatten()
            .map(Elapsed::as_millis_f64)
    }
}

/// Where that sample is among so many.
fn place_of(per_mille: usize, samples: usize) -> usize {
    let rank = (samples * per_mille).div_ceil(1_000);
    rank.max(1) - 1
}

/// The same of samples of which no more than this one is asked: they need not be sorted for it.
pub(super) fn quantile(
    samples: impl Iterator<Item = Elapsed>,
    per_mille: usize,
) -> Option<Elapsed> {
    let mut samples: Vec<Elapsed> = samples.collect();
    let place = place_of(per_mille, samples.len());
    (place < samples.len()).then(|| *samples.select_nth_unstable(place).1)
}

impl Latencies {
    /// The latencies `all`, with the mean of the completed ones.
    pub(super) fn new(all: &Sorted, mean: Option<u64>) -> Self {
        Self {
            mean: mean.map(|mean| Elapsed(mean).as_millis_f64()),
            p50: all.quantile_ms(500, MEDIAN_NEEDS),
            p90: all.quantile_ms(900, MEDIAN_NEEDS),
            p95: all.quantile_ms(950, P95_NEEDS),
            p99: all.quantile_ms(990, P99_NEEDS),
            p999: all.quantile_ms(999, P999_NEEDS),
            max: all.0.last().copied().map(Elapsed::as_millis_f64),
        }
    }
}

/// The latencies of one kind of request, in milliseconds; `None` where there are too few samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct KindLatencies {
    /// Of the completed ones.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// Nine of ten took no longer.
    pub p90: Option<f64>,
    /// 19 of 20 took no longer.
    pub p95: Option<f64>,
    /// 99 of 100 took no longer.
    pub p99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

impl From<Latencies> for KindLatencies {
    fn from(all: Latencies) -> Self {
        let Latencies {
            mean,
            p50,
            p90,
            p95,
            p99,
            max,
            ..
        } = all;
        Self {
            mean,
            p50,
            p90,
            p95,
            p99,
            max,
        }
    }
}

impl KindLatencies {
    /// The 99th percentile, or where there are too few samples for one the highest that they allow, with its
    /// name; of fewer than 20 samples the longest. `None` without samples.
    #[must_use]
    pub fn tail(&self) -> Option<(&'static str, f64)> {
        [
            ("p99", self.p99),
            ("p95", self.p95),
            ("p90", self.p90),
            ("max", self.max),
        ]
        .into_iter()
        .find_map(|(name, value)| Some((name, value?)))
    }
}

/// The mean of some lengths of time, in whole nanoseconds.
pub(super) fn mean(samples: impl Iterator<Item = Elapsed>) -> Option<u64> {
    let (count, sum) = samples.fold((0_u128, 0_u128), |(count, sum), sample| {
        (count + 1, sum + u128::from(sample.0))
    });
    u64::try_from(sum.checked_div(count)?).ok()
}

/// What completed requests spent their latency on, in milliseconds of the mean. The parts add up to
/// it exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Breakdown {
    /// Due, and not yet sent.
    pub generator: f64,
    /// At the door: no worker has taken it.
    pub door: f64,
    /// Taken, or over with a wait, while its worker was busy with another.
    pub ready: f64,
    /// Computing, while all cores were taken.
    pub core_wait: f64,
    /// Computing.
    pub cpu: f64,
    /// Waiting for a service or a timer.
    pub parked_or_blocked: f64,
    /// All the rest: overhead, and the way there and back. All of it, where no worker tells.
    pub other: f64,
    /// The parts of `parked_or_blocked`; [`None`] where workers did not tell them.
    #[serde(skip)]
    pub waits: Option<Waits>,
}

/// What completed requests waited for, in milliseconds of the mean. The parts add up to
/// [`Breakdown::parked_or_blocked`] exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Waits {
    /// For a thread of the worker's pool.
    pub thread_wait: f64,
    /// For a connection to a service: until one of the pool was free, or a new one open.
    pub pool_wait: f64,
    /// From a call's sending until its service began to serve it.
    pub service_queue: f64,
    /// From there to its answer.
    pub call: f64,
    /// For timers.
    pub sleep: f64,
    /// For the client: for more bytes of its request, or for room for the answer.
    pub client: f64,
}

/// Lengths of the parts of waits, in nanoseconds, in the order of [`WaitParts::parts`].
type WaitSums = [u64; 6];

/// The share of all waits from which on a queue is told apart.
const LEAST_QUEUE: f64 = 0.01;

impl Waits {
    /// The mean of `count` requests whose waits were `sums` together, so that they add up to `whole`. Each was
    /// rounded down, and the longest takes what is missing: less than six nanoseconds.
    fn adding_up_to(whole: u64, sums: [u128; 6], count: u128) -> Self {
        let mut means: WaitSums = sums.map(|sum| (sum / count.max(1)) as u64);
        let missing = whole.saturating_sub(means.iter().sum());
        if let Some(longest) = means.iter_mut().max() {
            *longest += missing;
        }
        let [thread_wait, pool_wait, service_queue, call, sleep, client] =
            means.map(|mean| Elapsed(mean).as_millis_f64());
        Self {
            thread_wait,
            pool_wait,
            service_queue,
            call,
            sleep,
            client,
        }
    }

    /// The sum of its parts.
    #[must_use]
    pub fn total(&self) -> f64 {
        let queues = self.thread_wait + self.pool_wait + self.service_queue;
        queues + self.call + self.sleep + self.client
    }

    /// Waits for what is used up: for a thread, for a connection, in the service's queue. 0 for one of less
    /// than a hundredth of all waits, which is not told apart.
    #[must_use]
    pub fn queues(&self) -> [f64; 3] {
        let least = LEAST_QUEUE * self.total();
        [self.thread_wait, self.pool_wait, self.service_queue]
            .map(|queue| if queue >= least { queue } else { 0.0 })
    }
}

/// The breakdown of some requests, and how well it fits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    pub(super) breakdown: Breakdown,
    /// By how much the parts were longer than the whole, as a share of it. Such parts are cut, and
    /// somebody counted wrong.
    pub(super) overrun: f64,
}

impl Spent {
    /// `None` if there are no completed requests.
    pub(super) fn by<'a>(requests: impl Iterator<Item = &'a Request<'a>>) -> Option<Self> {
        let (mut count, mut whole, mut overrun) = (0_u128, 0_u128, 0_u128);
        let mut sums = [0_u128; 6];
        let mut waits = Some([0_u128; 6]);
        for request in requests.filter(|request| request.completed()) {
            let fitted = Fitted::of(request);
            for (sum, part) in sums.iter_mut().zip(fitted.parts) {
                *sum += u128::from(part);
            }
            waits = waits
                .zip(fitted.waits)
                .map(|(sums, parts)| std::array::from_fn(|at| sums[at] + u128::from(parts[at])));
            count += 1;
            whole += u128::from(fitted.latency);
            overrun += fitted.overrun;
        }
        let mean = u64::try_from(whole.checked_div(count)?).ok()?;
        let means = sums.map(|sum| (sum / count) as u64);
        let waits = waits.map(|waits| Waits::adding_up_to(means[WAITED], waits, count));
        Some(Self {
            breakdown: Breakdown::adding_up_to(mean, means, waits),
            overrun: overrun as f64 / whole.max(1) as f64,
        })
    }
}

/// One completed request, all in nanoseconds.
struct Fitted {
    latency: u64,
    /// As [`parts`], cut where together they would be longer than the latency …
    parts: [u64; 6],
    /// … by so much.
    overrun: u128,
    /// What its waits were for, cut to their part; [`None`] if it waited and its worker did not tell.
    waits: Option<WaitSums>,
}

/// The place of the waits among the parts.
const WAITED: usize = 5;

impl Fitted {
    fn of(request: &Request<'_>) -> Self {
        let latency = request.outcome.done.since(request.outcome.due).0;
        let (mut left, mut overrun) = (latency, 0);
        let parts = parts(request).map(|part| {
            let fits = part.min(left);
            left -= fits;
            overrun += u128::from(part - fits);
            fits
        });
        Self {
            latency,
            parts,
            overrun,
            waits: waits(request, parts[WAITED]),
        }
    }
}

/// What a request that waited for `whole` waited for, as its worker told it: the parts add up to `whole`.
fn waits(request: &Request<'_>, whole: u64) -> Option<WaitSums> {
    if whole == 0 {
        return Some(WaitSums::default());
    }
    let mut left = whole;
    let mut parts = request.waited?.parts().map(|part| {
        let fits = part.0.min(left);
        left -= fits;
        fits
    });
    if let Some(longest) = parts.iter_mut().max() {
        *longest += left;
    }
    Some(parts)
}

/// Generator, door, ready, core wait, cpu, parked or blocked, in nanoseconds.
fn parts(request: &Request<'_>) -> [u64; 6] {
    let outcome = request.outcome;
    let generator = outcome.sent.since(outcome.due);
    let Some(served) = request.served else {
        return [generator.0, 0, 0, 0, 0, 0];
    };
    let door = if outcome.opened {
        served.accepted.since(outcome.sent)
    } else {
        Elapsed::ZERO
    };
    let unread = served.first_read.since(outcome.sent.max(served.accepted));
    [
        generator.0,
        door.0,
        unread.0.saturating_add(served.ready.0),
        served.core_wait.0,
        served.cpu.0,
        served.waited.0,
    ]
}

impl Breakdown {
    /// What one request spent its latency on, if it was completed.
    pub(super) fn of(request: &Request<'_>) -> Option<Self> {
        let fitted = request.completed().then(|| Fitted::of(request))?;
        let whole = fitted.parts[WAITED];
        let waits = fitted
            .waits
            .map(|waits| Waits::adding_up_to(whole, waits.map(u128::from), 1));
        Some(Self::adding_up_to(fitted.latency, fitted.parts, waits))
    }

    /// Each part was rounded down, so their sum is at most the mean, and what is missing is other.
    fn adding_up_to(mean: u64, parts: [u64; 6], waits: Option<Waits>) -> Self {
        let other = mean - parts.iter().sum::<u64>();
        let [generator, door, ready, core_wait, cpu, parked_or_blocked] =
            parts.map(|part| Elapsed(part).as_millis_f64());
        Self {
            generator,
            door,
            ready,
            core_wait,
            cpu,
            parked_or_blocked,
            other: Elapsed(other).as_millis_f64(),
            waits,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::telemetry::{Failure, Outcome, Served, WaitParts};
    use crate::units::{CpuTime, Stamp};

    fn sorted(count: u64) -> Sorted {
        Sorted::of((1..=count).rev().map(Elapsed::from_millis))
    }

    #[test]
    fn a_percentile_is_the_smallest_sample_that_enough_do_not_exceed() {
        let hundred = sorted(100);
        for (per_mille, value) in [(500, 50), (900, 90), (990, 99), (999, 100), (1, 1)] {
            assert_eq!(
                hundred.quantile(per_mille),
                Some(Elapsed::from_millis(value))
            );
        }
        assert_eq!(sorted(0).quantile(500), None);
    }

    #[test]
    fn a_percentile_of_too_few_samples_is_not_given() {
        let given = |count| {
            let latencies = Latencies::new(&sorted(count), None);
            [
                latencies.p50.is_some(),
                latencies.p90.is_some(),
                latencies.p95.is_some(),
                latencies.p99.is_some(),
                latencies.p999.is_some(),
                latencies.max.is_some(),
            ]
        };
        assert_eq!(given(0), [false; 6]);
        assert_eq!(given(19), [false, false, false, false, false, true]);
        assert_eq!(given(20), [true, true, false, false, false, true]);
        assert_eq!(given(199), [true, true, false, false, false, true]);
        assert_eq!(given(200), [true, true, true, false, false, true]);
        assert_eq!(given(999), [true, true, true, false, false, true]);
        assert_eq!(given(1_000), [true, true, true, true, false, true]);
        assert_eq!(given(9_999), [true, true, true, true, false, true]);
        assert_eq!(given(10_000), [true; 6]);
    }

    #[test]
    fn in_place_of_a_p99_stands_the_highest_percentile_that_the_samples_allow() {
        let tail = |count| KindLatencies::from(Latencies::new(&sorted(count), None)).tail();
        assert_eq!(tail(0), None);
        assert_eq!(tail(3), Some(("max", 3.0)));
        assert_eq!(tail(118), Some(("p90", 107.0))); // the 107th: 90 % of 118 is 106.2
        assert_eq!(tail(400), Some(("p95", 380.0)));
        assert_eq!(tail(1_000), Some(("p99", 990.0)));
    }

    fn nanoseconds(milliseconds: f64) -> u64 {
        (milliseconds * 1e6).round() as u64
    }

    type Lived = (Outcome, Option<Served>, WaitParts);

    fn any_life() -> impl Strategy<Value = Lived> {
        let stamps = prop::array::uniform6(0_u64..10_000_000_000);
        let lengths = prop::array::uniform4(0_u64..3_000_000_000);
        let waits = prop::array::uniform6(0_u64..3_000_000_000);
        (stamps, lengths, waits, any::<bool>(), any::<bool>(), 0..10).prop_map(
            |(stamps, lengths, waits, opened, told, failed)| {
                let [due, sent, accepted, first_read, written, done] = stamps.map(Stamp);
                let outcome = Outcome {
                    request: 0,
                    class: 0,
                    status: 200,
                    failure: (failed == 0).then_some(Failure::Reset),
                    opened,
                    due,
                    sent,
                    first_byte: done,
                    done,
                };
                let served = Served {
                    request: 0,
                    task: 0,
                    accepted,
                    first_read,
                    written,
                    waited: Elapsed(lengths[0]),
                    ready: Elapsed(lengths[1]),
                    core_wait: Elapsed(lengths[2]),
                    cpu: CpuTime(lengths[3]),
                };
                let [thread, connection, queue, call, sleep, client] = waits.map(Elapsed);
                let parts = WaitParts {
                    thread,
                    connection,
                    queue,
                    call,
                    sleep,
                    client,
                    ..WaitParts::default()
                };
                (outcome, told.then_some(served), parts)
            },
        )
    }

    proptest! {
            #[test]
            fn the_parts_add_up_to_the_mean_exactly_whatever_was_recorded(
                lives in prop::collection::vec(any_life(), 1..40)
            ) {
                let requests: Vec<Request<'_>> = lives
                    .iter()
                    .map(|(outcome, served, parts)| Request {
                        outcome,
                        served: served.as_ref(),
                        waited: Some(parts),
                    })
                    .collect();
                let Some(spent) = Spent::by(requests.iter()) else {
                    prop_assert!(requests.iter().all(|request| !request.completed()));
                    return Ok(());
                };
                let breakdown = spent.breakdown;
                let parts = [
                    breakdown.generator,
                    breakdown.door,
                    breakdown.ready,
                    breakdown.core_wait,
                    breakdown.cpu,
                    breakdown.parked_or_blocked,
                    breakdown.other,
                ];
                prop_assert!(parts.iter().all(|part| *part >= 0.0));
    let latencies = requests.iter().filter(|request| request.completed());
                let whole = mean(latencies.map(|request| request.latency(Elapsed::ZERO)));
                prop_assert_eq!(Some(parts.map(nanoseconds).iter().sum::<u64>()), whole);
                let waits = breakdown.waits.expect("each has told");
                let waits = [
                    waits.thread_wait,
                    waits.pool_wait,
                    waits.service_queue,
                    waits.call,
                    waits.sleep,
                    waits.client,
                ];
                let waited: u64 = waits.map(nanoseconds).iter().sum();
                prop_assert_eq!(waited, nanoseconds(breakdown.parked_or_blocked));
            }
        }
}
