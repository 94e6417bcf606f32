//! Caveats of a figure: claims of the scenario that its runs break, and reasons to doubt the runs.

use super::Play;
use super::cohort::DUE;
use concsim_model::words::counted;
use concsim_record::Recording;
use concsim_record::evaluate::{Judgement, Verdict};
use concsim_record::summary::{Run, Summary, summarise};
use concsim_record::trust::Reason;

/// Code of the doubt about a small number of requests.
pub(super) const FEW: &str = "few-samples";
/// End of the caveat about failed requests.
pub(super) const FAILED: &str = " failed";

/// A stored run, with its numbers.
pub(super) struct SummarisedPlay<'a> {
    play: &'a Play<'a>,
    runs: Vec<(&'a Recording, Run)>,
    /// Claims of the file that the runs break.
    broken: Vec<Judgement>,
}

impl<'a> SummarisedPlay<'a> {
    pub(super) fn of(play: &'a Play<'a>) -> Self {
        let all = play.kept.recordings.iter();
        let runs: Vec<(&Recording, Run)> = all.map(|it| (it, summarise(it))).collect();
        Self {
            play,
            broken: broken(play, &runs),
            runs,
        }
    }

    /// Returns the title of the scenario; [`None`] if the runs break one of its claims, since a title is a
    /// claim, too.
    pub(super) fn title(&self) -> Option<String> {
        let title = || self.play.kept.plan.title.clone();
        self.broken.is_empty().then(title)
    }

    /// Returns the note of a run that is small by design: its file sets too few requests for statistics.
    pub(super) fn illustration(&self) -> Option<String> {
        let has_few = |run: &Run| run.because.iter().any(is_of_few);
        let mut runs = self.runs.iter();
        let (few, _) = runs.find(|(it, run)| is_counted_out(it) && has_few(run))?;
        let count = counted(few.header.scenario.load.requests?, "request");
        let of = self.of_which();
        Some(format!("{of}an illustration: the file sets {count}"))
    }

    /// Returns the reason why the figure does not have the title of its file.
    pub(super) fn without_title(&self) -> Option<String> {
        let first = self.broken.first()?;
        let measured = first.measured.as_ref();
        let measured = measured.map_or_else(String::new, |it| format!(" ({it})"));
        Some(format!(
            "{}not titled as the file, because this claim fails: {}{measured}",
            self.of_which(),
            first.claim
        ))
    }

    /// Returns the reasons to doubt its runs.
    pub(super) fn caveats(&self) -> Vec<String> {
        let of_runs = self.runs.iter();
        let of_runs = of_runs.flat_map(|(it, run)| of_run(it, run, &self.play.name_of(it)));
        of_runs.collect()
    }

    /// Returns the beginning of a sentence about this run if there are several.
    fn of_which(&self) -> String {
        if self.play.called.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.play.called)
        }
    }
}

/// Returns the claims that the runs contradict.
fn broken(play: &Play<'_>, runs: &[(&Recording, Run)]) -> Vec<Judgement> {
    let file = &play.kept.plan;
    let first = runs.first().filter(|_| !file.expectations.is_empty());
    let Some((first, _)) = first else {
        return Vec::new();
    };
    let machine = first.header.machine.clone();
    let runs = runs.iter().map(|(_, run)| run.clone()).collect();
    let judged = Summary::of(file, machine, runs).expect;
    let fails = |it: &Judgement| it.verdict == Verdict::Fails;
    judged.into_iter().filter(fails).collect()
}

/// True if the scenario sets the number of requests.
fn is_counted_out(recording: &Recording) -> bool {
    recording.header.scenario.load.requests.is_some()
}

fn is_of_few(reason: &Reason) -> bool {
    reason.code == FEW
}

/// Returns the reasons to doubt a run.
fn of_run(recording: &Recording, run: &Run, name: &str) -> Vec<String> {
    let is_small_by_design = is_counted_out(recording);
    let reasons = run.because.iter();
    let reasons = reasons.filter(|reason| !(is_small_by_design && is_of_few(reason)));
    let reasons: Vec<&Reason> = reasons.collect();
    let more = match reasons.len() {
        0 | 1 => "",
        2 => " (and one more reason)",
        _ => " (and more reasons)",
    };
    let trust = reasons.iter().map(|reason| reason.trust).max();
    let doubt = reasons
        .first()
        .zip(trust)
        .map(|(reason, trust)| format!("{name}: {}; {}{more}", trust.words(), reason.sentence));
    let cut = run.interrupted_in_words();
    let cut = cut.map(|it| format!("{name} was {it}"));
    let failed = run.failed.all().saturating_sub(run.unfinished);
    let of = counted(run.due as u64, "request");
    let failed = (failed > 0).then(|| format!("{name}: {failed} of {of} {DUE}{FAILED}"));
    doubt.into_iter().chain(cut).chain(failed).collect()
}
