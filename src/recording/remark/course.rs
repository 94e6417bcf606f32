//! The course of a run: what was done to it, whether it was steady, and whether it had warmed up.

use super::Notice;
use super::scene::Scene;
use crate::recording::trust::{COHORT, millis};
use crate::telemetry::Deed;
use crate::units::{Stamp, three_digits};

/// Somebody did something to the run.
pub(super) struct Steered<'a> {
    deeds: &'a [(Stamp, Deed)],
}

impl<'a> Notice<'a> for Steered<'a> {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        let deeds = scene.past.markers();
        (!deeds.is_empty()).then_some(Self { deeds })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        /// A sentence has no room for more.
        const NAMED: usize = 3;
        vec![format!(
            "Steered, so its claims are not judged: {}.",
            self.say_deeds(scene, NAMED)
        )]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        let deeds = self.say_deeds(scene, usize::MAX);
        format!("markers of the recording: {deeds}")
    }
}

impl Steered<'_> {
    /// The first ones by name, and how many more there are.
    fn say_deeds(&self, scene: &Scene<'_>, named: usize) -> String {
        let began = scene.past.header().began;
        let deeds = self.deeds.iter().take(named);
        let mut said: Vec<String> = deeds
            .map(|(at, deed)| format!("{deed} at {}", at.since(began)))
            .collect();
        let more = self.deeds.len().saturating_sub(named);
        said.extend((more > 0).then(|| format!("and {more} more")));
        said.join(", ")
    }
}

/// Not as many in the system in one half of the window as in the other.
pub(super) struct NotStationary {
    drift: f64,
}

impl<'a> Notice<'a> for NotStationary {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        let run = scene.run?;
        // A handful of requests is not meant to be steady.
        let applies = run.stationary == Some(false) && run.due >= COHORT;
        run.drift.filter(|_| applies).map(|drift| Self { drift })
    }

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        vec!["The run is not steady: its means depend on when it was stopped.".into()]
    }

    fn evidence(&self, _: &Scene<'a>) -> String {
        format!(
            "{} times as many in the system in the second half of the window as in the first \
             (log of requests)",
            three_digits(self.drift)
        )
    }
}

/// The window began before latencies could have settled.
pub(super) struct ShortWarmup {
    warmup_ms: f64,
    tail_ms: f64,
}

impl<'a> Notice<'a> for ShortWarmup {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        let run = scene.run?;
        let (warmup_ms, latency) = (run.warmup_s * 1e3, &run.latency_ms);
        let tail_ms = latency.p99.or(latency.max)?;
        let applies = warmup_ms > 0.0 && warmup_ms < 2.0 * tail_ms;
        applies.then_some(Self { warmup_ms, tail_ms })
    }

    fn sentences(&self, _: &Scene<'a>) -> Vec<String> {
        let warmup = millis(self.warmup_ms);
        let tail = millis(self.tail_ms);
        vec![format!(
            "The warm-up of {warmup} is short for latencies of {tail}."
        )]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        let p99 = scene.run.and_then(|run| run.latency_ms.p99);
        let which = p99.map_or("the longest latency", |_| "the 99th percentile of latency");
        format!(
            "{} from the first request to the window, less than twice {which}, {}",
            millis(self.warmup_ms),
            millis(self.tail_ms)
        )
    }
}
