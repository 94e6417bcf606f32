//! The instant at which a run was interrupted, and its planned length.

use serde::Serialize;

use super::Recording;
use super::rounding::rounded;
use concsim_model::scenario::Warmup;
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::length;

/// The instant at which a run was cut short by ^C.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interruption {
    /// Seconds since load began.
    pub at_s: f64,
    /// Planned length of warm-up and window, in seconds. Omitted if not known: the scenario counts
    /// requests, or the warm-up ends by itself and had not ended yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_s: Option<f64>,
}

impl Interruption {
    /// Returns the interruption of a run; [`None`] if it was not interrupted.
    #[must_use]
    pub fn of(recording: &Recording) -> Option<Self> {
        let header = &recording.header;
        if !header.interrupted {
            return None;
        }
        let scenario = &header.scenario;
        let last = recording.samples.last().map_or(header.began, |it| it.at);
        // At that instant requests in flight are cut off; samples continue until all processes have ended.
        let patience = header.scenario.load.patience;
        let cut_off = recording.outcomes.iter();
        let cut_off = cut_off.filter(|outcome| outcome.was_cut_off(patience));
        let last = cut_off.map(|outcome| outcome.done).min().unwrap_or(last);
        // An interruption ends the window; after the window's end it cuts off requests in flight.
        let cut = header.window.filter(|it| it.length() < scenario.duration);
        let at = cut.map_or(last, |window| window.end);
        let warmup = match (header.window, scenario.warmup) {
            (Some(window), _) => Some(window.begin.since(header.began)),
            (None, Warmup::For(length)) => Some(length),
            (None, Warmup::UntilEveryoneWasAnswered) => None,
        };
        let is_timed = scenario.load.requests.is_none();
        let planned = warmup.filter(|_| is_timed);
        let planned = planned.map(|warmup| Elapsed(warmup.0.saturating_add(scenario.duration.0)));
        let seconds = |length: Elapsed| rounded(length.as_secs_f64(), 6);
        Some(Self {
            at_s: seconds(Stamp::since(at, header.began)),
            of_s: planned.map(seconds),
        })
    }

    /// `interrupted at 4.91 s of 21 s`
    #[must_use]
    pub fn describe(self) -> String {
        let text = |seconds: f64| length(Elapsed((seconds * 1e9).round() as u64));
        let of = self.of_s.map(|of| format!(" of {}", text(of)));
        format!(
            "interrupted at {}{}",
            text(self.at_s),
            of.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Window;
    use crate::synthetic::Synthetic;
    use concsim_engine::telemetry::Failure;
    use concsim_model::scenario::WorkerKind;

    const S: u64 = 1_000_000_000;

    /// A run with 1 s of warm-up and 5 s of window, stopped after 2.5 s; its load began at `began`.
    fn stopped(began: u64) -> Recording {
        let mut recording = Synthetic::io_bound(WorkerKind::Sync).recording();
        let header = &mut recording.header;
        header.interrupted = true;
        header.began = Stamp(began);
        header.scenario.duration = Elapsed::from_secs(5);
        header.scenario.load.requests = None;
        header.window = Some(Window {
            begin: Stamp(began + S),
            end: Stamp(began + 5 * S / 2),
        });
        recording
    }

    #[test]
    fn an_interrupted_run_tells_the_instant_since_load_began_and_the_length_that_was_asked_for() {
        for began in [0, 700] {
            let text = Interruption::of(&stopped(began)).unwrap().describe();
            assert_eq!(text, "interrupted at 2.5 s of 6 s");
        }
        let mut whole = stopped(0);
        whole.header.interrupted = false;
        assert_eq!(Interruption::of(&whole), None);
    }

    #[test]
    fn a_run_that_is_interrupted_in_its_warm_up_ends_when_its_requests_are_cut_off() {
        let mut warming = stopped(0);
        warming.header.window = None;
        let patience = warming.header.scenario.load.patience;
        let last = warming.samples.last().expect("it has samples").at;
        for (outcome, done) in warming.outcomes.iter_mut().rev().zip([800, 700, 700]) {
            outcome.due = Stamp(S / 2);
            outcome.done = Stamp(done * 1_000_000);
            outcome.failure = Some(Failure::Timeout);
            assert!(outcome.was_cut_off(patience));
        }
        assert!(Stamp(S) < last);
        let text = Interruption::of(&warming).unwrap().describe();
        assert!(text.starts_with("interrupted at 700 ms"), "{text}");
    }

    #[test]
    fn a_length_that_no_clock_decides_is_left_out() {
        let mut counted = stopped(0);
        counted.header.scenario.load.requests = Some(30);
        let text = Interruption::of(&counted).unwrap().describe();
        assert_eq!(text, "interrupted at 2.5 s");
        let mut warming = stopped(0);
        warming.header.window = None;
        warming.header.scenario.warmup = Warmup::UntilEveryoneWasAnswered;
        assert_eq!(Interruption::of(&warming).unwrap().of_s, None);
    }
}
