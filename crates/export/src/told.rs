//! Variant to be exported: its recording, with its summary and its trust.

use concsim_engine::telemetry::Outcome;
use concsim_model::scenario::Plan;
use concsim_model::units::Elapsed;
use concsim_record::Recording;
use concsim_record::storage::StoredRun;
use concsim_record::summary::{self, summarise};
use concsim_record::trust::Trust;

/// Variant that was played.
#[derive(Debug)]
pub struct PlayedVariant<'a> {
    /// Plan of the run.
    pub plan: &'a Plan,
    /// Recording of the variant.
    pub recording: &'a Recording,
    /// Summary computed from the recording.
    pub run: summary::Run,
}

impl<'a> PlayedVariant<'a> {
    /// Returns the variants of a stored run, in order; only those named, if `names` is not empty.
    #[must_use]
    pub fn of(kept: &'a StoredRun, names: &[String]) -> Vec<Self> {
        let wanted = |name: &String| names.is_empty() || names.contains(name);
        let recordings = kept.recordings.iter();
        recordings
            .filter(|recording| wanted(&recording.header.variant))
            .map(|recording| Self {
                plan: &kept.plan,
                recording,
                run: summarise(recording),
            })
            .collect()
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.recording.header.variant
    }

    /// Returns the kind of a request, by its position in the scenario.
    pub(super) fn class(&self, place: u16) -> &'a str {
        let requests = &self.recording.header.scenario.requests;
        let request = requests.get(usize::from(place));
        request.map_or("", |request| request.name.as_str())
    }

    /// Returns the latency from when a request was due; for a failed one at least the client's patience, as
    /// in the summary.
    pub(super) fn latency(&self, outcome: &Outcome) -> Elapsed {
        outcome.latency(self.recording.header.scenario.load.patience)
    }

    /// Returns the same from when it was sent.
    pub(super) fn latency_from_send(&self, outcome: &Outcome) -> Elapsed {
        self.latency(&Outcome {
            due: outcome.sent,
            ..*outcome
        })
    }

    /// True if the request was due in the window, so that the numbers include it.
    pub(super) fn counts(&self, outcome: &Outcome) -> bool {
        let window = self.recording.header.window;
        window.is_some_and(|window| window.contains(outcome.due))
    }

    /// Returns the reasons not to trust it, or not to take it for a whole run, in a sentence; `None` if
    /// there are none.
    #[must_use]
    pub fn caveat(&self) -> Option<String> {
        let run = &self.run;
        let mut said = Vec::new();
        if run.trust != Trust::Ok {
            let because = run.because.iter().map(|reason| reason.sentence.as_str());
            let because: Vec<&str> = because.collect();
            said.push(format!("{}: {}", run.trust.words(), because.join("; ")));
        }
        said.extend(run.interrupted_in_words().map(|it| format!("it was {it}")));
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Returns the codes of those reasons, separated by blanks.
    pub(super) fn because(&self) -> String {
        let codes = self.run.because.iter().map(|reason| reason.code);
        codes.collect::<Vec<_>>().join(" ")
    }
}

/// Synthetic runs, for the tests of all formats.
#[cfg(test)]
pub(super) mod made_up {
    use super::*;
    use concsim_record::synthetic::{Synthetic, plan};

    /// Synthetic variants and their plan.
    pub(crate) struct MadeUpRuns {
        pub(crate) plan: Plan,
        pub(crate) recordings: Vec<Recording>,
    }

    impl MadeUpRuns {
        pub(crate) fn of(title: &str, runs: &[Synthetic]) -> Self {
            let all: Vec<&Synthetic> = runs.iter().collect();
            Self {
                plan: plan(title, &all, &[]),
                recordings: runs.iter().map(Synthetic::recording).collect(),
            }
        }

        pub(crate) fn told(&self) -> Vec<PlayedVariant<'_>> {
            let told = |recording| PlayedVariant {
                plan: &self.plan,
                recording,
                run: summarise(recording),
            };
            self.recordings.iter().map(told).collect()
        }
    }
}
