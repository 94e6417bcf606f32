//! Trust in runs, in sentences: each reason once, for all its variants.

use super::words::{list, millis, scenario_of};
use concsim_model::scenario::Plan;
use concsim_record::caveat::Caveats;
use concsim_record::summary::Run;
use concsim_record::trust::{Reason, Trust};

/// A run with its caveats.
type Doubted<'a> = (&'a Run, Caveats<'a>);

/// A reason to doubt some runs, in the sentences of its variants.
struct Doubt<'a> {
    reason: &'a Reason,
    /// Sentences, each with its variants.
    sentences: Vec<(&'a str, Vec<&'a str>)>,
}

/// Returns the caveats of a run.
pub(super) fn caveats<'a>(plan: &Plan, run: &'a Run) -> Caveats<'a> {
    Caveats::of(scenario_of(plan, run), run)
}

fn doubted<'a>(plan: &Plan, runs: &'a [Run]) -> Vec<Doubted<'a>> {
    runs.iter().map(|run| (run, caveats(plan, run))).collect()
}

/// Returns all doubts of some runs, the gravest first, each code once.
fn doubts<'a>(runs: &[Doubted<'a>]) -> Vec<Doubt<'a>> {
    let mut doubts: Vec<Doubt<'a>> = Vec::new();
    let reasons = runs
        .iter()
        .flat_map(|(run, caveats)| caveats.doubts.iter().map(|reason| (*run, *reason)));
    for (run, reason) in reasons {
        let is_it = |doubt: &&mut Doubt<'_>| {
            doubt.reason.code == reason.code && doubt.reason.trust == reason.trust
        };
        let doubt = match doubts.iter_mut().find(is_it) {
            Some(doubt) => doubt,
            None => doubts.push_mut(Doubt {
                reason,
                sentences: Vec::new(),
            }),
        };
        add(&mut doubt.sentences, &reason.sentence, &run.variant);
    }
    doubts.sort_by_key(|doubt| std::cmp::Reverse(doubt.reason.trust));
    doubts
}

/// Adds a variant to the others of the same sentence.
fn add<'a, S: PartialEq>(groups: &mut Vec<(S, Vec<&'a str>)>, sentence: S, variant: &'a str) {
    match groups.iter_mut().find(|(it, _)| *it == sentence) {
        Some((_, variants)) => variants.push(variant),
        None => groups.push((sentence, vec![variant])),
    }
}

/// Returns the notes of runs that are small by design, each once.
fn notes(runs: &[Doubted<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    for (run, caveats) in runs {
        if let Some(note) = caveats.note() {
            add(&mut notes, note, &run.variant);
        }
    }
    let is_of_all = |variants: &[&str]| variants.len() == runs.len();
    let text = notes.into_iter().map(|(note, variants)| {
        if is_of_all(&variants) {
            note
        } else {
            format!("{}: {note}", list(&variants))
        }
    });
    text.collect()
}

impl Doubt<'_> {
    /// Returns `rough: sync: 40 requests are few; coroutine: 90 requests are few`.
    fn sentence(&self) -> String {
        let text = self.sentences.iter();
        let text = text.map(|(sentence, variants)| format!("{}: {sentence}", list(variants)));
        let text: Vec<String> = text.collect();
        format!("{}: {}", self.reason.trust.words(), text.join("; "))
    }
}

/// Returns the trust in one sentence: that there is no doubt, or the gravest reason and the number of the
/// others.
pub(super) fn in_short(plan: &Plan, runs: &[Run]) -> String {
    if runs.is_empty() {
        return "nothing was played to its end".into();
    }
    let all = doubted(plan, runs);
    match doubts(&all).as_slice() {
        [] => match notes(&all).as_slice() {
            [] => undoubted_runs(runs),
            notes => notes.join("; "),
        },
        [only] => only.sentence(),
        [first, _] => format!("{}; and 1 more reason", first.sentence()),
        [first, others @ ..] => {
            format!("{}; and {} more reasons", first.sentence(), others.len())
        }
    }
}

/// Returns the same in full: each reason with its remedy, the runs that are small by design, then the runs
/// without any of that.
pub(super) fn in_full(plan: &Plan, runs: &[Run]) -> Vec<String> {
    let all = doubted(plan, runs);
    let doubts = doubts(&all);
    let reasons = doubts
        .iter()
        .map(|doubt| format!("{}. To do: {}.", doubt.sentence(), doubt.reason.remedy));
    let text: Vec<String> = reasons.chain(notes(&all)).collect();
    if text.is_empty() {
        return vec![in_short(plan, runs)];
    }
    let fine = all
        .iter()
        .filter(|(_, caveats)| caveats.doubts.is_empty() && caveats.illustration.is_none());
    let fine: Vec<&str> = fine.map(|(run, _)| run.variant.as_str()).collect();
    let fine = (!fine.is_empty()).then(|| format!("ok: {}", list(&fine)));
    text.into_iter().chain(fine).collect()
}

/// Returns the basis of a verdict, without the reasons in the line of trust: `sync is rough`.
pub(super) fn without_reasons(because: &str, runs: &[Run]) -> String {
    let doubted = runs.iter().find(|run| {
        let mut reasons = run.because.iter();
        because.starts_with(run.variant.as_str())
            && reasons.any(|reason| because.ends_with(&format!(": {}", reason.sentence)))
    });
    match doubted {
        Some(run) if run.trust == Trust::Rough => format!("{} is rough", run.variant),
        Some(run) => format!("{} {}", run.variant, run.trust.words()),
        None => because.to_owned(),
    }
}

fn undoubted_runs(runs: &[Run]) -> String {
    let largest = |of: fn(&Run) -> Option<f64>| runs.iter().filter_map(of).reduce(f64::max);
    let late = largest(|run| run.generator.late_p99_ms)
        .map(|late| format!("clients at most {} late (p99)", millis(late)));
    let residual = largest(|run| {
        let residuals = run.little.system.into_iter().chain(run.little.workers);
        residuals.reduce(f64::max)
    });
    // The workers' gauges and the log of requests count the same requests independently.
    let residual = residual.map(|it| format!("counts agree within {}", within(it)));
    let facts: Vec<String> = late.into_iter().chain(residual).collect();
    match facts.as_slice() {
        [] => "ok".to_owned(),
        facts => format!("ok: {}", facts.join(", ")),
    }
}

/// Returns a residual in per cent, rounded up, since it is a limit.
fn within(residual: f64) -> String {
    format!("{:.1} %", ((residual * 1e3).ceil() / 10.0).max(0.1))
}
