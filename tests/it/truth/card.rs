//! The printed card against the summary: its tables, its texts about failures, waits and switches, and the
//! verdict on each claim.

mod wide_bounds;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::events::Account;
use super::findings::Findings;
use super::screen::{MARKS, WrittenNumber, cells};

/// Width of the label of a line, in columns.
const LABEL: usize = 13;
/// Last columns of the ratios: concurrency, answers and median.
const RATIOS: [usize; 3] = [31, 55, 65];

/// Compares the short and the full card of a stored run with its summary.
pub(super) fn check(
    concsim: &str,
    folder: &Path,
    accounts: &[Account],
    name: &str,
    findings: &mut Findings,
) {
    let print = |option: &[&str]| {
        let mut command = Command::new(concsim);
        let output = command.arg("replay").arg(folder).args(option).output();
        String::from_utf8(output.expect("the binary starts").stdout).expect("text")
    };
    let summary = print(&["--json"]);
    let summary: Value = serde_json::from_str(&summary).expect("a summary is JSON");
    let runs = summary["runs"].as_array().expect("a summary has runs");
    let name_of = |run: &Value| run["variant"].as_str().expect("a name").to_owned();
    let runs: BTreeMap<String, &Value> = runs.iter().map(|run| (name_of(run), run)).collect();
    for (extent, options) in [("card", &[][..]), ("full card", &["--full"])] {
        let text = print(options);
        let mut card = Card {
            lines: text.lines().collect(),
            runs: &runs,
            accounts,
            place: format!("{name}, {extent}"),
            findings,
        };
        card.check_variants();
        card.check_wide_bounds();
        card.check_kinds();
        card.check_bounds();
        card.check_claims(&summary["expect"], extent == "full card");
        card.check_sentences();
    }
}

struct Card<'a> {
    lines: Vec<&'a str>,
    runs: &'a BTreeMap<String, &'a Value>,
    accounts: &'a [Account],
    place: String,
    findings: &'a mut Findings,
}

/// Returns the verdict that a label of the card states, in the word of the summary.
fn verdict_of(label: &str) -> Option<&'static str> {
    match label {
        "✓ holds" => Some("holds"),
        "✗ fails" => Some("fails"),
        "? undecided" => Some("undecided"),
        "– not judged" => Some("not judged"),
        _ => None,
    }
}

/// Returns the highest percentile that a summary has, with its name.
fn tail(latency: &Value) -> Option<(&'static str, f64)> {
    let named = ["p99", "p95", "p90", "max"].into_iter();
    let mut known = named.filter_map(|name| Some((name, latency[name].as_f64()? / 1e3)));
    known.next()
}

impl Card<'_> {
    fn near(&mut self, what: &str, text: &str, right: Option<f64>) {
        let place = format!("{}: {what}", self.place);
        let written = WrittenNumber::read(text);
        match right {
            // A thousandth of a unit of the summary is rounded away before.
            Some(right) => self
                .findings
                .least(&place, written, (right, 1e-4), self.accounts),
            None => self
                .findings
                .number(&place, text == "–", "none", text == "–"),
        }
    }

    /// Returns the lines of the table whose head has these words, up to an empty line or a footnote.
    fn table(&self, head: &[&str]) -> Vec<String> {
        let is_head = |line: &&str| head.iter().all(|it| line.contains(it));
        let lines = self.lines.iter().skip_while(|line| !is_head(line)).skip(1);
        let is_in_it =
            |line: &&&str| !line.is_empty() && !line.starts_with(|it| MARKS.contains(it));
        lines
            .take_while(is_in_it)
            .map(|line| (*line).to_owned())
            .collect()
    }

    fn check_variants(&mut self) {
        let (mut above, mut rows) = (String::new(), 0);
        for line in self.table(&["door", "concurrency", "answers/s"]) {
            let all = cells(&line);
            if all.len() == 1 {
                above.clone_from(&all[0]);
                continue;
            }
            let (name, values) = if line.starts_with(' ') {
                (std::mem::take(&mut above), &all[..])
            } else {
                (all[0].clone(), &all[1..])
            };
            if let Some((later, first)) = name.split_once(" ÷ ") {
                self.check_ratios(&line, later, first);
            } else {
                rows += 1;
                self.check_variant(&name, values);
            }
        }
        let right = self.runs.len();
        let place = format!("{}: rows", self.place);
        self.findings.number(&place, rows, right, rows == right);
    }

    fn check_variant(&mut self, name: &str, values: &[String]) {
        let (Some(run), [door, concurrency, parallelism, answers, p50, highest]) =
            (self.runs.get(name).copied(), values)
        else {
            self.findings.lacks(&self.place, &format!("row of {name}"));
            return;
        };
        self.near(&format!("{name}: door"), door, run["at_the_door"].as_f64());
        for (text, of) in [(concurrency, "concurrency"), (parallelism, "parallelism")] {
            let (mean, limit) = text.split_once(" of ").unwrap_or((text, ""));
            self.near(&format!("{name}: {of}"), mean, run[of].as_f64());
            let right = run[format!("{of}_limit")].as_f64();
            self.near(&format!("{name}: limit of {of}"), limit, right);
        }
        let rate = run["throughput_per_s"].as_f64();
        self.near(&format!("{name}: answers"), answers, rate);
        let median = run["latency_ms"]["p50"].as_f64().map(|it| it / 1e3);
        self.near(&format!("{name}: p50"), p50, median);
        self.check_tail(name, highest, &run["latency_ms"]);
    }

    fn check_tail(&mut self, name: &str, text: &str, latency: &Value) {
        let named = |it: &&str| ["p95", "p90", "max"].contains(it);
        let (label, line) = text
            .split_once(' ')
            .filter(|(it, _)| named(it))
            .unwrap_or(("p99", text));
        let right = tail(latency);
        let holds = right.is_none_or(|(right, _)| right == label);
        let place = format!("{}: {name}: {label}", self.place);
        self.findings.number(&place, holds, right, holds);
        self.near(&format!("{name}: {label}"), line, right.map(|it| it.1));
    }

    fn check_ratios(&mut self, line: &str, later: &str, first: &str) {
        let (Some(later), Some(first)) = (self.runs.get(later), self.runs.get(first)) else {
            self.findings
                .lacks(&self.place, &format!("variants of {line:?}"));
            return;
        };
        let numbers = |run: &Value| {
            let median = &run["latency_ms"]["p50"];
            [&run["concurrency"], &run["throughput_per_s"], median].map(Value::as_f64)
        };
        let right = numbers(later).into_iter().zip(numbers(first));
        let ratios: Vec<Option<f64>> = right.map(|(now, then)| Some(now? / then?)).collect();
        let chars: Vec<char> = line.chars().collect();
        for (end, right) in RATIOS.into_iter().zip(ratios) {
            let cell = chars.get(..end).unwrap_or_default().iter();
            let cell: String = cell.rev().take_while(|it| **it != ' ').collect();
            let text: String = cell.chars().rev().collect();
            let (sentence, right) = match text.strip_prefix("1/") {
                Some(times) => (times.to_owned(), right.map(|right| 1.0 / right)),
                None => (text, right),
            };
            if !sentence.is_empty() {
                self.near(
                    &format!("ratio up to column {end} of {line:?}"),
                    &sentence,
                    right,
                );
            }
        }
    }

    fn check_kinds(&mut self) {
        let (mut variant, mut rows) = (String::new(), 0);
        for line in self.table(&["latency  ", "mean", "p50"]) {
            let all = cells(&line);
            let mut all = all.iter().map(String::as_str);
            if !line.starts_with(' ') {
                let name = all.next().unwrap_or("");
                variant = String::from(name.split(' ').next().unwrap_or(""));
                // A long name leaves one blank to that of the kind.
                if let Some((_, kind)) = name.split_once(' ') {
                    let rest: Vec<&str> = std::iter::once(kind).chain(all).collect();
                    rows += 1;
                    self.check_kind(&variant, &rest);
                    continue;
                }
            }
            rows += 1;
            let rest: Vec<&str> = all.collect();
            self.check_kind(&variant, &rest);
        }
        let kinds = self.runs.values().map(|run| run["requests"].as_object());
        let kinds = kinds.map(|it| it.map_or(0, serde_json::Map::len));
        let right: usize = kinds.filter(|count| *count > 1).sum();
        let place = format!("{}: rows of kinds", self.place);
        self.findings.number(&place, rows, right, rows == right);
    }

    fn check_kind(&mut self, variant: &str, cells: &[&str]) {
        let (Some(run), [kind, mean, p50, highest, ..]) = (self.runs.get(variant), cells) else {
            self.findings
                .lacks(&self.place, &format!("kind in {variant}: {cells:?}"));
            return;
        };
        let latency = &run["requests"][*kind]["latency_ms"];
        let name = format!("{variant}, {kind}");
        for (text, of) in [(mean, "mean"), (p50, "p50")] {
            let right = latency[of].as_f64().map(|it| it / 1e3);
            self.near(&format!("{name}: {of}"), text, right);
        }
        self.check_tail(&name, highest, latency);
    }

    /// Checks `sync        2 workers ÷ 50 ms              40.0                   100 %  binds`.
    fn check_bounds(&mut self) {
        let (mut variant, mut place) = (String::new(), 0);
        for line in self.table(&["bounds  ", "answers/s"]) {
            if line.starts_with(&" ".repeat(LABEL)) {
                break;
            }
            let mut all = cells(&line);
            if !line.starts_with(' ') {
                (variant, place) = (all.remove(0), 0);
            }
            let bound = self
                .runs
                .get(&variant)
                .map(|it| &it["theory"]["bounds"][place]);
            let (Some(bound), [_, rate, share, ..]) = (bound, &all[..]) else {
                continue;
            };
            let (right, reached) = (bound["per_s"].as_f64(), bound["reached"].as_f64());
            self.near(&format!("{variant}: bound {place}"), rate, right);
            let what = format!("{variant}: share of bound {place}");
            let holds = WrittenNumber::read(share).zip(reached);
            // A run that proves nothing has no share.
            let holds = holds.map_or(share == "proves nothing", |(text, right)| {
                text.is(right, 0.005)
            });
            let what = format!("{}: {what}", self.place);
            self.findings.number(&what, share.len(), reached, holds);
            let binds = all.last().is_some_and(|it| it == "binds");
            let right = bound["binds"].as_bool();
            self.findings
                .number(&what, binds, right, right == Some(binds));
            place += 1;
        }
    }

    /// Returns texts with their labels; continuation lines belong to their text.
    fn labelled(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        for line in &self.lines {
            let label: String = line.chars().take(LABEL).collect();
            let text: String = line.chars().skip(LABEL).collect();
            match all.last_mut().filter(|_| label.trim().is_empty()) {
                Some((_, known)) => known.extend([" ", text.trim()]),
                None => all.push((label.trim().to_owned(), text)),
            }
        }
        all
    }

    fn check_claims(&mut self, claims: &Value, is_full: bool) {
        let claims = claims.as_array().map_or(&[][..], Vec::as_slice);
        let line = self.labelled();
        let sentence = line
            .iter()
            .filter_map(|(label, text)| Some((verdict_of(label)?, text)));
        let written: Vec<(&str, &String)> = sentence.collect();
        let verdict = |claim: &Value| claim["verdict"].as_str().unwrap_or("").to_owned();
        let place = format!("{}: claims", self.place);
        if is_full {
            let holds = written.len() == claims.len();
            self.findings
                .number(&place, written.len(), claims.len(), holds);
            for ((label, text), claim) in written.iter().zip(claims) {
                let (right, measured) = (verdict(claim), claim["measured"].as_str());
                self.findings
                    .number(&place, text.len(), &right, *label == right);
                let holds = measured.is_none_or(|it| text.contains(it));
                self.findings.number(&place, text.len(), measured, holds);
            }
            return;
        }
        let holding = claims.iter().filter(|it| verdict(it) == "holds").count();
        let others = written.iter().filter(|it| it.0 != "holds").count();
        let right = claims.len() - holding;
        self.findings.number(&place, others, right, others == right);
        let counted = written.iter().find(|it| it.0 == "holds").map(|(_, text)| {
            let words: Vec<&str> = text.split(' ').collect();
            match words.as_slice() {
                ["both", "claims"] => 2,
                ["all", count, "claims"] | [count, "of", _, "claims"] => count.parse().unwrap_or(0),
                _ => 1,
            }
        });
        let counted = counted.unwrap_or(0);
        self.findings
            .number(&place, counted, holding, counted == holding);
    }

    fn check_sentences(&mut self) {
        for (label, text) in self.labelled() {
            match label.as_str() {
                "failed" => self.check_failures(&text),
                "switches" => self.check_switches(&text),
                "waits" => self.check_waits(&text),
                "little" => self.check_little(&text),
                "trust" => self.check_trust(&text),
                _ => {}
            }
        }
        let has_failed = |run: &&&Value| {
            let failed = &run["failed"];
            let kinds = ["refused", "reset", "timeout", "status"];
            kinds.iter().any(|kind| failed[kind].as_u64() > Some(0))
        };
        let right = self.runs.values().any(|run| has_failed(&run));
        let line = self.labelled().iter().any(|it| it.0 == "failed");
        let place = format!("{}: failures", self.place);
        self.findings.number(&place, line, right, line == right);
    }

    /// Returns the text of each variant: `sync: 1, 2; coroutine and threads: 3`.
    fn of_each(&mut self, text: &str) -> Vec<(Value, String)> {
        let mut all = Vec::new();
        for part in text.split("; ") {
            let (names, line) = part.split_once(": ").unwrap_or_default();
            for name in names.replace(" and ", ", ").split(", ") {
                match self.runs.get(name) {
                    Some(run) => all.push(((*run).clone(), line.to_owned())),
                    None => (self.findings).lacks(&self.place, &format!("variant of {part:?}")),
                }
            }
        }
        all
    }

    /// Checks `12 without answer in time, 3 answered 503 after 20 ms (median) of 40`.
    fn check_failures(&mut self, text: &str) {
        for (run, line) in self.of_each(text) {
            let (kinds, due) = line.rsplit_once(" of ").unwrap_or((&line, ""));
            self.near("failed: all", due, run["due"].as_f64());
            let failed = &run["failed"];
            let timeout = failed["timeout"].as_f64().unwrap_or(0.0);
            let cut_off = run["unfinished"].as_f64().unwrap_or(0.0);
            for kind in kinds.split(", ") {
                let end = kind.find(|it: char| it.is_alphabetic()).unwrap_or(0);
                let (count, how) = kind.split_at(end);
                let status = how.strip_prefix("answered ").map(|it| it.split(' ').next());
                let right = match (how, status.flatten()) {
                    ("refused", _) => failed["refused"].as_f64(),
                    ("reset", _) => failed["reset"].as_f64(),
                    ("without answer in time", _) => Some(timeout - cut_off),
                    ("without answer when the run was ended", _) => Some(cut_off),
                    (_, Some(status)) => failed["by_status"][status].as_f64(),
                    _ => None,
                };
                self.near(&format!("failed: {how}"), count, right);
            }
        }
    }

    fn check_switches(&mut self, text: &str) {
        for (run, line) in self.of_each(text) {
            let workers = run["workers"].as_array().cloned().unwrap_or_default();
            let sum =
                |of: &dyn Fn(&Value) -> Option<f64>| workers.iter().filter_map(of).sum::<f64>();
            let requests = sum(&|it| it["requests"].as_f64());
            let process = sum(&|it| it["process_switches"]["voluntary"].as_f64())
                + sum(&|it| it["process_switches"]["involuntary"].as_f64());
            let coroutine = sum(&|it| it["coroutine_switches"].as_f64());
            let words: Vec<&str> = line.split(' ').collect();
            for (place, word) in words.iter().enumerate() {
                let right = match *word {
                    "coroutine" => coroutine,
                    "process" => process,
                    _ => continue,
                };
                let count = words[place.saturating_sub(1)];
                self.near(&format!("switches, {word}"), count, Some(right / requests));
            }
        }
    }

    fn check_waits(&mut self, text: &str) {
        for (run, line) in self.of_each(text) {
            for part in line.split(", ") {
                let Some((length, what)) = part.split_once(" for ").or(part.split_once(" in "))
                else {
                    self.findings
                        .lacks(&self.place, &format!("length of {part:?}"));
                    continue;
                };
                let field = match what {
                    "a thread" => "thread_wait",
                    "a connection" => "pool_wait",
                    "the service's queue" => "service_queue",
                    "the answer" => "call",
                    "timers" => "sleep",
                    _ => "client",
                };
                let right = run["waits_ms"][field].as_f64().map(|it| it / 1e3);
                self.near(&format!("waits, {what}"), length, right);
            }
        }
    }

    /// Checks `X × R against N. sync: 20 in the system (-0.9 %), 14 at the door (-1.0 %) coroutine: …`.
    fn check_little(&mut self, text: &str) {
        let mut run = Value::Null;
        let words: Vec<&str> = text.split(' ').collect();
        for (place, word) in words.iter().enumerate() {
            if let Some(named) = word.strip_suffix(':').and_then(|it| self.runs.get(it)) {
                run = (*named).clone();
            }
            let (before, at) = match words.get(place..place + 3) {
                Some(["in", "the", "system"]) => (1, 0),
                Some(["at", "the", "door"]) => (1, 1),
                Some(["begun", ..]) => (1, 2),
                _ => continue,
            };
            let right = run["balance"][at].clone();
            self.near(
                "little: N",
                words[place - before],
                right["present"].as_f64(),
            );
            let behind = words[place..].iter().find_map(|it| it.strip_prefix('('));
            let residual = behind.map_or(String::new(), |it| format!("{it} %"));
            let right = right["residual"].as_f64();
            let written = WrittenNumber::read(residual.trim_start_matches('+'));
            let holds = written
                .zip(right)
                .is_some_and(|(line, right)| line.is(right, 0.0));
            let place = format!("{}: little: off by", self.place);
            self.findings
                .number(&place, written.map(|it| it.value), right, holds);
        }
    }

    /// Checks the worst grade of all variants, or the lateness of clients and the agreement of counts.
    fn check_trust(&mut self, text: &str) {
        let grades = ["proves-nothing", "rough", "ok"];
        let has = |grade: &&str| self.runs.values().any(|run| run["trust"] == **grade);
        let worst = grades.into_iter().find(|it| has(it)).unwrap_or("ok");
        // A run that is rough only because its file sets few requests illustrates.
        let illustrates = worst == "rough" && text.starts_with("an illustration: the file sets");
        let holds = illustrates || text.starts_with(&worst.replace('-', " "));
        let place = format!("{}: trust", self.place);
        self.findings.number(&place, text.len(), worst, holds);
        let Some(line) = text.strip_prefix("ok: ") else {
            return;
        };
        let late = self
            .runs
            .values()
            .filter_map(|run| run["generator"]["late_p99_ms"].as_f64());
        let late = late.reduce(f64::max).map(|it| it / 1e3);
        let between = |from: &str, to: &str| Some(line.split_once(from)?.1.split_once(to)?.0);
        if let Some(sentence) = between("clients at most ", " late") {
            self.near("trust: late", sentence, late);
        }
        let counts = self.runs.values().flat_map(|run| {
            [&run["little"]["system"], &run["little"]["workers"]].map(Value::as_f64)
        });
        let counts = counts.flatten().fold(0.0, f64::max);
        let label = line
            .split_once("agree within ")
            .and_then(|it| WrittenNumber::read(it.1));
        let holds = label.is_none_or(|it| it.value >= counts - 1e-9 && it.value <= counts + 0.001);
        let place = format!("{}: trust: counts", self.place);
        self.findings
            .number(&place, label.map(|it| it.value), counts, holds);
    }
}

#[test]
fn a_claim_of_every_verdict_is_read_on_both_cards() {
    let claim = |verdict: &str| serde_json::json!({ "verdict": verdict, "measured": "7 ms" });
    let verdicts = ["holds", "fails", "undecided", "not judged"];
    let claims = Value::from_iter(verdicts.map(claim));
    let others = "✗ fails      claim: measured 7 ms\n\
                  ? undecided  claim: measured 7 ms; disturbances may\n\x20            have decided it\n\
                  – not judged claim: measured 7 ms\n";
    let short = format!("{others}✓ holds      1 of 4 claims\n");
    let full = format!("✓ holds      claim: measured 7 ms\n{others}");
    let contradictions = |text: &str, is_full: bool| {
        let mut findings = Findings::default();
        let mut card = Card {
            lines: text.lines().collect(),
            runs: &BTreeMap::new(),
            accounts: &[],
            place: String::new(),
            findings: &mut findings,
        };
        card.check_claims(&claims, is_full);
        findings.contradictions
    };
    assert_eq!(contradictions(&short, false), [""; 0]);
    assert_eq!(contradictions(&full, true), [""; 0]);
    let wrong = full.replace("? undecided ", "✗ fails     ");
    assert_eq!(contradictions(&wrong, true).len(), 1);
}
