//! The jobs of a file: requests that are due at given instants, as in a textbook exercise. They are the whole
//! load, so they exclude clients and a rate.

use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::fingerprint::fingerprint;
use super::keys::{CLOSED, JOB, MOST_JOBS, OPEN, TRACE};
use super::problem::{Place, Problem, did_you_mean, one_of};
use super::tree::{Entry, Node, Table};
use super::{Load, Request, Scenario, Warmup};
use crate::units::Elapsed;
use crate::words::counted;

/// A request that is due at a given instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Time since the load begins.
    pub at: Elapsed,
    /// Index of its class, into the scenario's requests. `None`: drawn by the shares of the mix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<usize>,
}

impl Scenario {
    /// Describes a scheduled load with a fingerprint of its instants and classes: `3 jobs (1f0c93ab)`.
    #[must_use]
    pub fn schedule(&self) -> String {
        let class = |job: &Job| {
            job.class
                .map_or("", |class| self.requests[class].name.as_str())
        };
        let jobs = self.load.jobs.iter();
        let lines = jobs.map(|job| format!("{} {}\n", job.at.0, class(job)));
        let fingerprint = fingerprint(&lines.collect::<String>());
        let count = counted(self.load.jobs.len() as u64, "job");
        format!("{count} ({})", &fingerprint[..8])
    }
}

/// Reads `[[jobs]]`, in order of time; jobs of one instant keep the order of the file. `None` if the file has none.
pub(super) fn read(
    tree: &Table,
    requests: &[Request],
    problems: &mut Vec<Problem>,
) -> Option<Vec<Job>> {
    let entry = tree.get("jobs")?;
    let nodes = entry.node.list().unwrap_or_default();
    if nodes.is_empty() {
        let problem = Problem::new(&entry.place, "`jobs` is not a list of tables");
        problems.push(problem.legal("write [[jobs]] once for each entry"));
    }
    let mut jobs = Vec::new();
    for node in nodes {
        let Some((job, count)) = job_of(node, requests, problems) else {
            continue;
        };
        if jobs.len() as u64 + count > MOST_JOBS {
            let message = format!("more than {MOST_JOBS} jobs");
            problems.push(Problem::new(&node.place, message).legal("a smaller `count`"));
            break;
        }
        jobs.extend((0..count).map(|_| job));
    }
    jobs.sort_by_key(|job| job.at);
    Some(jobs)
}

/// Reads one entry, with the number of its requests.
fn job_of(node: &Node, requests: &[Request], problems: &mut Vec<Problem>) -> Option<(Job, u64)> {
    let mut fields = Fields::new(&JOB, "jobs", node.table(), problems);
    let at = fields.length_if_given("at");
    let count = fields.whole("count");
    let class = class_of(&mut fields, node, requests);
    if fields.given("at").is_none() {
        let problem = Problem::new(&node.place, "a job has no `at`");
        fields.note(problem.legal("at = \"0s\""));
    }
    let job = Job {
        at: at?,
        class: Some(class?),
    };
    Some((job, count))
}

/// Reads the class of a job; a file with one request needs no name.
fn class_of(fields: &mut Fields<'_>, node: &Node, requests: &[Request]) -> Option<usize> {
    let names = || requests.iter().map(|request| request.name.as_str());
    let Some(written) = fields.given("class") else {
        if requests.len() > 1 {
            let problem = Problem::new(&node.place, "a job has no `class`").of_the_whole();
            fields.note(problem.legal(format!("the requests are {}", one_of(names()))));
        }
        return (requests.len() == 1).then_some(0);
    };
    let name = fields.text("class")?;
    let class = class_named(&name, &written.place, requests);
    class.map_err(|unknown| fields.note(unknown)).ok()
}

/// Returns the class of this name, which stands at a place.
pub(super) fn class_named(
    name: &str,
    place: &Place,
    requests: &[Request],
) -> Result<usize, Problem> {
    let names = || requests.iter().map(|request| request.name.as_str());
    let class = requests.iter().position(|request| request.name == name);
    class.ok_or_else(|| {
        let problem = Problem::new(place, format!("unknown request `{name}`"));
        let known = format!("the requests are {}", one_of(names()));
        let hint = did_you_mean(name, names());
        problem.legal(known).hint(hint).of_the_whole()
    })
}

/// Reports the keys of `[load]` that jobs exclude: those of a list, or of a trace.
pub(super) fn report_excluded_keys(fields: &mut Fields<'_>, has_list: bool) {
    let (name, trace): (_, &[&str]) = if has_list {
        ("[[jobs]]", &TRACE)
    } else {
        ("`load.trace`", &[])
    };
    for key in CLOSED.iter().chain(&OPEN).chain(trace) {
        if let Some(node) = fields.given(key) {
            let message = format!("`load.{key}` cannot be combined with {name}");
            let problem = Problem::new(&node.place, message).of_the_whole();
            fields.note(problem.legal("clients, a rate, a trace or [[jobs]]: keep one"));
        }
    }
    let asks_for_fewer = fields.whole("requests") > 0;
    if let (true, Some(node)) = (asks_for_fewer, fields.given("requests")) {
        let message = format!("`load.requests` cannot be combined with {name}");
        let problem = Problem::new(&node.place, message).of_the_whole();
        fields.note(problem.legal("all jobs are played"));
    }
}

/// Sets the number of counted requests: jobs that are due after the warm-up.
pub(super) fn set_counted_requests(
    load: &mut Load,
    warmup: Warmup,
    entry: Option<&Entry>,
    problems: &mut Vec<Problem>,
) {
    let Warmup::For(length) = warmup else {
        return;
    };
    let counted = load.jobs.iter().filter(|job| job.at >= length).count();
    if counted == 0 && !load.jobs.is_empty() {
        let place = entry.map(|entry| entry.node.place.clone());
        let message = "all jobs are due during the warm-up, which is not counted";
        let problem = Problem::new(&place.unwrap_or_default(), message).of_the_whole();
        problems.push(problem.legal("a shorter `warmup`, or later jobs"));
    }
    load.requests = Some(counted.max(1) as u64);
}

/// Sets the shares of the mix to those of the jobs, so that the mix describes what is sent. Jobs without a class are
/// drawn by the shares of the file.
pub(super) fn set_shares(requests: &mut [Request], jobs: &[Job]) {
    let mut counts = vec![0_u64; requests.len()];
    for class in jobs.iter().filter_map(|job| job.class) {
        counts[class] += 1;
    }
    if !jobs.is_empty() && jobs.iter().all(|job| job.class.is_some()) {
        for (request, count) in requests.iter_mut().zip(counts) {
            request.weight = count as f64;
        }
    }
}
