//! Length of time of the means on the screen: the last second, or the time since load began if that is
//! shorter. If samples are rare, it is a little more than a second.

use concsim_model::units::Elapsed;
use concsim_model::words;
use concsim_record::{Snapshot, Span};

/// Shortest length that is called a second …
const ROUNDS_TO_SECOND: Elapsed = Elapsed::from_millis(950);
/// … and the longest.
const MORE: Elapsed = Elapsed::from_millis(1_500);

/// Length of time of means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MeanInterval {
    pub(super) length: Elapsed,
    /// True if it begins with the load.
    is_all: bool,
}

impl MeanInterval {
    /// Returns that of the means of `span`, which ends with the newest sample of `past`.
    pub(super) fn of(snapshot: &Snapshot<'_>, span: &Span<'_>) -> Self {
        let before = snapshot.samples().len() - span.samples().len();
        let earlier = before
            .checked_sub(1)
            .map(|last| snapshot.samples()[last].at);
        let began = snapshot.header().began;
        Self {
            length: span.length(),
            is_all: earlier.is_none_or(|earlier| earlier < began)
                && span.length() < ROUNDS_TO_SECOND,
        }
    }

    /// Returns its description: `mean of the last second`, `mean since begin, 0.4 s`.
    pub(super) fn words(self) -> String {
        match self.length {
            _ if self.is_a_second() => "mean of the last second".into(),
            length if self.is_all => format!("mean since begin, {}", short(length)),
            length => format!("mean of the last {}", short(length)),
        }
    }

    /// Returns a shorter one: `1 s mean`, `0.4 s mean`.
    pub(super) fn few_words(self) -> String {
        format!("{} mean", self.number())
    }

    /// Returns the length alone: `1 s`, `0.4 s`.
    pub(super) fn number(self) -> String {
        if self.is_a_second() {
            "1 s".into()
        } else {
            short(self.length)
        }
    }

    /// Returns the descriptions, the longest first.
    pub(super) fn forms(self) -> [String; 2] {
        [self.words(), self.few_words()]
    }

    fn is_a_second(self) -> bool {
        // If there is no mean yet, the first one will be of a second.
        self.length == Elapsed::ZERO || (ROUNDS_TO_SECOND..=MORE).contains(&self.length)
    }
}

/// Formats a length to a tenth of a second; to a hundredth if that would round to 0.
fn short(length: Elapsed) -> String {
    const STEPS: [u64; 2] = [100_000_000, 10_000_000];
    let step = STEPS[usize::from(length.0 < STEPS[0])];
    let rounded = Elapsed((length.0 + step / 2) / step * step);
    format!("{} s", words::digits(rounded.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_says_of_how_much_time_it_is() {
        let text = |millis, is_all| {
            let length = Elapsed::from_millis(millis);
            MeanInterval { length, is_all }.forms().join("; ")
        };
        assert_eq!(text(1_049, false), "mean of the last second; 1 s mean");
        assert_eq!(text(951, true), "mean of the last second; 1 s mean");
        assert_eq!(text(412, true), "mean since begin, 0.4 s; 0.4 s mean");
        assert_eq!(text(51, true), "mean since begin, 0.05 s; 0.05 s mean");
        assert_eq!(text(2_400, false), "mean of the last 2.4 s; 2.4 s mean");
    }
}
