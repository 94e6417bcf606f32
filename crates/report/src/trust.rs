//! Trust in runs, in sentences: each reason once, for all its variants.

use super::words::{list, millis};
use concsim_record::summary::Run;
use concsim_record::trust::{Reason, Trust};

/// A reason to doubt some runs, in the sentences of its variants.
struct Doubt<'a> {
    reason: &'a Reason,
    /// Sentences, each with its variants.
    sentences: Vec<(&'a str, Vec<&'a str>)>,
}

/// Returns all doubts of some runs, the gravest first, each code once.
fn doubts(runs: &[Run]) -> Vec<Doubt<'_>> {
    let mut doubts: Vec<Doubt<'_>> = Vec::new();
    for run in runs {
        for reason in &run.because {
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
            let sentences = &mut doubt.sentences;
            match sentences.iter_mut().find(|it| it.0 == reason.sentence) {
                Some((_, variants)) => variants.push(&run.variant),
                None => sentences.push((&reason.sentence, vec![&run.variant])),
            }
        }
    }
    doubts.sort_by_key(|doubt| std::cmp::Reverse(doubt.reason.trust));
    doubts
}

impl Doubt<'_> {
    /// Returns `rough: sync: 40 requests are few; coroutine: 90 requests are few`.
    fn sentence(&self) -> String {
        let said = self.sentences.iter();
        let said = said.map(|(sentence, variants)| format!("{}: {sentence}", list(variants)));
        let said: Vec<String> = said.collect();
        format!("{}: {}", self.reason.trust.words(), said.join("; "))
    }
}

/// Returns the trust in one sentence: that there is no doubt, or the gravest reason and the number of the
/// others.
pub(super) fn in_short(runs: &[Run]) -> String {
    if runs.is_empty() {
        return "nothing was played to its end".into();
    }
    match doubts(runs).as_slice() {
        [] => nothing_to_object_to(runs),
        [only] => only.sentence(),
        [first, _] => format!("{}; and 1 more reason", first.sentence()),
        [first, others @ ..] => {
            format!("{}; and {} more reasons", first.sentence(), others.len())
        }
    }
}

/// Returns the same in full: each reason with its remedy, then the runs without doubt.
pub(super) fn in_full(runs: &[Run]) -> Vec<String> {
    let doubts = doubts(runs);
    if doubts.is_empty() {
        return vec![in_short(runs)];
    }
    let said = doubts
        .iter()
        .map(|doubt| format!("{}. To do: {}.", doubt.sentence(), doubt.reason.remedy));
    let fine = runs.iter().filter(|run| run.trust == Trust::Ok);
    let fine: Vec<&str> = fine.map(|run| run.variant.as_str()).collect();
    let fine = (!fine.is_empty()).then(|| format!("ok: {}", list(&fine)));
    said.chain(fine).collect()
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

fn nothing_to_object_to(runs: &[Run]) -> String {
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
