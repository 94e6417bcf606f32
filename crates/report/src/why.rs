//! The cause of each throughput: the bound that was reached, else the place where requests wait.

use super::words::list;
use concsim_model::words::{digits, grouped};
use concsim_record::comparison::{Ceiling, Waits};
use concsim_record::summary::Run;
use concsim_record::usage::WorkersAlive;

/// Returns the reached bound of each variant, or else the place where its requests wait. Empty if no bound
/// applies.
pub(super) fn sentence(runs: &[Run]) -> String {
    let mut groups: Vec<((bool, String), Vec<&str>)> = Vec::new();
    let mut wait = Vec::new();
    for run in runs {
        let Some(first) = run.theory.bounds.first() else {
            continue;
        };
        let tightest: Vec<String> = run.theory.tightest().map(Ceiling::in_a_sentence).collect();
        let tightest: Vec<&str> = tightest.iter().map(String::as_str).collect();
        let tightest = list(&tightest);
        if let Some(waits) = &run.theory.waits {
            wait.push(not_reached(run, first, &tightest, waits));
            continue;
        }
        // A run that proves nothing has reached no bound.
        let reason = (first.binds, tightest);
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(&run.variant),
            None => groups.push((reason, vec![&run.variant])),
        }
    }
    let stops = groups.iter().map(|((binds, reason), names)| {
        let text = match (binds, names.len()) {
            (true, 1) => "stops at",
            (true, _) => "stop at",
            (false, _) => "at most",
        };
        format!("{} {text} {reason}", list(names))
    });
    let stops: Vec<String> = stops.collect();
    let same = match same_processes(runs) {
        Some(1) if stops.len() > 1 => " The same process.".to_owned(),
        Some(workers) if stops.len() > 1 => {
            format!(" The same {} processes.", grouped(workers as u64))
        }
        _ => String::new(),
    };
    let computed = match stops.as_slice() {
        [] => String::new(),
        stops => format!("computed: {}.", stops.join("; ")),
    };
    let wait = wait.concat();
    format!("{computed}{wait}{same}").trim_start().to_owned()
}

/// Returns the number of processes of all runs, if they differ only in kind. [`None`] if a worker started,
/// ended or was replaced, since the numbers then differ.
fn same_processes(runs: &[Run]) -> Option<usize> {
    let (first, others) = runs.split_first()?;
    let constant = |run: &Run| {
        let WorkersAlive { least, most } = run.workers_at_once;
        let was_replaced = run.workers.iter().any(|worker| worker.respawns > 0);
        (least == most && most > 0 && !was_replaced).then_some(most)
    };
    let workers = constant(first)?;
    let same = |run: &Run| run.kind != first.kind && constant(run) == Some(workers);
    (!others.is_empty() && others.iter().all(same)).then_some(workers)
}

/// Returns ` sync reaches 21 % of 1 worker ÷ 1 s = 1/s, since requests wait at the door, 95 % of their time.`
fn not_reached(run: &Run, first: &Ceiling, tightest: &str, waits: &Waits) -> String {
    let reached = first.reached.unwrap_or_default();
    format!(
        " {} reaches {} % of {}, since {}.",
        run.variant,
        digits(reached * 100.0),
        tightest,
        waits.describe()
    )
}
