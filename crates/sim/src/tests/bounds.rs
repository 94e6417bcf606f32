//! Tests of bounds and causes on simulations of random scenarios: no bound is exceeded, and no bound that
//! was not reached is called the cause; and on cases whose right value is known by other means.

use proptest::prelude::*;

use super::*;
use concsim_engine::telemetry::{Failure, Outcome};
use concsim_model::scenario::{Arrivals, ConnectionMode};
use concsim_record::Sample;
use concsim_record::comparison::Ceiling;
use concsim_record::summary::Run;
use concsim_record::trust::Trust;
use concsim_theory::bounds::{self, Bound, LimitedResource};
use concsim_theory::demand::Moments;
use concsim_theory::{attempt, forecast};

/// Random scenarios in which any of the bounds may be the tightest.
pub(super) fn any_scenario() -> impl Strategy<Value = String> {
    let parts = (server(), services(), requests(), load());
    parts.prop_map(|(server, services, requests, load)| {
        let is_called = requests.contains("call db");
        let services = if is_called { services } else { String::new() };
        format!("duration='30s'\nwarmup='5s'\nmachine.cores=2\n{server}{services}{requests}{load}")
    })
}

fn server() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        2 => Just("sync"),
        3 => Just("coroutine"),
        2 => Just("threads"),
        1 => Just("callback")
    ];
    let timeout = prop_oneof![3 => Just("30s"), 2 => Just("2s"), 1 => Just("0s")];
    let keepalive = prop_oneof![Just("0s"), Just("100ms"), Just("2s")];
    let recycle = prop_oneof![4 => Just(0), 1 => 5_u32..50];
    (
        kind,
        1_u32..5,
        1_u32..7,
        any::<bool>(),
        timeout,
        1_u32..40,
        keepalive,
        recycle,
    )
        .prop_map(
            |(kind, workers, threads, gil, timeout, connections, keepalive, recycle)| {
                format!(
                    "[server]\nkind='{kind}'\nworkers={workers}\nthreads={threads}\ngil={gil}\n\
                 timeout='{timeout}'\nconnections={connections}\nkeepalive='{keepalive}'\n\
                 max_requests={recycle}\n"
                )
            },
        )
}

fn services() -> impl Strategy<Value = String> {
    let limit = || prop_oneof![2 => Just(0_u32), 3 => 1_u32..8];
    (limit(), limit())
        .prop_map(|(pool, capacity)| format!("[services.db]\npool={pool}\ncapacity={capacity}\n"))
}

fn length(least_ms: u32, most_ms: u32) -> impl Strategy<Value = String> {
    (least_ms..most_ms, 0_u32..4).prop_map(|(n, law)| match law {
        0 => format!("~{n}ms"),
        1 => format!("{n}ms..{}ms", 2 * n),
        2 => format!("lognormal({n}ms, p99 {}ms)", 4 * n),
        _ => format!("{n}ms"),
    })
}

fn step() -> impl Strategy<Value = String> {
    let mode = || prop_oneof![4 => Just(""), 1 => Just(" unpatched"), 2 => Just(" in threads")];
    prop_oneof![
        3 => length(1, 30).prop_map(|cpu| format!("compute {cpu}")),
        1 => length(2, 60).prop_map(|cpu| format!("compute {cpu} in slices of 2ms")),
        4 => (length(5, 400), mode()).prop_map(|(wait, mode)| format!("call db {wait}{mode}")),
        2 => (length(5, 400), mode()).prop_map(|(wait, mode)| format!("sleep {wait}{mode}")),
        1 => Just("yield".to_owned()),
    ]
}

/// One kind of request, and sometimes another that is long, for the heartbeat or for its clients.
fn requests() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec(step(), 1..4);
    let long = prop_oneof![
        4 => Just(None),
        1 => Just(Some("sleep 30s")),
        1 => Just(Some("compute 6s")),
        1 => Just(Some("sleep ~3s unpatched")),
        1 => Just(Some("call db 2500ms")),
        1 => Just(Some("panic")),
    ];
    (steps, long, 1_u32..30).prop_map(|(steps, long, weight)| {
        let steps = steps.join("','");
        let long = long.map(|step| format!("[requests.long]\nweight=1\nsteps=['{step}']\n"));
        format!(
            "[requests.page]\nweight={weight}\nsteps=['{steps}']\n{}",
            long.unwrap_or_default()
        )
    })
}

fn load() -> impl Strategy<Value = String> {
    let think = prop_oneof![2 => Just("0ms"), 1 => Just("~200ms"), 1 => Just("500ms")];
    let sort = prop_oneof![
        (1_u32..60, think)
            .prop_map(|(clients, think)| format!("clients={clients}\nthink='{think}'\n")),
        (1_u32..120).prop_map(|rate| format!("rate='{rate}/s'\n")),
    ];
    let connection = prop_oneof![3 => Just("per-request"), 1 => Just("keep-alive")];
    let patience = prop_oneof![2 => Just("30s"), 1 => Just("1500ms"), 1 => Just("300ms")];
    (sort, connection, patience).prop_map(|(sort, connection, patience)| {
        format!("[load]\n{sort}connection='{connection}'\npatience='{patience}'\n")
    })
}

/// Answers of a run's window, and requests at its edges.
struct WindowCounts {
    scenario: Scenario,
    outcomes: Vec<Outcome>,
    window: [Stamp; 2],
}

#[derive(Default)]
struct Outcomes(Vec<Outcome>);

impl Observer for Outcomes {
    const WANTS_EVENTS: bool = false;
    const WANTS_SWITCHES: bool = false;

    fn event(&mut self, _: RecordSource, _: &Event) {}

    fn ended(&mut self, outcome: &Outcome) {
        self.0.push(*outcome);
    }

    fn sample(&mut self, _: Sample) {}
}

impl WindowCounts {
    fn of(scenario: &Scenario) -> Option<Self> {
        let mut outcomes = Outcomes::default();
        let played = play(scenario, &mut outcomes);
        let window = played.window?;
        Some(Self {
            scenario: scenario.clone(),
            outcomes: outcomes.0,
            window: [window.begin, window.end],
        })
    }

    fn good_outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let [begin, end] = self.window;
        let good = self.outcomes.iter().filter(|it| it.failure.is_none());
        good.filter(move |it| begin <= it.done && it.done < end)
    }

    fn seconds(&self) -> f64 {
        self.window[1].since(self.window[0]).as_secs_f64()
    }

    fn throughput(&self) -> f64 {
        self.good_outcomes().count() as f64 / self.seconds()
    }

    /// Relative random deviation from a bound: of the mean over the number of requests sent.
    fn chance(&self, bound: &Bound) -> f64 {
        let mut takes = Moments::default();
        for (share, taken) in attempt::points(&self.scenario) {
            takes.mean += share * bound.takes(&taken);
            takes.square += share * bound.takes(&taken).powi(2);
        }
        // A client thinks, and a keep-alive connection keeps its place meanwhile.
        let is_kept = self.scenario.load.connection == ConnectionMode::KeepAlive;
        let thinks = bound.of == LimitedResource::Clients
            || (bound.of == LimitedResource::Connections && is_kept);
        if let (true, Arrivals::Closed { think, .. }) = (thinks, &self.scenario.load.arrivals) {
            takes = takes.then(Moments::of(think));
        }
        let asked = self.good_outcomes().count().max(1) as f64 / bound.good.max(0.01);
        let of_lengths = takes.squared_variation().max(0.0).sqrt();
        let of_good = ((1.0 - bound.good) / bound.good.max(0.01)).sqrt();
        let of_arrivals = f64::from(u8::from(bound.of == LimitedResource::Arrivals));
        (of_lengths + of_good + of_arrivals) / asked.sqrt()
    }

    /// Number of answers above the bound that a window may contain: from requests in flight at its
    /// beginning, some of whose work is done; from clients that thought for a part of their time before it;
    /// and from long requests in flight at its end.
    fn at_the_edges(&self, bound: &Bound) -> f64 {
        let [begin, end] = self.window;
        let early = self.good_outcomes().filter(|it| it.due < begin).count() as f64;
        if bound.of == LimitedResource::Clients {
            return bound.count;
        }
        let points = attempt::points(&self.scenario);
        let longest = points.iter().map(|(_, taken)| bound.takes(taken));
        let longest = longest.fold(0.0, f64::max);
        let under_way = self.outcomes.iter();
        let under_way = under_way.filter(|it| it.sent < end && it.done >= end);
        // If clients gave up, their requests may still be in a worker.
        let gave_up = self
            .outcomes
            .iter()
            .any(|it| it.failure == Some(Failure::Timeout));
        let most = self.scenario.server.concurrency_limit();
        let late = if gave_up {
            most
        } else {
            under_way.count().min(most)
        };
        early + 1.0 + late as f64 * longest / bound.each
    }
}

/// Number of standard deviations that a run may be beyond a bound. One of a million is further.
const DEVIATIONS: f64 = 5.0;

fn check_bounds(text: &str) {
    let plan = plan(text, &[]);
    let scenario = &plan.variants[0].scenario;
    if limits::check(scenario).is_err() {
        return;
    }
    let Some(counted) = WindowCounts::of(scenario) else {
        return;
    };
    let found = counted.throughput();
    for bound in bounds::of(scenario, scenario.machine.cores) {
        let most = bound.per_s() * (1.0 + DEVIATIONS * counted.chance(&bound))
            + counted.at_the_edges(&bound) / counted.seconds();
        assert!(
            found <= most * (1.0 + 1e-9),
            "{found}/s exceeds {bound:?} = {}/s (at most {most}/s by chance)\n{text}",
            bound.per_s()
        );
    }
}

/// Number of cases of the long version.
fn cases() -> u32 {
    let wanted = std::env::var("CONCSIM_BOUNDS_CASES").ok();
    wanted.and_then(|it| it.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bound_of_any_scenario_is_exceeded(text in any_scenario()) {
        check_bounds(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "thousands of simulations: so many as CONCSIM_BOUNDS_CASES says"]
    fn no_bound_of_thousands_of_scenarios_is_exceeded(text in any_scenario()) {
        check_bounds(&text);
    }
}

/// Checks that a bound that binds is reached, and that the run reports the place of waits if none binds.
fn check_causes(text: &str) {
    let plan = plan(text, &["duration=10s"]);
    let scenario = &plan.variants[0].scenario;
    if limits::check(scenario).is_err() {
        return;
    }
    let run = summarise(&recording_of(&plan, 0));
    let bounds = &run.theory.bounds;
    let is_reached = |bound: &Ceiling| bound.reached.is_some_and(|it| it >= 0.9);
    for bound in bounds {
        let is_tightest = bound.per_s <= bounds[0].per_s * 1.01;
        assert_eq!(
            bound.binds,
            is_tightest && is_reached(bound),
            "{bound:?}\n{text}"
        );
    }
    let binds = bounds.iter().any(|bound| bound.binds);
    let proves = run.trust != Trust::ProvesNothing && !bounds.is_empty();
    assert_eq!(run.theory.waits.is_some(), proves && !binds, "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_binding_bound_is_reached_and_without_one_the_place_of_the_wait_is_named(text in any_scenario()) {
        check_causes(&text);
    }
}

/// The run of a text's only variant.
fn run_of(text: &str) -> Run {
    runs_of(text, &[]).remove(0)
}

fn binding(run: &Run) -> Option<&Ceiling> {
    run.theory.bounds.iter().find(|bound| bound.binds)
}

#[track_caller]
fn near(found: Option<f64>, expected: f64, share: f64) {
    let found = found.expect("it is known");
    let off = (found / expected - 1.0).abs();
    assert!(off <= share, "{found} instead of {expected}");
}

#[test]
fn a_hundred_clients_of_a_pool_of_ten_get_ten_answers_each_200_ms() {
    // 10 ÷ 0.2 s = 50/s; 100 ÷ 50 = 2 s, of which 1.8 s wait for a connection.
    let text = "duration='60s'\nserver.kind='coroutine'\nservices.db.pool=10\n\
                requests.work.steps=['call db 200ms']\nload.clients=100\n";
    let run = run_of(text);
    near(run.throughput_per_s, 50.0, 0.01);
    near(run.latency_ms.mean, 2_000.0, 0.01);
    let bound = binding(&run).expect("the pool binds");
    assert_eq!((bound.of, bound.per_s), ("pool", 50.0));
    assert_eq!(bound.service.as_deref(), Some("db"));
    assert_eq!(run.theory.model, None);
    // The same for a service that serves ten calls at once.
    let text = text.replace("pool", "capacity");
    for server in ["server.kind='coroutine'", "server.workers=50"] {
        let run = run_of(&text.replace("server.kind='coroutine'", server));
        near(run.throughput_per_s, 50.0, 0.01);
        let bound = binding(&run).expect("the capacity binds");
        assert_eq!((bound.of, bound.per_s), ("capacity", 50.0));
    }
}

#[test]
fn a_pool_of_ten_threads_gives_ten_answers_each_200_ms() {
    let text = "duration='60s'\nserver.kind='coroutine'\n\
                requests.work.steps=['sleep 200ms in threads']\nload.clients=100\n";
    let run = run_of(text);
    near(run.throughput_per_s, 50.0, 0.01);
    near(run.latency_ms.mean, 2_000.0, 0.01);
    let bound = binding(&run).expect("the threads of the pool bind");
    assert_eq!((bound.of, bound.per_s), ("pool_threads", 50.0));
    assert_eq!(bound.describe(), "10 pool threads ÷ 200 ms");
}

#[test]
fn forty_threads_of_one_worker_are_no_forty_workers() {
    let text = "duration='60s'\nserver.kind='threads'\nserver.threads=40\n\
                requests.work.steps=['sleep 5s']\nload.clients=1000\nload.patience='200s'\n";
    let run = run_of(text);
    let bound = binding(&run).expect("the threads bind");
    assert_eq!(bound.describe(), "40 threads ÷ 5 s");
    assert!((bound.per_s - 8.0).abs() < 1e-9);
}

#[test]
fn a_request_that_is_killed_takes_its_worker_for_the_timeout_and_is_no_answer() {
    // Of ten requests nine take 10 ms, one is killed 2 s to 3 s after it began: from 9 ÷ 3.09 s to
    // 9 ÷ 2.09 s good answers, 2.91/s to 4.31/s.
    let text = "duration='60s'\nserver.timeout='2s'\nload.clients=1\n\
                requests.page={weight=9,steps=['sleep 10ms']}\n\
                requests.stuck={weight=1,steps=['sleep 30s']}\n";
    let run = run_of(text);
    let found = run.throughput_per_s.expect("answers");
    assert!((2.9..=4.31).contains(&found), "{found}");
    let tightest = run.theory.bounds.first().expect("a bound");
    assert!((tightest.per_s - 9.0 / 2.09).abs() < 1e-3, "{tightest:?}");
    assert!(tightest.reached.is_some_and(|it| it <= 1.0), "{tightest:?}");
    assert_eq!(run.theory.model, None);
    let why = run.theory.why_none.expect("a reason");
    assert!(why.contains("`timeout` (2.00 s)"), "{why}");
}

#[test]
fn work_after_a_possible_kill_by_the_heartbeat_is_in_no_bound() {
    // Half of the requests wait for 2.5 s without a heartbeat: some end after 2 s, and others continue to a
    // call of 30 s. Two clients get 2 ÷ (0.5 × 1 s + 0.5 × 2 s) × ½ = 0.67/s good answers at most.
    let text = "duration='2000s'\nwarmup='50s'\nmachine.cores=4\nload.clients=2\n\
                server={kind='coroutine',workers=2,connections=1,timeout='2s'}\n\
                requests.page.steps=['sleep 1s']\n\
                requests.stuck.steps=['sleep 2500ms unpatched','call db 30s']\n";
    let run = run_of(text);
    let tightest = run.theory.bounds.first().expect("a bound");
    assert!(tightest.reached.is_some_and(|it| it <= 1.0), "{tightest:?}");
    let expected = 2.0 / 1.5 * tightest.good.unwrap_or(1.0);
    near(Some(tightest.per_s), expected, 1e-6);
}

#[test]
fn bounds_that_are_as_tight_as_one_another_bind_together() {
    // Two workers that only compute, on two cores: 2 ÷ 10 ms each.
    let text = "duration='60s'\nmachine.cores=2\nserver.workers=2\nload.clients=20\n\
                requests.page.steps=['compute 10ms']\n";
    let bind = |text: &str| -> Vec<&'static str> {
        let run = run_of(text);
        let bounds = run.theory.bounds.iter();
        bounds.filter(|it| it.binds).map(|it| it.of).collect()
    };
    assert_eq!(bind(text), ["workers", "cores"]);
    assert_eq!(bind(&text.replace("cores=2", "cores=3")), ["workers"]);
    assert_eq!(
        bind(&text.replace("clients=20", "clients=2")),
        ["workers", "cores", "clients"]
    );
}

#[test]
fn a_short_window_may_be_above_a_bound_and_says_so() {
    // One client of 100 ms on average: ten answers in a second, and thirteen if they happen to be short.
    let text = "warmup='1s'\nload.clients=1\nrequests.page.steps=['sleep ~100ms']\n";
    let above = |length: &str, seed: u32| {
        let run = run_of(&format!("seed={seed}\nduration='{length}'\n{text}"));
        (run.theory.bounds[0].reached, run.theory.above().is_some())
    };
    assert_eq!(above("1s", 12), (Some(1.3), true));
    let (reached, is_said) = above("2000s", 4);
    near(reached, 1.0, 0.01);
    assert!(!is_said);
}

#[test]
fn a_computation_that_is_killed_has_no_mean_of_any_formula() {
    let text = "duration='60s'\nserver.kind='coroutine'\nserver.timeout='2s'\nload.rate='10/s'\n\
                requests.page={weight=99,steps=['sleep 10ms']}\n\
                requests.stuck={weight=1,steps=['compute 6s']}\n";
    let run = run_of(text);
    assert_eq!(run.theory.model, None);
    let of: Vec<&str> = run.theory.bounds.iter().map(|it| it.of).collect();
    assert_eq!(
        of,
        ["arrivals"],
        "others die with it after they took something"
    );
    near(Some(run.theory.bounds[0].per_s), 9.9, 1e-9);
}

#[test]
fn a_bound_that_is_not_reached_is_not_the_cause() {
    // 5 clients leave after 1.5 s and send again, first come first served at 1/s: after a while all work is
    // for clients that have left.
    let text = "duration='60s'\nserver.kind='sync'\nrequests.slow.steps=['sleep 1s']\n\
                load={clients=5,ramp='0s',patience='1500ms'}\n";
    let run = run_of(text);
    assert_eq!(run.throughput_per_s, Some(0.0));
    assert_eq!(binding(&run), None);
    let waits = run.theory.waits.expect("requests wait somewhere");
    assert_eq!(waits.at, "door");
    assert_eq!(run.theory.model, None);
}

#[test]
fn the_wait_of_a_coroutine_for_its_turn_to_answer_is_counted() {
    // 20 connections, 3 ms and 57 ms, 200/s: 67.6 ms by simulation, 68.7 ms by an event loop of its own;
    // without the turn the chain says 64.8 ms.
    let text = "server={kind='coroutine',connections=20}\nload.rate='200/s'\n\
                requests.page.steps=['compute ~3ms','call db ~57ms']\n";
    let plan = plan(text, &[]);
    let forecast = forecast::of(&plan.variants[0].scenario, 2).expect("a closed form");
    assert_eq!(forecast.model.name(), "20 tokens, about");
    let mean_ms = forecast.times.expect("a steady state").mean * 1e3;
    assert!((67.6..=69.4).contains(&mean_ms), "{mean_ms}");
    assert!(forecast.assumes.iter().any(|it| it.contains("turn")));
}
