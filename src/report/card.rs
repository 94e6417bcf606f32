//! The card at the end: what was claimed, what came out, why, and whether to believe it. Plain text
//! in at most 80 columns, the same for the same summary.

use super::blind;
use super::table::{self, Footnotes};
use super::theory;
use super::why;
use super::words::{COLUMNS, in_ascii, labelled, list, load, millis, script, wrap};
use crate::palette::Glyphs;
use crate::recording::Origin;
use crate::recording::judge::{Answer, Judgement, Verdict};
use crate::recording::remark::Kind;
use crate::recording::summary::{Run, Summary};
use crate::recording::trust::Trust;
use crate::scenario::{Plan, Variant, WorkerKind};
use crate::units::{letter, three_digits};
use crate::words::{counted, digits, grouped};

/// Remarks of a variant that the card has room for.
const MOST_REMARKS: usize = 3;

/// The card of all variants of a plan that were played.
#[must_use]
pub fn card(plan: &Plan, summary: &Summary, glyphs: Glyphs) -> String {
    let mut notes = Footnotes::default();
    let cores = summary.machine.cores;
    let runs = &summary.runs;
    let origin = origin(runs);
    let parts = [
        format!("{}\n", wrap(&plan.title, COLUMNS, 0)),
        setting(plan, runs, cores),
        "\n".into(),
        table::variants(runs, &mut notes),
        by_kind(plan, cores, runs, &mut notes),
        "\n".into(),
        each_in_a_line(&summary.expect, |judgement| verdict(judgement, origin)),
        each_in_a_line(&summary.ask, |answer| asked(answer, origin)),
        labelled_unless_empty("why", &why::sentence(plan, cores)),
        in_a_paragraph(&theory::beside(runs)),
        blind::predictions(runs),
        each(runs, "failed", failures),
        each(runs, "switches", switches),
        each(runs, "counters", counters),
        trust(runs),
        remarks(runs),
        wrapped(notes.lines()),
    ];
    let card = parts.concat();
    match glyphs {
        Glyphs::Unicode => card,
        Glyphs::Ascii => in_ascii(&card),
    }
}

/// Where the numbers of these runs come from.
fn origin(runs: &[Run]) -> Origin {
    runs.first().map_or(Origin::Measured, |run| run.origin)
}

fn each_in_a_line<T>(all: &[T], says: impl Fn(&T) -> String) -> String {
    all.iter().map(says).collect()
}

/// Each text in lines of its own; what does not fit in one goes on indented.
fn wrapped(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |lines, text| {
        lines + &wrap(&text, COLUMNS, 2) + "\n"
    })
}

/// With empty lines around it.
fn in_a_paragraph(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("\n{text}\n")
    }
}

fn labelled_unless_empty(label: &str, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        labelled(label, text)
    }
}

/// What was played: who asks, who answers, what each request does. Where variants differ in what
/// their requests do, each has its own line. What was not real is said first.
fn setting(plan: &Plan, runs: &[Run], cores: usize) -> String {
    match origin(runs) {
        Origin::Measured => played(plan),
        Origin::Simulated => {
            let cores = counted(cores as u64, "core");
            format!("Simulated, on {cores}, in virtual time.\n{}", played(plan))
        }
    }
}

fn played(plan: &Plan) -> String {
    let Some(first) = plan.variants.first() else {
        return String::new();
    };
    let all = |variant: &Variant| demand(variant) == demand(first);
    if plan.variants.iter().all(all) {
        let text = format!(
            "{}, {}; {}",
            load(&first.scenario),
            workers(plan),
            demand(first)
        );
        return format!("{}\n", wrap(&text, COLUMNS, 2));
    }
    let text = format!("{}, {}", load(&first.scenario), workers(plan));
    let demands = plan
        .variants
        .iter()
        .map(|variant| format!("{}: {}", variant.name, demand(variant)));
    wrapped(std::iter::once(text).chain(demands))
}

/// `2 workers`, or `1, 2 and 4 workers`.
fn workers(plan: &Plan) -> String {
    let counts = plan.variants.iter().map(|v| v.scenario.server.workers);
    let mut counts: Vec<usize> = counts.collect();
    counts.dedup();
    match counts.as_slice() {
        [one] => counted(*one as u64, "worker"),
        several => {
            let several: Vec<String> = several.iter().map(|n| grouped(*n as u64)).collect();
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            format!("{} workers", list(&several))
        }
    }
}

fn demand(variant: &Variant) -> String {
    let scenario = &variant.scenario;
    let in_the_mix: Vec<_> = scenario
        .requests
        .iter()
        .filter(|r| r.weight > 0.0)
        .collect();
    if let [only] = in_the_mix.as_slice() {
        return format!("each request: {}", script(scenario, only));
    }
    let all: f64 = in_the_mix.iter().map(|request| request.weight).sum();
    let kinds = in_the_mix.iter().map(|request| {
        let share = digits(100.0 * request.weight / all);
        format!("{share} % {}: {}", request.name, script(scenario, request))
    });
    kinds.collect::<Vec<_>>().join("; ")
}

fn by_kind(plan: &Plan, cores: usize, runs: &[Run], notes: &mut Footnotes) -> String {
    let table = table::kinds(plan, cores, runs, notes);
    if table.is_empty() {
        table
    } else {
        format!("\n{table}")
    }
}

fn verdict(judgement: &Judgement, origin: Origin) -> String {
    let label = match judgement.verdict {
        Verdict::Holds => "✓ holds",
        Verdict::Fails => "✗ fails",
        Verdict::NotJudged => "– not judged",
    };
    let measured = judgement
        .measured
        .as_ref()
        .map(|numbers| format!("{} {numbers}", origin.word()));
    let said = [measured, judgement.because.clone()];
    let said: Vec<String> = said.into_iter().flatten().collect();
    labelled(label, &format!("{}: {}", judgement.claim, said.join("; ")))
}

/// A question, what was guessed, what came out, and why.
fn asked(answer: &Answer, origin: Origin) -> String {
    let of_many = answer.votes.iter().sum::<u64>() > 1;
    let guesses = answer.choices.iter().zip(&answer.votes);
    let guesses: Vec<String> = guesses
        .filter(|(_, votes)| **votes > 0)
        .map(|(choice, votes)| {
            if of_many {
                format!("{choice} ({})", grouped(*votes))
            } else {
                choice.clone()
            }
        })
        .collect();
    let votes = match guesses.as_slice() {
        [] => "Nobody guessed.".into(),
        guesses => format!("Guessed: {}.", guesses.join(", ")),
    };
    let right = answer.right.and_then(|right| answer.choices.get(right));
    let word = match origin {
        Origin::Measured => "Measured",
        Origin::Simulated => "Simulated",
    };
    let measured = match (&answer.measured, right) {
        (Some(number), Some(right)) => format!("{word}: {number}, {right}."),
        (Some(number), None) => format!("{word}: {number}, none of these."),
        (None, _) => "Not answered.".into(),
    };
    let because = answer.because.as_ref().map(|because| format!("{because}."));
    let said = [Some(answer.question.clone()), Some(votes), Some(measured)];
    let said = said
        .into_iter()
        .chain([because, answer.why.clone()])
        .flatten();
    labelled("asked", &said.collect::<Vec<_>>().join(" "))
}

/// One labelled text of what each run has to say; nothing if none has.
fn each(runs: &[Run], label: &str, says: fn(&Run) -> Option<String>) -> String {
    let said = runs
        .iter()
        .filter_map(|run| Some(format!("{}: {}", run.variant, says(run)?)));
    labelled_unless_empty(label, &said.collect::<Vec<_>>().join("; "))
}

fn failures(run: &Run) -> Option<String> {
    let failed = run.failed;
    let kinds = [
        (failed.refused, "refused"),
        (failed.reset, "reset"),
        (failed.timeout, "without answer in time"),
        (failed.status, "answered with an error"),
    ];
    let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
    let kinds = kinds.map(|(count, how)| format!("{} {how}", grouped(count as u64)));
    let kinds: Vec<String> = kinds.collect();
    (!kinds.is_empty()).then(|| format!("{} of {}", kinds.join(", "), grouped(run.due as u64)))
}

/// Switches for each answer, of all workers together.
fn switches(run: &Run) -> Option<String> {
    let requests: u64 = run.workers.iter().map(|worker| worker.requests).sum();
    if requests == 0 {
        return None;
    }
    let per_request = |sum: u64| three_digits(sum as f64 / requests as f64);
    let process = run
        .workers
        .iter()
        .map(|worker| worker.process_switches.voluntary + worker.process_switches.involuntary);
    let process = per_request(process.sum());
    Some(match run.kind {
        WorkerKind::Sync | WorkerKind::Threads | WorkerKind::Callback => {
            format!("{process} process switches a request")
        }
        WorkerKind::Coroutine => {
            let coroutine = run.workers.iter().map(|worker| worker.coroutine_switches);
            let coroutine = per_request(coroutine.sum());
            format!("{coroutine} coroutine and {process} process switches a request")
        }
    })
}

fn counters(run: &Run) -> Option<String> {
    let said = run.counters.iter().map(|(name, counter)| {
        let (additions, value) = (grouped(counter.additions), grouped(counter.value));
        let lost = match counter.lost {
            0 => "none".to_owned(),
            lost => grouped(lost.unsigned_abs()),
        };
        format!("{name} {additions} times one more, says {value}: {lost} lost")
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// One line if there is nothing to object to; otherwise each objection with its remedy.
fn trust(runs: &[Run]) -> String {
    if runs.is_empty() {
        return labelled("trust", "nothing was played to its end");
    }
    if runs.iter().all(|run| run.trust == Trust::Ok) {
        return labelled("trust", &nothing_to_object_to(runs));
    }
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for run in runs {
        let objections = objections(run);
        match groups.iter_mut().find(|(known, _)| *known == objections) {
            Some((_, variants)) => variants.push(&run.variant),
            None => groups.push((objections, vec![&run.variant])),
        }
    }
    let lines = groups
        .iter()
        .enumerate()
        .map(|(place, (objections, variants))| {
            let label = if place == 0 { "trust" } else { "" };
            labelled(label, &format!("{}: {objections}", list(variants)))
        });
    lines.collect()
}

fn nothing_to_object_to(runs: &[Run]) -> String {
    let largest = |of: fn(&Run) -> Option<f64>| runs.iter().filter_map(of).reduce(f64::max);
    let late = largest(|run| run.generator.late_p99_ms).unwrap_or(0.0);
    let residual = largest(|run| {
        run.little
            .system
            .into_iter()
            .chain(run.little.workers)
            .reduce(f64::max)
    });
    format!(
        "ok: clients at most {} late (p99), Little's law within {}",
        millis(late),
        within(residual.unwrap_or(0.0))
    )
}

/// A residual, rounded up: it is a promise.
fn within(residual: f64) -> String {
    format!("{:.1} %", ((residual * 1e3).ceil() / 10.0).max(0.1))
}

fn objections(run: &Run) -> String {
    let reasons = run.because.iter();
    let reasons = reasons.map(|reason| format!("{}. To do: {}", reason.sentence, reason.remedy));
    let reasons: Vec<String> = reasons.collect();
    match reasons.as_slice() {
        [] => run.trust.words().to_owned(),
        reasons => format!("{}: {}.", run.trust.words(), reasons.join(". Also: ")),
    }
}

/// What is worth saying and said nowhere else, and a switch law that does not hold.
fn remarks(runs: &[Run]) -> String {
    let mut said = Vec::new();
    for run in runs {
        let news = run.remarks.iter().filter(|remark| is_news(remark.kind));
        for remark in news.take(MOST_REMARKS) {
            said.push(format!("{}: {}", run.variant, remark.sentence()));
        }
        let ended_regularly = run.workers.iter().filter(|worker| worker.respawns == 0);
        for worker in ended_regularly.filter(|worker| !worker.law_holds()) {
            said.push(format!(
                "{}: The switch law does not hold for worker {}.",
                run.variant,
                letter(worker.index)
            ));
        }
    }
    labelled_unless_empty("note", &said.join(" "))
}

/// Whether neither the table nor another line of the card says it. What there was to see is in the
/// table; what speaks against a run is under `trust`.
fn is_news(kind: Kind) -> bool {
    match kind {
        Kind::WorkerGone
        | Kind::BacklogFull
        | Kind::QueueGrows
        | Kind::UnevenAccepts
        | Kind::Steered
        | Kind::NotStationary
        | Kind::ShortWarmup => true,
        Kind::WorkerStopped
        | Kind::Cued
        | Kind::LostUpdates
        | Kind::Crowded
        | Kind::Hog
        | Kind::Unpatched
        | Kind::BlockedWithFreeCores
        | Kind::CoresFull
        | Kind::WorkersFull
        | Kind::CoroutinesDoNotHelp
        | Kind::ConnectionsFull
        | Kind::Parked
        | Kind::Idle
        | Kind::Failures
        | Kind::ClientsLate
        | Kind::ClientsStarved
        | Kind::EventsDropped
        | Kind::Thinned => false,
    }
}

#[cfg(test)]
mod tests;
