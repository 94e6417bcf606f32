//! The timeline of a run, as the file declares it: events, each an instant and an action in a sentence (`kill a
//! worker`, `set rate 400/s`), with a caption.
//!
//! Like a step, an action is read word by word, so that a mistake points at the word that does not fit.
//! Mistakes that only show in the whole (a rate that is set where clients wait, an instant that never comes)
//! are reported as well. This module carries out no event.

use serde::{Deserialize, Serialize};

use super::fields::{self, Fields};
use super::keys::{MOST_CLIENTS, TIMELINE};
use super::problem::{Mistake, Place, Problem, did_you_mean, one_of};
use super::quantity;
use super::rate;
use super::tree::{Node, Table};
use super::words::{Cursor, Word};
use super::{Arrivals, Intervention, Request, Scenario, Warmup};
use crate::units::Elapsed;

/// Every action with its form.
pub(super) const ACTIONS: [(&str, &str); 8] = [
    ("add", "add a worker"),
    ("remove", "remove a worker"),
    ("kill", "kill a worker"),
    ("stop", "stop a worker"),
    ("continue", "continue a worker"),
    ("reload", "reload"),
    ("set", "set rate 400/s` or `set clients 20"),
    ("send", "send hog"),
];
/// Maximum number of workers of a server.
const MOST_WORKERS: usize = 256;
/// Longest warm-up if the file does not give its length.
const LONGEST_WARMUP: Elapsed = Elapsed::from_secs(10);

/// An action at an instant of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// Time since the load begins: the first request of a closed load is due then.
    pub at: Elapsed,
    /// The action.
    #[serde(rename = "happens")]
    pub intervention: Intervention,
    /// Its caption; by default the action in words.
    pub caption: Option<String>,
}

impl Scenario {
    /// Returns the requests with a share of the mix; the others are only sent by name.
    pub fn drawn(&self) -> impl Iterator<Item = &Request> {
        let requests = self.requests.iter();
        requests.filter(|request| request.weight > 0.0)
    }

    /// Returns the maximum number of clients over the run; 0 for an open load.
    #[must_use]
    pub fn most_clients(&self) -> usize {
        let at_first = match self.load.arrivals {
            Arrivals::Closed { clients, .. } => clients,
            Arrivals::Open { .. } | Arrivals::Scheduled => 0,
        };
        let later = self.timeline.iter().map(|event| match event.intervention {
            Intervention::SetClients(clients) => clients,
            _ => 0,
        });
        later.fold(at_first, usize::max)
    }

    /// Returns the mean number of requests due within `length` of the load's beginning; 0 for a closed load.
    #[must_use]
    pub fn arrivals_within(&self, length: Elapsed) -> f64 {
        let mut rate = match self.load.arrivals {
            Arrivals::Open { rate, .. } => rate,
            Arrivals::Closed { .. } => return 0.0,
            Arrivals::Scheduled => {
                return self.load.jobs.iter().filter(|job| job.at < length).count() as f64;
            }
        };
        let (mut since, mut due) = (Elapsed::ZERO, 0.0);
        for event in self.timeline.iter().filter(|event| event.at < length) {
            if let Intervention::SetRate(next) = event.intervention {
                due += rate * (event.at - since).as_secs_f64();
                (since, rate) = (event.at, next);
            }
        }
        due + rate * (length - since).as_secs_f64()
    }
}

/// An event that is being read, with the places that its mistakes point at.
struct EntryReader {
    event: TimelineEvent,
    at: Place,
    action: Place,
}

/// Reads `[[timeline]]` of a scenario that is otherwise complete; in order of time.
pub(super) fn read(
    tree: &Table,
    scenario: &Scenario,
    problems: &mut Vec<Problem>,
) -> Vec<TimelineEvent> {
    let Some(entry) = tree.get("timeline") else {
        return Vec::new();
    };
    let Some(nodes) = entry.node.list() else {
        let problem = Problem::new(&entry.place, "`timeline` is not a list of tables");
        problems.push(problem.legal("write [[timeline]] once for each entry"));
        return Vec::new();
    };
    let mut events: Vec<EntryReader> = nodes
        .iter()
        .filter_map(|node| read_event(node, &scenario.requests, problems))
        .collect();
    events.sort_by_key(|read| read.event.at);
    let mut workers = scenario.server.workers;
    for read in &events {
        problems.extend(never_comes(read, scenario));
        problems.extend(does_not_fit(read, scenario, &mut workers));
    }
    events.into_iter().map(|read| read.event).collect()
}

fn read_event(
    node: &Node,
    requests: &[Request],
    problems: &mut Vec<Problem>,
) -> Option<EntryReader> {
    let mut fields = Fields::new(&TIMELINE, "timeline", node.table(), problems);
    let at = fields.length_if_given("at");
    let sentence = fields.text("do");
    let caption = fields.text("caption");
    for (key, example) in [("at", "at = \"3s\""), ("do", "do = \"add a worker\"")] {
        if fields.given(key).is_none() {
            let problem = Problem::new(&node.place, format!("a timeline entry has no `{key}`"));
            fields.note(problem.legal(example));
        }
    }
    let action = fields.given("do")?;
    let intervention = match read_action(&sentence?, requests) {
        Ok(intervention) => intervention,
        Err(NotAnAction::Wrong(mistake)) => {
            fields.note(fields::at(action, mistake));
            return None;
        }
        Err(NotAnAction::NoRequest(mistake)) => {
            fields.note(fields::at(action, mistake).of_the_whole());
            return None;
        }
    };
    Some(EntryReader {
        event: TimelineEvent {
            at: at?,
            intervention,
            caption,
        },
        at: fields.given("at")?.place.clone(),
        action: action.place.clone(),
    })
}

/// Reason for which a sentence is no action.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NotAnAction {
    /// It cannot be read.
    Wrong(Mistake),
    /// It names a request that this scenario does not have, and another variant may.
    NoRequest(Mistake),
}

impl From<Mistake> for NotAnAction {
    fn from(mistake: Mistake) -> Self {
        Self::Wrong(mistake)
    }
}

fn read_action(sentence: &str, requests: &[Request]) -> Result<Intervention, NotAnAction> {
    let mut cursor = Cursor::new(sentence);
    let Some(verb) = cursor.word() else {
        return Err(cursor.missing("an action").hint(actions()).into());
    };
    let Some((name, form)) = ACTIONS.iter().find(|(name, _)| *name == verb.text) else {
        let known = ACTIONS.iter().map(|(name, _)| *name);
        let hint = did_you_mean(verb.text, known).or(Some(actions()));
        let mistake = verb.mistake(format!("`{}` is not an action", verb.text));
        return Err(mistake.hint(hint).into());
    };
    let written = |mistake: Mistake| match mistake.hint {
        Some(_) => mistake,
        None => mistake.hint(format!("write `{form}`")),
    };
    let intervention = match *name {
        "set" => set(&mut cursor).map_err(written)?,
        "send" => {
            let name = cursor.word();
            let name = name.ok_or_else(|| written(cursor.missing("the name of a request")))?;
            Intervention::Send(class_of(&name, requests)?)
        }
        "reload" => Intervention::Reload,
        verb => {
            a_worker(&mut cursor).map_err(written)?;
            match verb {
                "add" => Intervention::AddWorker,
                "remove" => Intervention::RemoveWorker,
                "kill" => Intervention::KillWorker,
                "stop" => Intervention::StopWorker,
                _ => Intervention::ContinueWorker,
            }
        }
    };
    cursor.end().map_err(written)?;
    Ok(intervention)
}

fn actions() -> String {
    format!("the actions are {}", one_of(ACTIONS.map(|(_, form)| form)))
}

/// Skips `a worker`.
fn a_worker(cursor: &mut Cursor<'_>) -> Result<(), Mistake> {
    for expected in ["a", "worker"] {
        let Some(word) = cursor.word() else {
            return Err(cursor.missing(&format!("`{expected}`")));
        };
        if word.text != expected {
            return Err(word.mistake(format!(
                "unexpected `{}`: the phrase is `a worker`",
                word.text
            )));
        }
    }
    Ok(())
}

fn set(cursor: &mut Cursor<'_>) -> Result<Intervention, Mistake> {
    let Some(what) = cursor.word() else {
        return Err(cursor.missing("`rate` or `clients`"));
    };
    match what.text {
        "rate" => {
            let word = cursor.word();
            let word = word.ok_or_else(|| cursor.missing("a rate"))?;
            Ok(Intervention::SetRate(rate::read(&word)?))
        }
        "clients" => {
            let word = cursor.word();
            let word = word.ok_or_else(|| cursor.missing("a number of clients"))?;
            Ok(Intervention::SetClients(clients(&word)?))
        }
        other => Err(what
            .mistake(format!("`{other}` cannot be set"))
            .hint(did_you_mean(other, ["rate", "clients"]))),
    }
}

fn clients(word: &Word<'_>) -> Result<usize, Mistake> {
    let number = word.text.parse().ok();
    let legal = number.filter(|number| (1..=MOST_CLIENTS).contains(number));
    legal.map(|number| number as usize).ok_or_else(|| {
        let message = format!(
            "`{}` is not a whole number from 1 to {MOST_CLIENTS}",
            word.text
        );
        word.mistake(message)
    })
}

fn class_of(name: &Word<'_>, requests: &[Request]) -> Result<usize, NotAnAction> {
    let class = requests
        .iter()
        .position(|request| request.name == name.text);
    class.ok_or_else(|| {
        let names = || requests.iter().map(|request| request.name.as_str());
        let known = format!("the requests are {}", one_of(names()));
        let hint = did_you_mean(name.text, names()).or(Some(known));
        let message = format!("unknown request `{}`", name.text);
        NotAnAction::NoRequest(name.mistake(message).hint(hint))
    })
}

/// Reports an event at an instant when the run is surely over. The length of a run with a number of requests is
/// not known in advance.
fn never_comes(read: &EntryReader, scenario: &Scenario) -> Option<Problem> {
    let warmup = match scenario.warmup {
        Warmup::For(length) => length,
        Warmup::UntilEveryoneWasAnswered => LONGEST_WARMUP,
    };
    let over = warmup + scenario.duration;
    if scenario.load.requests.is_some() || read.event.at < over {
        return None;
    }
    let message = format!(
        "{} is not before the end of the run",
        quantity::Time(read.event.at.0)
    );
    let legal = format!(
        "a time before {} (warm-up plus duration)",
        quantity::Time(over.0)
    );
    let problem = Problem::new(&read.at, message).of_the_whole();
    Some(problem.legal(legal))
}

/// Reports an action that is meaningless in this scenario.
fn does_not_fit(read: &EntryReader, scenario: &Scenario, workers: &mut usize) -> Option<Problem> {
    let (message, legal) = match (read.event.intervention, scenario.load.arrivals) {
        (
            Intervention::SetRate(_) | Intervention::SetClients(_) | Intervention::Send(_),
            Arrivals::Scheduled,
        ) => (
            "a trace and [[jobs]] are the whole load, and nothing changes it",
            "another row or [[jobs]] with this `at`",
        ),
        (Intervention::SetRate(_), Arrivals::Closed { .. }) => {
            ("`set rate` needs `load.rate`", "set clients 20")
        }
        (Intervention::SetClients(_), Arrivals::Open { .. }) => {
            ("`set clients` needs `load.clients`", "set rate 400/s")
        }
        (of_a_worker, _) if scenario.server.is_foreign() && !of_a_worker.is_in_the_load() => (
            "a foreign server's workers are not steered",
            "set rate, set clients or send",
        ),
        (Intervention::RemoveWorker, _) if *workers == 1 => {
            ("the last worker cannot be removed", "at least 1 worker")
        }
        (Intervention::AddWorker, _) if *workers == MOST_WORKERS => {
            ("no more workers can be added", "at most 256 workers")
        }
        (Intervention::RemoveWorker, _) => {
            *workers -= 1;
            return None;
        }
        (Intervention::AddWorker, _) => {
            *workers += 1;
            return None;
        }
        (
            Intervention::KillWorker
            | Intervention::StopWorker
            | Intervention::ContinueWorker
            | Intervention::Reload
            | Intervention::SetRate(_)
            | Intervention::SetClients(_)
            | Intervention::Send(_)
            | Intervention::SetLoad(_),
            _,
        ) => return None,
    };
    let problem = Problem::new(&read.action, message).of_the_whole();
    Some(problem.legal(legal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sentence: &str) -> Result<Intervention, NotAnAction> {
        let request = |name: &str| Request {
            name: name.into(),
            weight: 1.0,
            script: Vec::new(),
        };
        read_action(sentence, &[request("page"), request("hog")])
    }

    #[test]
    fn every_action_is_a_sentence() {
        for (sentence, intervention) in [
            ("add a worker", Intervention::AddWorker),
            ("remove a worker", Intervention::RemoveWorker),
            ("kill a worker", Intervention::KillWorker),
            ("stop a worker", Intervention::StopWorker),
            ("continue a worker", Intervention::ContinueWorker),
            (" reload ", Intervention::Reload),
            ("set rate 400/s", Intervention::SetRate(400.0)),
            ("set  clients 20", Intervention::SetClients(20)),
            ("send hog", Intervention::Send(1)),
        ] {
            assert_eq!(read(sentence), Ok(intervention), "{sentence}");
        }
    }

    #[test]
    fn a_mistake_in_an_action_points_at_its_word() {
        for (sentence, pointed, message) in [
            ("", "", "an action is missing at the end"),
            ("kil a worker", "kil", "`kil` is not an action"),
            (
                "kill worker",
                "worker",
                "unexpected `worker`: the phrase is `a worker`",
            ),
            ("kill a", "a", "`worker` is missing at the end"),
            ("add a worker now", "now", "unexpected `now`"),
            ("set load 3", "load", "`load` cannot be set"),
            ("set rate 400", "400", "`400` is not a rate"),
            (
                "set clients 0",
                "0",
                "`0` is not a whole number from 1 to 100000",
            ),
            (
                "send",
                "send",
                "the name of a request is missing at the end",
            ),
        ] {
            let Err(NotAnAction::Wrong(mistake)) = read(sentence) else {
                panic!("`{sentence}` should be wrong");
            };
            assert_eq!(
                (&sentence[mistake.range], mistake.message.as_str()),
                (pointed, message)
            );
            assert!(
                mistake.hint.is_some(),
                "`{sentence}` is wrong without a hint"
            );
        }
        let Err(NotAnAction::NoRequest(mistake)) = read("send hgo") else {
            panic!("the request is unknown");
        };
        assert_eq!(mistake.hint.as_deref(), Some("did you mean `hog`?"));
    }
}
