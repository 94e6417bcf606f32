//! A server without load, for any load generator: its processes, the table of its workers, and the page of counters.

mod counters;
mod metrics;
mod worker_table;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};

use self::metrics::Endpoint;
pub use self::metrics::address;
use self::worker_table::{Row, table};
use crate::console;
use concsim_model::scenario::Variant;
use concsim_model::units::letter;
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_model::words::counted;
use concsim_os::handler::Access;
use concsim_os::server::{arbiter, services};
use concsim_os::sys::child::{Child, ChildEnv};
use concsim_os::sys::clock::Clock;
use concsim_os::sys::{interrupt, processes};
use concsim_os::telemetry::{ChildMessage, Event, Reader, Scoreboard, Slot, Telemetry};

/// Between two looks at the rings and at what the processes say.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(20);
/// Between two tables.
const TABLE_EVERY: Elapsed = Elapsed::from_millis(500);
/// Time that the processes may take to come up.
const BOOT_PATIENCE: Elapsed = Elapsed::from_secs(20);
/// Time that a stopping server is granted beyond its own `graceful_timeout`.
const STOP_PATIENCE: Elapsed = Elapsed::from_secs(5);

/// Addresses of a served server, and what its clients may ask for.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Address to listen on; port 0 takes any free port.
    pub bind: SocketAddr,
    /// Address of the counters for Prometheus.
    pub metrics: Option<SocketAddr>,
    /// Requests that are played.
    pub access: Access,
    /// Events, or counters only.
    pub telemetry: Telemetry,
}

/// A running server, and its telemetry.
#[derive(Debug)]
pub struct ServeSession<'a> {
    scoreboard: &'a Scoreboard,
    clock: Clock,
    graceful: Elapsed,
    services: Option<Child>,
    arbiter: Child,
    readers: BTreeMap<usize, Reader<'a>>,
    others: [Reader<'a>; 2],
    /// Number of events read; dropped ones are reported at the end.
    events: u64,
    before: BTreeMap<usize, PreviousCounts>,
    master_cpu: CpuTime,
    last_table: Stamp,
    /// Lines of the table on the terminal; 0: none.
    lines_shown: usize,
    shows_table: bool,
    metrics: Option<Endpoint>,
}

/// A worker at the last table.
#[derive(Clone, Copy, Debug, Default)]
struct PreviousCounts {
    requests: u64,
    cpu: CpuTime,
}

impl<'a> ServeSession<'a> {
    /// Starts the processes and waits until they serve.
    ///
    /// # Errors
    /// An address that is not available, or a process that does not come up.
    pub fn open(
        options: &ServeOptions,
        variant: &Variant,
        scoreboard: &'a Scoreboard,
    ) -> anyhow::Result<Self> {
        let scenario = &variant.scenario;
        // An address that cannot be had is reported before anything is started.
        let kind = scenario.server.kind;
        let metrics = options.metrics.map(|at| Endpoint::open(at, kind));
        let metrics = metrics.transpose()?;
        let clock = Clock::starting_now();
        let telemetry = options.telemetry;
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
        let mut unloaded = scenario.clone();
        // Without load and services of a run beside them, workers have the priority of any other program.
        unloaded.server.nice = 0;
        let orders = arbiter::Orders {
            clock,
            scenario: unloaded,
            services: addresses,
            bind: options.bind,
            telemetry,
            access: options.access.clone(),
        };
        let mut arbiter = start("__arbiter", &serde_json::to_string(&orders)?, scoreboard)?;
        let addresses = wait_until_ready(&mut arbiter, clock)?;
        let address = addresses.first().context("the server has no address")?;
        let kind = format!("{} worker", scenario.server.kind.word());
        let workers = counted(scenario.server.workers as u64, &kind);
        console::print_message(format_args!(
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
            last_table: Stamp::ZERO,
            lines_shown: 0,
            shows_table: console::is_on_a_terminal(),
            metrics,
        })
    }

    /// Runs until ^C.
    ///
    /// # Errors
    /// A process that ends by itself.
    pub fn run_until_interrupted(&mut self) -> anyhow::Result<()> {
        while !interrupt::is_requested() {
            self.update()?;
            if let Some(status) = self.arbiter.ended() {
                self.update()?;
                bail!("the server ended unexpectedly ({status})");
            }
            // Workers have the addresses of these services alone: a new process could not replace them.
            if let Some(status) = self.services.as_mut().and_then(Child::ended) {
                bail!("the services ended unexpectedly ({status}): calls get no answer");
            }
            self.clock.sleep_until(self.clock.now() + LOOK_EVERY);
        }
        Ok(())
    }

    /// Stops gracefully: begun requests are finished. A second ^C stops at once, even if the arbiter is
    /// stopped by a signal and cannot react.
    ///
    /// # Errors
    /// A failure that a process reports meanwhile.
    pub fn close(&mut self) -> anyhow::Result<()> {
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
            self.update()?;
            self.clock.sleep_until(self.clock.now() + LOOK_EVERY);
        }
        self.update()?;
        for (worker, slot) in self.scoreboard.used_slots() {
            console::print_message(format_args!("{}", totals_of_slot(worker, slot)));
        }
        console::print_message(format_args!(
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
    fn update(&mut self) -> anyhow::Result<()> {
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
                ChildMessage::Note { text } => self.print_above_table(&text),
                ChildMessage::Failed { reason } => bail!("failed to {reason}"),
                ChildMessage::Ready { .. } | ChildMessage::Redirected { .. } => {}
            }
        }
        let now = self.clock.now();
        let dropped = self.dropped();
        if let Some(metrics) = &mut self.metrics {
            metrics.serve_clients(now, self.scoreboard, (self.events, dropped));
        }
        if self.shows_table && now.since(self.last_table) >= TABLE_EVERY {
            self.show_table(now);
        }
        Ok(())
    }

    /// Prints a line above the table.
    fn print_above_table(&mut self, text: &str) {
        self.wipe_table();
        console::print_message(text);
    }

    fn show_table(&mut self, now: Stamp) {
        let length = now.since(self.last_table);
        self.last_table = now;
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
        console::raw(format_args!("{text}\n"));
    }

    /// Moves to the beginning of the table, and erases from there to the end of the screen.
    fn wipe_table(&mut self) {
        match std::mem::take(&mut self.lines_shown) {
            0 => {}
            lines => console::raw(format_args!("\x1b[{lines}A\x1b[J")),
        }
    }
}

fn row(worker: usize, slot: &Slot, before: &mut PreviousCounts) -> Row {
    let pid = u32::try_from(read(&slot.pid)).unwrap_or_default();
    let alive = (read(&slot.died_at) == 0)
        .then(|| processes::cpu_of(pid))
        .flatten();
    let cpu = CpuTime(read(&slot.cpu_of_the_dead)) + alive.unwrap_or_default();
    let requests = read(&slot.requests);
    let last = std::mem::replace(before, PreviousCounts { requests, cpu });
    Row {
        worker,
        pid,
        phase: slot.phase().unwrap_or_default(),
        begun: slot.begun.read().map_or(0, |reading| reading.count),
        ready: read(&slot.ready),
        parked: read(&slot.parked),
        requests,
        new_responses: requests - last.requests,
        cpu: cpu - last.cpu,
        longest_run: Elapsed(read(&slot.longest_run)),
        respawns: read(&slot.incarnation).saturating_sub(1),
    }
}

/// Returns the totals of a slot's whole life.
fn totals_of_slot(worker: usize, slot: &Slot) -> String {
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
    while clock.now() < until && !interrupt::is_requested() {
        let ended = child.ended();
        for line in child.lines() {
            match ChildMessage::from_line(&line) {
                ChildMessage::Ready { addresses } => return Ok(addresses),
                ChildMessage::Failed { reason } => bail!("failed to {reason}"),
                ChildMessage::Note { text } => console::print_message(text),
                ChildMessage::Redirected { .. } => {}
            }
        }
        if let Some(status) = ended {
            bail!("a process of the server ended before it was ready ({status})");
        }
        clock.sleep_until(clock.now() + LOOK_EVERY);
    }
    if interrupt::is_requested() {
        bail!("interrupted before the server was up");
    }
    bail!("the server was not up within {BOOT_PATIENCE}")
}
