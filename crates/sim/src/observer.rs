//! Observers of a simulation: a recorder takes all events, as of the real engine; totals suffice for a
//! caller that plays a million requests to learn two numbers.

use concsim_engine::telemetry::{Event, Outcome};
use concsim_model::units::Elapsed;
use concsim_record::{RecordSource, Recorder, Sample};

/// Receiver of a simulation's events.
pub trait Observer {
    /// True if it wants events other than the ends of requests, and samples.
    const WANTS_EVENTS: bool;
    /// True if it wants the switches of workers.
    const WANTS_SWITCHES: bool;

    /// Receives an event.
    fn event(&mut self, source: RecordSource, event: &Event);

    /// Receives the end of a request.
    fn ended(&mut self, outcome: &Outcome) {
        self.event(RecordSource::Load, &Event::Ended(*outcome));
    }

    /// Receives a sample.
    fn sample(&mut self, sample: Sample);

    /// True if there is no room for more requests.
    fn is_full(&self) -> bool {
        false
    }
}

/// Records everything.
impl<W: std::io::Write> Observer for Recorder<W> {
    const WANTS_EVENTS: bool = true;
    const WANTS_SWITCHES: bool = true;

    fn event(&mut self, source: RecordSource, event: &Event) {
        self.note(source, &event.to_record());
    }

    fn sample(&mut self, sample: Sample) {
        self.add(sample);
    }

    fn is_full(&self) -> bool {
        self.recording().log_is_full()
    }
}

/// Passes everything that a summary needs to the inner observer: all but the switches.
#[derive(Debug)]
pub struct WithoutSwitches<O>(pub O);

impl<O: Observer> Observer for WithoutSwitches<O> {
    const WANTS_EVENTS: bool = O::WANTS_EVENTS;
    const WANTS_SWITCHES: bool = false;

    fn event(&mut self, source: RecordSource, event: &Event) {
        self.0.event(source, event);
    }

    fn sample(&mut self, sample: Sample) {
        self.0.sample(sample);
    }

    fn is_full(&self) -> bool {
        self.0.is_full()
    }
}

/// Sums over all requests that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Number of good answers.
    pub good: u64,
    /// Number of failed requests.
    pub failed: u64,
    /// Sum of the latencies of good answers, in nanoseconds.
    pub latency: u128,
    /// Longest latency of a good answer.
    pub longest: Elapsed,
}

impl Totals {
    /// Returns the mean latency of good answers, in seconds.
    #[must_use]
    pub fn mean_latency(&self) -> f64 {
        self.latency as f64 / 1e9 / self.good.max(1) as f64
    }
}

impl Observer for Totals {
    const WANTS_EVENTS: bool = false;
    const WANTS_SWITCHES: bool = false;

    fn event(&mut self, _: RecordSource, _: &Event) {}

    #[inline]
    fn ended(&mut self, outcome: &Outcome) {
        if outcome.failure.is_some() {
            self.failed += 1;
            return;
        }
        let latency = outcome.done.since(outcome.due);
        self.good += 1;
        self.latency += u128::from(latency.0);
        self.longest = self.longest.max(latency);
    }

    fn sample(&mut self, _: Sample) {}
}
