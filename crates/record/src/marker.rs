//! Descriptions of interventions: the caption of a timeline event, or the action and its target.

use super::Header;
use concsim_engine::telemetry::{Intervention, Marker};
use concsim_model::scenario::TimelineEvent;

impl Header {
    /// Returns the caption of a marker for the screen, as a sentence.
    #[must_use]
    pub fn caption_of(&self, marker: &Marker) -> String {
        let Some(cue) = marker.cue else {
            return format!("Steered: {}.", self.describe(marker.deed));
        };
        let caption = self.cue(cue).and_then(|cue| cue.caption.clone());
        caption.unwrap_or_else(|| sentence(&self.describe(marker.deed)))
    }

    /// `worker B was killed at 3 s`.
    pub(super) fn said_of(&self, marker: &Marker) -> String {
        let at = marker.at.since(self.began);
        format!("{} at {at}", self.describe(marker.deed))
    }

    fn cue(&self, cue: u16) -> Option<&TimelineEvent> {
        self.scenario.timeline.get(usize::from(cue))
    }

    /// Describes an intervention; a request by its name.
    fn describe(&self, deed: Intervention) -> String {
        match deed {
            Intervention::Send(class) => match self.scenario.requests.get(usize::from(class)) {
                Some(request) => format!("one request `{}` was sent", request.name),
                None => deed.to_string(),
            },
            Intervention::AddWorker
            | Intervention::RemoveWorker
            | Intervention::KillWorker(_)
            | Intervention::StopWorker(_)
            | Intervention::ContinueWorker(_)
            | Intervention::Reload
            | Intervention::SetLoad(_)
            | Intervention::SetRate(_)
            | Intervention::SetClients(_) => deed.to_string(),
        }
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
    use concsim_model::scenario::TimelineAction;
    use concsim_model::scenario::WorkerKind::Coroutine;
    use concsim_model::units::{Elapsed, Stamp};

    /// A run with two timeline events, the first of which has a caption, and these markers.
    fn marked(markers: &[(Intervention, Option<u16>)]) -> Recording {
        let mut recording = Synthetic::io_bound(Coroutine).recording();
        let cue = |happens, caption: Option<&str>| TimelineEvent {
            at: Elapsed::from_secs(2),
            happens,
            caption: caption.map(str::to_owned),
        };
        recording.header.scenario.timeline = vec![
            cue(TimelineAction::KillWorker, Some("See who takes its place.")),
            cue(TimelineAction::Send(0), None),
        ];
        let at = Stamp(recording.header.began.0 + 2_000_000_000);
        let marker = |(deed, cue): &(Intervention, Option<u16>)| Marker {
            at,
            deed: *deed,
            cue: *cue,
        };
        recording.markers = markers.iter().map(marker).collect();
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
    fn a_cue_is_said_by_its_caption_or_else_by_what_it_does() {
        let recording = marked(&[
            (Intervention::KillWorker(1), Some(0)),
            (Intervention::Send(0), Some(1)),
            (Intervention::KillWorker(1), None),
            (Intervention::Send(99), None),
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
        let played = marked(&[(Intervention::KillWorker(1), Some(0))]);
        assert!(!codes(&played).contains(&"steered"));
        let remarks = summarise(&played).remarks;
        let remark = remarks.iter().find(|it| it.kind == Kind::Cued).unwrap();
        assert_eq!(
            remark.sentence(),
            "The scenario's timeline steered this run: worker B was killed at 2.00 s."
        );
        let steered = marked(&[
            (Intervention::KillWorker(1), Some(0)),
            (Intervention::Reload, None),
        ]);
        assert!(codes(&steered).contains(&"steered"));
        assert!(codes(&steered).contains(&"timeline"));
        assert!(!codes(&marked(&[])).contains(&"timeline"));
    }
}
