//! View 1 against the events: the door, each worker's row, the cores.

use std::collections::BTreeMap;

use super::census::Census;
use super::events::{Account, Ns, State};
use super::findings::Findings;
use super::screen::{self, WorkerRow};

/// Returns the number of requests in this state, in all workers.
pub(super) fn total(census: &Census, wanted: State) -> usize {
    let all = census.iter().filter(|((_, state), _)| *state == wanted);
    all.map(|(_, count)| count).sum()
}

/// Compares the overview with the events at one instant.
pub(super) fn check_overview(
    account: &Account,
    screen: &str,
    at: Ns,
    place: &str,
    findings: &mut Findings,
) {
    let now = account.began + at;
    let census = account.census(now);
    check_door(&census, screen, place, findings);
    for row in screen::workers(screen) {
        if !matches!(row.word.as_str(), "gone" | "booting") {
            let is_in_hub = account.is_between(row.worker, now);
            check_worker(&census, &row, is_in_hub, place, findings);
        }
    }
    check_cores(&census, screen, account.besides(now), place, findings);
}

fn check_door(census: &Census, screen: &str, place: &str, findings: &mut Findings) {
    let right = total(census, State::AtTheDoor);
    let Some((drawn, shown, more)) = screen::door(screen) else {
        let contradiction = format!("{place}: no row of the door");
        findings.contradictions.push(contradiction);
        return;
    };
    let shown = shown + more;
    findings.number(
        &format!("{place}: at the door"),
        drawn,
        right,
        drawn == right,
    );
    findings.number(
        &format!("{place}: glyphs at the door"),
        shown,
        right,
        shown == right,
    );
}

/// Checks a worker's row. A worker in its hub or on its way to the next request may be called running, or
/// without a core.
fn check_worker(
    census: &Census,
    row: &WorkerRow,
    is_in_hub: bool,
    place: &str,
    findings: &mut Findings,
) {
    let place = format!("{place}: worker {}", row.worker);
    let mut right: BTreeMap<char, usize> = BTreeMap::new();
    for ((worker, state), count) in census {
        if *worker == Some(row.worker) && *state != State::AtTheDoor {
            *right.entry(state.glyph()).or_default() += count;
        }
    }
    let all: usize = right.values().sum();
    findings.number(&format!("{place}: begun"), row.count, all, row.count == all);
    if row.more == 0 {
        findings.glyphs(&place, &row.glyphs, &right);
    }
    let does = |state: State| census.contains_key(&(Some(row.worker), state));
    let holds = match row.word.as_str() {
        "running" => does(State::Running) || is_in_hub,
        "blocked" => does(State::Blocked),
        "wants a core" => does(State::WantsACore) || is_in_hub,
        "idle" => !does(State::Running) && !does(State::Blocked),
        _ => true,
    };
    let right = format!("not {}: {right:?}", row.word);
    findings.number(&place, row.word.len(), right, holds);
}

/// Checks the cores, which are busy with the requests that run, and with connections whose request is not
/// read yet.
fn check_cores(
    census: &Census,
    screen: &str,
    besides: usize,
    place: &str,
    findings: &mut Findings,
) {
    let Some((busy, _, letters)) = screen::cores(screen) else {
        return;
    };
    let shown = letters
        .iter()
        .filter(|it| screen::slot(it).is_some())
        .count();
    let holds = shown == busy || letters.is_empty();
    findings.number(&format!("{place}: letters on cores"), shown, busy, holds);
    let running = total(census, State::Running);
    let holds = (running..=running + besides).contains(&busy);
    findings.number(&format!("{place}: cores"), busy, running, holds);
}
