//! View 5 against the events: the listed requests, and the times of each by state.

use super::events::{Account, Ns, Request, State};
use super::findings::Findings;
use super::screen::{WrittenNumber, slot, whole};

/// Last columns of the cells of a row.
const ENDS: [usize; 9] = [10, 21, 30, 39, 48, 57, 66, 75, 79];

/// Kinds of failures, with their words behind the latency, which columns cut.
const FAILURES: [(&str, &str); 4] = [
    ("refused", "refused"),
    ("reset", "reset"),
    ("timeout", "patience"),
    ("status", "badstatus"),
];

/// Minimum number of rows of a screen.
const LEAST_ROWS: usize = 10;

/// Returns the cells of a row; `None` for any other line.
fn cells(line: &str) -> Option<Vec<String>> {
    let chars: Vec<char> = line.chars().collect();
    let mut begin = 1;
    let mut cells = Vec::new();
    for end in ENDS {
        let cell = chars.get(begin..end.min(chars.len())).unwrap_or_default();
        cells.push(cell.iter().collect::<String>().trim().to_owned());
        begin = end;
    }
    whole(&cells[0])?;
    cells[2].ends_with(" s").then_some(cells)
}

/// Compares the view with the events at one instant.
pub(super) fn check(account: &Account, screen: &str, at: Ns, place: &str, findings: &mut Findings) {
    let now = account.began + at;
    let mut sent: Vec<&Request> = account
        .requests
        .iter()
        .filter(|it| it.sent <= now)
        .collect();
    sent.sort_by_key(|it| std::cmp::Reverse((it.due, it.number)));
    let text = screen
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("REQUESTS"));
    let sentence =
        text.and_then(|it| WrittenNumber::read(it.split_once(": ")?.1.split(',').next()?));
    findings.near(
        &format!("{place}: listed"),
        sentence,
        sent.len() as f64,
        0.0,
    );
    let rows: Vec<Vec<String>> = screen.lines().skip(5).map_while(cells).collect();
    let is_full = rows.len() >= sent.len().min(LEAST_ROWS);
    findings.number(&format!("{place}: rows"), rows.len(), sent.len(), is_full);
    for (row, request) in rows.iter().zip(&sent) {
        let place = format!("{place}: request {}", request.number);
        let number = whole(&row[0]);
        let is_its = number == Some(u64::from(request.number));
        findings.number(
            &format!("{place}: in its row"),
            number,
            request.number,
            is_its,
        );
        if is_its {
            check_row(account, request, row, now, &place, findings);
        }
    }
}

/// Compares a row's text about the failure of its request; returns the kind, empty without one.
fn check_failure<'a>(
    request: &'a Request,
    row: &[String],
    now: Ns,
    place: &str,
    findings: &mut Findings,
) -> &'a str {
    let text: String = row[4..].concat().replace(' ', "");
    let failed = FAILURES.iter().find(|(_, words)| text.contains(words));
    let failed = failed.map_or("", |(kind, _)| kind);
    let failure = if request.is_over(now) {
        &request.failure
    } else {
        ""
    };
    findings.number(
        &format!("{place}: failure"),
        failed,
        failure,
        failed == failure,
    );
    failure
}

fn check_row(
    account: &Account,
    request: &Request,
    row: &[String],
    now: Ns,
    place: &str,
    findings: &mut Findings,
) {
    let is_class =
        row[1] == request.class || request.class.starts_with(row[1].trim_end_matches('…'));
    findings.number(
        &format!("{place}: asked for"),
        row[1].len(),
        &request.class,
        is_class,
    );
    let written = |place: usize| WrittenNumber::read(&row[place]);
    let near = |findings: &mut Findings, what: &str, column: usize, right: Ns| {
        findings.near(
            &format!("{place}: {what}"),
            written(column),
            right as f64 / 1e9,
            0.001,
        );
    };
    near(findings, "due", 2, request.due - account.began);
    let is_over = request.is_over(now);
    let failure = check_failure(request, row, now, place, findings);
    // A failed request, too, has a least latency.
    let is_least = row[3].starts_with('≥');
    findings.number(
        &format!("{place}: is over"),
        !is_least,
        is_over,
        is_least == (!is_over || !failure.is_empty()),
    );
    let latency = request
        .latency
        .filter(|_| is_over)
        .unwrap_or(now - request.due);
    near(findings, "latency", 3, latency);
    if is_over && !request.good {
        return;
    }
    let reported = request.reported.filter(|_| is_over);
    let parts = reported.map_or_else(
        || seen(account, request, now),
        |messages| {
            let door = request.at_the_door().map_or(0, |(from, to)| to - from);
            [
                door,
                messages.ready + messages.core_wait,
                messages.cpu,
                messages.waited,
            ]
        },
    );
    let [door, ready, running, waiting] = parts;
    near(findings, "door", 4, door);
    near(findings, "waiting", 7, waiting);
    if reported.is_some() {
        near(findings, "ready", 5, ready);
        near(findings, "running", 6, running);
    } else {
        // A core that another worker has taken meanwhile: the request seems to run without one. The events
        // of all workers tell the two apart, those of its own only their sum.
        let both = written(5)
            .zip(written(6))
            .map(|(ready, running)| WrittenNumber {
                value: ready.value + running.value,
                digit: ready.digit + running.digit,
                is_least: false,
            });
        let right = (ready + running) as f64 / 1e9;
        findings.near(&format!("{place}: ready or running"), both, right, 0.001);
    }
    let is_taken = request.taken().is_some_and(|taken| taken <= now);
    let worker = slot(&row[8]);
    let right = request.worker.filter(|_| is_taken);
    findings.number(&format!("{place}: worker"), worker, right, worker == right);
}

/// Returns the times of an open request at the door, ready, running and waiting so far.
fn seen(account: &Account, request: &Request, now: Ns) -> [Ns; 4] {
    let mut edges = request.edges();
    edges.retain(|edge| request.sent <= *edge && *edge < now);
    edges.sort_unstable();
    edges.push(now);
    let mut parts = [0; 4];
    for pair in edges.windows(2) {
        let place = match account.state(request, pair[0]) {
            Some(State::AtTheDoor) => 0,
            Some(State::Ready | State::WantsACore) => 1,
            Some(State::Running) => 2,
            Some(State::Blocked | State::Parked | State::ForThePool | State::InAQueue) => 3,
            None => continue,
        };
        parts[place] += pair[1] - pair[0];
    }
    parts
}
