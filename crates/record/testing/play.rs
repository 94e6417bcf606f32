//! Synthetic runs whose schedule follows from a few lines of arithmetic.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{MS, RequestLife, S, Synthetic};
use crate::Window;
use concsim_model::scenario::{self, Overrides, RequestCapacity, Scenario, Server, WorkerKind};
use concsim_model::units::Stamp;

/// Lateness of each request's sending, ns.
const LATE: u64 = 20_000;
/// Time from sending to accepting if a worker is free, ns.
const ACCEPT_TIME: u64 = 50_000;
/// Time from the last byte written to the last byte read, ns.
const RETURN_TIME: u64 = 30_000;

/// Demand of a request.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// CPU time, ns.
    pub cpu: u64,
    /// Time in waits, ns.
    pub waited: u64,
}

impl Synthetic {
    /// 60 clients, 2 workers, as `kind` workers play it.
    pub fn io_bound(kind: WorkerKind) -> Self {
        let text = r#"
            seed = 7
            server.workers = 2
            requests.profile.steps = ["compute 1ms", "call billing 99ms"]
            load.clients = 60
        "#;
        let mut run = Self::new(kind.word(), scenario(text, kind));
        let demand = Demand {
            cpu: MS,
            waited: 99 * MS,
        };
        run.play_closed(60, 500 * MS, demand);
        run
    }

    /// Three clients, one request each, one worker: at human speed.
    pub fn three_requests(kind: WorkerKind) -> Self {
        let text = r#"
            requests.profile.steps = ["compute 200ms", "call billing 1s", "compute 200ms"]
            load.clients = 3
            load.ramp = "0s"
            load.requests = 3
        "#;
        let mut run = Self::new(kind.word(), scenario(text, kind));
        for number in 0..3 {
            let (door, ready) = match kind.begins() {
                RequestCapacity::One | RequestCapacity::OneForEachThread => {
                    (number * 1_400 * MS, 0)
                }
                RequestCapacity::OneForEachConnection => (0, number * 200 * MS),
            };
            run.lives.push(RequestLife {
                due: 0,
                late: LATE,
                door: door + ACCEPT_TIME,
                ready,
                cpu: 400 * MS,
                waited: S,
                tail: RETURN_TIME,
                ..RequestLife::default()
            });
        }
        let last = run.lives.iter().map(RequestLife::done).max();
        run.window = Some(Window {
            begin: Stamp(0),
            end: Stamp(last.unwrap_or(0)),
        });
        run
    }

    /// 100 requests a second, one in 50 of them a hog; one worker takes them in turn.
    pub fn hog(kind: WorkerKind) -> Self {
        let text = r#"
            duration = "20s"
            requests.short = { weight = 49, steps = ["compute 1ms"] }
            requests.hog = { weight = 1, steps = ["compute 100ms"] }
            load.rate = "100/s"
        "#;
        let mut run = Self::new(kind.word(), scenario(text, kind));
        run.play_open(100.0, |number| (number % 50 == 25).into());
        run
    }

    /// One worker per core, and three clients for two workers: each worker waits for a third of its time.
    pub fn many_cores(cores: usize, kind: WorkerKind) -> Self {
        let clients = cores * 3 / 2;
        let text = format!(
            "duration = '2s'\n\
             server.workers = {cores}\n\
             requests.sum.steps = ['compute 200ms', 'call billing 100ms']\n\
             load.clients = {clients}"
        );
        let mut run = Self::new(kind.word(), scenario(&text, kind));
        run.cores = cores;
        let demand = Demand {
            cpu: 200 * MS,
            waited: 100 * MS,
        };
        run.play_closed(clients as u64, 300 * MS, demand);
        run
    }

    /// One client and no requests yet.
    pub fn idle(kind: WorkerKind, workers: usize) -> Self {
        let text =
            format!("server.workers = {workers}\nrequests.profile.steps = []\nload.clients = 1");
        Self::new(kind.word(), scenario(&text, kind))
    }

    /// Plays a closed load: clients that send again when answered, until the window ends.
    pub fn play_closed(&mut self, clients: u64, ramp: u64, demand: Demand) {
        let end = self.window.map_or(0, |window| window.end.0);
        let mut server = WorkerSchedule::new(&self.scenario.server);
        let first = (0..clients).map(|client| Reverse(client * ramp / clients));
        let mut dues: BinaryHeap<Reverse<u64>> = first.collect();
        while let Some(Reverse(due)) = dues.pop() {
            if due >= end {
                continue;
            }
            let life = server.serve(due, 0, demand);
            dues.push(Reverse(life.done()));
            self.lives.push(life);
        }
    }

    /// Plays an open load: requests of class 0 (1 ms) or 1 (100 ms).
    pub fn play_open(&mut self, rate: f64, class_of: impl Fn(u64) -> u16) {
        let end = self.window.map_or(0, |window| window.end.0);
        let mut server = WorkerSchedule::new(&self.scenario.server);
        let mut noise = 0x9E37_79B9_7F4A_7C15_u64;
        let mut due = 0;
        for number in 0.. {
            // Numerical Recipes' quick generator: sufficient for synthetic gaps.
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let share = ((noise >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
            due += (-libm::log(share) / rate * 1e9) as u64;
            if due >= end {
                break;
            }
            let class = class_of(number);
            let cpu = if class == 0 { MS } else { 100 * MS };
            self.lives
                .push(server.serve(due, class, Demand { cpu, waited: 0 }));
        }
    }
}

/// Schedule of the workers: sync workers serve one request after the other, coroutine workers at once
/// unless they compute.
struct WorkerSchedule {
    kind: WorkerKind,
    free_at: Vec<u64>,
}

impl WorkerSchedule {
    fn new(server: &Server) -> Self {
        Self {
            kind: server.kind,
            free_at: vec![0; server.workers],
        }
    }

    fn serve(&mut self, due: u64, class: u16, demand: Demand) -> RequestLife {
        let earliest = self
            .free_at
            .iter()
            .enumerate()
            .min_by_key(|(_, free)| **free);
        let (worker, free) = earliest.map_or((0, 0), |(worker, free)| (worker, *free));
        let arrived = due + LATE + ACCEPT_TIME;
        let queued = free.saturating_sub(arrived);
        let (door, ready) = match self.kind.begins() {
            RequestCapacity::One | RequestCapacity::OneForEachThread => (queued, 0),
            RequestCapacity::OneForEachConnection => (0, queued),
        };
        let life = RequestLife {
            due,
            late: LATE,
            door: ACCEPT_TIME + door,
            ready,
            cpu: demand.cpu,
            waited: demand.waited,
            tail: RETURN_TIME,
            worker,
            class,
            ..RequestLife::default()
        };
        self.free_at[worker] = match self.kind.begins() {
            RequestCapacity::One | RequestCapacity::OneForEachThread => life.written(),
            RequestCapacity::OneForEachConnection => arrived + queued + demand.cpu,
        };
        life
    }
}

/// Scenario of this text, for workers of this kind.
pub fn scenario(text: &str, kind: WorkerKind) -> Scenario {
    let overrides = Overrides {
        set: vec![format!("server.kind={}", kind.word())],
        ..Overrides::default()
    };
    let plan = scenario::read(text, "made_up.toml", &overrides);
    plan.expect("a valid text").variants.remove(0).scenario
}
