//! Numbers of the counted window, from the exported tables alone.

use super::events::{Account, Ns, Request, State};

impl Account {
    /// Returns the samples nearest to the edges of the window.
    pub(super) fn window_samples(&self) -> (Ns, Ns) {
        let nearest = |edge: Ns| {
            let samples = self.samples.iter().copied();
            samples.min_by_key(|at| at.abs_diff(edge)).unwrap_or(0)
        };
        (nearest(self.window.0), nearest(self.window.1))
    }

    /// Returns the good answers that arrived in the window, per second.
    pub(super) fn throughput(&self) -> f64 {
        let (begin, end) = self.window;
        let done = self.requests.iter().filter(|it| it.good);
        let done = done.filter_map(|it| it.done);
        let inside = done.filter(|done| begin < *done && *done <= end);
        inside.count() as f64 / ((end - begin) as f64 / 1e9)
    }

    /// Returns the mean number of requests begun and not finished.
    pub(super) fn concurrency(&self) -> f64 {
        self.mean(self.window_samples(), Request::begun)
    }

    /// Returns the mean number of requests at the door.
    pub(super) fn door(&self) -> f64 {
        self.mean(self.window_samples(), Request::at_the_door)
    }

    /// Returns the mean number of cores that the workers kept busy.
    pub(super) fn parallelism(&self) -> f64 {
        let (from, to) = self.window_samples();
        self.cpu_between(from, to) / ((to - from) as f64 / 1e9)
    }

    /// Returns the numbers of connections that a worker may have taken by a sample.
    pub(super) fn taken_by(&self, worker: u16, sampled: Ns) -> std::ops::RangeInclusive<usize> {
        let opened = self.requests.iter().filter(|it| it.opened);
        let taken = |by: Ns| {
            let own = opened.clone().filter(|it| it.worker == Some(worker));
            own.filter(|it| it.taken().is_some_and(|at| at <= by))
                .count()
        };
        // No worker reports requests whose clients have left, or the last ones of a run.
        let sent = opened.clone().filter(|it| it.sent <= sampled);
        let unreported = sent.filter(|it| it.taken().is_none()).count();
        taken(sampled.saturating_sub(LATE))..=taken(sampled + LATE) + unreported
    }

    /// Returns the good answers in an interval, per second.
    pub(super) fn rate(&self, (from, to): (Ns, Ns)) -> f64 {
        let done = self.requests.iter().filter(|it| it.good);
        let done = done.filter_map(|it| it.done);
        let inside = done.filter(|done| from < *done && *done <= to);
        inside.count() as f64 / ((to - from) as f64 / 1e9)
    }
}

/// Returns the mean number of requests in states of this kind in an interval.
pub(super) fn mean_time(
    account: &Account,
    (from, to): (Ns, Ns),
    is_meant: impl Fn(State) -> bool,
) -> f64 {
    let mut sum = 0;
    for request in &account.requests {
        if request.sent >= to || request.end() <= from {
            continue;
        }
        let mut edges = request.edges();
        edges.retain(|edge| from < *edge && *edge < to);
        edges.extend([from, to]);
        edges.sort_unstable();
        let stretches = edges.windows(2);
        let meant = stretches.filter(|pair| account.state(request, pair[0]).is_some_and(&is_meant));
        sum += meant.map(|pair| pair[1] - pair[0]).sum::<Ns>();
    }
    sum as f64 / (to - from) as f64
}

/// Returns the length that `percent` in a hundred do not exceed, in seconds; `None` if there are fewer than
/// `needed`.
pub(super) fn percentile(requests: &[&Request], percent: usize, needed: usize) -> Option<f64> {
    let mut sorted: Vec<Ns> = requests.iter().filter_map(|it| it.latency).collect();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let is_enough = sorted.len() >= needed.max(1);
    is_enough.then(|| sorted[rank - 1] as f64 / 1e9)
}

/// Number of requests needed for the median, and for the 99th percentile.
pub(super) const FOR_THE_MEDIAN: usize = 20;
pub(super) const FOR_P99: usize = 1_000;

/// Time before a sample within which a counter may lack an event.
pub(super) const LATE: Ns = 5_000_000;
