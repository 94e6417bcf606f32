//! The page: the content of the card, and the figures, in one HTML file that can be sent. It uses no network,
//! works without scripts, and forbids the browser to execute anything else.
//!
//! Its only script shows tooltips at once, which a browser would show after a delay.

mod numbers;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::sentences;
use super::why;
use super::words::list;
use super::{theory, trust};
use concsim_model::palette::{Rgb, Theme};
use concsim_model::scenario::Plan;
use concsim_model::svg::by_theme;
use concsim_model::words::{counted, grouped, printable};
use concsim_record::evaluate::Verdict;
use concsim_record::summary::{Run, Summary};
use concsim_record::trust::Trust;

const SHEET: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Maximal number of data rows of a figure on the page; the file that it offers has all.
const MOST_ROWS: usize = 200;
/// Maximal number of remarks of a variant on the page.
const MOST_REMARKS: usize = 12;

/// Content of a page.
#[derive(Debug)]
pub struct Page<'a> {
    /// Title of the page.
    pub title: &'a str,
    /// Version of the program that writes it.
    pub version: &'a str,
    /// Runs, in the order in which they were named.
    pub plays: Vec<Play<'a>>,
    /// Figures, grouped by their runs.
    pub figures: Vec<Group>,
    /// Style sheet of the figures.
    pub figure_sheet: String,
}

/// Figures of the same runs.
#[derive(Debug)]
pub struct Group {
    /// Name of their run; empty for all runs.
    pub of: String,
    /// Figures, in the order of the page.
    pub figures: Vec<Figure>,
}

/// A stored run.
#[derive(Debug)]
pub struct Play<'a> {
    /// Name of the run in figures, if there are several.
    pub name: String,
    /// Plan of the run.
    pub plan: &'a Plan,
    /// Results of the run.
    pub summary: Summary,
    /// Parts of its files that could not be read.
    pub losses: Vec<String>,
    /// Figure of activity. For several runs of one scenario the first has the lanes of all, on one scale of
    /// time.
    pub lanes: Option<Figure>,
}

/// A figure on a page.
#[derive(Debug)]
pub struct Figure {
    /// Word for its kind.
    pub name: &'static str,
    /// Description, in a sentence.
    pub description: &'static str,
    /// SVG for wide windows, and for narrow ones. Inserted without escaping.
    pub svgs: [String; 2],
    /// SVG for very wide windows, if it profits from them.
    pub widest: Option<String>,
    /// Names of its data's columns.
    pub heads: Vec<String>,
    /// Data, row by row.
    pub rows: Vec<Vec<String>>,
    /// The same data as the CSV file of the figure.
    pub csv: String,
}

/// Returns the page as HTML: the same bytes for the same runs.
#[must_use]
pub fn page(page: &Page<'_>) -> String {
    let sheet = format!("{}{SHEET}{}", colours(), page.figure_sheet);
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(&sheet));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(format!("concsim {}", page.version));
                title { (page.title) " · concsim" }
                style { (PreEscaped(&sheet)) }
            }
            body {
                header { h1 { (page.title) } (contents(page)) }
                main {
                    @for (place, play) in page.plays.iter().enumerate() { (section_of(play, place, page.plays.len() > 1)) }
                    (figures(&page.figures))
                    (glossary())
                }
                footer { p { "Written by concsim " (page.version) " from kept runs. It loads nothing and sends nothing." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    printable(&body.into_string())
}

/// Returns the page's security policy: the browser may use its own sheet and execute its own script.
fn policy(sheet: &str) -> String {
    let hash = |text: &str| BASE64.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(sheet),
        hash(SCRIPT)
    )
}

/// Returns the colours of the page, which are those of the figures.
fn colours() -> String {
    by_theme(Theme::Auto, |ground| {
        let Rgb(red, green, blue) = ground.quiet();
        format!(
            ":root{{--ground:{};--text:{};--quiet:{};--line:rgb({red} {green} {blue}/.35);--warning:{}}}",
            ground.colour().hex(),
            ground.text().hex(),
            ground.quiet().hex(),
            ground.warning().hex()
        )
    })
}

/// Returns a heading of the second level, or of the third if runs have their own.
fn heading(words: &str, is_deeper: bool) -> Markup {
    html! {
        @if is_deeper { h3 { (words) } } @else { h2 { (words) } }
    }
}

/// Returns the list of the runs of a page, if there are several, each with its claim.
fn contents(page: &Page<'_>) -> Markup {
    html! {
        @if page.plays.len() > 1 {
            nav aria-label="Runs" { ol {
                @for (place, play) in page.plays.iter().enumerate() {
                    li { a href=(format!("#{}", anchor(place))) { (play.name) } ": " (play.plan.title) }
                }
            } }
        }
    }
}

/// Returns the anchor of a run.
fn anchor(place: usize) -> String {
    format!("run-{}", place + 1)
}

/// Returns the section of one run, with its claim and its lanes first.
fn section_of(kept: &Play<'_>, place: usize, is_one_of_many: bool) -> Markup {
    let (plan, runs) = (kept.plan, &kept.summary.runs);
    html! {
        section id=(anchor(place)) {
            @if is_one_of_many { h2 { (kept.name) ": " (plan.title) } }
            (trusted_at_a_glance(kept))
            (judged_at_a_glance(kept))
            @if let Some(lanes) = &kept.lanes { (self::lanes(lanes, is_one_of_many)) }
            (played_section(kept))
            (heading("Results", is_one_of_many))
            (numbers::variants(plan, runs))
            (numbers::errors(&kept.summary))
            @if let Some(counted) = sentences::counted_windows(runs) { p.aside { (sentence(&counted)) } }
            (numbers::kinds(plan, kept.summary.machine.cores, runs))
            (claims(kept))
            (explanation_section(kept, is_one_of_many))
            (heading("Trust", is_one_of_many))
            @for text in trust::in_full(plan, runs) { p { (stopped(&text)) } }
            @for loss in &kept.losses { p.alert { (loss) } }
            (in_detail(kept))
            (again(kept, is_one_of_many))
        }
    }
}

/// Adds a full stop.
fn stopped(words: &str) -> String {
    let stop = if words.ends_with(['.', '?', '!', ':']) {
        ""
    } else {
        "."
    };
    format!("{words}{stop}")
}

/// Adds a full stop and a capital letter. Not for text that begins with a name.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let capital: String = first.collect();
    stopped(&(capital + letters.as_str()))
}

/// Does the same, but leaves the name of a variant at the beginning unchanged.
fn sentence_of(words: &str, plan: &Plan) -> String {
    let begins_with = |name: &str| {
        let rest = words.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([':', ' ', ',']))
    };
    if plan.variants.iter().any(|it| begins_with(&it.name)) {
        stopped(words)
    } else {
        sentence(words)
    }
}

/// Returns coroutine switches, and sums of `count` steps.
fn numbers_of_steps(run: &Run) -> Vec<String> {
    let both = [sentences::switches(run), sentences::counters(run)];
    both.into_iter().flatten().collect()
}

/// Returns the note of a run of which nothing is doubtful but the small number of requests that its file sets.
fn illustration(plan: &Plan, run: &Run) -> Option<String> {
    let caveats = trust::caveats(plan, run);
    caveats.note().filter(|_| caveats.is_only_small())
}

/// Returns the number of the file's claims that hold.
fn judged_at_a_glance(kept: &Play<'_>) -> Markup {
    let judged = &kept.summary.expect;
    let holds = |verdict: Verdict| judged.iter().filter(|it| it.verdict == verdict).count();
    let (held, fail) = (holds(Verdict::Holds), holds(Verdict::Fails));
    let (undecided, open) = (holds(Verdict::Undecided), holds(Verdict::NotJudged));
    html! {
        @if !judged.is_empty() {
            p.aside {
                (held) " of " (counted(judged.len() as u64, "claim")) (if held == 1 { " holds" } else { " hold" })
                @if fail > 0 { ", " (fail) (if fail == 1 { " fails" } else { " fail" }) }
                @if undecided > 0 { ", " (undecided) (if undecided == 1 { " is undecided" } else { " are undecided" }) }
                @if open > 0 { ", " (open) (if open == 1 { " is not judged" } else { " are not judged" }) }
                "; they are listed below."
            }
        }
    }
}

/// Returns the worst trust of the runs, for the beginning.
fn trusted_at_a_glance(kept: &Play<'_>) -> Markup {
    let (plan, runs) = (kept.plan, &kept.summary.runs);
    let names = |trust: Trust| -> Vec<&str> {
        let of_it = runs
            .iter()
            .filter(|run| run.trust == trust && illustration(plan, run).is_none());
        of_it.map(|run| run.variant.as_str()).collect()
    };
    let note = runs.iter().find_map(|run| illustration(plan, run));
    let cut: Vec<String> = runs
        .iter()
        .filter_map(|run| Some(format!("{}: {}", run.variant, run.interrupted_in_words()?)))
        .collect();
    let failed: Vec<String> = runs
        .iter()
        .filter_map(|run| Some(format!("{}: {}", run.variant, sentences::failures(run)?)))
        .collect();
    html! {
        @for trust in [Trust::ProvesNothing, Trust::Rough] {
            @let of_it = names(trust);
            @if !of_it.is_empty() {
                p.alert { strong { (stopped(&format!("{}: {}", list(&of_it), trust.words()))) } " The reasons are below." }
            }
        }
        @if let Some(note) = note { p.aside { (sentence(&note)) } }
        @for cut in cut {
            p.alert { strong { (stopped(&cut)) } " It shows the part that was played." }
        }
        @if runs.is_empty() { p.alert { strong { "Nothing was played to its end." } } }
        @for failed in failed { p.alert { "Failed: " (failed) "." } }
    }
}

fn played_section(kept: &Play<'_>) -> Markup {
    let (plan, summary) = (kept.plan, &kept.summary);
    let machine = &summary.machine;
    let cores = machine.cores;
    html! {
        @if let Some(about) = &plan.about { p.opening { (about) } }
        @for text in sentences::setting(plan, &summary.runs, cores) { p { (sentence_of(&text, plan)) } }
        p.aside {
            (sentence(sentences::origin(&summary.runs).word())) " Scenario " code { (plan.name()) } ", seed " (summary.scenario.seed)
            ", text " code { (summary.scenario.sha256.get(..8).unwrap_or_default()) } "; "
            (counted(cores as u64, "core"))
            // For a simulated machine both names are the word at the beginning of the line.
            @if machine.kernel != machine.cpu { ", " (machine.kernel) ", " (machine.cpu) }
            "."
        }
    }
}

/// Returns the claims and questions of the file, with their verdicts.
fn claims(kept: &Play<'_>) -> Markup {
    let summary = &kept.summary;
    let runs = &summary.runs;
    html! {
        @if !summary.expect.is_empty() {
            ul.claims {
                @for judgement in &summary.expect {
                    li.alert[judgement.verdict == Verdict::Fails] {
                        strong { (sentences::judged(judgement.verdict)) } " " (sentences::claimed(judgement, runs))
                    }
                }
            }
        }
        @for answer in &summary.ask { p { strong { "Asked: " } (sentences::asked(answer, runs)) } }
    }
}

fn explanation_section(kept: &Play<'_>, is_one_of_many: bool) -> Markup {
    let runs = &kept.summary.runs;
    let why = why::sentence(runs);
    html! {
        (heading("Why", is_one_of_many))
        @if !why.is_empty() { p { (sentence_of(&why, kept.plan)) } }
        @for (text, names) in sentences::grouped_by(runs, |run| sentences::other_facts(run, MOST_REMARKS)) {
            p { (list(&names)) ": " (text) }
        }
        ul {
            @for (text, names) in sentences::grouped_by(runs, numbers_of_steps) {
                li { (list(&names)) ": " (text) }
            }
        }
    }
}

/// Returns the details, which are folded.
fn in_detail(kept: &Play<'_>) -> Markup {
    let runs = &kept.summary.runs;
    let computed = theory::comparison_text(runs);
    html! {
        @if !computed.is_empty() {
            details {
                summary { "Computed from the scenario alone, beside it" }
                pre tabindex="0" { (computed) }
            }
        }
        details {
            summary { "Each worker and each core" }
            (numbers::workers(runs))
            (numbers::cores(runs))
        }
    }
}

/// Returns the commands to play it again, with everything that they need.
fn again(kept: &Play<'_>, is_one_of_many: bool) -> Markup {
    let plan = kept.plan;
    let file = format!("./{}.toml", plan.name());
    let verb = match sentences::origin(&kept.summary.runs) {
        concsim_record::Origin::Measured => "run",
        concsim_record::Origin::Simulated => "sim",
    };
    let arguments = shell_words::join(&plan.settings);
    let file_named = shell_words::quote(&file);
    let command = format!("concsim {verb} {file_named} {arguments}");
    html! {
        (heading("To reproduce", is_one_of_many))
        p {
            "Keep the scenario as " code { (file) }
            @if let Some(machine) = &plan.machine_file { ", the machine as " code { (machine.name) } }
            ", then:"
        }
        pre tabindex="0" { code { (command.trim_end()) } }
        details.printed {
            summary { "The scenario" }
            pre tabindex="0" { code { (plan.text) } }
        }
        @if let Some(machine) = &plan.machine_file {
            details.printed {
                summary { "The machine" }
                pre tabindex="0" { code { (machine.text) } }
            }
        }
    }
}

fn figures(groups: &[Group]) -> Markup {
    html! {
        @for group in groups.iter().filter(|group| !group.figures.is_empty()) {
            section {
                h2 { @if group.of.is_empty() { "Figures" } @else { "Figures of " (group.of) } }
                @for figure in &group.figures { (drawn(figure)) }
            }
        }
    }
}

/// Returns the lanes of a run, with the name of their kind; their labels explain the rest.
fn lanes(figure: &Figure, is_deeper: bool) -> Markup {
    let name = figure.description.split(':').next().unwrap_or_default();
    html! { div.lanes { (heading(name, is_deeper)) (pictures(figure)) } }
}

fn drawn(figure: &Figure) -> Markup {
    html! { h3 { (figure.description) } (pictures(figure)) }
}

/// Returns all pictures of a figure; the sheet shows the one that fits the window.
fn pictures(figure: &Figure) -> Markup {
    let [wide, narrow] = &figure.svgs;
    let file = format!(
        "data:text/csv;charset=utf-8;base64,{}",
        BASE64.encode(&figure.csv)
    );
    let left_out = figure.rows.len().saturating_sub(MOST_ROWS);
    html! {
        figure {
            @if let Some(widest) = &figure.widest { div.widest { (PreEscaped(widest)) } }
            div.wide { (PreEscaped(wide)) }
            div.narrow { (PreEscaped(narrow)) }
        }
        details {
            summary { "Its data (" (figure.name) ")" }
            p { a download=(format!("{}.csv", figure.name)) href=(file) { "All of it as a file, " (figure.name) ".csv" }
                "; " code { "concsim figure " (figure.name) " --from " (figure.name) ".csv" } " draws it again." }
            div.wider tabindex="0" role="region" aria-label=(format!("Data of {}", figure.name)) {
                table {
                    thead { tr { @for head in &figure.heads { th scope="col" { (head) } } } }
                    tbody {
                        @for row in figure.rows.iter().take(MOST_ROWS) {
                            tr { @for cell in row { td { (cell) } } }
                        }
                    }
                }
            }
            @if left_out > 0 { p { "… and " (grouped(left_out as u64)) " rows more, in the file." } }
        }
    }
}

/// Terms of this program, with their meanings.
const WORDS: [(&str, &str); 9] = [
    (
        "concurrency",
        "requests begun and not finished. Coroutines raise its ceiling",
    ),
    (
        "parallelism",
        "requests computing at the same instant. Processes raise its ceiling, as far as there are cores",
    ),
    ("at the door", "sent, and not yet accepted by a worker"),
    (
        "blocked",
        "a process asleep in one call, able to do nothing else",
    ),
    ("parked", "a coroutine that waits while its process goes on"),
    (
        "ready",
        "a coroutine that could run while its worker runs another",
    ),
    (
        "wants a core",
        "a process that could run while all cores are taken",
    ),
    (
        "latency",
        "time from the instant at which a request was due, not from sending it",
    ),
    (
        "measured, simulated, computed",
        "from real processes, from virtual time, from a formula",
    ),
];

fn glossary() -> Markup {
    html! {
        details {
            summary { "The words" }
            dl { @for (word, meaning) in WORDS { dt { (word) } dd { (meaning) "." } } }
        }
    }
}
