//! Costs of the server, the load and the services themselves, and the overshoot of waits: tiny scenarios,
//! played by the real processes as `concsim run` plays them, and measured by their recordings alone.

use concsim_os::recorder;
use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

use super::Effort;
use super::finding::{Finding, Unit};
use super::interval::{Median, quantile, sorted};
use super::quiet::Interference;
use super::spin::quantiles_in_words;
use concsim_driver::frontend::Headless;
use concsim_driver::play::drive;
use concsim_driver::run::Driver;
use concsim_model::scenario::{self, Overrides, Plan};
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::recorder::Live;
use concsim_os::telemetry::{Event, RINGS_BY_DEFAULT, Scoreboard, SwitchReason};
use concsim_record::summary::{Run, summarise};
use concsim_record::{Header, Recording};

/// Number of `yield` steps of the request that does nothing else.
const YIELDS: usize = 100;
/// Lengths of the waits, in milliseconds.
const WAITS: [u64; 5] = [1, 5, 10, 50, 100];

/// Plays the first variant of a scenario.
///
/// # Errors
/// A run that breaks down, or is interrupted.
pub fn play(plan: &Plan) -> anyhow::Result<(Run, Recording)> {
    let variant = &plan.variants[0];
    let scoreboard = Scoreboard::new(RINGS_BY_DEFAULT)?;
    let live = Live::new(
        &scoreboard,
        Header::of(plan, variant, recorder::this_machine()),
        None,
    );
    let driver = Driver::begin(variant, live)?;
    let recording = drive(driver, &mut Headless::new(true))?;
    let run = summarise(&recording);
    if let Some(reason) = &recording.header.crashed {
        bail!("a calibration run failed: {reason}");
    }
    if run.interrupted {
        bail!("interrupted");
    }
    Ok((run, recording))
}

fn plan_of(text: &str) -> Plan {
    let read = scenario::read(text, "calibrate", &Overrides::default());
    read.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Returns a scenario with one request of these steps.
fn tiny(kind: &str, workers: usize, steps: &str, load: &str, seconds: f64) -> Plan {
    let milliseconds = (seconds * 1e3) as u64;
    plan_of(&format!(
        "duration = '{milliseconds}ms'\nwarmup = '100ms'\n\
         server.kind = '{kind}'\nserver.workers = {workers}\n\
         requests.it.steps = [{steps}]\nload.connection = 'per-request'\n{load}\n"
    ))
}

/// Core time in each run, in nanoseconds: workers' and load's per request, and services' per call.
#[derive(Debug, Default)]
struct Costs {
    worker: Vec<f64>,
    load: Vec<f64>,
    service: Vec<f64>,
}

fn costs(plan: &Plan, effort: Effort) -> anyhow::Result<Costs> {
    let mut costs = Costs::default();
    for _ in 0..effort.of(7, 6) {
        let (run, _) = play(plan)?;
        let answers = run.throughput_per_s.filter(|answers| *answers > 0.0);
        let answers = answers.context("a calibration run had no answers")?;
        let each = |cores: Option<f64>| cores.unwrap_or(0.0) * 1e9 / answers;
        costs.worker.push(each(run.parallelism));
        costs.load.push(each(run.generator.cpu));
        let services = run.services.iter().filter_map(|(_, service)| service.cpu);
        costs.service.push(each(Some(services.sum())));
    }
    Ok(costs)
}

/// Measures the costs of requests and of calls.
pub(super) fn request_costs(effort: Effort) -> anyhow::Result<Vec<Finding>> {
    let seconds = effort.seconds(1.0);
    let one = "load.clients = 1";
    let quiet = Interference::from_now();
    let sync = costs(&tiny("sync", 1, "", one, seconds), effort)?;
    let mut found = vec![
        quiet.finding(
            "request-sync",
            "a request that does nothing, sync",
            (Median::of(sync.worker.iter().copied()), Unit::Ns),
            "CPU time of the worker: accept, read, parse, answer, close.",
        ),
        quiet.finding(
            "generator",
            "the same, for its client",
            (Median::of(sync.load), Unit::Ns),
            "CPU time of the load generator for each request.",
        ),
    ];
    let quiet = Interference::from_now();
    let coroutine = costs(&tiny("coroutine", 1, "", one, seconds), effort)?;
    found.push(quiet.finding(
        "request-coroutine",
        "the same, coroutine",
        (Median::of(coroutine.worker.iter().copied()), Unit::Ns),
        "a worker with a poller makes more system calls than one that blocks.",
    ));
    found.push(accept(effort, &coroutine.worker)?);
    found.push(turn(effort, &coroutine.worker)?);
    let quiet = Interference::from_now();
    let calls = tiny("coroutine", 1, "'call it 1ms'", "load.clients = 8", seconds);
    let calls = costs(&calls, effort)?;
    found.push(quiet.finding(
        "service",
        "a call, for the service",
        (Median::of(calls.service), Unit::Ns),
        "CPU time of the process of the services, which runs on this machine, too.",
    ));
    Ok(found)
}

/// Measures the cost of a connection for each request, against a kept connection.
fn accept(effort: Effort, with: &[f64]) -> anyhow::Result<Finding> {
    let quiet = Interference::from_now();
    let mut kept = tiny("coroutine", 1, "", "load.clients = 1", effort.seconds(1.0));
    kept.variants[0].scenario.load.connection = scenario::ConnectionMode::KeepAlive;
    let without = costs(&kept, effort)?.worker;
    let pairs = with.iter().zip(&without);
    Ok(quiet.finding(
        "accept",
        "of it, for the connection",
        (
            Median::of(pairs.map(|(with, without)| (with - without).max(0.0))),
            Unit::Ns,
        ),
        "saving of a worker for each request on a kept connection.",
    ))
}

/// Measures one turn of the hub: a request with many yields against one with none.
fn turn(effort: Effort, without: &[f64]) -> anyhow::Result<Finding> {
    let quiet = Interference::from_now();
    let steps = vec!["'yield'"; YIELDS].join(", ");
    let plan = tiny(
        "coroutine",
        1,
        &steps,
        "load.clients = 1",
        effort.seconds(1.0),
    );
    let with = costs(&plan, effort)?.worker;
    let pairs = with.iter().zip(without);
    let each = pairs.map(|(with, without)| (with - without).max(0.0) / YIELDS as f64);
    Ok(quiet.finding(
        "turn",
        "a turn of the hub for one task",
        (Median::of(each), Unit::Ns),
        "the switch there and back, a check of the poller and the clock, and a telemetry event.",
    ))
}

/// Overshoot of waits: for timers and calls, each length by itself.
pub(super) struct Overshoots {
    pub(super) findings: Vec<Finding>,
    /// Timers of all lengths and both kinds, nanoseconds, ascending.
    pub(super) timers: Vec<f64>,
}

pub(super) fn overshoots(effort: Effort) -> anyhow::Result<Overshoots> {
    let lengths = WAITS.map(|wait| format!("'sleep {wait}ms', 'call it {wait}ms'"));
    let seconds = effort.seconds(5.0);
    let quiet = Interference::from_now();
    let mut over: BTreeMap<(bool, u64), Vec<f64>> = BTreeMap::new();
    for (kind, workers) in [("sync", 4), ("coroutine", 1)] {
        let plan = tiny(
            kind,
            workers,
            &lengths.join(", "),
            "load.clients = 4",
            seconds,
        );
        let (_, recording) = play(&plan)?;
        for (then, gap) in gaps(&recording) {
            let fits = |wait: &&u64| gap >= **wait * 1_000_000;
            if let Some(wait) = WAITS.iter().rev().find(fits) {
                let late = gap - wait * 1_000_000;
                over.entry((then == SwitchReason::Timer, *wait))
                    .or_default()
                    .push(late as f64);
            }
        }
    }
    let (mut findings, mut timers) = (Vec::new(), Vec::new());
    let names = [
        [
            "timer-1ms",
            "timer-5ms",
            "timer-10ms",
            "timer-50ms",
            "timer-100ms",
        ],
        [
            "call-1ms",
            "call-5ms",
            "call-10ms",
            "call-50ms",
            "call-100ms",
        ],
    ];
    let sorts = [
        (SwitchReason::Timer, "sleep"),
        (SwitchReason::Service, "call"),
    ];
    for ((then, verb), names) in sorts.into_iter().zip(names) {
        for (name, wait) in names.into_iter().zip(WAITS) {
            let values = sorted(
                over.remove(&(then == SwitchReason::Timer, wait))
                    .unwrap_or_default(),
            );
            if values.is_empty() {
                continue;
            }
            findings.push(quiet.finding(
                name,
                format!("{verb} {wait}ms: too long by"),
                (Median::of(values.iter().copied()), Unit::Ns),
                quantiles_in_words("workers of both kinds", &values),
            ));
            if then == SwitchReason::Timer {
                timers.extend(values);
            }
        }
    }
    let timers = sorted(timers);
    Ok(Overshoots { findings, timers })
}

/// Returns the time from letting go for a wait to having the worker again, for every wait; nanoseconds.
fn gaps(recording: &Recording) -> Vec<(SwitchReason, u64)> {
    let mut last: BTreeMap<(u16, u32), (SwitchReason, Stamp)> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (worker, event) in &recording.switches {
        let Event::RunSlice(ran) = event else {
            continue;
        };
        let before = last.insert((*worker, ran.task), (ran.then, ran.to));
        if let Some((then @ (SwitchReason::Timer | SwitchReason::Service), to)) = before {
            gaps.push((then, ran.from.since(to).0));
        }
    }
    gaps
}

/// Measures the distribution of few connections over the workers.
pub(super) fn accept_shares(effort: Effort) -> anyhow::Result<Vec<Finding>> {
    let kinds = [
        ("accept-share-sync", "sync"),
        ("accept-share-coroutine", "coroutine"),
    ];
    let mut found = Vec::new();
    for (name, kind) in kinds {
        let quiet = Interference::from_now();
        let mut shares = Vec::new();
        for _ in 0..6 {
            let plan = tiny(kind, 2, "", "load.rate = '100/s'", effort.seconds(1.0));
            let (run, _) = play(&plan)?;
            let taken: Vec<u64> = run.workers.iter().map(|worker| worker.accepted).collect();
            let all: u64 = taken.iter().sum();
            let most = taken.iter().max().copied().unwrap_or(0);
            shares.push(most as f64 / all.max(1) as f64);
        }
        found.push(quiet.finding(
            name,
            format!("{kind}: of two, the busier takes"),
            (Median::of(shares), Unit::Share),
            "of 100 connections a second: 50 % is even; they are not dealt out: the first worker that accepts has one.",
        ));
    }
    Ok(found)
}

/// Returns the quantiles of an overshoot, less `without`, which another finding covers.
pub(super) fn quantiles(sorted: &[f64], without: f64) -> Vec<(f64, u64)> {
    if sorted.is_empty() {
        return Vec::new();
    }
    let shares = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];
    let at = |share| Elapsed((quantile(sorted, share) - without).max(0.0) as u64).0;
    shares.map(|share| (share, at(share))).to_vec()
}
