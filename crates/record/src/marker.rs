//! Descriptions of interventions: the caption of a timeline event, or the action and its target.

use super::Header;
use concsim_engine::telemetry::Marker;
use concsim_model::scenario::{Request, TimelineEvent};

impl Header {
    /// Returns the caption of a marker for the screen, as a sentence.
    #[must_use]
    pub fn caption_of(&self, marker: &Marker) -> String {
        let Some(index) = marker.timeline_event else {
            return format!("Steered: {}.", self.describe(marker));
        };
        let event = self.scenario.timeline.get(usize::from(index));
        let caption = event.and_then(|event: &TimelineEvent| event.caption.clone());
        caption.unwrap_or_else(|| sentence(&self.describe(marker)))
    }

    /// `worker B was killed at 3 s`.
    pub(super) fn describe_at(&self, marker: &Marker) -> String {
        let at = marker.at.since(self.began);
        format!("{} at {at}", self.describe(marker))
    }

    /// Describes an intervention; a request by its name.
    fn describe(&self, marker: &Marker) -> String {
        let class = marker.intervention.class();
        let request = class.and_then(|class| self.scenario.requests.get(class));
        let by_name = |request: &Request| format!("one request `{}` was sent", request.name);
        request.map_or_else(|| marker.to_string(), by_name)
    }
}

/// `Worker B was killed.`
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recording;
    use crate::remark::Kind;
    use crate::summary::summarise;
    use crate::synthetic::Synthetic;
    use concsim_model::scenario::Intervention;
    use concsim_model::scenario::WorkerKind::Coroutine;
    use concsim_model::units::{Elapsed, Stamp};

    /// A run with two timeline events, the first of which has a caption, and these markers.
    fn marked(markers: &[(Intervention, Option<u16>, Option<u16>)]) -> Recording {
        let mut recording = Synthetic::io_bound(Coroutine).recording();
        let event = |intervention, caption: Option<&str>| TimelineEvent {
            at: Elapsed::from_secs(2),
            intervention,
            caption: caption.map(str::to_owned),
        };
        recording.header.scenario.timeline = vec![
            event(Intervention::KillWorker, Some("See who takes its place.")),
            event(Intervention::Send(0), None),
        ];
        let at = Stamp(recording.header.began.0 + 2_000_000_000);
        let markers_of = markers.iter();
        let marker = |(intervention, worker, timeline_event): &(_, _, _)| Marker {
            at,
            intervention: *intervention,
            worker: *worker,
            timeline_event: *timeline_event,
        };
        recording.markers = markers_of.map(marker).collect();
        let seen = recording
            .samples
            .iter_mut()
            .filter(|sample| sample.at >= at);
        seen.for_each(|sample| sample.seen.markers = markers.len());
        recording
    }

    fn codes(recording: &Recording) -> Vec<&'static str> {
        let remarks = summarise(recording).remarks.into_iter();
        remarks.map(|remark| remark.kind.code()).collect()
    }

    #[test]
    fn a_timeline_event_has_its_caption_or_else_the_action_in_words() {
        let recording = marked(&[
            (Intervention::KillWorker, Some(1), Some(0)),
            (Intervention::Send(0), None, Some(1)),
            (Intervention::KillWorker, Some(1), None),
            (Intervention::Send(99), None, None),
        ]);
        let captions: Vec<String> = recording
            .markers
            .iter()
            .map(|marker| recording.header.caption_of(marker))
            .collect();
        assert_eq!(
            captions,
            [
                "See who takes its place.",
                "One request `profile` was sent.",
                "Steered: worker B was killed.",
                "Steered: a request was sent.",
            ]
        );
    }

    #[test]
    fn only_what_a_person_did_steers_a_run() {
        let played = marked(&[(Intervention::KillWorker, Some(1), Some(0))]);
        assert!(!codes(&played).contains(&"steered"));
        let remarks = summarise(&played).remarks;
        let remark = remarks
            .iter()
            .find(|it| it.kind == Kind::SteeredByTimeline)
            .unwrap();
        assert_eq!(
            remark.sentence(),
            "The scenario's timeline steered this run: worker B was killed at 2.00 s."
        );
        let steered = marked(&[
            (Intervention::KillWorker, Some(1), Some(0)),
            (Intervention::Reload, None, None),
        ]);
        assert!(codes(&steered).contains(&"steered"));
        assert!(codes(&steered).contains(&"timeline"));
        assert!(!codes(&marked(&[])).contains(&"timeline"));
    }
}
