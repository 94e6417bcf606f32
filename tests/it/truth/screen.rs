//! Reads screens as text: rows, glyphs, numbers and sentences.

use std::collections::BTreeMap;

use super::events::Ns;

/// Glyphs of requests, in the order of the legend.
pub(super) const GLYPHS: [char; 5] = ['█', '▒', '·', '!', '○'];

/// Takes screens of one variant, as text, one for each instant.
#[derive(Clone, Copy)]
pub(super) struct Camera<'a> {
    pub(super) concsim: &'a str,
    pub(super) folder: &'a std::path::Path,
    pub(super) variant: &'a str,
    pub(super) size: &'a str,
}

impl Camera<'_> {
    /// Draws each of these views, chosen by its key, at instants counted from the first request, in
    /// nanoseconds.
    pub(super) fn shoot(&self, views: &[&str], instants: &[Ns]) -> Vec<Vec<String>> {
        let mut command = std::process::Command::new(self.concsim);
        command
            .args(["export", "screen"])
            .arg(self.folder)
            .args(["--form", "text", "--variant", self.variant])
            .args(["--size", self.size, "--keys", views[0]]);
        for view in &views[1..] {
            command.args(["--then", view]);
        }
        for at in instants {
            command.args(["--at", &format!("{}us", at / 1_000)]);
        }
        let output = command.output().expect("the binary starts");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("screens are text");
        let screens: Vec<String> = text.split("\u{c}\n").map(str::to_owned).collect();
        assert_eq!(screens.len(), views.len() * instants.len());
        screens
            .chunks(instants.len())
            .map(<[String]>::to_vec)
            .collect()
    }
}

/// A row of the overview.
#[derive(Debug)]
pub(super) struct WorkerRow {
    pub(super) worker: u16,
    pub(super) word: String,
    pub(super) count: usize,
    pub(super) glyphs: BTreeMap<char, usize>,
    /// `+32`: number of requests without room.
    pub(super) more: usize,
}

/// Returns the number of each glyph in a text.
pub(super) fn glyphs(text: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for glyph in text.chars().filter(|it| GLYPHS.contains(it)) {
        *counts.entry(glyph).or_default() += 1;
    }
    counts
}

/// Returns a number as screens write it: `2 000`.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    digits.parse().ok()
}

/// Returns the row of the door: its number, its glyphs and those left out.
pub(super) fn door(screen: &str) -> Option<(usize, usize, usize)> {
    let line = screen
        .lines()
        .find(|line| line.trim_start().starts_with("AT THE DOOR"))?;
    let rest = line.trim_start().strip_prefix("AT THE DOOR")?.trim_start();
    let rest = rest.strip_prefix("now").unwrap_or(rest);
    let (count, glyphs, more) = counted(rest)?;
    Some((count, glyphs.values().sum(), more))
}

/// Returns the number, the glyphs and the number left out of `  60 ······ +32  …`.
fn counted(text: &str) -> Option<(usize, BTreeMap<char, usize>, usize)> {
    let text = text.trim_start();
    let is_number = |it: char| it.is_ascii_digit() || it == '\u{202f}' || it == '\u{a0}';
    let number: String = text.chars().take_while(|it| is_number(*it)).collect();
    let count = whole(number.trim())?;
    let rest: String = text.chars().skip(number.chars().count()).collect();
    let row: String = rest
        .chars()
        .take_while(|it| GLYPHS.contains(it) || *it == ' ')
        .collect();
    let behind = rest[row.len()..].trim_start();
    let more = behind.strip_prefix('+').map_or(0, |more| {
        let digits: String = more.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    Some((count as usize, glyphs(&row), more))
}

/// Returns the slot of a worker's letters: `A` is 0, `AA` 26.
pub(super) fn slot(letters: &str) -> Option<u16> {
    if !(1..=2).contains(&letters.len()) || !letters.chars().all(|it| it.is_ascii_uppercase()) {
        return None;
    }
    let value = letters
        .bytes()
        .fold(0_u16, |sum, it| sum * 26 + u16::from(it - b'A') + 1);
    Some(value - 1)
}

/// Returns the rows of workers in the overview.
pub(super) fn workers(screen: &str) -> Vec<WorkerRow> {
    const WORDS: [&str; 9] = [
        "booting",
        "idle",
        "running",
        "wants a core",
        "blocked",
        "draining",
        "gone",
        "stopped",
        "stopping",
    ];
    let heading = |line: &str, word: &str| line.trim_start().starts_with(word);
    let table = screen.lines().skip_while(|line| !heading(line, "WORKERS"));
    let table = table.skip(1).take_while(|line| !heading(line, "CORES"));
    let rows = table.filter_map(|line| {
        let line = line.trim_start_matches([' ', '▸']);
        let (letters, rest) = line.split_once(' ')?;
        let worker = slot(letters)?;
        let rest = rest.trim_start();
        let word = WORDS.iter().find(|word| rest.starts_with(**word))?;
        let (count, glyphs, more) = counted(&rest[word.len()..])?;
        Some(WorkerRow {
            worker,
            word: (*word).to_owned(),
            count,
            glyphs,
            more,
        })
    });
    rows.collect()
}

/// Returns the row of the cores: the number of busy ones, of all, and the letters in the brackets.
pub(super) fn cores(screen: &str) -> Option<(usize, usize, Vec<String>)> {
    let line = screen
        .lines()
        .find(|line| line.trim_start().starts_with("CORES"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let of = words.iter().position(|word| *word == "of")?;
    let busy = words.get(of.checked_sub(1)?)?.parse().ok()?;
    let all = words.get(of + 1)?.parse().ok()?;
    let brackets = line.split('[').skip(1);
    let letters = brackets.filter_map(|it| it.split_once(']').map(|it| it.0.trim().to_owned()));
    Some((busy, all, letters.collect()))
}

/// A row of the lanes: the request's number and its cells from the axis on.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) request: u32,
    /// Column of the first of the cells.
    pub(super) from: usize,
    pub(super) cells: Vec<char>,
}

/// The lanes of one variant: the first instant of each column, by two ticks, and the rows.
#[derive(Debug)]
pub(super) struct Lanes {
    /// Column and instant of the first and the last tick.
    ticks: [(usize, Ns); 2],
    pub(super) rows: Vec<Lane>,
}

impl Lanes {
    /// Reads the view of lanes; `None` if fewer than two ticks can be read. `heading` is the variant's
    /// name if several stand below each other.
    pub(super) fn read(screen: &str, heading: &str) -> Option<Self> {
        let lines: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
        let is_axis = |line: &Vec<char>| ticks(line).len() >= 2;
        let axis_at = 2 + lines.iter().skip(2).position(is_axis)?;
        let ticks = ticks(&lines[axis_at]);
        let begin = screen.lines().position(|line| {
            let line = line.trim_start();
            line.starts_with(heading) && line.contains("worker")
        });
        let mut rows = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            if place <= begin.unwrap_or(axis_at) {
                continue;
            }
            if let Some((request, from)) = name(line) {
                let is_cell =
                    |it: &&char| GLYPHS.contains(it) || matches!(it, ' ' | '▏' | '▕' | '┄' | '┆');
                let cells = line.iter().skip(from).take_while(is_cell);
                let cells = cells.copied().collect();
                rows.push(Lane {
                    request,
                    from,
                    cells,
                });
            }
        }
        // Blanks between the names and the axis are no cells: it begins at the leftmost cell of any row.
        let begins = |row: &Lane| Some(row.from + row.cells.iter().position(|it| *it != ' ')?);
        let axis = rows.iter().filter_map(begins).min().unwrap_or(0);
        for row in &mut rows {
            let blanks = axis.saturating_sub(row.from).min(row.cells.len());
            row.cells.drain(..blanks);
            row.from += blanks;
        }
        let (first, last) = (*ticks.first()?, *ticks.last()?);
        Some(Self {
            ticks: [first, last],
            rows,
        })
    }

    /// Returns the interval of a column, with one column of doubt at both sides, counted from the first
    /// request.
    pub(super) fn around(&self, column: usize) -> (f64, f64) {
        around(self.ticks, column)
    }
}

/// Returns the number of the request whose row this is, and the column behind the row's name: `request 1`
/// or `A  156 short`.
fn name(line: &[char]) -> Option<(u32, usize)> {
    let mut words = Vec::new();
    let mut x = 0;
    while x < line.len() && words.len() < 3 {
        let begin = x + line[x..].iter().position(|it| *it != ' ')?;
        let length = line[begin..].iter().position(|it| *it == ' ');
        let end = length.map_or(line.len(), |length| begin + length);
        words.push((line[begin..end].iter().collect::<String>(), end));
        x = end;
    }
    let (first, second) = (words.first()?, words.get(1)?);
    let named = first.0 == "request" || slot(&first.0).is_some();
    let (request, alone) = match (named, first.0.parse::<u32>(), second.0.parse::<u32>()) {
        (true, _, Ok(number)) => (number, second.1),
        // A number at the left begins a sentence.
        (false, Ok(number), _) if line.starts_with(&[' '; 5]) => (number, first.1),
        _ => return None,
    };
    let kind = words.iter().find(|(_, end)| *end > alone);
    let is_kind = |word: &str| word.starts_with(|it: char| it.is_ascii_alphabetic());
    let end = kind
        .filter(|(word, _)| is_kind(word))
        .map_or(alone, |(_, end)| *end);
    Some((request, end))
}

/// Returns the labels of an axis: the column at which each begins, and its instant in nanoseconds.
pub(super) fn ticks(line: &[char]) -> Vec<(usize, Ns)> {
    let mut found = Vec::new();
    let mut x = 12;
    while x < line.len() {
        let begins = line[x].is_ascii_digit() && line[x - 1] == ' ';
        if !begins {
            x += 1;
            continue;
        }
        let text: String = line[x..].iter().collect();
        let label: String = text
            .chars()
            .take_while(|it| it.is_ascii_digit() || *it == '.' || *it == ' ')
            .collect();
        let behind = text[label.len()..].chars().next();
        let digits: String = label.chars().filter(|it| *it != ' ').collect();
        if behind == Some('s')
            && let Ok(seconds) = digits.parse::<f64>()
        {
            found.push((x, (seconds * 1e9).round() as Ns));
        }
        x += label.chars().count().max(1);
    }
    found
}

/// Returns the row of the table below the large digits for the variant that is shown: its numbers in the
/// order of the columns, `None` where there is none yet.
pub(super) fn means(screen: &str, variant: &str) -> Option<Vec<Option<f64>>> {
    let row = screen.lines().find_map(|line| {
        let behind = line.trim_start().strip_prefix('▸')?;
        behind.strip_prefix(variant)
    })?;
    let words = row.replace(['\u{202f}', '\u{a0}'], "");
    let numbers = words
        .split("  ")
        .map(str::trim)
        .filter(|word| !word.is_empty());
    Some(numbers.map(amount).collect())
}

/// A number as written, in seconds if it is a time: its value, and the weight of its last digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenNumber {
    pub(super) value: f64,
    pub(super) digit: f64,
    /// `≥ 300 ms`: the patience of a failed request's client, which is its least latency.
    pub(super) is_least: bool,
}

impl WrittenNumber {
    /// Reads `500 µs`, `49.1 ms`, `1 345`, `0.66`, `≥ 30 s`; `None` of `–` and of words.
    pub(super) fn read(text: &str) -> Option<Self> {
        let is_least = text.trim().starts_with('≥');
        let text = text.trim().trim_start_matches(['≥', '≤']).trim();
        let begin = text.trim_end_matches(|it: char| it.is_alphabetic() || it == '%');
        let unit = match &text[begin.len()..] {
            "" | "s" => 1.0,
            "ms" => 1e-3,
            "µs" => 1e-6,
            "ns" => 1e-9,
            "%" => 0.01,
            _ => return None,
        };
        let digits: String = begin.chars().filter(|it| !it.is_whitespace()).collect();
        let decimals = digits.split_once('.').map_or("", |(_, it)| it);
        Some(Self {
            value: digits.parse::<f64>().ok()? * unit,
            digit: decimals.chars().fold(unit, |digit, _| digit / 10.0),
            is_least,
        })
    }

    /// True if a number may be written so: rounded, and off by a share of itself at most.
    pub(super) fn is(self, right: f64, share: f64) -> bool {
        (self.value - right).abs() <= 0.51 * self.digit + share * right.abs() + 1e-9
    }
}

/// Returns the interval of a column of an axis, with one column of doubt at both sides; `ticks` are two
/// columns with their instants.
pub(super) fn around([(x0, t0), (x1, t1)]: [(usize, Ns); 2], column: usize) -> (f64, f64) {
    let scale = (t1 as f64 - t0 as f64) / (x1 as f64 - x0 as f64);
    let at = |column: f64| t0 as f64 + (column - x0 as f64) * scale;
    let column = column as f64;
    (at(column - 1.5), at(column + 2.5))
}

/// Returns `3.02 s` in seconds, `58`, `0.66`.
fn amount(text: &str) -> Option<f64> {
    let (number, unit) = match text.rsplit_once(' ') {
        Some((number, unit @ ("s" | "ms" | "µs"))) => (number, unit),
        _ => (text, ""),
    };
    let number: f64 = number.replace(' ', "").parse().ok()?;
    Some(match unit {
        "ms" => number / 1e3,
        "µs" => number / 1e6,
        _ => number,
    })
}

/// The marks that point from a number to its footnote.
pub(super) const MARKS: &str = "¹²³⁴⁵⁶⁷⁸⁹";

/// Returns the cells of a line of a card, with two blanks or more between them; marks of footnotes are left
/// out.
pub(super) fn cells(line: &str) -> Vec<String> {
    let mut line = line.replace(|it| MARKS.contains(it), "  ");
    // Wide cells leave one blank between them.
    for begin in ["≥ ", "p95 ", "p90 ", "max "] {
        line = line.replace(&format!(" {begin}"), &format!("  {begin}"));
    }
    for name in ["p95", "p90", "max"] {
        line = line.replace(&format!(" {name}  ≥"), &format!(" {name} ≥"));
    }
    let cells = line.split("  ").map(str::trim);
    cells
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}
