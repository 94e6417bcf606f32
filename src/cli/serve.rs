//! `concsim serve`: the server alone, for any load generator.
//!
//! Services and arbiter are started as for a run, and the rings are emptied as by a recorder, so that
//! telemetry has the same cost as in a run. On a terminal a table of the workers is kept up to date; it
//! contains the master's process id, for the signals TTIN and TTOU.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};

use super::colour::Colour;
use super::metrics::{self, Endpoint};
use super::source::{self, Chosen};
use super::talk;
use super::worker_table::{Row, table};
use concsim_model::scenario::{Engine, Plan, Variant};
use concsim_model::units::letter;
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_model::words::counted;
use concsim_os::handler::{Access, DEMAND_LIMIT};
use concsim_os::server::{self, arbiter, services};
use concsim_os::sys::child::{Child, ChildEnv};
use concsim_os::sys::clock::Clock;
use concsim_os::sys::{interrupt, processes};
use concsim_os::telemetry::{
    ChildMessage, Event, RINGS_BY_DEFAULT, Reader, Scoreboard, Slot, Telemetry,
};

/// Time between two polls of the rings and of the processes' messages.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(20);
/// Time between two tables.
const TABLE_EVERY: Elapsed = Elapsed::from_millis(500);
/// Time limit for the processes to start.
const BOOT_PATIENCE: Elapsed = Elapsed::from_secs(20);
/// Time that a stopping server gets beyond its own `graceful_timeout`.
const STOP_PATIENCE: Elapsed = Elapsed::from_secs(5);

/// Serves a scenario without load, for any load generator.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An answer is one line, which says what happened to its request. It is filled with blanks to a multiple of 240 bytes, \
    since load generators that compare lengths (ab without -l) take an answer of another length for a failure.\n\n\
    Example: concsim serve hello --bind 127.0.0.1:8000\n         concsim serve hello --metrics 9464"
)]
pub struct Args {
    #[command(flatten)]
    chosen: source::SourceArgs,
    /// Address to listen on; port 0 takes any free port and reports it
    #[arg(long, value_name = "PORT|ADDRESS", value_parser = metrics::address, default_value = "127.0.0.1:8000")]
    bind: SocketAddr,
    /// Address for the counters that Prometheus reads: a port of this machine alone, or an address with a
    /// port
    #[arg(long, value_name = "PORT|ADDRESS", value_parser = metrics::address)]
    metrics: Option<SocketAddr>,
    /// Allowed host name in requests, besides addresses and localhost; repeatable. `any` allows all, and
    /// pages of other sites
    #[arg(long, value_name = "NAME|any")]
    allow_host: Vec<String>,
    /// Longest duration of a step that a client may set by ?d=
    #[arg(long, value_name = "LENGTH", value_parser = length, default_value = "10s")]
    longest_step: Elapsed,
    /// Let workers write counters but no events: to measure the cost of telemetry
    #[arg(long, hide = true)]
    no_telemetry: bool,
}

fn length(text: &str) -> Result<Elapsed, String> {
    let length = concsim_model::scenario::length(text).filter(|it| *it <= DEMAND_LIMIT);
    length.ok_or_else(|| "a length of time such as 10s, at most 1h".into())
}

impl Args {
    /// Returns the requests that are allowed.
    fn access(&self) -> Access {
        let allows_any = self.allow_host.iter().any(|it| it == "any");
        Access {
            hosts: (!allows_any).then(|| self.allow_host.clone()),
            longest_step: Some(self.longest_step),
        }
    }
}

/// Serves until ^C.
///
/// # Errors
/// A server that cannot start, or breaks down.
pub fn serve(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let plan = match source::choose(&args.chosen, Engine::Processes, colour)? {
        Chosen::Plan(plan) => plan,
        Chosen::Wrong => return Ok(ExitCode::from(2)),
    };
    let variant = the_first(&plan);
    processes::allow_descriptors(server::descriptors_needed(&variant.scenario))?;
    interrupt::listen()?;
    let scoreboard = Scoreboard::new(RINGS_BY_DEFAULT)?;
    // An unusable address is reported before anything is started.
    let kind = variant.scenario.server.kind;
    let metrics = args
        .metrics
        .map(|at| Endpoint::open(at, kind))
        .transpose()?;
    let mut house = House::open(args, variant, &scoreboard)?;
    house.metrics = metrics;
    house.watch()?;
    house.close()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the first variant, which is the one served; reports it if there was a choice.
fn the_first(plan: &Plan) -> &Variant {
    let first = plan.variants.first().expect("a plan has a variant");
    if let more @ 2.. = plan.variants.len() {
        let name = &first.name;
        talk::say(format_args!(
            "serving `{name}`, the first of {more} variants (see --variant)"
        ));
    }
    first
}

/// A running server, and its telemetry.
struct House<'a> {
    scoreboard: &'a Scoreboard,
    clock: Clock,
    graceful: Elapsed,
    services: Option<Child>,
    arbiter: Child,
    readers: BTreeMap<usize, Reader<'a>>,
    others: [Reader<'a>; 2],
    /// Number of events read; dropped ones are reported at the end.
    events: u64,
    before: BTreeMap<usize, Before>,
    master_cpu: CpuTime,
    tabled: Stamp,
    /// Lines of the table on the terminal; 0: none.
    lines_shown: usize,
    shows_table: bool,
    metrics: Option<Endpoint>,
}

/// A worker at the last table.
#[derive(Clone, Copy, Default)]
struct Before {
    requests: u64,
    cpu: CpuTime,
}

impl<'a> House<'a> {
    fn open(args: &Args, variant: &Variant, scoreboard: &'a Scoreboard) -> anyhow::Result<Self> {
        let clock = Clock::starting_now();
        let scenario = &variant.scenario;
        let telemetry = if args.no_telemetry {
            Telemetry::Off
        } else {
            Telemetry::On
        };
        let mut services = None;
        let mut addresses = Vec::new();
        if !scenario.services.is_empty() {
            let orders = services::Orders {
                clock,
                scenario: scenario.clone(),
                telemetry,
            };
            let mut child = start("__services", &serde_json::to_string(&orders)?, scoreboard)?;
            addresses = wait_until_ready(&mut child, clock)?;
            services = Some(child);
        }
        let orders = arbiter::Orders {
            clock,
            scenario: scenario.clone(),
            services: addresses,
            bind: args.bind,
            telemetry,
            access: args.access(),
        };
        let mut arbiter = start("__arbiter", &serde_json::to_string(&orders)?, scoreboard)?;
        let addresses = wait_until_ready(&mut arbiter, clock)?;
        let address = addresses.first().context("the server has no address")?;
        let kind = format!("{} worker", scenario.server.kind.word());
        let workers = counted(scenario.server.workers as u64, &kind);
        talk::say(format_args!(
            "http://{address} is served by {workers}; ^C stops"
        ));
        Ok(Self {
            scoreboard,
            clock,
            graceful: scenario.server.graceful_timeout,
            services,
            arbiter,
            readers: BTreeMap::new(),
            others: [scoreboard.arbiter_ring(), scoreboard.services_ring()].map(Reader::new),
            events: 0,
            before: BTreeMap::new(),
            master_cpu: CpuTime::ZERO,
            tabled: Stamp::ZERO,
            lines_shown: 0,
            shows_table: talk::is_on_a_terminal(),
            metrics: None,
        })
    }

    /// Runs until ^C.
    fn watch(&mut self) -> anyhow::Result<()> {
        while !interrupt::noted() {
            self.look()?;
            if let Some(status) = self.arbiter.ended() {
                self.look()?;
                bail!("the server ended unexpectedly ({status})");
            }
            // Workers have the addresses of these services alone: a new process could not replace them.
            if let Some(status) = self.services.as_mut().and_then(Child::ended) {
                bail!("the services ended unexpectedly ({status}): calls have no answer any more");
            }
            self.clock.sleep_until(self.clock.now() + LOOK_EVERY);
        }
        Ok(())
    }

    /// Stops gracefully: begun requests are finished. A second ^C stops at once, even if the arbiter is
    /// stopped by a signal and cannot react.
    fn close(&mut self) -> anyhow::Result<()> {
        self.arbiter.terminate();
        let asked = interrupt::times();
        let mut until = self.clock.now() + self.graceful + STOP_PATIENCE;
        let mut hurried = false;
        while self.arbiter.ended().is_none() && self.clock.now() < until {
            if interrupt::times() > asked && !hurried {
                hurried = true;
                until = until.min(self.clock.now() + STOP_PATIENCE);
                self.arbiter.interrupt();
            }
            self.look()?;
            self.clock.sleep_until(self.clock.now() + LOOK_EVERY);
        }
        self.look()?;
        for (worker, slot) in self.scoreboard.used_slots() {
            talk::say(format_args!("{}", last_words(worker, slot)));
        }
        talk::say(format_args!(
            "stopped; {} events, {} dropped",
            self.events,
            self.dropped()
        ));
        Ok(())
    }

    /// Returns the number of events that found no place in a ring.
    fn dropped(&self) -> u64 {
        self.readers.values().map(Reader::dropped).sum()
    }

    /// Empties the rings, passes on messages of the processes, and redraws the table when due.
    fn look(&mut self) -> anyhow::Result<()> {
        for (worker, _) in self.scoreboard.used_slots() {
            let ring = self.scoreboard.worker_ring(worker);
            let reader = self
                .readers
                .entry(worker)
                .or_insert_with(|| Reader::new(ring));
            reader.drain(|record| self.events += u64::from(Event::from_record(record).is_some()));
        }
        for reader in &mut self.others {
            reader.drain(|_| {});
        }
        let children = [Some(&mut self.arbiter), self.services.as_mut()];
        let lines: Vec<_> = children
            .into_iter()
            .flatten()
            .flat_map(Child::lines)
            .collect();
        for line in lines {
            match ChildMessage::from_line(&line) {
                ChildMessage::Note { text } => self.tell(&text),
                ChildMessage::Failed { reason } => bail!("failed to {reason}"),
                ChildMessage::Ready { .. } | ChildMessage::Redirected { .. } => {}
            }
        }
        let now = self.clock.now();
        let dropped = self.dropped();
        if let Some(metrics) = &mut self.metrics {
            metrics.attend(now, self.scoreboard, (self.events, dropped));
        }
        if self.shows_table && now.since(self.tabled) >= TABLE_EVERY {
            self.show_table(now);
        }
        Ok(())
    }

    /// Prints a line above the table.
    fn tell(&mut self, text: &str) {
        self.wipe_table();
        talk::say(text);
    }

    fn show_table(&mut self, now: Stamp) {
        let length = now.since(self.tabled);
        self.tabled = now;
        let rows: Vec<Row> = self
            .scoreboard
            .used_slots()
            .filter(|(_, slot)| read(&slot.wanted) == 1 || read(&slot.died_at) == 0)
            .map(|(worker, slot)| row(worker, slot, self.before.entry(worker).or_default()))
            .collect();
        let used = processes::cpu_of(self.arbiter.pid()).unwrap_or_default();
        let lately = used - std::mem::replace(&mut self.master_cpu, used);
        let text = table(self.arbiter.pid(), lately, &rows, length);
        self.wipe_table();
        self.lines_shown = text.lines().count();
        talk::raw(format_args!("{text}\n"));
    }

    /// Moves to the beginning of the table, and erases from there to the end of the screen.
    fn wipe_table(&mut self) {
        match std::mem::take(&mut self.lines_shown) {
            0 => {}
            lines => talk::raw(format_args!("\x1b[{lines}A\x1b[J")),
        }
    }
}

fn row(worker: usize, slot: &Slot, before: &mut Before) -> Row {
    let pid = u32::try_from(read(&slot.pid)).unwrap_or_default();
    let alive = (read(&slot.died_at) == 0)
        .then(|| processes::cpu_of(pid))
        .flatten();
    let cpu = CpuTime(read(&slot.cpu_of_the_dead)) + alive.unwrap_or_default();
    let requests = read(&slot.requests);
    let last = std::mem::replace(before, Before { requests, cpu });
    Row {
        worker,
        pid,
        phase: slot.phase().unwrap_or_default(),
        begun: slot.begun.read().map_or(0, |reading| reading.count),
        ready: read(&slot.ready),
        parked: read(&slot.parked),
        requests,
        lately: requests - last.requests,
        cpu: cpu - last.cpu,
        longest_run: Elapsed(read(&slot.longest_run)),
        respawns: read(&slot.incarnation).saturating_sub(1),
    }
}

/// Returns the totals of a slot's whole life.
fn last_words(worker: usize, slot: &Slot) -> String {
    let [requests, connections, lost] =
        [&slot.requests, &slot.accepted, &slot.lost_tasks].map(read);
    let [tasks, waits, switches] = [&slot.tasks, &slot.waits, &slot.coroutine_switches].map(read);
    format!(
        "worker {}: {requests} requests answered on {connections} connections, {lost} lost; \
         {tasks} tasks, {waits} waits, {switches} coroutine switches",
        letter(worker)
    )
}

fn read(word: &AtomicU64) -> u64 {
    word.load(Ordering::Acquire)
}

fn start(role: &str, orders: &str, scoreboard: &Scoreboard) -> anyhow::Result<Child> {
    let legacy = ChildEnv {
        scoreboard: scoreboard.descriptor(),
        orders,
    };
    Ok(Child::start(role, &legacy)?)
}

/// Waits until a child reports that it is ready; returns its addresses.
fn wait_until_ready(child: &mut Child, clock: Clock) -> anyhow::Result<Vec<SocketAddr>> {
    let until = clock.now() + BOOT_PATIENCE;
    while clock.now() < until && !interrupt::noted() {
        let ended = child.ended();
        for line in child.lines() {
            match ChildMessage::from_line(&line) {
                ChildMessage::Ready { addresses } => return Ok(addresses),
                ChildMessage::Failed { reason } => bail!("failed to {reason}"),
                ChildMessage::Note { text } => talk::say(text),
                ChildMessage::Redirected { .. } => {}
            }
        }
        if let Some(status) = ended {
            bail!("a process of the server ended before it was ready ({status})");
        }
        clock.sleep_until(clock.now() + LOOK_EVERY);
    }
    if interrupt::noted() {
        bail!("interrupted before the server was up");
    }
    bail!("the server was not up within {BOOT_PATIENCE}")
}
