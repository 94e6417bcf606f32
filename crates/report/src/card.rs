//! The card at the end of a run: claims, results, causes, and trust. Plain text in at most 80 columns, the
//! same for the same summary.

use super::blind;
use super::bounds;
use super::repeats;
use super::sentences;
use super::table::{self, Footnotes};
use super::theory;
use super::trust;
use super::why;
use super::words::{COLUMNS, in_ascii, labelled, list, wrap};
use concsim_model::palette::Glyphs;
use concsim_model::scenario::Plan;
use concsim_record::evaluate::Answer;
use concsim_record::summary::{Run, Summary};

/// Maximal number of remarks of a variant on the card.
const MOST_REMARKS: usize = 3;

/// Extent of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Six items: the claim, the scenario, the table, the verdict, the guesses, and one line of trust.
    Short,
    /// All items: with reasons, theory, switches, remedies and remarks.
    Full,
}

/// Hint on the rest of a short card.
pub const MORE: &str = "--full adds why, bounds and theory, switches, remedies and notes";

/// Returns the card of all variants of a plan that were played.
#[must_use]
pub fn card(plan: &Plan, summary: &Summary, glyphs: Glyphs, extent: Extent) -> String {
    let mut notes = Footnotes::default();
    let runs = &summary.runs;
    let begin = [
        format!("{}\n", wrap(&plan.title, COLUMNS, 0)),
        wrapped(sentences::setting(plan, runs, summary.machine.cores).into_iter()),
        "\n".into(),
        table::variants(plan, runs, &mut notes),
        bounds::table(runs),
        repeats::errors(plan, summary),
    ];
    let rest = match extent {
        Extent::Short => in_short(plan, summary, &notes),
        Extent::Full => in_full(plan, summary, &mut notes),
    };
    let card = begin.concat() + &rest;
    match glyphs {
        Glyphs::Unicode => card,
        Glyphs::Ascii => in_ascii(&card),
    }
}

/// Returns the part of a short card below the table.
fn in_short(plan: &Plan, summary: &Summary, notes: &Footnotes) -> String {
    let runs = &summary.runs;
    let was_guessed = |answer: &&Answer| answer.votes.iter().any(|votes| *votes > 0);
    let guesses: Vec<&Answer> = summary.ask.iter().filter(was_guessed).collect();
    let parts = [
        wrapped(notes.lines()),
        after_a_gap(&table::measured_kinds(plan, summary.machine.cores, runs)),
        "\n".into(),
        each_in_a_line(
            &sentences::verdicts(&summary.expect, runs),
            |(label, text)| labelled(label, text),
        ),
        each_in_a_line(&guesses, |answer| {
            labelled("asked", &sentences::guessed(answer, runs))
        }),
        blind::predictions(runs),
        memory(plan, runs),
        each(runs, "failed", sentences::failures),
        repeats::warm_ups(summary),
        labelled("trust", &trust::in_short(plan, runs)),
    ];
    parts.concat()
}

/// Returns the part of a full card below the table.
fn in_full(plan: &Plan, summary: &Summary, notes: &mut Footnotes) -> String {
    let (runs, cores) = (&summary.runs, summary.machine.cores);
    let parts = [
        after_a_gap(&table::kinds(plan, cores, runs, notes)),
        "\n".into(),
        each_in_a_line(&summary.expect, |judgement| {
            let label = sentences::judged(judgement.verdict);
            labelled(label, &sentences::claimed(judgement, runs))
        }),
        each_in_a_line(&summary.ask, |answer| {
            labelled("asked", &sentences::asked(answer, runs))
        }),
        labelled_unless_empty("why", &why::sentence(runs)),
        in_a_paragraph(&theory::comparison_text(runs)),
        blind::predictions(runs),
        each(runs, "failed", sentences::failures),
        memory(plan, runs),
        each(runs, "waits", sentences::waits_sentence),
        each(runs, "switches", sentences::switches),
        each(runs, "counters", sentences::counters),
        trust_text(plan, runs),
        remarks(runs),
        repeats::warm_ups(summary),
        wrapped(notes.lines()),
    ];
    parts.concat()
}

fn each_in_a_line<T>(all: &[T], text: impl Fn(&T) -> String) -> String {
    all.iter().map(text).collect()
}

/// Returns each text in lines of its own; continuation lines are indented.
fn wrapped(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |lines, text| {
        lines + &wrap(&text, COLUMNS, 2) + "\n"
    })
}

/// Returns a text with empty lines around it.
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

/// Returns a table after an empty line; empty if there is no table.
fn after_a_gap(table: &str) -> String {
    if table.is_empty() {
        String::new()
    } else {
        format!("\n{table}")
    }
}

/// Returns the statements of all runs in one labelled text, equal ones merged; empty if there is none.
fn each(runs: &[Run], label: &str, text: impl Fn(&Run) -> Option<String>) -> String {
    let texts = sentences::grouped_by(runs, |run| text(run).into_iter().collect());
    let texts = texts
        .iter()
        .map(|(text, names)| format!("{}: {text}", list(names)));
    labelled_unless_empty(label, &texts.collect::<Vec<_>>().join("; "))
}

/// Returns the memory of all runs whose scenario states memory.
fn memory(plan: &Plan, runs: &[Run]) -> String {
    each(runs, "memory", |run| sentences::memory(plan, run))
}

fn trust_text(plan: &Plan, runs: &[Run]) -> String {
    let texts = trust::in_full(plan, runs);
    let labels = std::iter::once("trust").chain(std::iter::repeat(""));
    let lines = labels
        .zip(&texts)
        .map(|(label, text)| labelled(label, text));
    lines.collect()
}

fn remarks(runs: &[Run]) -> String {
    let texts = sentences::grouped_by(runs, |run| sentences::other_facts(run, MOST_REMARKS));
    let texts = texts
        .iter()
        .map(|(text, names)| format!("{}: {text}", list(names)));
    labelled_unless_empty("note", &texts.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth;
