//! A bench for liars: loads a server whose true latencies are known, and counts how often the verdict of a run is wrong.
//!
//! ```text
//!   cargo bench --bench liars -- --seeds 20
//!   cargo bench --bench liars -- --seeds 5 --only resets --each
//! ```
//!
//! A run is *good* if its p99 is within a tenth of the truth. Any other must be *flagged* (it is not graded `ok`, or a
//! remark names the fault) or *covered* (its bounds contain the truth), or else it *lies*. A good run that is not graded
//! `ok` is a *false alarm*. wrk and hey play the closed rows too, if they are installed; they flag only what they call errors.
//!
//! The server has core 0, load and its disturbances core 1. Prints Markdown.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

mod pathology;
mod player;
mod server;
mod truth;

use std::collections::BTreeMap;
use std::process::ExitCode;

use pathology::{Disturbance, LOADS, Load, PATHOLOGIES, PATIENCE_MS, Pathology};
use player::{Report, is_installed, play};

/// Largest error of a good p99, as a share of the truth.
const GOOD: f64 = 0.1;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value_of = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).map(String::as_str)
    };
    let only = value_of("--only").unwrap_or_default();
    let seeds = value_of("--seeds").map_or(Ok(20), str::parse::<u64>);
    let Ok(seeds) = seeds else {
        println!("liars: --seeds needs a number");
        return ExitCode::from(2);
    };
    if !arguments.iter().any(|argument| argument == "--bench") {
        return try_out();
    }
    let is_verbose = arguments.iter().any(|argument| argument == "--each");
    let mut totals = [Totals::default(), Totals::default()];
    let loads: Vec<Load> = LOADS
        .into_iter()
        .filter(|load| is_installed(*load))
        .collect();
    println!("{HEAD}");
    for pathology in PATHOLOGIES.iter().filter(|it| it.name.contains(only)) {
        for &load in loads.iter().filter(|load| pathology.has(**load)) {
            let mut row = Row::default();
            for seed in 1..=seeds {
                let report = play(pathology, load, seed);
                if is_verbose {
                    println!("<!-- {report:?} -->");
                }
                row.count(pathology, report);
            }
            row.print(pathology.name, load);
            let is_another = matches!(load, Load::Wrk | Load::Hey);
            totals[usize::from(is_another)].add(pathology, &row);
        }
    }
    for (generator, total) in ["concsim", "others"].into_iter().zip(&totals) {
        total.print(generator);
    }
    ExitCode::SUCCESS
}

/// Plays one run whose truth is known by hand, without a figure: resets fail more than one request in a hundred.
fn try_out() -> ExitCode {
    let resets = PATHOLOGIES.iter().find(|it| it.name == "resets");
    let resets = resets.expect("resets are a pathology");
    let report = play(resets, Load::Open, 1).expect("load can be played");
    for p99 in [report.true_p99_ms, report.p99_ms] {
        assert!((p99 - PATIENCE_MS).abs() < 1e-9, "{p99}");
    }
    ExitCode::SUCCESS
}

const HEAD: &str = "\
| fault | load | runs | p99 wrong by more than 10 % | of these flagged | covered | lies | good | of these graded below `ok` | named in most runs |
|---|---|---|---|---|---|---|---|---|---|";

/// Verdicts of all runs of one pathology and load.
#[derive(Default)]
struct Row {
    runs: usize,
    off: usize,
    flagged: usize,
    covered: usize,
    lies: usize,
    alarms: usize,
    /// Number of runs with each code of a reason or remark.
    codes: BTreeMap<String, usize>,
}

impl Row {
    /// Counts a run; `None` if load refused to play it, which is as good as a flag.
    fn count(&mut self, pathology: &Pathology, report: Option<Report>) {
        self.runs += 1;
        let Some(report) = report else {
            (self.off, self.flagged) = (self.off + 1, self.flagged + 1);
            *self.codes.entry("refused".to_owned()).or_default() += 1;
            return;
        };
        let truth = report.true_p99_ms;
        let is_named = || {
            report
                .codes
                .iter()
                .any(|code| pathology.names.contains(&code.as_str()))
        };
        let is_covered = || {
            let bounds = report.bounds_ms;
            bounds.is_some_and(|[low, high]| (low..=high).contains(&truth))
        };
        if (report.p99_ms - truth).abs() <= GOOD * truth {
            self.alarms += usize::from(!report.is_ok);
        } else {
            self.off += 1;
            let verdict = match () {
                () if !report.is_ok || is_named() => &mut self.flagged,
                () if is_covered() => &mut self.covered,
                () => &mut self.lies,
            };
            *verdict += 1;
        }
        for code in report.codes {
            *self.codes.entry(code).or_default() += 1;
        }
    }

    fn print(&self, name: &str, load: Load) {
        let Self {
            runs,
            off,
            flagged,
            covered,
            lies,
            alarms,
            codes,
        } = self;
        if *runs == 0 {
            return;
        }
        let most = codes.iter().filter(|(_, count)| **count * 2 > *runs);
        let most: Vec<String> = most.map(|(code, _)| format!("`{code}`")).collect();
        let (good, most, load) = (runs - off, most.join(", "), load.name());
        println!(
            "| {name} | {load} | {runs} | {off} | {flagged} | {covered} | {lies} | {good} | {alarms} | {most} |"
        );
    }
}

/// Verdicts of one generator in all rows.
#[derive(Default)]
struct Totals {
    off: usize,
    lies: usize,
    /// Good runs of an undisturbed generator …
    good: usize,
    /// … and those of them that were not graded `ok`.
    alarms: usize,
}

impl Totals {
    fn add(&mut self, pathology: &Pathology, row: &Row) {
        self.off += row.off;
        self.lies += row.lies;
        if pathology.disturbance == Disturbance::None {
            self.good += row.runs - row.off;
            self.alarms += row.alarms;
        }
    }

    fn print(&self, generator: &str) {
        let Self {
            off,
            lies,
            good,
            alarms,
        } = self;
        println!(
            "\n{generator}: of {off} wrong p99 {lies} were neither flagged nor covered; of {good} good runs whose \
             generator was not disturbed {alarms} were graded below `ok`."
        );
    }
}
