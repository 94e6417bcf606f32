//! Doubts about disturbances: a run is rough if they can have moved one of its headline numbers by more than a
//! twentieth, and proves nothing if by as much as the number itself.

use super::{Evidence, Reason, Trust, millis, percent, reason};
use crate::disturbance::{Bounds, Cause, Disturbance, Disturbances, Moved, Numbers};
use concsim_model::units::three_digits;

/// Width of a headline number's bounds, as a share of the number, above which a run is rough.
const ROUGH: f64 = 0.05;
/// Width of the bounds of a latency, in ms, up to which no run is rough: as long as the way through the kernel.
const LATENCY_FLOOR: f64 = 0.1;

/// Headline numbers, with their words.
const HEADLINES: [(&str, &str); 4] = [
    ("throughput_per_s", "throughput"),
    ("latency_ms.mean", "mean latency"),
    ("latency_ms.p50", "p50"),
    ("latency_ms.p99", "p99"),
];

/// Returns the doubts that the disturbances raise. If they are small one by one, and large together, the
/// largest raises one, about the number that they move most together.
pub(super) fn reasons(numbers: &Numbers, disturbances: &Disturbances) -> Vec<Reason> {
    let alone = |disturbance: &'_ Disturbance| {
        Worst::of(numbers, |path| disturbance.moves.get(path).copied())
    };
    let each = disturbances.each.iter();
    let mut all: Vec<(&Disturbance, Worst, &str)> = each
        .filter_map(|disturbance| Some((disturbance, alone(disturbance)?, "")))
        .collect();
    let together = Worst::of(numbers, |path| {
        let (value, bounds) = (numbers.get(path)?, disturbances.bounds.get(path)?);
        Some(Moved {
            below: value - bounds.low,
            above: bounds.high - value,
        })
    });
    let largest = all
        .iter_mut()
        .max_by(|one, other| one.1.share.total_cmp(&other.1.share));
    if let (Some((_, worst, with)), Some(together)) = (largest, together)
        && grade(together.share) > grade(worst.share)
    {
        (*worst, *with) = (together, "with the other disturbances ");
    }
    let of_one =
        |(disturbance, worst, with): &(&Disturbance, Worst, &str)| worst.reason(disturbance, with);
    all.iter().map(of_one).collect()
}

/// Returns the width of bounds as a share of the number; 0 for a latency that is moved too little to matter.
fn share(path: &str, value: f64, bounds: Bounds) -> f64 {
    let is_small = path.starts_with("latency") && bounds.high - bounds.low <= LATENCY_FLOOR;
    if is_small {
        0.0
    } else {
        bounds.relative_width(value)
    }
}

/// True if the bounds of a headline number, by its path, are so wide that the run is not `ok`.
#[must_use]
pub fn is_wide(path: &str, value: f64, bounds: Bounds) -> bool {
    grade(share(path, value, bounds)) > Trust::Ok
}

fn grade(share: f64) -> Trust {
    if share >= 1.0 {
        Trust::ProvesNothing
    } else if share > ROUGH {
        Trust::Rough
    } else {
        Trust::Ok
    }
}

/// Headline number that a disturbance moves most.
struct Worst {
    words: &'static str,
    is_rate: bool,
    moved: Moved,
    share: f64,
}

impl Worst {
    fn of(numbers: &Numbers, moved: impl Fn(&str) -> Option<Moved>) -> Option<Self> {
        let each = HEADLINES.iter().filter_map(|(path, words)| {
            let (value, moved) = (numbers.get(path)?, moved(path)?);
            let bounds = Bounds {
                low: value - moved.below,
                high: value + moved.above,
            };
            Some(Self {
                words,
                is_rate: *path == HEADLINES[0].0,
                moved,
                share: share(path, value, bounds),
            })
        });
        each.max_by(|one, other| one.share.total_cmp(&other.share))
    }

    fn reason(&self, disturbance: &Disturbance, with: &str) -> Reason {
        let cause = disturbance.cause;
        let sentence = format!("{}: {with}{}", disturbance.evidence, self.sentence());
        reason(cause.code(), grade(self.share), sentence, remedy(cause))
    }

    /// Returns `p50 may be up to 8.00 ms too high`.
    fn sentence(&self) -> String {
        let Moved { below, above } = self.moved;
        let (by, side) = if above > below {
            (above, "low")
        } else {
            (below, "high")
        };
        let words = self.words;
        if !by.is_finite() {
            return format!("{words} is unknown");
        }
        let by = if self.is_rate {
            format!("{}/s", three_digits(by))
        } else {
            millis(by)
        };
        format!("{words} may be up to {by} too {side}")
    }
}

fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::Late => "lower the load, end other programs, or give load a core of its own",
        Cause::Unread => "give load a core of its own, or take fewer workers, or shorter answers",
        Cause::Services => "lower the load, or end other programs",
        Cause::Stolen => "play on a quieter machine",
        Cause::Others => "end them, and play again",
        Cause::Lost => "lower the load, or end other programs so that the recorder keeps up",
    }
}

/// Returns the doubts about a run that goes on, by the shares that its numbers can have moved.
pub(super) fn so_far(evidence: &Evidence) -> impl Iterator<Item = Reason> {
    evidence.moved_so_far.iter().map(|(cause, share)| {
        let sentence = format!(
            "{}: numbers may be up to {} off",
            evidence.of_cause(*cause),
            percent(*share)
        );
        reason(cause.code(), grade(*share), sentence, remedy(*cause))
    })
}
