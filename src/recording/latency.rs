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
            p99: all.quantile_ms(990, P99_NEEDS),
            p999: all.quantile_ms(999, P999_NEEDS),
            max: all.0.last().copied().map(Elapsed::as_millis_f64),
        }
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
        for request in requests.filter(|request| request.completed()) {
            let fitted = Fitted::of(request);
            for (sum, part) in sums.iter_mut().zip(fitted.parts) {
                *sum += u128::from(part);
            }
            count += 1;
            whole += u128::from(fitted.latency);
            overrun += fitted.overrun;
        }
        let mean = u64::try_from(whole.checked_div(count)?).ok()?;
        Some(Self {
            breakdown: Breakdown::adding_up_to(mean, sums.map(|sum| (sum / count) as u64)),
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
}

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
        }
    }
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
        Some(Self::adding_up_to(fitted.latency, fitted.parts))
    }

    /// Each part was rounded down, so their sum is at most the mean, and what is missing is other.
    fn adding_up_to(mean: u64, parts: [u64; 6]) -> Self {
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
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::telemetry::{Failure, Outcome, Served};
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
                latencies.p99.is_some(),
                latencies.p999.is_some(),
                latencies.max.is_some(),
            ]
        };
        assert_eq!(given(0), [false; 5]);
        assert_eq!(given(19), [false, false, false, false, true]);
        assert_eq!(given(20), [true, true, false, false, true]);
        assert_eq!(given(999), [true, true, false, false, true]);
        assert_eq!(given(1_000), [true, true, true, false, true]);
        assert_eq!(given(9_999), [true, true, true, false, true]);
        assert_eq!(given(10_000), [true; 5]);
    }

    fn nanoseconds(milliseconds: f64) -> u64 {
        (milliseconds * 1e6).round() as u64
    }

    fn any_life() -> impl Strategy<Value = (Outcome, Option<Served>)> {
        let stamps = prop::array::uniform6(0_u64..10_000_000_000);
        let lengths = prop::array::uniform4(0_u64..3_000_000_000);
        (stamps, lengths, any::<bool>(), any::<bool>(), 0..10).prop_map(
            |(stamps, lengths, opened, told, failed)| {
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
                (outcome, told.then_some(served))
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
                    .map(|(outcome, served)| Request { outcome, served: served.as_ref() })
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
            }
        }
}
