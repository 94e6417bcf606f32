//! One variant as it goes into a file: its recording, with the numbers and the doubts that belong to it.

use concsim_engine::telemetry::Outcome;
use concsim_model::scenario::Plan;
use concsim_model::units::Elapsed;
use concsim_record::Recording;
use concsim_record::storage::StoredRun;
use concsim_record::summary::{self, summarise};
use concsim_record::trust::Trust;

/// A variant that was played.
#[derive(Debug)]
pub struct PlayedVariant<'a> {
    /// What was played.
    pub plan: &'a Plan,
    /// What was seen.
    pub recording: &'a Recording,
    /// What is computed from that.
    pub run: summary::Run,
}

impl<'a> PlayedVariant<'a> {
    /// The variants of a kept run, in order; only those of these names, if any are named.
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

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.recording.header.variant
    }

    /// What a request asked for, by its place in the scenario.
    pub(super) fn class(&self, place: u16) -> &'a str {
        let requests = &self.recording.header.scenario.requests;
        let request = requests.get(usize::from(place));
        request.map_or("", |request| request.name.as_str())
    }

    /// How long a request took from when it was due; a failed one at least the patience, as in the
    /// summary.
    pub(super) fn latency(&self, outcome: &Outcome) -> Elapsed {
        outcome.latency(self.recording.header.scenario.load.patience)
    }

    /// The same from when it was sent.
    pub(super) fn latency_from_send(&self, outcome: &Outcome) -> Elapsed {
        self.latency(&Outcome {
            due: outcome.sent,
            ..*outcome
        })
    }

    /// Whether the numbers are about this request: it was due in the window.
    pub(super) fn counts(&self, outcome: &Outcome) -> bool {
        let window = self.recording.header.window;
        window.is_some_and(|window| window.contains(outcome.due))
    }

    /// Why it may not be believed, or not taken for a whole run, in a sentence; nothing speaks against it
    /// if there is none.
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

    /// The codes of those reasons, with blanks between.
    pub(super) fn because(&self) -> String {
        let codes = self.run.because.iter().map(|reason| reason.code);
        codes.collect::<Vec<_>>().join(" ")
    }
}

/// Runs that nobody played, for the tests of all forms.
#[cfg(test)]
pub(super) mod made_up {
    use super::*;
    use concsim_record::synthetic::{Synthetic, plan};

    /// Made-up variants, and what they claim to have played.
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
