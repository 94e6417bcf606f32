//! The card at the end: what was claimed, what came out, why, and whether to believe it. Plain text
//! in at most 80 columns, the same for the same summary.

use super::blind;
use super::story;
use super::table::{self, Footnotes};
use super::theory;
use super::why;
use super::words::{COLUMNS, in_ascii, labelled, wrap};
use crate::palette::Glyphs;
use crate::recording::Origin;
use crate::recording::judge::Judgement;
use crate::recording::summary::{Run, Summary};
use crate::scenario::Plan;

/// Remarks of a variant that the card has room for.
const MOST_REMARKS: usize = 3;

/// The card of all variants of a plan that were played.
#[must_use]
pub fn card(plan: &Plan, summary: &Summary, glyphs: Glyphs) -> String {
    let mut notes = Footnotes::default();
    let cores = summary.machine.cores;
    let runs = &summary.runs;
    let origin = story::origin(runs);
    let parts = [
        format!("{}\n", wrap(&plan.title, COLUMNS, 0)),
        wrapped(story::setting(plan, runs, cores).into_iter()),
        "\n".into(),
        table::variants(runs, &mut notes),
        by_kind(plan, cores, runs, &mut notes),
        "\n".into(),
        each_in_a_line(&summary.expect, |judgement| verdict(judgement, origin)),
        each_in_a_line(&summary.ask, |answer| {
            labelled("asked", &story::asked(answer, origin))
        }),
        labelled_unless_empty("why", &why::sentence(plan, runs)),
        in_a_paragraph(&theory::beside(runs)),
        blind::predictions(runs),
        each(runs, "failed", story::failures),
        each(runs, "waits", story::waits),
        each(runs, "switches", story::switches),
        each(runs, "counters", story::counters),
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

fn by_kind(plan: &Plan, cores: usize, runs: &[Run], notes: &mut Footnotes) -> String {
    let table = table::kinds(plan, cores, runs, notes);
    if table.is_empty() {
        table
    } else {
        format!("\n{table}")
    }
}

/// One labelled text of what each run has to say; nothing if none has.
fn each(runs: &[Run], label: &str, says: fn(&Run) -> Option<String>) -> String {
    let said = runs
        .iter()
        .filter_map(|run| Some(format!("{}: {}", run.variant, says(run)?)));
    labelled_unless_empty(label, &said.collect::<Vec<_>>().join("; "))
}

/// A claim, as it was judged.
fn verdict(judgement: &Judgement, origin: Origin) -> String {
    let label = story::judged(judgement.verdict);
    labelled(label, &story::claimed(judgement, origin))
}

fn trust(runs: &[Run]) -> String {
    let said = story::trust(runs);
    let labels = std::iter::once("trust").chain(std::iter::repeat(""));
    let lines = labels.zip(&said).map(|(label, said)| labelled(label, said));
    lines.collect()
}

fn remarks(runs: &[Run]) -> String {
    let said = runs.iter().flat_map(|run| {
        let news = story::news(run, MOST_REMARKS);
        news.into_iter()
            .map(|said| format!("{}: {said}", run.variant))
    });
    labelled_unless_empty("note", &said.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests;
