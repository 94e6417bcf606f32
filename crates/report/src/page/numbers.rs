//! Tables of the page.

use maud::{Markup, html};

use crate::repeats;
use crate::sentences;
use crate::table::{self, Footnotes};
use crate::words::{NONE, list, millis};
use concsim_model::scenario::Plan;
use concsim_model::units::letter;
use concsim_model::words::{counted, grouped, megabytes};
use concsim_record::summary::{Run, Summary};

/// Returns one row for each variant; beneath each later one, its ratios to the first.
pub(super) fn variants(plan: &Plan, runs: &[Run]) -> Markup {
    // The note on few requests is above all numbers.
    let doubt = |run: &Run| table::doubt(run).filter(|_| super::illustration(plan, run).is_none());
    let mut heads = vec!["variant"];
    heads.extend(table::HEADS.map(|head| if head == "door" { "at the door" } else { head }));
    html! {
        (table_of("Results, by variant", &heads, &html! {
            @for run in runs {
                tr {
                    th scope="row" { (run.variant) @if let Some(doubt) = doubt(run) { br; small.alert { (doubt) } } }
                    @for cell in table::cells(run) { td { (cell) } }
                }
                @if let Some((label, ratios)) = runs.first().and_then(|first| table::ratios(plan, first, run)) {
                    tr.ratios { th scope="row" { (label) } @for cell in ratios { td { (cell) } } }
                }
            }
        }))
        @let short = sentences::grouped_by(runs, too_few_for_a_p99);
        @if !short.is_empty() {
            p.aside { "A p50 and a p90 need 20 requests, a p95 200, a p99 1 000; below that, the highest percentile available is shown. "
                @for (count, names) in &short { (list(names)) ": " (count) ". " }
            }
        }
    }
}

/// Returns the number of requests of a run, if they are too few for a p99.
fn too_few_for_a_p99(run: &Run) -> Vec<String> {
    let has_none = run.latency_ms.p99.is_none();
    let count = || counted(run.due as u64, "request");
    has_none.then(count).into_iter().collect()
}

/// Returns the numbers of repeats with their errors, and a sentence on the repeats; nothing of runs that were played
/// once.
pub(super) fn errors(summary: &Summary) -> Markup {
    let mut heads = vec!["variant"];
    heads.extend(repeats::heads());
    html! {
        @if let Some(of) = &summary.repeats {
            p {
                "Each number is the mean of " (counted(of.used as u64, "repeat"))
                ", with the interval of 95 %: " (repeats::described(of)) "."
            }
            (table_of("Numbers with their errors", &heads, &html! {
                @for run in summary.runs.iter().filter(|run| run.repeated.is_some()) {
                    tr { th scope="row" { (run.variant) } @for cell in repeats::cells(run) { td { (cell) } } }
                }
            }))
            @if let Some(doubts) = repeats::doubts(of) { p.aside { (doubts) } }
        }
    }
}

/// Returns latencies by kind of request, if a scenario has several.
pub(super) fn kinds(plan: &Plan, cores: usize, runs: &[Run]) -> Markup {
    let mut notes = Footnotes::default();
    let rows = table::kind_rows(plan, cores, runs, &mut notes);
    html! {
        @if !rows.is_empty() {
            (table_of("Latency by kind of request", &["variant", "request", "mean", "p50", "p99", "computed mean"], &html! {
                @for row in &rows {
                    tr { th scope="row" { (row.variant) } td { (row.name) } @for cell in &row.cells { td { (cell) } } }
                }
            }))
            @for note in notes.lines() { p.aside { (note) } }
        }
    }
}

/// Returns the totals of each worker over its lifetime.
pub(super) fn workers(runs: &[Run]) -> Markup {
    let heads = [
        "variant",
        "worker",
        "requests",
        "most begun at once",
        "coroutine switches",
        "process switches: voluntary",
        "involuntary",
        "core time",
        "longest run",
        "memory: PSS",
        "private",
    ];
    let rows = html! {
        @for run in runs { @for worker in &run.workers {
            @let known = |count: Option<u64>| count.map_or("–".into(), grouped);
            tr {
                th scope="row" { (run.variant) }
                td { (letter(worker.index)) }
                td { (known(worker.known_requests())) }
                td { (known(worker.reported(worker.peak_concurrency))) }
                td { (known(worker.known_switches())) }
                td { (grouped(worker.process_switches.voluntary)) }
                td { (grouped(worker.process_switches.involuntary)) }
                td { (millis(worker.cpu_s * 1e3)) }
                td { (worker.reported(worker.longest_run_ms).map_or("–".into(), millis)) }
                @for kib in [worker.pss_kib, worker.private_kib] { td { (kib.map_or("–".into(), megabytes)) } }
            }
        } }
    };
    table_of("Each worker", &heads, &rows)
}

/// Returns the users of the cores, in per cent of the window.
pub(super) fn cores(runs: &[Run]) -> Markup {
    let heads = [
        "variant",
        "core",
        "busy",
        "workers",
        "load",
        "services",
        "others",
        "other virtual machines",
    ];
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let rows = html! {
        @for run in runs { @for core in &run.cores {
            tr {
                th scope="row" { (run.variant) }
                td { (core.core) }
                @for share in [core.busy, core.workers, core.load, core.services, core.other, core.steal] { td { (percent(share)) } }
            }
        } }
        @if runs.iter().all(|run| run.cores.is_empty()) { tr { th scope="row" { (NONE) } td colspan="7" { "no window was counted" } } }
    };
    table_of("Each core", &heads, &rows)
}

/// Returns a table that scrolls by itself on a narrow screen, with a label for screen readers.
fn table_of(label: &str, heads: &[&str], rows: &Markup) -> Markup {
    html! {
        div.wider tabindex="0" role="region" aria-label=(label) {
            table.numbers {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { (rows) }
            }
        }
    }
}
