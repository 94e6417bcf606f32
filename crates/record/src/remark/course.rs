//! The course of a run: interventions, steadiness, warm-up.

use super::Check;
use super::scene::Context;
use crate::trust::{COHORT, millis};
use concsim_engine::telemetry::Marker;
use concsim_model::units::three_digits;

/// The run was steered by hand.
pub(super) struct Steered<'a> {
    interventions: Vec<&'a Marker>,
}

impl<'a> Check<'a> for Steered<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let interventions = context.snapshot.markers().iter();
        let by_hand: Vec<_> = interventions
            .filter(|marker| marker.timeline_event.is_none())
            .collect();
        (!by_hand.is_empty()).then_some(Self {
            interventions: by_hand,
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        vec![format!(
            "This run was steered by hand, so its claims are not judged: {}.",
            name_interventions(&self.interventions, context, NAMED)
        )]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let interventions = name_interventions(&self.interventions, context, usize::MAX);
        format!("markers of the recording: {interventions}")
    }
}

/// The run was steered by its own timeline.
pub(super) struct SteeredByTimeline<'a> {
    interventions: Vec<&'a Marker>,
}

impl<'a> Check<'a> for SteeredByTimeline<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let interventions = context.snapshot.markers().iter();
        let by_timeline: Vec<_> = interventions
            .filter(|marker| marker.timeline_event.is_some())
            .collect();
        (!by_timeline.is_empty()).then_some(Self {
            interventions: by_timeline,
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let interventions = name_interventions(&self.interventions, context, NAMED);
        vec![format!(
            "The scenario's timeline steered this run: {interventions}."
        )]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let interventions = name_interventions(&self.interventions, context, usize::MAX);
        format!("markers of the recording: {interventions}")
    }
}

/// Maximum number of interventions named in a sentence.
const NAMED: usize = 3;

/// Names the first interventions and the number of the others.
fn name_interventions(interventions: &[&Marker], context: &Context<'_>, named: usize) -> String {
    let first = interventions.iter().take(named);
    let header = context.snapshot.header();
    let mut text: Vec<String> = first.map(|marker| header.describe_at(marker)).collect();
    let more = interventions.len().saturating_sub(named);
    text.extend((more > 0).then(|| format!("and {more} more")));
    text.join(", ")
}

/// Mean number of requests in the system, or mean latency, differs between the halves of the window.
pub(super) struct NotStationary {
    drift: f64,
    latency_drift: Option<f64>,
}

impl<'a> Check<'a> for NotStationary {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let run = context.run?;
        // A handful of requests need not be steady.
        let applies = run.stationary == Some(false) && run.due >= COHORT;
        let latency_drift = run.latency_drift;
        run.drift.filter(|_| applies).map(|drift| Self {
            drift,
            latency_drift,
        })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        vec![
            "The run is not steady in the counted window, so its means depend on when it was stopped."
                .into(),
        ]
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        let latencies = self.latency_drift.map_or_else(String::new, |drift| {
            format!(", and latencies {} times as long", three_digits(drift))
        });
        format!(
            "{} times as many in the system in the second half of the window as in the first{latencies} \
             (log of requests)",
            three_digits(self.drift)
        )
    }
}

/// The window began before latencies could have settled.
pub(super) struct ShortWarmup {
    warmup_ms: f64,
    tail_ms: f64,
    /// True for a percentile; false for the longest of few requests.
    is_p99: bool,
}

impl ShortWarmup {
    fn class_of_change(&self) -> &'static str {
        if self.is_p99 {
            "the 99th percentile of latency"
        } else {
            "the longest latency"
        }
    }
}

impl<'a> Check<'a> for ShortWarmup {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let run = context.run?;
        let (warmup_ms, latency) = (run.warmup_s * 1e3, &run.latency_ms);
        // A failed request counts with its client's whole patience, which says nothing about warming up.
        let tail_ms = latency
            .p99
            .or(latency.max)
            .filter(|_| run.failed.all() == 0)?;
        // Where the file sets the number of requests, all of them count, including the first ones.
        let is_meant = warmup_ms <= 0.0 && context.scenario().load.requests.is_some();
        let applies = !is_meant && warmup_ms < 2.0 * tail_ms;
        applies.then_some(Self {
            warmup_ms,
            tail_ms,
            is_p99: latency.p99.is_some(),
        })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        if self.warmup_ms <= 0.0 {
            return vec![
                "There was no warm-up, so requests that found an empty server are counted.".into(),
            ];
        }
        let warmup = millis(self.warmup_ms);
        let tail = millis(self.tail_ms);
        let which = if self.is_p99 {
            "a 99th percentile of"
        } else {
            "latencies of up to"
        };
        vec![format!(
            "The warm-up of {warmup} is short for {which} {tail}."
        )]
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        format!(
            "{} from the first request to the window, less than twice {}, {}",
            millis(self.warmup_ms),
            self.class_of_change(),
            millis(self.tail_ms)
        )
    }
}
