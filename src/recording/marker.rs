//! What was done to a run, in words: of a cue its caption, of a deed what it is, and to whom.

use super::Header;
use crate::scenario::Cue;
use crate::telemetry::{Deed, Marker};

impl Header {
    /// What is said of a marker on the screen, as a sentence.
    #[must_use]
    pub fn caption_of(&self, marker: &Marker) -> String {
        let Some(cue) = marker.cue else {
            return format!("Steered: {}.", self.in_words(marker.deed));
        };
        let caption = self.cue(cue).and_then(|cue| cue.caption.clone());
        caption.unwrap_or_else(|| sentence(&self.in_words(marker.deed)))
    }

    /// `worker B was killed at 3 s`.
    pub(super) fn said_of(&self, marker: &Marker) -> String {
        let at = marker.at.since(self.began);
        format!("{} at {at}", self.in_words(marker.deed))
    }

    fn cue(&self, cue: u16) -> Option<&Cue> {
        self.scenario.timeline.get(usize::from(cue))
    }

    /// A deed in words; a request by its name.
    fn in_words(&self, deed: Deed) -> String {
        match deed {
            Deed::Send(class) => match self.scenario.requests.get(usize::from(class)) {
                Some(request) => format!("one request `{}` was sent", request.name),
                None => deed.to_string(),
            },
            Deed::AddWorker
            | Deed::RemoveWorker
            | Deed::KillWorker(_)
            | Deed::StopWorker(_)
            | Deed::ContinueWorker(_)
            | Deed::Reload
            | Deed::SetLoad(_)
            | Deed::SetRate(_)
            | Deed::SetClients(_) => deed.to_string(),
        }
    }
}

/// `Worker B was killed.`
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), rest.as_str())
}
