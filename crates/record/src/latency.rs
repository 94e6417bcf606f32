//! Latency of requests, and its breakdown.
//!
//! ```text
//!  due      sent        accepted   first read                          done
//!   ├─generator─┼────door────┼───ready───┼─ waited, ready, core wait, cpu ─┼─ other
//! ```
//!
//! Means and parts of means are whole nanoseconds, so that the parts add up exactly to the whole.

use serde::Serialize;

pub use super::percentile::{KindLatencies, Latencies, MEDIAN_NEEDS, P99_NEEDS, P999_NEEDS};
pub(super) use super::percentile::{Sorted, quantile};
use super::request::Request;
use concsim_model::units::Elapsed;

/// The mean of some lengths of time, in whole nanoseconds.
pub(super) fn mean(samples: impl Iterator<Item = Elapsed>) -> Option<u64> {
    let (count, sum) = samples.fold((0_u128, 0_u128), |(count, sum), sample| {
        (count + 1, sum + u128::from(sample.0))
    });
    u64::try_from(sum.checked_div(count)?).ok()
}

/// Breakdown of the mean latency of completed requests, in milliseconds. The parts add up to the mean
/// exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Breakdown {
    /// Time due, and not yet sent.
    pub generator: f64,
    /// Time at the door: no worker has accepted it.
    pub door: f64,
    /// Time ready: accepted, or done waiting, while its worker was busy with another.
    pub ready: f64,
    /// Time without a core: computing, while all cores were taken.
    pub core_wait: f64,
    /// CPU time.
    pub cpu: f64,
    /// Time waiting for a service or a timer.
    pub parked_or_blocked: f64,
    /// Remainder: overhead and the network both ways. The whole latency if no worker reports.
    pub other: f64,
    /// Parts of `parked_or_blocked`; [`None`] where workers did not report them.
    #[serde(skip)]
    pub waits: Option<Waits>,
}

/// Breakdown of the mean wait of completed requests, in milliseconds. The parts add up to
/// [`Breakdown::parked_or_blocked`] exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Waits {
    /// Wait for a thread of the worker's pool.
    pub thread_wait: f64,
    /// Wait for a connection to a service: until one of the pool was free, or a new one was open.
    pub pool_wait: f64,
    /// Time from a call's sending until its service began to serve it.
    pub service_queue: f64,
    /// Time from the beginning of service to the answer.
    pub call: f64,
    /// Wait for timers.
    pub sleep: f64,
    /// Wait for the client: for more bytes of its request, or for room for the answer.
    pub client: f64,
}

/// Lengths of the parts of waits, in nanoseconds, in the order of [`WaitParts::parts`].
type WaitSums = [u64; 6];

/// Share of all waits from which on a queue is reported separately.
const LEAST_QUEUE: f64 = 0.01;

impl Waits {
    /// Mean of `count` requests whose waits sum to `sums`; the parts add up to `whole`. Each part is
    /// rounded down, and the longest takes the difference: less than six nanoseconds.
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

    /// Returns the sum of the parts, in milliseconds.
    #[must_use]
    pub fn total(&self) -> f64 {
        let queues = self.thread_wait + self.pool_wait + self.service_queue;
        queues + self.call + self.sleep + self.client
    }

    /// Returns the waits for exhausted resources: for a thread, for a connection, in the service's queue. A
    /// wait of less than a hundredth of all waits counts as 0.
    #[must_use]
    pub fn queues(&self) -> [f64; 3] {
        let least = LEAST_QUEUE * self.total();
        [self.thread_wait, self.pool_wait, self.service_queue]
            .map(|queue| if queue >= least { queue } else { 0.0 })
    }
}

/// Breakdown of requests, with its error.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeParts {
    pub(super) breakdown: Breakdown,
    /// Excess of the parts over the whole, as a share of the whole. Such parts are cut; an excess means a
    /// counting error.
    pub(super) overrun: f64,
}

impl TimeParts {
    /// `None` if there are no completed requests.
    pub(super) fn by<'a>(requests: impl Iterator<Item = &'a Request<'a>>) -> Option<Self> {
        let (mut count, mut whole, mut overrun) = (0_u128, 0_u128, 0_u128);
        let mut sums = [0_u128; 6];
        let mut waits = Some([0_u128; 6]);
        for request in requests.filter(|request| request.completed()) {
            let fitted = RequestBreakdown::of(request);
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

/// Breakdown of one completed request, in nanoseconds.
struct RequestBreakdown {
    latency: u64,
    /// Parts as of [`parts`], cut where their sum would exceed the latency …
    parts: [u64; 6],
    /// … and the length of the cut.
    overrun: u128,
    /// Parts of its waits, cut to their share; [`None`] if it waited and its worker did not report the
    /// parts.
    waits: Option<WaitSums>,
}

/// Position of the waits among the parts.
const WAITED: usize = 5;

impl RequestBreakdown {
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

/// Parts of a request's wait of length `whole`, as its worker reported them; they add up to `whole`.
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

/// Lengths of generator, door, ready, core wait, cpu and parked or blocked, in nanoseconds.
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
    /// Returns the breakdown of one request, if it was completed.
    pub(super) fn of(request: &Request<'_>) -> Option<Self> {
        let fitted = request.completed().then(|| RequestBreakdown::of(request))?;
        let whole = fitted.parts[WAITED];
        let waits = fitted
            .waits
            .map(|waits| Waits::adding_up_to(whole, waits.map(u128::from), 1));
        Some(Self::adding_up_to(fitted.latency, fitted.parts, waits))
    }

    /// Returns the mean latency, the sum of the parts, in milliseconds.
    pub(super) fn total(&self) -> f64 {
        let before = self.generator + self.door + self.ready;
        before + self.core_wait + self.cpu + self.parked_or_blocked + self.other
    }

    /// Each part is rounded down, so their sum is at most the mean; the difference counts as other.
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
    use concsim_engine::telemetry::{Failure, Outcome, Served, WaitParts};
    use concsim_model::units::{CpuTime, Stamp};

    fn nanoseconds(milliseconds: f64) -> u64 {
        (milliseconds * 1e6).round() as u64
    }

    type CompletedRequest = (Outcome, Option<Served>, WaitParts);

    fn any_life() -> impl Strategy<Value = CompletedRequest> {
        let stamps = prop::array::uniform6(0_u64..10_000_000_000);
        let lengths = prop::array::uniform4(0_u64..3_000_000_000);
        let waits = prop::array::uniform6(0_u64..3_000_000_000);
        (stamps, lengths, waits, any::<bool>(), any::<bool>(), 0..10).prop_map(
            |(stamps, lengths, waits, opened, reported, failed)| {
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
                    unread: None,
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
                (outcome, reported.then_some(served), parts)
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
                        begun: None,
                    })
                    .collect();
                let Some(spent) = TimeParts::by(requests.iter()) else {
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
