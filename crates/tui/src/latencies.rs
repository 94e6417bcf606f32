//! Histogram of latencies, of a size that does not depend on their number.
//!
//! Every power of two is cut into 512 equal steps, so a percentile is off by at most 0.1 %, less than the
//! three digits shown. The summary does not use it: it has every latency.

use concsim_model::units::Elapsed;

const STEPS: u64 = 512;
const STEP_BITS: u32 = STEPS.ilog2();

/// Count of each latency.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    counts: Vec<u32>,
    total: u64,
    /// Sum of all latencies, in nanoseconds.
    sum: u64,
    /// Shortest and longest latency, in nanoseconds.
    range: Option<(u64, u64)>,
}

impl Latencies {
    /// Adds a latency.
    pub(super) fn add(&mut self, latency: Elapsed) {
        let step = step_of(latency.0);
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0);
        }
        self.counts[step] += 1;
        self.total += 1;
        self.sum = self.sum.saturating_add(latency.0);
        let (shortest, longest) = self.range.unwrap_or((latency.0, latency.0));
        self.range = Some((shortest.min(latency.0), longest.max(latency.0)));
    }

    /// Returns the exact mean; `None` if there are no latencies.
    pub(super) fn mean(&self) -> Option<Elapsed> {
        self.sum.checked_div(self.total).map(Elapsed)
    }

    /// Returns the number of latencies.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Returns the latency that `share` (0 to 1) of all do not exceed; `None` if there are fewer than
    /// `least`.
    pub(super) fn quantile(&self, share: f64, least: usize) -> Option<Elapsed> {
        if self.total < (least as u64).max(1) {
            return None;
        }
        let rank = ((share * self.total as f64).ceil() as u64).clamp(1, self.total);
        let mut seen = 0;
        let step = self.counts.iter().position(|&count| {
            seen += u64::from(count);
            seen >= rank
        })?;
        // The middle of a step may lie beyond the range of the latencies.
        let (shortest, longest) = self.range?;
        Some(Elapsed(middle_of(step).clamp(shortest, longest)))
    }

    /// Returns the bars of a chart: (upper edge, count), from the first with a count to the last. The edges
    /// are as fine as `most` bars allow: in even steps if all latencies are much the same, else in even
    /// ratios.
    pub(super) fn bars(&self, most: usize) -> Vec<(Elapsed, u64)> {
        let counts = self.counts.iter().enumerate();
        let there: Vec<(u64, u64)> = counts
            .filter(|(_, count)| **count > 0)
            .map(|(step, count)| (middle_of(step), u64::from(*count)))
            .collect();
        let mut too_many = Vec::new();
        for edges in scales(&there) {
            let bars = bars_between(&there, &edges);
            if bars.len() <= most {
                return bars;
            }
            too_many = bars;
        }
        // If not all fit, the lowest bar includes the shorter ones.
        let cut = too_many.len().saturating_sub(most);
        let shorter: u64 = too_many[..cut].iter().map(|(_, count)| count).sum();
        let mut bars = too_many.split_off(cut);
        if let Some((_, count)) = bars.first_mut() {
            *count += shorter;
        }
        bars
    }
}

/// Returns sets of edges that cover all lengths of `there`, the finest first. `there` is in ascending
/// order, each length with its count.
fn scales(there: &[(u64, u64)]) -> Vec<Vec<u64>> {
    match (there.first(), there.last()) {
        (Some((shortest, _)), Some((longest, _)))
            if *longest < shortest.saturating_mul(SIMILAR_RATIO) =>
        {
            even_steps(*shortest, *longest)
        }
        (Some(_), Some(_)) => SERIES.map(even_ratios).into(),
        _ => Vec::new(),
    }
}

fn bars_between(there: &[(u64, u64)], edges: &[u64]) -> Vec<(Elapsed, u64)> {
    let mut bars: Vec<(Elapsed, u64)> = edges.iter().map(|edge| (Elapsed(*edge), 0)).collect();
    for (length, count) in there {
        let bar = bars.partition_point(|(edge, _)| edge.0 < *length);
        let bar = bar.min(bars.len() - 1);
        bars[bar].1 += count;
    }
    let first = bars.iter().position(|(_, count)| *count > 0);
    let last = bars.iter().rposition(|(_, count)| *count > 0);
    match (first, last) {
        (Some(first), Some(last)) => bars[first..=last].to_vec(),
        _ => Vec::new(),
    }
}

/// Ratio of the longest to the shortest below which lengths are much the same.
const SIMILAR_RATIO: u64 = 3;
/// Least width of a bar in steps of the histogram: narrower bars would hold uneven numbers of steps.
const FINEST: u64 = STEPS / 4;

/// Returns edges around two lengths that are multiples of 1, 2, 5, 10 …
fn even_steps(shortest: u64, longest: u64) -> Vec<Vec<u64>> {
    let rounds = (3..12).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let coarse_enough = rounds.filter(|step| step * FINEST >= longest);
    let edges = |step: u64| {
        let (first, last) = (shortest.div_ceil(step), longest.div_ceil(step));
        (first..=last).map(|count| count * step).collect()
    };
    coarse_enough.map(edges).collect()
}

/// Preferred numbers in hundredths, finest first: those of resistors (IEC 60063, E24 and E12), and coarser
/// ones.
const SERIES: [&[u64]; 6] = [
    &[
        100, 110, 120, 130, 150, 160, 180, 200, 220, 240, 270, 300, 330, 360, 390, 430, 470, 510,
        560, 620, 680, 750, 820, 910,
    ],
    &[100, 120, 150, 180, 220, 270, 330, 390, 470, 560, 680, 820],
    &[100, 150, 200, 300, 500, 700],
    &[100, 200, 500],
    &[100, 300],
    &[100],
];

/// Returns edges from 0.1 ms to 1 000 s in the steps of a series.
fn even_ratios(series: &[u64]) -> Vec<u64> {
    let decades = (3..=9).map(|exponent| 10_u64.pow(exponent));
    decades
        .flat_map(|decade| series.iter().map(move |hundredths| hundredths * decade))
        .collect()
}

fn step_of(nanoseconds: u64) -> usize {
    if nanoseconds < STEPS {
        return nanoseconds as usize;
    }
    let shift = nanoseconds.ilog2() - STEP_BITS;
    (u64::from(shift) * STEPS + (nanoseconds >> shift)) as usize
}

/// Returns the middle of a step: the inverse of [`step_of`], to within a step.
fn middle_of(step: usize) -> u64 {
    let step = step as u64;
    if step < 2 * STEPS {
        return step;
    }
    let shift = step / STEPS - 1;
    let low = (step - shift * STEPS) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_percentile_is_off_by_less_than_a_digit_that_is_shown(nanoseconds in 1_u64..1 << 45) {
            let mut latencies = Latencies::default();
            latencies.add(Elapsed(nanoseconds));
            let text = latencies.quantile(0.5, 1).unwrap().0 as f64;
            prop_assert!((text / nanoseconds as f64 - 1.0).abs() <= 0.001);
        }
    }

    #[test]
    fn percentiles_of_one_length_are_that_length() {
        let mut latencies = Latencies::default();
        let length = Elapsed(100_010_000);
        (0..200).for_each(|_| latencies.add(length));
        for share in [0.01, 0.5, 0.9, 0.99, 1.0] {
            assert_eq!(latencies.quantile(share, 20), Some(length));
        }
    }

    #[test]
    fn a_percentile_of_too_few_is_not_said() {
        let mut latencies = Latencies::default();
        (0..19).for_each(|_| latencies.add(Elapsed::from_millis(3)));
        assert_eq!(latencies.quantile(0.5, 20), None);
        latencies.add(Elapsed::from_millis(3));
        assert!(latencies.quantile(0.5, 20).is_some());
    }

    #[test]
    fn however_little_room_there_is_no_length_is_left_out() {
        let mut latencies = Latencies::default();
        // From 0.3 ms to 30 s, in steps of a tenth.
        let mut micros = 300;
        while micros < 30_000_000 {
            latencies.add(Elapsed(micros * 1_000));
            micros += micros / 10;
        }
        for most in 1..60 {
            let bars = latencies.bars(most);
            let all: u64 = bars.iter().map(|(_, count)| count).sum();
            assert_eq!(all, latencies.total(), "in {most} bars");
            assert!(bars.len() <= most, "{} in {most}", bars.len());
        }
    }

    #[test]
    fn bars_run_from_the_shortest_to_the_longest_and_hold_them_all() {
        let mut latencies = Latencies::default();
        for milliseconds in [3, 4, 90, 90, 400] {
            latencies.add(Elapsed::from_millis(milliseconds));
        }
        let in_bars = |most: usize| -> Vec<(u64, u64)> {
            let bars = latencies.bars(most).into_iter();
            bars.map(|(edge, count)| (edge.0 / 1_000_000, count))
                .collect()
        };
        let coarse = [
            (5, 2),
            (10, 0),
            (20, 0),
            (50, 0),
            (100, 2),
            (200, 0),
            (500, 1),
        ];
        assert_eq!(in_bars(7), coarse);
        let fine = in_bars(40);
        assert_eq!(
            (fine.first(), fine.last()),
            (Some(&(3, 1)), Some(&(470, 1)))
        );
        assert_eq!(fine.iter().map(|(_, count)| count).sum::<u64>(), 5);
    }
}
