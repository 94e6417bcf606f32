//! Time base of each number on the screen: now, the last second, or the counted window.

use super::number::Number;

/// Time base of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeBase {
    /// The instant of the cursor.
    Now,
    /// The second before the cursor.
    LastSecond,
    /// The second before the cursor, or the whole window of a variant that is over.
    LastSecondOrWindow,
    /// The counted window up to the cursor; before it, the warm-up.
    WindowSoFar,
    /// Life of one request, or the mean over the counted window up to the cursor.
    OneOrMean,
    /// The counted window of a variant that is over.
    Window,
    /// The last reading of a number that is read rarely.
    LastReading,
    /// From the beginning of the variant up to the cursor.
    SoFar,
    /// The life of one request, up to the cursor.
    OneRequest,
    /// Interval of an axis.
    Axis,
    /// None: the number is written in the scenario, or follows from it.
    Scenario,
}

impl TimeBase {
    /// Describes the time base.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Now => "now: at the instant of the cursor",
            Self::LastSecond => {
                "the last second before the cursor (`1 s mean`), or the time since load began if shorter"
            }
            Self::LastSecondOrWindow => {
                "the last second before the cursor (`1 s mean`); of a variant that is over, the counted window"
            }
            Self::WindowSoFar => "the counted window so far; before it, the warm-up so far",
            Self::OneOrMean => "of one request, its life; of many, the counted window so far",
            Self::Window => "the counted window of a variant that is over",
            Self::LastReading => {
                "the last reading: memory is read rarely, of one process after the other, because it takes time"
            }
            Self::SoFar => "so far: since the variant began",
            Self::OneRequest => "the life of one request, up to now",
            Self::Axis => "the period of time on the axis",
            Self::Scenario => "none: it follows from the scenario or its file",
        }
    }
}

impl Number {
    /// Returns the time base of the number.
    pub(super) fn time_base(self) -> TimeBase {
        match self {
            Self::AtTheDoorNow
            | Self::BegunNow
            | Self::ConcurrencyNow
            | Self::ComputingNow
            | Self::Workers
            | Self::Pid
            | Self::CoresTaken
            | Self::Clock
            | Self::Instant
            | Self::GlyphScale => TimeBase::Now,
            Self::ProcessSwitches
            | Self::CoroutineSwitches
            | Self::Voluntary
            | Self::Involuntary
            | Self::CoresOfWorker
            | Self::CoresOfLoad
            | Self::CoresOfServices
            | Self::CoresOfOthers => TimeBase::LastSecond,
            Self::Concurrency
            | Self::Parallelism
            | Self::AtTheDoor
            | Self::AnswersPerSecond
            | Self::Ratio
            | Self::Reached => TimeBase::LastSecondOrWindow,
            Self::P50
            | Self::P90
            | Self::P99
            | Self::Answers
            | Self::AnswersAveraged
            | Self::AnswersOfLength
            | Self::LengthEdge
            | Self::MeanLatency
            | Self::OffBy => TimeBase::WindowSoFar,
            Self::Spent(_) => TimeBase::OneOrMean,
            Self::Subject | Self::LateP99 | Self::Wait | Self::Balance => TimeBase::Window,
            Self::Accepted
            | Self::SwitchesPerRequest
            | Self::LongestRun
            | Self::Died
            | Self::DoneAt
            | Self::RequestsListed
            | Self::BusyShare => TimeBase::SoFar,
            Self::ServerMemory | Self::ProportionalMemory | Self::PrivateMemory => {
                TimeBase::LastReading
            }
            Self::WhichRequest | Self::Due | Self::Latency | Self::StepAfter | Self::StepTook => {
                TimeBase::OneRequest
            }
            Self::AxisInstant | Self::AxisWidth | Self::RowsShown => TimeBase::Axis,
            Self::StepLength | Self::Bound | Self::Computed => TimeBase::Scenario,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_number_agree_with_its_time_base() {
        for number in Number::ALL {
            let (text, base) = (number.texts(), number.time_base());
            let mentions = |words: &str| text.meaning.contains(words) || text.name.contains(words);
            let is_of_the_last_second =
                matches!(base, TimeBase::LastSecond | TimeBase::LastSecondOrWindow);
            assert!(
                !mentions("last second") || is_of_the_last_second,
                "{number:?} speaks of the last second, and is of {base:?}"
            );
            assert!(
                !mentions(", now") || base == TimeBase::Now,
                "{number:?} speaks of now, and is of {base:?}"
            );
            assert!(
                !mentions("this instant"),
                "{number:?}: an instant is called now"
            );
            assert!(
                !mentions("since the variant began") || base == TimeBase::SoFar,
                "{number:?} counts since the variant began, and is of {base:?}"
            );
        }
    }
}
