//! Core time that a run lost, between one sample and the next: to other virtual machines, or to other
//! programs while workers wanted a core.

use super::super::{CoreSample, Sample};
use concsim_engine::telemetry::Event;
use concsim_model::scenario::WorkerKind;
use concsim_model::units::Stamp;

/// Core time lost during one interval between samples.
#[derive(Clone, Copy, Debug)]
struct Step {
    from: u64,
    to: u64,
    /// Largest time lost in it, in ns; at most its length, since then the run stood still.
    most: u64,
    /// Sum of `most` over all earlier steps.
    before: u64,
}

/// Core time lost over the course of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct LostTime {
    steps: Vec<Step>,
    /// Part of `most` that was lost on average.
    share: f64,
}

impl LostTime {
    fn of(steps: impl Iterator<Item = (Stamp, Stamp, u64)>, share: f64) -> Self {
        let mut before = 0;
        let steps = steps.map(|(from, to, most)| {
            let most = most.min(to.since(from).0);
            let step = Step {
                from: from.0,
                to: to.0,
                most,
                before,
            };
            before += most;
            step
        });
        Self {
            steps: steps.collect(),
            share,
        }
    }

    /// Returns the core time that other virtual machines took. The system counts it in ticks of 10 ms; cores
    /// are added up, since the request that waits may have needed each of them.
    pub(super) fn stolen(samples: &[Sample]) -> Self {
        let grown = |[before, now]: [&Sample; 2]| {
            let of = |sample: &Sample| sum(sample, |core| core.steal.0);
            of(now).saturating_sub(of(before))
        };
        Self::of(intervals(samples, grown), 1.0)
    }

    /// Returns the core time that other programs took from workers: at most what they used, and at most the
    /// time for which workers could have run and had no core. The latter is known between samples; the former, a
    /// difference of counters in ticks, only over the whole run.
    pub(super) fn to_others(samples: &[Sample], events: &[(u16, Event)], kind: WorkerKind) -> Self {
        let used = match (samples.first(), samples.last()) {
            (Some(first), Some(last)) => used_by_others(last).saturating_sub(used_by_others(first)),
            _ => 0,
        };
        if used == 0 {
            return Self::default();
        }
        let lengths = intervals(samples, |[before, now]| now.at.since(before.at).0);
        let steps: Vec<(Stamp, Stamp, u64)> = lengths.collect();
        let most = without_core_between(&without_core(samples, events, kind), &steps);
        let all: u64 = most.iter().sum();
        let share = (used as f64 / all.max(1) as f64).min(1.0);
        let steps = steps.iter().zip(most);
        Self::of(steps.map(|((from, to, _), most)| (*from, *to, most)), share)
    }

    /// True if nothing was lost.
    pub(super) fn is_none(&self) -> bool {
        self.share <= 0.0 || self.steps.iter().all(|step| step.most == 0)
    }

    /// Returns the largest time lost from one instant to another, in ns: of an interval that is covered in
    /// part, as much as fits in that part; and no more than was lost in the whole run.
    pub(super) fn most(&self, from: Stamp, to: Stamp) -> u64 {
        let fits = self.sum(from, to, |step, covered| step.most.min(covered));
        let all = self.steps.last().map_or(0, |last| last.before + last.most);
        fits.min((all as f64 * self.share).ceil() as u64)
    }

    /// Returns the time lost from one instant to another if it was lost evenly between samples, in ns.
    pub(super) fn mean(&self, from: Stamp, to: Stamp) -> u64 {
        let all = self.sum(from, to, |step, covered| {
            let length = (step.to - step.from).max(1);
            (u128::from(step.most) * u128::from(covered) / u128::from(length)) as u64
        });
        (all as f64 * self.share) as u64
    }

    /// Adds up the steps within an interval; `part` returns the part of a step that is covered for some ns.
    fn sum(&self, from: Stamp, to: Stamp, part: impl Fn(&Step, u64) -> u64) -> u64 {
        let (from, to) = (from.0, to.0);
        let first = self.steps.partition_point(|step| step.to <= from);
        let end = self.steps.partition_point(|step| step.from < to);
        let Some([first, between @ ..]) = self.steps.get(first..end) else {
            return 0;
        };
        let covered = |step: &Step| step.to.min(to).saturating_sub(step.from.max(from));
        let head = part(first, covered(first));
        match between {
            [] => head,
            [.., last] => {
                let whole = last.before - first.before - first.most;
                head + whole + part(last, covered(last))
            }
        }
    }
}

/// Returns each interval between two samples, with the value of a function of these.
fn intervals(
    samples: &[Sample],
    value: impl Fn([&Sample; 2]) -> u64,
) -> impl Iterator<Item = (Stamp, Stamp, u64)> {
    let pairs = samples.windows(2);
    pairs.map(move |pair| {
        let [before, now] = [&pair[0], &pair[1]];
        (before.at, now.at, value([before, now]))
    })
}

fn sum(sample: &Sample, of: fn(&CoreSample) -> u64) -> u64 {
    sample.cores.iter().map(of).sum()
}

/// Core time of other programs since sampling began.
fn used_by_others(sample: &Sample) -> u64 {
    let ours = sum(sample, |core| {
        core.workers.0 + core.load.0 + core.services.0
    });
    sum(sample, |core| core.busy.0).saturating_sub(ours)
}

/// Returns, for each worker, the time without a core that is counted by each sample, in ns: by the scheduler, for the
/// main thread. Of threads, and in recordings from before it was read, by the reports of requests.
fn without_core(samples: &[Sample], events: &[(u16, Event)], kind: WorkerKind) -> Vec<Vec<u64>> {
    let workers = || samples.iter().flat_map(|sample| &sample.workers);
    let is_read = workers().any(|worker| worker.without_a_core.is_some());
    let count = workers().map(|worker| worker.index + 1).max().unwrap_or(0);
    let mut each = vec![vec![0; samples.len()]; count];
    if is_read && !kind.has_threads() {
        add_counted(&mut each, samples);
    } else {
        add_reported(&mut each, samples, events);
    }
    each
}

/// Adds the scheduler's counts.
fn add_counted(each: &mut [Vec<u64>], samples: &[Sample]) {
    for (place, sample) in samples.iter().enumerate() {
        for worker in &sample.workers {
            each[worker.index][place] = worker.without_a_core.unwrap_or_default().0;
        }
    }
}

/// Adds the reports of requests: only waits while computing, known when the request ends.
fn add_reported(each: &mut [Vec<u64>], samples: &[Sample], events: &[(u16, Event)]) {
    for (worker, event) in events {
        let Event::Served(served) = event else {
            continue;
        };
        let after = samples.partition_point(|sample| sample.at < served.written);
        let by_sample = each.get_mut(usize::from(*worker));
        if let Some(waited) = by_sample.and_then(|it| it.get_mut(after)) {
            *waited += served.core_wait.0;
        }
    }
    for by_sample in each {
        let mut sum = 0;
        for waited in by_sample {
            sum += *waited;
            *waited = sum;
        }
    }
}

/// Returns the time for which workers were without a core in each interval between samples, at most its length. A
/// wait is counted when it ends: what is longer than its interval was in the ones before.
fn without_core_between(counted: &[Vec<u64>], steps: &[(Stamp, Stamp, u64)]) -> Vec<u64> {
    let mut most = vec![0; steps.len()];
    for counted in counted {
        let mut earlier = 0;
        for (place, (.., length)) in steps.iter().enumerate().rev() {
            let ended = counted[place + 1].saturating_sub(counted[place]);
            let waited = (ended + earlier).min(*length);
            earlier = ended + earlier - waited;
            most[place] = (most[place] + waited).min(*length);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorkerSample;
    use concsim_model::units::Elapsed;

    fn lost(share: f64) -> LostTime {
        let steps = [(0, 100, 30), (100, 200, 0), (200, 300, 500)];
        let steps = steps.map(|(from, to, most)| (Stamp(from), Stamp(to), most));
        LostTime::of(steps.into_iter(), share)
    }

    #[test]
    fn the_most_that_was_lost_fits_into_the_covered_part() {
        let lost = lost(1.0);
        for (from, to, most) in [
            (0, 300, 130), // not more than its length in the last step
            (0, 20, 20),
            (50, 100, 30),
            (50, 210, 40),
            (100, 200, 0),
            (250, 900, 50),
            (300, 400, 0),
            (40, 40, 0),
        ] {
            assert_eq!(lost.most(Stamp(from), Stamp(to)), most, "{from} to {to}");
        }
    }

    #[test]
    fn a_wait_is_counted_when_it_ends_and_was_in_the_intervals_before() {
        // Two workers, sampled each 100: the first waited for 250 up to 500, the second for 30 up to 300.
        let counted = [[0, 0], [0, 0], [0, 0], [0, 30], [0, 30], [250, 30]];
        let samples = (0..).zip(counted).map(|(place, counted)| {
            let worker = |(index, waited): (usize, u64)| WorkerSample {
                index,
                without_a_core: Some(Elapsed(waited)),
                ..WorkerSample::default()
            };
            Sample {
                at: Stamp(100 * place),
                workers: counted.into_iter().enumerate().map(worker).collect(),
                ..Sample::default()
            }
        });
        let samples: Vec<Sample> = samples.collect();
        let steps: Vec<_> = intervals(&samples, |_| 100).collect();
        let counted = super::without_core(&samples, &[], WorkerKind::Sync);
        assert_eq!(without_core_between(&counted, &steps), [0, 0, 80, 100, 100]);
    }

    #[test]
    fn the_mean_is_spread_evenly_between_samples() {
        for (from, to, mean) in [(0, 300, 65), (0, 20, 3), (50, 210, 12)] {
            assert_eq!(
                lost(0.5).mean(Stamp(from), Stamp(to)),
                mean,
                "{from} to {to}"
            );
        }
        assert!(lost(0.0).is_none() && !lost(0.5).is_none());
    }
}
