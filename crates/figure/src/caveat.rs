//! Caveats of a figure: claims of the scenario that its runs break, and reasons to doubt the runs.

use super::Play;
use super::cohort::DUE;
use concsim_model::words::counted;
use concsim_record::RunView;
use concsim_record::evaluate::{Judgement, Verdict};

/// End of the caveat about failed requests.
pub(super) const FAILED: &str = " failed";

/// A stored run, with the claims that it breaks.
pub(super) struct RunWithBrokenClaims<'a> {
    play: &'a Play<'a>,
    /// Claims of the file that the runs break.
    broken: Vec<Judgement>,
}

impl<'a> RunWithBrokenClaims<'a> {
    pub(super) fn of(play: &'a Play<'a>) -> Self {
        Self {
            play,
            broken: broken(play),
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
        let mut views = self.play.views.iter();
        let note = views.find_map(|view| view.caveats().note())?;
        Some(format!("{}{note}", self.sentence_start()))
    }

    /// Returns the reason why the figure does not have the title of its file.
    pub(super) fn without_title(&self) -> Option<String> {
        let first = self.broken.first()?;
        let measured = first.measured.as_ref();
        let measured = measured.map_or_else(String::new, |it| format!(" ({it})"));
        Some(format!(
            "{}not titled as the file, because this claim fails: {}{measured}",
            self.sentence_start(),
            first.claim
        ))
    }

    /// Returns the reasons to doubt its runs.
    pub(super) fn caveats(&self) -> Vec<String> {
        let views = self.play.views.iter();
        let caveats = views.flat_map(|view| of_run(view, &self.play.name_of(view.recording)));
        caveats.collect()
    }

    /// Returns the beginning of a sentence about this run if there are several.
    fn sentence_start(&self) -> String {
        if self.play.called.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.play.called)
        }
    }
}

/// Returns the claims that the runs contradict.
fn broken(play: &Play<'_>) -> Vec<Judgement> {
    if play.kept.plan.expectations.is_empty() || play.views.is_empty() {
        return Vec::new();
    }
    let judged = play.summary().expect.into_iter();
    judged.filter(|it| it.verdict == Verdict::Fails).collect()
}

/// Returns the caveats of a run, and its failed requests.
fn of_run(view: &RunView<'_>, name: &str) -> Vec<String> {
    let (run, caveats) = (view.run(), view.caveats());
    let doubt = caveats.doubt_in_short();
    let doubt = doubt.map(|doubt| format!("{name}: {doubt}"));
    let cut = caveats.interrupted;
    let cut = cut.map(|it| format!("{name} was {it}"));
    let failed = run.failed.all().saturating_sub(run.unfinished);
    let of = counted(run.due as u64, "request");
    let failed = (failed > 0).then(|| format!("{name}: {failed} of {of} {DUE}{FAILED}"));
    doubt.into_iter().chain(cut).chain(failed).collect()
}
