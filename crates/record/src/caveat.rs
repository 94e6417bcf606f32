//! Caveats of a run: reasons to doubt its numbers, the part of it that was played, and whether it is small by design. All
//! lenses that show a run take them from here, and differ only in the room that they have.

use super::summary::Run;
use super::trust::{Reason, Trust};
use concsim_model::scenario::Scenario;
use concsim_model::words::counted;

/// Code of the doubt about a small number of requests.
pub const FEW_SAMPLES: &str = "few-samples";

/// Caveats of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caveats<'a> {
    /// Number of requests that the file sets, if it is too small for statistics: the run is an illustration.
    pub illustration: Option<u64>,
    /// Reasons to doubt the numbers, the worst first; without the small number of requests of an illustration.
    pub doubts: Vec<&'a Reason>,
    /// Instant of the interruption: `interrupted at 4.91 s of 21 s`. [`None`] if the run is complete.
    pub interrupted: Option<String>,
}

impl<'a> Caveats<'a> {
    /// Returns the caveats of a run of this scenario; without one, no number of requests is by design.
    #[must_use]
    pub fn of(scenario: Option<&Scenario>, run: &'a Run) -> Self {
        let has_few = run.because.iter().any(|reason| reason.code == FEW_SAMPLES);
        let by_design = scenario.and_then(|scenario| scenario.load.requests);
        let illustration = by_design.filter(|_| has_few);
        let is_by_design = |reason: &Reason| illustration.is_some() && reason.code == FEW_SAMPLES;
        let doubts = run.because.iter().filter(|reason| !is_by_design(reason));
        Self {
            illustration,
            doubts: doubts.collect(),
            interrupted: run.interrupted_in_words(),
        }
    }

    /// Returns the grade that the doubts give the run.
    #[must_use]
    pub fn trust(&self) -> Trust {
        let grades = self.doubts.iter().map(|reason| reason.trust);
        grades.max().unwrap_or_default()
    }

    /// Returns the note of a run that is small by design.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let count = counted(self.illustration?, "request");
        Some(format!("an illustration: the file sets {count}"))
    }

    /// Returns the doubts with the gravest reason only: `rough; 40 requests are few (and one more reason)`.
    #[must_use]
    pub fn doubt_in_short(&self) -> Option<String> {
        let first = self.doubts.first()?;
        let more = match self.doubts.len() {
            1 => "",
            2 => " (and one more reason)",
            _ => " (and more reasons)",
        };
        Some(format!(
            "{}; {}{more}",
            self.trust().words(),
            first.sentence
        ))
    }

    /// Returns all caveats in one line; [`None`] if there are none.
    #[must_use]
    pub fn in_full(&self) -> Option<String> {
        let reasons = self.doubts.iter().map(|reason| reason.sentence.as_str());
        let reasons: Vec<&str> = reasons.collect();
        let doubt = format!("{}: {}", self.trust().words(), reasons.join("; "));
        let doubt = (!reasons.is_empty()).then_some(doubt);
        let cut = self.interrupted.as_ref().map(|it| format!("it was {it}"));
        let all = self.note().into_iter().chain(doubt).chain(cut);
        let all: Vec<String> = all.collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// True if nothing is doubtful but the small number of requests that the file sets.
    #[must_use]
    pub fn is_only_small(&self) -> bool {
        self.illustration.is_some() && self.doubts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::summarise;
    use crate::synthetic::Synthetic;
    use concsim_model::scenario::WorkerKind::Sync;

    #[test]
    fn few_requests_are_an_illustration_if_the_file_sets_them_and_a_doubt_otherwise() {
        let recording = Synthetic::three_requests(Sync).recording();
        let (mut scenario, run) = (recording.header.scenario.clone(), summarise(&recording));
        assert_eq!(scenario.load.requests, Some(3));
        let by_design = Caveats::of(Some(&scenario), &run);
        let words = "an illustration: the file sets 3 requests";
        assert_eq!(by_design.in_full().as_deref(), Some(words));
        assert!(by_design.is_only_small());
        scenario.load.requests = None;
        let by_accident = Caveats::of(Some(&scenario), &run);
        let words = "rough: 3 requests are few";
        assert_eq!(by_accident.in_full().as_deref(), Some(words));
        let words = "rough; 3 requests are few";
        assert_eq!(by_accident.doubt_in_short().as_deref(), Some(words));
        assert!(!by_accident.is_only_small());
    }
}
