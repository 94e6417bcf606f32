//! Who is told what happens in a simulation, and how much of it: everything, as the real engine tells it;
//! or only the totals, for whoever plays a million requests to learn two numbers.

use concsim_engine::telemetry::{Event, Outcome};
use concsim_model::units::Elapsed;
use concsim_record::{Recorder, Sample, Who};

/// Somebody who is told.
pub trait Observer {
    /// Whether events other than the ends of requests, and samples, are wanted at all.
    const WANTS_EVENTS: bool;
    /// Whether it wants to know who had which worker from when to when.
    const WANTS_SWITCHES: bool;

    /// Something has happened.
    fn event(&mut self, who: Who, event: &Event);

    /// A request has ended.
    fn ended(&mut self, outcome: &Outcome) {
        self.event(Who::Load, &Event::Ended(*outcome));
    }

    /// All there is to see at one instant.
    fn sample(&mut self, sample: Sample);

    /// Whether there is no room for more requests.
    fn is_full(&self) -> bool {
        false
    }
}

/// Keeps everything.
impl<W: std::io::Write> Observer for Recorder<W> {
    const WANTS_EVENTS: bool = true;
    const WANTS_SWITCHES: bool = true;

    fn event(&mut self, who: Who, event: &Event) {
        self.note(who, &event.to_record());
    }

    fn sample(&mut self, sample: Sample) {
        self.add(sample);
    }

    fn is_full(&self) -> bool {
        self.recording().log_is_full()
    }
}

/// All that a summary rests on: without the switches, which are pictures.
#[derive(Debug)]
pub struct WithoutSwitches<O>(pub O);

impl<O: Observer> Observer for WithoutSwitches<O> {
    const WANTS_EVENTS: bool = O::WANTS_EVENTS;
    const WANTS_SWITCHES: bool = false;

    fn event(&mut self, who: Who, event: &Event) {
        self.0.event(who, event);
    }

    fn sample(&mut self, sample: Sample) {
        self.0.sample(sample);
    }

    fn is_full(&self) -> bool {
        self.0.is_full()
    }
}

/// A few sums over all requests that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Answered well.
    pub good: u64,
    /// Not so.
    pub failed: u64,
    /// Of all latencies of good answers, in nanoseconds.
    pub latency: u128,
    /// The longest of them.
    pub longest: Elapsed,
}

impl Totals {
    /// The mean latency of good answers, in seconds.
    #[must_use]
    pub fn mean_latency(&self) -> f64 {
        self.latency as f64 / 1e9 / self.good.max(1) as f64
    }
}

impl Observer for Totals {
    const WANTS_EVENTS: bool = false;
    const WANTS_SWITCHES: bool = false;

    fn event(&mut self, _: Who, _: &Event) {}

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
