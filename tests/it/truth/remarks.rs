//! View 7 against the events: numbers in the remarks and in their evidence.

use super::events::{Account, Ns, Request, State};
use super::findings::Findings;
use super::screen::{WrittenNumber, slot};
use super::window::mean_time;

/// Compares the view with the events at one instant.
pub(super) fn check(account: &Account, screen: &str, at: Ns, place: &str, findings: &mut Findings) {
    let lines = screen.lines().map(str::trim).skip(3);
    let lines: Vec<&str> = lines
        .take_while(|line| !line.starts_with("█ running"))
        .collect();
    let text = lines.join(" ");
    let Some(until) = until(account, lines[0], account.began + at) else {
        findings.lacks(place, "time of the remarks");
        return;
    };
    let second = account.last_second(until);
    if second.0 == second.1 {
        return;
    }
    check_means(account, &text, second, place, findings);
    check_samples(account, &text, second, place, findings);
    check_connections(account, &text, until, place, findings);
    check_hog(account, &text, place, findings);
}

/// Returns the sample up to which the remarks go: `on the second up to 2.44 s`.
fn until(account: &Account, heading: &str, now: Ns) -> Option<Ns> {
    let mut known = account
        .samples
        .iter()
        .copied()
        .rev()
        .filter(|at| *at <= now);
    let Some((_, text)) = heading.split_once("up to ") else {
        return known.next();
    };
    let line = WrittenNumber::read(text)?;
    let is_its = |at: &Ns| line.is((at.saturating_sub(account.began)) as f64 / 1e9, 0.0);
    known.find(is_its)
}

/// Returns the number that ends before these words.
fn before(text: &str, words: &str) -> Option<WrittenNumber> {
    let ahead = &text[..text.find(words)?];
    let is_part = |it: char| it.is_ascii_digit() || matches!(it, '.' | '\u{202f}' | '\u{a0}');
    let from = ahead.trim_end().rfind(|it| !is_part(it));
    let from = from.map_or(0, |at| {
        at + ahead[at..].chars().next().map_or(1, char::len_utf8)
    });
    WrittenNumber::read(&ahead[from..])
}

/// Returns the number, or the time, between two words.
fn between(text: &str, begin: &str, end: &str) -> Option<WrittenNumber> {
    let behind = &text[text.find(begin)? + begin.len()..];
    WrittenNumber::read(behind[..behind.find(end)?].trim())
}

/// A number that is computed only if it is drawn.
type Right<'a> = &'a dyn Fn() -> f64;

fn check_means(
    account: &Account,
    text: &str,
    second: (Ns, Ns),
    place: &str,
    findings: &mut Findings,
) {
    let seconds = (second.1 - second.0) as f64 / 1e9;
    let parked = |state: State| state == State::Parked;
    let blocked = |state: State| state == State::Blocked;
    let begun = account.mean(second, Request::begun);
    let cores = account.cpu_between(second.0, second.1) / seconds;
    let door = account.mean(second, Request::at_the_door);
    let parked = || mean_time(account, second, parked);
    let blocked = || mean_time(account, second, blocked) * seconds;
    // It is shown only for workers that are blocked for most of their time.
    let there = text.find("blocked for ").and_then(|_| {
        let line = &text[text.find("blocked for ")?..text.find(" (workers' log)")?];
        WrittenNumber::read(line.rsplit_once(" of ")?.1)
    });
    let of_all = account.workers_at(second.1) as f64 * seconds;
    let is_of_all = there.is_some_and(|it| it.is(of_all, 0.01));
    let said_blocked = between(text, "blocked for ", " of ").filter(|_| is_of_all);
    let sentence: [(&str, Option<WrittenNumber>, Right<'_>); 7] = [
        (
            "at the door",
            before(text, " requests waited at the door on average"),
            &|| door,
        ),
        (
            "begun of the remark",
            before(text, " requests begun were parked"),
            &|| begun,
        ),
        ("begun", before(text, " begun, "), &|| begun),
        ("parked", between(text, " begun, ", " parked and "), &parked),
        ("computing", before(text, " computing on average"), &|| {
            cores
        }),
        (
            "cores of workers",
            between(text, " the workers used ", ","),
            &|| cores,
        ),
        ("blocked", said_blocked, &blocked),
    ];
    for (name, label, right) in sentence {
        if label.is_some() {
            findings.near(&format!("{place}: {name}"), label, right(), 0.02);
        }
    }
}

/// Returns what stands ahead of these words, each time they occur, and behind them.
fn around<'a>(text: &'a str, words: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let places = text.match_indices(words);
    places.map(|(at, words)| (&text[..at], &text[at + words.len()..]))
}

/// Returns the number at the end of a text.
fn last(text: &str) -> Option<WrittenNumber> {
    before(&format!("{text} #"), " #")
}

/// Checks `blocked in 85 of 85 samples of one worker each (18 samples in 1.03 s)` and `In 3 of 18 samples`.
fn check_samples(
    account: &Account,
    text: &str,
    second: (Ns, Ns),
    place: &str,
    findings: &mut Findings,
) {
    let is_inside = |at: Ns| second.0 <= at && at <= second.1;
    let samples = account.samples.iter().filter(|at| is_inside(**at)).count();
    for (ahead, _) in around(text, " samples in ") {
        // A worker that came late has its own samples.
        if ahead.rsplit(' ').nth(1) != Some("own") {
            let place = format!("{place}: samples");
            findings.near(&place, last(ahead), samples as f64, 0.0);
        }
    }
    let living = account
        .looks
        .iter()
        .filter(|it| is_inside(it.at) && it.phase != "gone");
    let living: Vec<&str> = living.map(|it| it.phase.as_str()).collect();
    for (ahead, behind) in around(text, " samples of one worker each") {
        let Some((ahead, all)) = ahead.rsplit_once(" of ") else {
            findings.lacks(place, "number of samples of one worker each");
            continue;
        };
        let phase = if ahead.contains("found idle in") {
            "idle"
        } else {
            "blocked"
        };
        let found = living.iter().filter(|it| **it == phase).count();
        let (some, all) = (last(ahead), WrittenNumber::read(all));
        // The sentence is about the workers that it names, the evidence about all.
        let is_evidence = behind.starts_with(" (");
        for (name, line, right) in [("found", some, found), ("looks", all, living.len())] {
            let place = format!("{place}: {name} in samples of one worker each");
            let count = line.map(|it| it.value as usize);
            let holds = count.is_some_and(|it| it == right || (!is_evidence && it < right));
            findings.number(&place, count, right, holds);
        }
    }
}

/// Checks `Since the run began worker A has taken 870 connections and worker B 20.`
fn check_connections(
    account: &Account,
    text: &str,
    until: Ns,
    place: &str,
    findings: &mut Findings,
) {
    let Some((_, line)) = text.split_once("Since the run began ") else {
        return;
    };
    let sentence = line.split('.').next().unwrap_or_default();
    for part in sentence.split("worker ").skip(1) {
        let part = part.trim_end_matches([',', ' ']).trim_end_matches(" and");
        let Some((letters, count)) = part.split_once(' ') else {
            continue;
        };
        let count = count
            .replace("has taken ", "")
            .replace("connections", "")
            .replace("connection", "");
        let (Some(worker), Some(count)) = (slot(letters), WrittenNumber::read(&count)) else {
            continue;
        };
        let right = account.taken_by(worker, until);
        let holds = right.contains(&(count.value as usize));
        let place = format!("{place}: connections of worker {worker}");
        findings.number(&place, count.value, right, holds);
    }
}

/// Checks `hog: at 1.34 s worker A had run request 144 since 1.27 s (its slot), with 1 begun in it and 6 at
/// the door`.
fn check_hog(account: &Account, text: &str, place: &str, findings: &mut Findings) {
    let Some((_, line)) = text.split_once("hog: at ") else {
        return;
    };
    let sentence = line.split(';').next().unwrap_or_default();
    let at = sentence
        .split(" worker ")
        .next()
        .and_then(WrittenNumber::read);
    let worker = sentence
        .split(" worker ")
        .nth(1)
        .and_then(|it| slot(it.split(' ').next()?));
    let (Some(at), Some(worker)) = (at, worker) else {
        findings.lacks(place, "instant of the hog");
        return;
    };
    let is_its = |sample: &&Ns| at.is(sample.saturating_sub(account.began) as f64 / 1e9, 0.0);
    // Samples with equal text are interchangeable.
    let censuses = account
        .samples
        .iter()
        .filter(is_its)
        .map(|at| account.census(*at));
    let doors: Vec<(usize, usize)> = censuses
        .map(|census| {
            let count = |wanted: &dyn Fn(Option<u16>, State) -> bool| {
                let some = census
                    .iter()
                    .filter(|((own, state), _)| wanted(*own, *state));
                some.map(|(_, count)| count).sum::<usize>()
            };
            let door = count(&|_, state| state == State::AtTheDoor);
            (
                door,
                count(&|own, state| own == Some(worker) && state != State::AtTheDoor),
            )
        })
        .collect();
    let door = before(sentence, " at the door").map(|it| it.value as usize);
    let begun = between(sentence, ", with ", " begun in it").map(|it| it.value as usize);
    let label = door.zip(begun);
    let holds = label.is_some_and(|written| doors.contains(&written));
    findings.number(
        &format!("{place}: door and begun of the hog"),
        label,
        doors,
        holds,
    );
}
