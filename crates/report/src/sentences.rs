//! Sentences about runs, of no particular width: the card breaks them into lines, the page into paragraphs.

use super::trust;
use super::words::{list, load, millis, scenario_of, script};
use concsim_engine::memory;
use concsim_model::scenario::{Plan, Variant, WorkerKind};
use concsim_model::units::{letter, three_digits};
use concsim_model::words::{counted, digits, grouped, megabytes};
use concsim_record::Origin;
use concsim_record::evaluate::{Answer, Judgement, Verdict};
use concsim_record::remark::{Kind, Remark};
use concsim_record::summary::Run;

/// Returns the origin of the numbers of these runs.
pub(super) fn origin(runs: &[Run]) -> Origin {
    runs.first().map_or(Origin::Measured, |run| run.origin)
}

/// Describes the scenario: its load, its workers, and the steps of each request. If requests differ between
/// variants, each variant has its own sentence. Simulated parts are named first.
pub(super) fn setting(plan: &Plan, runs: &[Run], cores: usize) -> Vec<String> {
    let mut text = played(plan, runs);
    if origin(runs) == Origin::Simulated {
        let cores = counted(cores as u64, "core");
        text.insert(0, format!("Simulated, on {cores}, in virtual time."));
    }
    text
}

fn played(plan: &Plan, runs: &[Run]) -> Vec<String> {
    let Some(first) = plan.variants.first() else {
        return Vec::new();
    };
    let loads = loads(plan);
    let one_load = match loads.as_slice() {
        [(load, _)] => Some(load.clone()),
        _ => None,
    };
    let differ = one_load.is_none().then(|| {
        let each = loads
            .iter()
            .map(|(load, names)| format!("{load} in {}", list(names)));
        let each: Vec<String> = each.collect();
        format!(
            "Loads differ, so that no ratios are given: {}.",
            each.join(", ")
        )
    });
    let source = [one_load, workers(plan, runs), changed(runs)];
    let actor = source.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let text = demands(plan, first, actor);
    differ.into_iter().chain(text).collect()
}

/// Returns the loads of all variants, each with the names of its variants.
fn loads(plan: &Plan) -> Vec<(String, Vec<&str>)> {
    let mut loads: Vec<(String, Vec<&str>)> = Vec::new();
    for variant in &plan.variants {
        let load = load(&variant.scenario);
        match loads.iter_mut().find(|(known, _)| *known == load) {
            Some((_, names)) => names.push(&variant.name),
            None => loads.push((load, vec![&variant.name])),
        }
    }
    loads
}

/// Returns the load, the workers, and the steps of each request.
fn demands(plan: &Plan, first: &Variant, source: String) -> Vec<String> {
    let all = |variant: &Variant| demand(variant) == demand(first);
    if plan.variants.iter().all(all) {
        return vec![format!("{source}; {}", demand(first))];
    }
    let demands = plan
        .variants
        .iter()
        .map(|variant| format!("{}: {}", variant.name, demand(variant)));
    std::iter::once(source).chain(demands).collect()
}

/// Returns `2 workers`, `1, 2 and 4 workers`, or `2 to 3 workers` if one started or ended in the window.
/// [`None`] if the workers are those of a foreign server.
fn workers(plan: &Plan, runs: &[Run]) -> Option<String> {
    if !runs.is_empty() && runs.iter().all(|run| run.workers.is_empty()) {
        return None;
    }
    let counts = plan.variants.iter().map(|variant| {
        let run = runs.iter().find(|run| run.variant == variant.name);
        let seen = run.map(|run| run.workers_at_once);
        let seen = seen
            .filter(|seen| seen.most > 0)
            .map(|it| (it.least, it.most));
        let planned = variant.scenario.server.workers;
        seen.unwrap_or((planned, planned))
    });
    let mut counts: Vec<(usize, usize)> = counts.collect();
    counts.dedup();
    let text = |(least, most): &(usize, usize)| {
        if least == most {
            grouped(*most as u64)
        } else {
            format!("{} to {}", grouped(*least as u64), grouped(*most as u64))
        }
    };
    Some(match counts.as_slice() {
        [(1, 1)] => "1 worker".to_owned(),
        several => {
            let several: Vec<String> = several.iter().map(text).collect();
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            format!("{} workers", list(&several))
        }
    })
}

/// Returns a note if load or workers changed from those in the file.
fn changed(runs: &[Run]) -> Option<String> {
    let names = |kind: Kind| -> Vec<&str> {
        let has = |run: &&Run| run.remarks.iter().any(|remark| remark.kind == kind);
        runs.iter()
            .filter(has)
            .map(|run| run.variant.as_str())
            .collect()
    };
    let steered = names(Kind::Steered);
    if !steered.is_empty() {
        let runs = match steered.len() {
            1 => "the run of",
            _ => "the runs of",
        };
        let were = if steered.len() == 1 { "was" } else { "were" };
        let names = list(&steered);
        return Some(format!("{runs} {names} {were} changed by hand"));
    }
    let is_changed = !names(Kind::SteeredByTimeline).is_empty();
    is_changed.then(|| "changed by the timeline".to_owned())
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

/// Returns the mark and word of a verdict.
pub(super) fn judged(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "✓ holds",
        Verdict::Fails => "✗ fails",
        Verdict::Undecided => "? undecided",
        Verdict::NotJudged => "– not judged",
    }
}

/// Describes a claim and its result. Reasons for doubt are in the line of trust only.
pub(super) fn claimed(judgement: &Judgement, runs: &[Run]) -> String {
    let measured = judgement
        .measured
        .as_ref()
        .map(|numbers| format!("{} {numbers}", origin(runs).word()));
    let because = judgement.because.as_ref();
    let because = because.map(|because| trust::without_reasons(because, runs));
    let text: Vec<String> = measured.into_iter().chain(because).collect();
    format!("{}: {}", judgement.claim, text.join("; "))
}

/// Returns all claims in a few lines, each a label and a text: the number that hold, and each of the others.
/// A single claim is described in full.
pub(super) fn verdicts(expect: &[Judgement], runs: &[Run]) -> Vec<(&'static str, String)> {
    let in_words = |judgement: &Judgement| (judged(judgement.verdict), claimed(judgement, runs));
    if let [only] = expect {
        return vec![in_words(only)];
    }
    let holding = expect.iter().filter(|it| it.verdict == Verdict::Holds);
    let count = holding.count();
    let all = expect.len();
    let holds = match count {
        0 => None,
        2 if all == 2 => Some("both claims".to_owned()),
        count if count == all => Some(format!("all {all} claims")),
        count => Some(format!("{count} of {all} claims")),
    };
    let holds = holds.map(|text| (judged(Verdict::Holds), text));
    let others = expect.iter().filter(|it| it.verdict != Verdict::Holds);
    others.map(in_words).chain(holds).collect()
}

/// Describes a question, its guesses and the answer.
pub(super) fn guessed(answer: &Answer, runs: &[Run]) -> String {
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
        [] => "No guess.".into(),
        guesses => format!("Guessed: {}.", guesses.join(", ")),
    };
    let right = answer.right.and_then(|right| answer.choices.get(right));
    let word = match origin(runs) {
        Origin::Measured => "Measured",
        Origin::Simulated => "Simulated",
    };
    let measured = match (&answer.measured, right) {
        (Some(number), Some(right)) => format!("{word}: {number} ({right})."),
        (Some(number), None) => format!("{word}: {number} (none of these)."),
        (None, _) => "Not answered.".into(),
    };
    format!("{} {votes} {measured}", answer.question)
}

/// Does the same, with the reservation about the answer and the reason for it.
pub(super) fn asked(answer: &Answer, runs: &[Run]) -> String {
    let because = answer.because.as_ref();
    let because = because.map(|because| format!("{}.", trust::without_reasons(because, runs)));
    let text = [Some(guessed(answer, runs)), because, answer.why.clone()];
    text.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Describes the failed requests by cause; [`None`] if none failed.
pub(super) fn failures(run: &Run) -> Option<String> {
    let failed = &run.failed;
    let kinds = [
        (failed.refused, "refused"),
        (failed.reset, "reset"),
        (
            failed.timeout.saturating_sub(run.unfinished),
            "without answer in time",
        ),
        (run.unfinished, "without answer when the run was ended"),
    ];
    let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
    let kinds = kinds.map(|(count, how)| format!("{} {how}", grouped(count as u64)));
    let mut kinds: Vec<String> = kinds.collect();
    let mut answered = failed.answered_in_words();
    if let Some((last, took)) = answered.last_mut().zip(failed.status_p50_ms) {
        *last = format!("{last} after {} (median)", millis(took));
    }
    kinds.extend(answered);
    (!kinds.is_empty()).then(|| format!("{} of {}", kinds.join(", "), grouped(run.due as u64)))
}

/// Describes the mean waits of an answered request by cause; [`None`] if no request queued for a thread, for
/// a connection or inside a service.
pub(super) fn waits_sentence(run: &Run) -> Option<String> {
    let waits = run.waits_ms?;
    let [thread, connection, queue] = waits.queues();
    if thread + connection + queue <= 0.0 {
        return None;
    }
    let parts = [
        (thread, "for a thread"),
        (connection, "for a connection"),
        (queue, "in the service's queue"),
        (waits.call, "for the answer"),
        (waits.sleep, "for timers"),
        (waits.client, "for the client"),
    ];
    let long = |(part, _): &(f64, _)| *part >= waits.total() / 1e3;
    let text = parts.into_iter().filter(long);
    let line: Vec<String> = text
        .map(|(part, what)| format!("{} {what}", millis(part)))
        .collect();
    Some(line.join(", "))
}

/// Returns the switches per answer, of all workers together.
pub(super) fn switches(run: &Run) -> Option<String> {
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
    if run.kind != WorkerKind::Coroutine {
        return Some(format!("{process} process switches a request"));
    }
    let coroutine = run.workers.iter().map(|worker| worker.coroutine_switches);
    let coroutine = per_request(coroutine.sum());
    Some(format!(
        "{coroutine} coroutine and {process} process switches a request"
    ))
}

/// Returns the memory of the server of a scenario that states memory.
pub(super) fn memory(plan: &Plan, run: &Run) -> Option<String> {
    let scenario = scenario_of(plan, run)?;
    let memory = run.memory.filter(|_| memory::is_stated(scenario))?;
    let all = megabytes(memory.pss_kib);
    let workers = run.workers.iter();
    let each = workers.filter_map(|worker| worker.private_kib).max();
    let each = each.map_or_else(String::new, |kib| {
        format!(", up to {} private in a worker", megabytes(kib))
    });
    Some(format!("{all}{each}"))
}

/// Returns the results of `count` steps.
pub(super) fn counters(run: &Run) -> Option<String> {
    let text = run.counters.iter().map(|(name, counter)| {
        let (additions, value) = (grouped(counter.additions), grouped(counter.value));
        let lost = match counter.lost {
            0 => "none is lost".to_owned(),
            1 | -1 => "1 is lost".to_owned(),
            lost => format!("{} are lost", grouped(lost.unsigned_abs())),
        };
        format!("{name} was raised {additions} times by one and is {value}, so {lost}")
    });
    let line: Vec<String> = text.collect();
    (!line.is_empty()).then(|| line.join(", "))
}

/// Returns each sentence once, with the variants to which it applies.
pub(super) fn grouped_by(
    runs: &[Run],
    text: impl Fn(&Run) -> Vec<String>,
) -> Vec<(String, Vec<&str>)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for run in runs {
        for line in text(run) {
            match groups.iter_mut().find(|(known, _)| *known == line) {
                Some((_, names)) => names.push(&run.variant),
                None => groups.push((line, vec![&run.variant])),
            }
        }
    }
    groups
}

/// Describes the counted windows: the requests behind the numbers.
pub(super) fn counted_windows(runs: &[Run]) -> Option<String> {
    let window = |run: &Run| {
        let seconds = |seconds: f64| format!("{} s", three_digits(seconds));
        let (window, warm_up) = (seconds(run.window_s), seconds(run.warmup_s));
        let text = format!("requests due in {window}, after {warm_up} of warm-up");
        (run.window_s > 0.0).then_some(text).into_iter().collect()
    };
    let groups = grouped_by(runs, window);
    let line = match groups.as_slice() {
        [] => return None,
        [(sentence, names)] if names.len() == runs.len() => sentence.clone(),
        several => {
            let each = several.iter();
            let each = each.map(|(label, names)| format!("{label} ({})", list(names)));
            each.collect::<Vec<_>>().join("; ")
        }
    };
    Some(format!("counted: {line}"))
}

/// Returns facts that are in no table: at most `most` remarks of a run, and a violated switch law.
pub(super) fn other_facts(run: &Run, most: usize) -> Vec<String> {
    let news = run
        .remarks
        .iter()
        .filter(|remark| is_other_fact(remark.kind));
    let mut text: Vec<String> = news.take(most).map(Remark::sentence).collect();
    let ended_regularly = run.workers.iter().filter(|worker| worker.respawns == 0);
    for worker in ended_regularly.filter(|worker| !worker.law_holds()) {
        text.push(format!(
            "The switch law does not hold for worker {}.",
            letter(worker.index)
        ));
    }
    text
}

/// True if neither the table nor another line of the card has the fact. Observations are in the table; doubts
/// about a run are under `trust`.
fn is_other_fact(kind: Kind) -> bool {
    match kind {
        Kind::WorkerGone
        | Kind::DeadWork
        | Kind::HoldsAll
        | Kind::LockReturned
        | Kind::BacklogFull
        | Kind::QueueGrows
        | Kind::UnevenAccepts
        | Kind::Steered
        | Kind::NotStationary
        | Kind::ShortWarmup => true,
        Kind::WorkerStopped
        | Kind::SteeredByTimeline
        | Kind::LostUpdates
        | Kind::Crowded
        | Kind::Hog
        | Kind::HubBlocked
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
