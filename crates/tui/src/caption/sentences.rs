//! Sentences of captions: subject first, in the present tense, with the numbers of the picture.

use super::Now;
use crate::view_model::{WorkerState, WorkerView};
use concsim_engine::telemetry::Stage;
use concsim_model::scenario::RequestCapacity;
use concsim_model::units::{Elapsed, letter, three_digits};
use concsim_model::words::{counted, grouped, is_or_are, length, number_of};
use concsim_record::remark::{Kind, UsualRun};
use concsim_theory::demand::{self, DemandPart};

impl Now<'_> {
    pub(super) fn say_preparing(&self) -> Option<Vec<String>> {
        let workers = self.scenario().server.workers as u64;
        let text = format!(
            "The arbiter forks {}; no request is sent yet.",
            counted(workers, "worker")
        );
        (self.picture.stage == Stage::Preparing).then(|| vec![text])
    }

    pub(super) fn say_stopped(&self) -> Option<Vec<String>> {
        let stopped = self.workers_in_state(WorkerState::Stopped);
        if stopped.is_empty() {
            // A recording of an older version lacks the state, but has the marker.
            return self.remark(Kind::WorkerStopped);
        }
        let inside: u64 = stopped.iter().map(|worker| worker.held.all()).sum();
        let it = if stopped.len() == 1 { "it" } else { "them" };
        let inside = if stopped.iter().any(|worker| worker.is_foreign) {
            String::new()
        } else {
            format!(", with {} in {it}", counted(inside, "request"))
        };
        Some(vec![
            format!(
                "{} stopped by a signal{inside}; {}.",
                self.sentence_start(&stopped, ["is", "are"]),
                self.door()
            ),
            "A stopped worker keeps its requests: no other worker can take them over.".into(),
        ])
    }

    pub(super) fn say_crowded(&self) -> Option<Vec<String>> {
        /// Share of all cores.
        const MIN_CORE_SHARE: f64 = 0.2;
        let (cores, others) = (self.picture.cores.len(), self.picture.mean.others);
        let wanting = self.workers_in_state(WorkerState::WantsACore);
        let applies = !wanting.is_empty() && others >= MIN_CORE_SHARE * cores as f64;
        applies.then(|| {
            vec![
                format!(
                    "{} a core and {} none; {}.",
                    self.sentence_start(&wanting, ["wants", "want"]),
                    if wanting.len() == 1 { "has" } else { "have" },
                    self.door()
                ),
                format!(
                    "Other programs kept {} of {} busy in the last second.",
                    three_digits(others),
                    counted(cores as u64, "core")
                ),
            ]
        })
    }

    pub(super) fn say_hog(&self, worker: &WorkerView) -> Vec<String> {
        let run = worker.run.unwrap_or_default();
        // The same rounding as in the worker's row.
        let run = length(Elapsed(run.0 / 1_000_000 * 1_000_000));
        let request = worker.request.map_or_else(
            || "One request".to_owned(),
            |request| format!("Request {}", grouped(number_of(request))),
        );
        let waits = if worker.held.ready > 0 {
            format!("{} in its queue", wait(worker.held.ready))
        } else {
            self.door()
        };
        let usual = match UsualRun::of(self.snapshot.header()).run() {
            Elapsed::ZERO => "most requests here let go at once".to_owned(),
            usual => format!("most requests here let go after {}", length(usual)),
        };
        let why = match self.kind().begins() {
            RequestCapacity::OneForEachConnection => {
                format!("A coroutine is not interrupted; {usual}.")
            }
            RequestCapacity::OneForEachThread => {
                format!("A thread has one request at a time; {usual}.")
            }
            RequestCapacity::One => format!("A worker has one request at a time; {usual}."),
        };
        let name = letter(worker.index);
        vec![
            format!("{request} has kept worker {name} for {run}; {waits}."),
            why,
        ]
    }

    pub(super) fn say_blocked(&self) -> Option<Vec<String>> {
        if self.kind().has_threads() {
            return self.say_threads_blocked();
        }
        let blocked = self.workers_in_state(WorkerState::Blocked);
        if blocked.is_empty() {
            return None;
        }
        let are = self.sentence_start(&blocked, ["is", "are"]);
        if !self.kind().has_a_loop() {
            return Some(vec![
                format!("{are} blocked in a wait; {}.", self.door()),
                format!("A wait blocks the whole process; {}.", self.cores()),
            ]);
        }
        let inside: u64 = blocked.iter().map(|worker| worker.held.all()).sum();
        let it = if blocked.len() == 1 { "it" } else { "them" };
        let idle = self.workers_in_state(WorkerState::Idle).len() as u64;
        let others = match (idle, self.picture.door) {
            (0, 0) => String::new(),
            (0, door) => format!("; {} at the door", grouped(door)),
            (idle, _) => format!("; {} {} idle", counted(idle, "worker"), is_or_are(idle)),
        };
        Some(vec![
            format!(
                "{are} blocked in an unpatched wait, with {} in {it}{others}.",
                counted(inside, "request")
            ),
            "An unpatched wait blocks the whole process, with every coroutine in it.".into(),
        ])
    }

    /// Describes blocked threads. In a worker with threads a blocked request blocks its thread, not the
    /// process.
    fn say_threads_blocked(&self) -> Option<Vec<String>> {
        let held = self.held();
        let their = if held.blocked == 1 {
            "its thread"
        } else {
            "their threads"
        };
        (held.blocked > 0).then(|| {
            vec![
                format!(
                    "{} blocked in a wait with {their}; {}.",
                    of_begun(held.blocked, held.all()),
                    self.door()
                ),
                format!(
                    "A wait blocks one thread, not the process; {}.",
                    self.cores()
                ),
            ]
        })
    }

    pub(super) fn say_connections_full(&self) -> Option<Vec<String>> {
        let places = self.scenario().server.connections as u64;
        let is_full = |worker: &&WorkerView| worker.held.all() >= places;
        let full: Vec<_> = self.living().filter(is_full).collect();
        let applies = self.kind().has_a_loop() && !full.is_empty() && self.picture.door > 0;
        applies.then(|| {
            vec![
                format!(
                    "{} as many connections as a worker may, {}.",
                    self.sentence_start(&full, ["holds", "hold"]),
                    grouped(places)
                ),
                format!("{}.", upper(&self.door())),
            ]
        })
    }

    pub(super) fn say_backlog_full(&self) -> Option<Vec<String>> {
        let places = self.scenario().server.places_of_all_queues() as u64;
        (self.picture.door > places).then(|| {
            vec![
                format!(
                    "{}, and the listener's queue holds {}.",
                    upper(&self.door()),
                    grouped(places)
                ),
                "The kernel dropped the others; their clients try again a second later or more."
                    .into(),
            ]
        })
    }

    pub(super) fn say_parked(&self) -> Option<Vec<String>> {
        let held = self.held();
        if held.parked == 0 {
            return None;
        }
        let source = format!("{} parked", of_begun(held.parked, held.all()));
        let their = if held.parked == 1 {
            "its wait needs"
        } else {
            "their waits need"
        };
        let mut runs = upper(&self.workers_sentence());
        if self.same_processes {
            let workers = self.living().count() as u64;
            runs = format!("{runs}; {} as before", same_number(workers));
        }
        Some(vec![
            format!("{source}: {their} no process."),
            format!("{runs}."),
        ])
    }

    pub(super) fn say_full(&self) -> Vec<String> {
        let ready = self.held().ready;
        let own = if self.living().count() == 1 {
            "its queue"
        } else {
            "their queues"
        };
        let queues = match (ready, self.picture.door) {
            (0, _) => self.door(),
            (_, 0) => format!("{} in {own}", wait(ready)),
            (_, door) => format!("{} in {own}, {} at the door", wait(ready), grouped(door)),
        };
        let running = self.workers_in_state(WorkerState::Running).len();
        let wanting = self.workers_in_state(WorkerState::WantsACore);
        let second = if !wanting.is_empty() {
            format!(
                "{} a core, so more processes would not be faster.",
                self.sentence_start(&wanting, ["wants", "want"])
            )
        } else if running == self.picture.cores.len() {
            format!(
                "{}, so more requests begun would not be faster.",
                upper(&self.cores())
            )
        } else {
            format!(
                "A {} computes on one core at a time; {}.",
                self.scenario().server.computes_alone(),
                self.cores()
            )
        };
        let mut text = vec![
            format!("{}; {queues}.", upper(&self.workers_sentence())),
            second,
        ];
        let waits = demand::of_mix(self.scenario(), |spent| spent != DemandPart::Computing);
        if self.kind().has_a_loop() && waits.mean <= 0.0 {
            text.push("These requests only compute, and no wait lets another one run.".into());
        }
        text
    }

    /// Describes the counts.
    pub(super) fn say_quiet(&self) -> Vec<String> {
        let held = self.held();
        let inside = match (held.ready, held.parked) {
            (0, 0) => String::new(),
            (ready, 0) => format!(", {} in the workers' queues", wait(ready)),
            (0, parked) => format!(", {} parked", grouped(parked)),
            (ready, parked) => format!(
                ", {} in the workers' queues, {} parked",
                wait(ready),
                grouped(parked)
            ),
        };
        let first = format!(
            "{}{inside}; {}.",
            upper(&self.workers_sentence()),
            self.door()
        );
        let grows = self.remark(Kind::QueueGrows);
        let grows = grows.and_then(|text| text.into_iter().next());
        std::iter::once(first).chain(grows).collect()
    }

    /// Describes the door: `no request is at the door`, `58 requests are at the door`.
    fn door(&self) -> String {
        match self.picture.door {
            0 => "no request is at the door".into(),
            door => format!(
                "{} {} at the door",
                counted(door, "request"),
                is_or_are(door)
            ),
        }
    }

    /// Describes the cores: `no core of 2 runs a worker`, `1 of 2 cores runs a worker`, `both cores run a
    /// worker`.
    fn cores(&self) -> String {
        let all = self.picture.cores.len() as u64;
        let taken = self
            .picture
            .cores
            .iter()
            .filter(|(_, worker)| worker.is_some());
        match taken.count() as u64 {
            0 if all == 1 => "the core runs no worker".into(),
            0 => format!("none of {} runs a worker", counted(all, "core")),
            1 if all == 1 => "the core runs a worker".into(),
            2 if all == 2 => "both cores run a worker".into(),
            taken if taken == all => format!("all {} cores run a worker", grouped(all)),
            1 => format!("1 of {} cores runs a worker", grouped(all)),
            taken => format!("{} of {} cores run a worker", grouped(taken), grouped(all)),
        }
    }

    /// Describes the workers: `worker A runs request 3`, `worker A is idle`, `1 of 2 workers computes`.
    fn workers_sentence(&self) -> String {
        let running = self.workers_in_state(WorkerState::Running);
        let living = self.living().count() as u64;
        let only = self.living().next().filter(|_| living == 1);
        match (only, running.as_slice()) {
            (Some(only), []) => format!("worker {} {}", letter(only.index), state(only.doing)),
            (_, [one]) if one.request.is_some() => format!(
                "worker {} runs request {}",
                letter(one.index),
                one.request
                    .map_or_else(String::new, |it| grouped(number_of(it)))
            ),
            (Some(only), [_, ..]) => format!("worker {} computes", letter(only.index)),
            (None, []) if living == 0 => "no worker is left".into(),
            (None, []) => format!("none of {} computes", counted(living, "worker")),
            (None, running) if running.len() as u64 == living => match living {
                2 => "both workers compute".into(),
                all => format!("all {} workers compute", grouped(all)),
            },
            (None, running) => {
                let computes = if running.len() == 1 {
                    "computes"
                } else {
                    "compute"
                };
                let count = grouped(running.len() as u64);
                format!("{count} of {} {computes}", counted(living, "worker"))
            }
        }
    }

    /// Returns the start of a sentence about these workers, with a verb.
    fn sentence_start(&self, workers: &[&WorkerView], [one, more]: [&str; 2]) -> String {
        let all = self.living().count();
        match workers {
            [worker] => format!("Worker {} {one}", letter(worker.index)),
            [_, _] if all == 2 => format!("Both workers {more}"),
            several if several.len() == all => {
                format!("All {} workers {more}", grouped(all as u64))
            }
            several => format!(
                "{} of {} workers {more}",
                grouped(several.len() as u64),
                grouped(all as u64)
            ),
        }
    }
}

/// Returns `The only begun request is` or `2 of 3 begun requests are`.
fn of_begun(some: u64, all: u64) -> String {
    match (some, all) {
        (1, 1) => "The only begun request is".to_owned(),
        (2, 2) => "Both begun requests are".to_owned(),
        (some, all) if some == all => format!("All {} begun requests are", grouped(all)),
        (some, all) => format!(
            "{} of {} begun requests {}",
            grouped(some),
            grouped(all),
            is_or_are(some)
        ),
    }
}

/// Returns `1 request waits` or `2 requests wait`.
fn wait(requests: u64) -> String {
    let wait = if requests == 1 { "waits" } else { "wait" };
    format!("{} {wait}", counted(requests, "request"))
}

/// Describes the state of a worker that runs nothing.
fn state(doing: WorkerState) -> &'static str {
    match doing {
        WorkerState::Booting => "boots",
        WorkerState::Idle => "is idle",
        WorkerState::Running => "computes",
        WorkerState::WantsACore => "wants a core",
        WorkerState::Blocked => "is blocked",
        WorkerState::Asleep => "is asleep",
        WorkerState::Stopped => "is stopped",
        WorkerState::Draining => "finishes its requests",
        WorkerState::Gone => "is gone",
    }
}

fn same_number(workers: u64) -> String {
    match workers {
        1 => "it is the same process".into(),
        many => format!("they are the same {} processes", grouped(many)),
    }
}

/// Returns a text with its first letter in upper case.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
