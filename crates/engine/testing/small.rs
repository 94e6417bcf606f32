//! Small scenarios, without a file.

use concsim_model::scenario::{
    Accept, Arrivals, ConnectionMode, Draw, Load, Machine, Process, Request, Scenario, Server,
    Warmup, WorkerKind,
};
use concsim_model::units::Elapsed;

/// Returns a load of `clients` that never pause, with a request without steps.
pub fn closed(clients: usize, ramp: Elapsed) -> Scenario {
    let think = Draw::Fixed(0);
    scenario(Arrivals::Closed {
        clients,
        think,
        ramp,
    })
}

/// Returns a Poisson load of `rate` requests per second, with a request without steps.
pub fn open(rate: f64) -> Scenario {
    let process = Process::Poisson;
    scenario(Arrivals::Open { rate, process })
}

fn scenario(arrivals: Arrivals) -> Scenario {
    Scenario {
        seed: 1,
        warmup: Warmup::UntilEveryoneWasAnswered,
        duration: Elapsed::from_secs(5),
        server: Server {
            kind: WorkerKind::Sync,
            workers: 1,
            connections: 1,
            backlog: 64,
            keepalive: Elapsed::ZERO,
            timeout: None,
            graceful_timeout: Elapsed::ZERO,
            threads: 1,
            gil: true,
            gil_returns: false,
            threadpool: 10,
            accept: Accept::Shared,
            max_requests: None,
            max_requests_jitter: 0,
            app: 0,
            processes: 0,
            boot: concsim_model::scenario::Boot::default(),
            preload: false,
            command: None,
            nice: 0,
        },
        services: Vec::new(),
        counters: Vec::new(),
        requests: vec![Request {
            name: "hello".into(),
            weight: 1.0,
            script: Vec::new(),
        }],
        load: Load {
            arrivals,
            jobs: Vec::new(),
            requests: None,
            connection: ConnectionMode::PerRequest,
            silent: 0,
            patience: Elapsed::from_secs(30),
        },
        timeline: Vec::new(),
        machine: Machine::default(),
    }
}
