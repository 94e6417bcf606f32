//! Closed forms against simulations: a computed number agrees with the run, and where it would not, a
//! reason is given instead. Windows are long, so that random deviations are small.

use proptest::prelude::*;

use super::bounds::any_scenario;
use super::*;
use crate::limits;
use concsim_model::scenario::Arrivals;
use concsim_record::comparison::ModelNumbers;
use concsim_record::trust::Trust;

/// A long run of a scenario's only variant.
fn run_of(text: &str) -> Run {
    run_for(600, text)
}

fn run_for(seconds: u32, text: &str) -> Run {
    let text = format!("duration='{seconds}s'\nwarmup='60s'\n{text}");
    runs_of(&text, &[]).remove(0)
}

/// The closed form of a run; checks that it names this model and is right within 5 %.
#[track_caller]
fn is_right(text: &str, name: &str) -> ModelNumbers {
    is_right_after(600, text, name)
}

/// The same for an open queue that is busy 80 % of the time: the mean of 48 000 requests has a standard deviation
/// of 2.7 % (M/D/1, 60 other simulations), that of 240 000 one of 1.2 %.
#[track_caller]
fn is_right_if_busy(text: &str, name: &str) -> ModelNumbers {
    is_right_after(3_000, text, name)
}

#[track_caller]
fn is_right_after(seconds: u32, text: &str, name: &str) -> ModelNumbers {
    let run = run_for(seconds, text);
    let why = run.theory.why_none.unwrap_or_default();
    let model = run.theory.model.expect(&why);
    assert_eq!(model.name, name, "{text}");
    for pair in [model.throughput_per_s, model.mean_ms] {
        let error = pair.error.expect("both are known");
        assert!(error.abs() < 0.05, "{pair:?}\n{text}");
    }
    model
}

/// Checks that no closed form is given: its mean would be more than 5 % off the run's, and the reason
/// contains `says`.
#[track_caller]
fn is_refused(text: &str, says: &str, wrong_mean_ms: f64) {
    let run = run_of(text);
    let why = run.theory.why_none.expect("a reason");
    assert!(why.contains(says), "{why}\n{text}");
    let found = run.latency_ms.mean.expect("answers");
    assert!(
        (wrong_mean_ms / found - 1.0).abs() > 0.05,
        "{found} ms: the closed form is right\n{text}"
    );
}

#[test]
fn few_connections_are_the_servers_of_requests_that_only_wait() {
    // 5 ÷ 1 s = 5/s, for any rate of arrivals.
    let text = "server={kind='coroutine',connections=5}\nload={rate='10/s',patience='1h'}\n\
                requests.a.steps=['sleep 1s']\n";
    let run = run_of(text);
    let model = run.theory.model.expect("a closed form");
    assert_eq!((model.name.as_str(), model.steady), ("M/G/5, about", false));
    assert_eq!(model.throughput_per_s.computed, Some(5.0));
    assert!(
        model
            .throughput_per_s
            .error
            .is_some_and(|it| it.abs() < 0.01)
    );
    // M/M/5 at 80 %, and as many connections in two workers.
    let text = text
        .replace("10/s", "80/s")
        .replace("sleep 1s", "sleep ~50ms");
    is_right_if_busy(&text, "M/M/5");
    let two = text.replace("connections=5", "connections=3,workers=2");
    is_right_if_busy(&two, "M/M/6");
    is_right(&text.replace("connections=5", "connections=50"), "M/G/inf");
}

#[test]
fn requests_share_a_worker_only_if_their_slices_are_short() {
    // D = 10 ms at 80 %: 50 ms if shared, 30 ms in turn (M/D/1).
    let text = |steps: &str| {
        format!("server.kind='coroutine'\nload.rate='80/s'\nrequests.a.steps=[{steps}]\n")
    };
    is_right_if_busy(&text("'compute 10ms in slices of 200us'"), "M/G/1-PS");
    is_right_if_busy(&text("'compute 10ms in slices of 20ms'"), "M/D/1");
    is_right_if_busy(&text("'yield','compute 10ms'"), "M/D/1");
    let between = "hold it for a large part of their time";
    is_refused(&text("'compute 10ms in slices of 5ms'"), between, 50.0);
    is_refused(&text("'compute 5ms','yield','compute 5ms'"), between, 50.0);
    // Three clients of a closed load.
    let text = |steps: &str| {
        format!(
            "server.kind='coroutine'\nload={{clients=3,think='~20ms'}}\nrequests.a.steps=[{steps}]\n"
        )
    };
    is_right(
        &text("'compute ~10ms in slices of 100ms'"),
        "closed network",
    );
    let run = run_of(&text("'compute 10ms in slices of 5ms'"));
    assert!(run.theory.why_none.is_some_and(|why| why.contains(between)));
}

#[test]
fn laws_more_random_than_the_exponential_one_get_a_mean_that_is_right_within_5_percent_or_none() {
    let law = "times are more random than exponential ones";
    let text = |server: &str, load: &str, steps: &str| {
        format!("{server}\nload={{{load},patience='10min'}}\nrequests.a.steps=[{steps}]\n")
    };
    let heavy = "lognormal(4ms, p99 150ms)";
    // Hyperexponential: c² = 5.5. Allen and Cunneen: 10 + 3.25 × 0.7111 × 10 ÷ 0.4 = 67.8 ms.
    let mix = "server.workers=2\nload={rate='160/s',patience='10min'}\n\
               requests.short={weight=9,steps=['sleep ~5ms']}\nrequests.long={weight=1,steps=['sleep ~55ms']}\n";
    is_refused(mix, law, 67.8);
    // E[S] = 10.3 ms with c² = 10: as exponential times in product form, and as Poisson bursts.
    let closed = |step: &str| text("", "clients=6,think='~50ms'", &format!("'sleep {step}'"));
    is_refused(&closed(heavy), law, 39.4);
    let loops = |step: &str| {
        let steps = format!("'compute {step}','sleep ~90ms','compute 1ms'");
        text("server.kind='coroutine'", "rate='40/s'", &steps)
    };
    is_refused(&loops(heavy), law, 299.0);
    // Five workers on two cores.
    let cores = "server.workers=5\nmachine.cores=2";
    let pareto = "'compute pareto(4ms, shape 1.5, max 1s)','sleep ~10ms'";
    is_refused(&text(cores, "rate='150/s'", pareto), law, 69.4);
    // Less spread, or less waiting: right, with the assumption named.
    let two = |step: &str, rate: u32| {
        let load = format!("rate='{rate}/s'");
        text("server.workers=2", &load, &format!("'sleep {step}'"))
    };
    for text in [
        two("lognormal(8ms, p99 30ms)", 160),
        two("lognormal(7ms, p99 60ms)", 100),
        two("pareto(6ms, shape 2.5, max 1s)", 160),
    ] {
        let model = is_right(&text, "M/G/2, about");
        assert!(model.assumes[0].ends_with("the mean is right within 5 %"));
    }
    is_right(&loops("lognormal(7ms, p99 60ms)"), "M/G/1");
    // Processes that share cores in slices take the same time for any distribution.
    let shared = format!("'compute {heavy}','sleep ~10ms'");
    is_right(&text(cores, "clients=10", &shared), "closed network");
}

#[test]
fn a_short_queue_at_the_door_has_no_mean_of_an_endless_one() {
    let text = |backlog: u32, server: &str, step: &str, rate: u32| {
        format!(
            "server.backlog={backlog}\n{server}\nload.rate='{rate}/s'\nrequests.a.steps=['{step}']\n"
        )
    };
    let tries = "tries again a second later";
    // M/D/1 at 80 % says 30 ms, M/G/3 about 14 ms, M/G/1-PS 50 ms.
    is_right_if_busy(&text(100, "", "sleep 10ms", 80), "M/D/1");
    is_refused(&text(3, "", "sleep 10ms", 80), tries, 30.0);
    is_refused(
        &text(2, "server.workers=3", "sleep 5ms..15ms", 240),
        tries,
        16.0,
    );
    let loops = "server.kind='coroutine'";
    is_refused(&text(2, loops, "compute 10ms", 80), tries, 30.0);
    // Fewer than 0.1 % retry a second later, which is 12 % of a mean of 8 ms.
    is_refused(&text(5, "", "sleep ~5ms", 80), tries, 8.333);
    // Eight clients that think for 100 ms and find the worker in a wait that blocks it: 20.9 ms in product form.
    let text = "server={kind='coroutine',backlog=1}\nload={clients=8,think='~100ms'}\n\
                requests.a.steps=['sleep ~10ms unpatched']\n";
    is_refused(text, tries, 20.904);
    is_right(&text.replace("backlog=1", "backlog=8"), "closed network");
}

#[test]
fn where_some_requests_outlast_the_patience_of_their_clients_no_mean_is_theirs() {
    let gives_up = "clients give up after";
    let text = |server: &str, load: &str, steps: &str, patience: u32| {
        format!("{server}\nload={{{load},patience='{patience}ms'}}\nrequests.a.steps=[{steps}]\n")
    };
    // Ten exponential times of 10 ms each: 100 ms, and one of 100 takes 188 ms or more.
    let ten = |patience| text("", "clients=10", "'sleep ~10ms'", patience);
    is_right(&ten(300), "closed network");
    let run = run_of(&ten(150));
    assert!(run.failed.all() * 100 > run.due, "{:?}", run.failed);
    assert!(
        run.theory
            .why_none
            .is_some_and(|why| why.contains(gives_up))
    );
    // M/G/1 at 80 %: 36 ms on average, and the longest waits are some hundred.
    let open = |patience| text("", "rate='80/s'", "'sleep 5ms..15ms'", patience);
    is_right_if_busy(&open(500), "M/G/1");
    let run = run_of(&open(100));
    assert!(run.failed.all() * 1_000 > run.due, "{:?}", run.failed);
    assert!(
        run.theory
            .why_none
            .is_some_and(|why| why.contains(gives_up))
    );
    // A constant time may be close to the limit.
    is_right(
        &text("", "clients=10", "'sleep 10ms'", 120),
        "closed network",
    );
}

#[test]
fn a_run_that_has_just_begun_is_not_the_long_run() {
    // 60 clients of two workers wait 3 s; the first clients do not.
    let text = |warmup: &str, duration: &str| {
        let text = "server.workers=2\nload.clients=60\nrequests.a.steps=['sleep 100ms']\n";
        let text = format!("warmup='{warmup}'\nduration='{duration}'\n{text}");
        runs_of(&text, &[]).remove(0)
    };
    let cold = text("0s", "5s");
    assert!(cold.latency_ms.mean.is_some_and(|mean| mean < 2_850.0));
    let why = cold.theory.why_none.expect("a reason");
    assert!(
        why.contains("begins empty") && why.contains("warm-up of 0"),
        "{why}"
    );
    for run in [text("4s", "5s"), text("0s", "200s")] {
        let model = run.theory.model.expect("a closed form");
        assert!(
            model.mean_ms.error.is_some_and(|it| it.abs() < 0.05),
            "{model:?}"
        );
    }
}

#[test]
fn requests_that_are_never_drawn_say_nothing_of_the_others() {
    let others = "requests.b={weight=0,steps=['panic']}\nrequests.c={weight=0,steps=['sleep 1s in threads']}\n\
                  requests.d={weight=0,steps=['call db 1s']}\nservices.db.capacity=1\n\
                  requests.e={weight=0,steps=['compute 9s in slices of 1ms']}\n";
    let text = format!(
        "server.kind='coroutine'\nload.rate='50/s'\nrequests.a.steps=['compute 10ms']\n{others}"
    );
    is_right(&text, "M/D/1");
    let closed = format!("load.clients=3\nrequests.a.steps=['sleep 10ms']\n{others}");
    is_right(&closed, "closed network");
}

#[test]
fn a_worker_that_is_replaced_lets_nothing_in_until_it_has_ended() {
    // Ten clients of a wait of 200 ms get their answers in 200 ms, but for those of a worker that is leaving.
    let text = "server={kind='coroutine',max_requests=50}\nload.clients=10\n\
                requests.a.steps=['sleep 100ms..300ms']\n";
    is_refused(text, "replaced after 50 requests", 200.0);
    // A worker with a single request has nothing else to answer.
    let text = "server.max_requests=50\nload.rate='50/s'\nrequests.a.steps=['sleep ~10ms']\n";
    is_right(text, "M/M/1");
}

#[test]
fn workers_with_one_queue_are_not_as_many_queues() {
    // Three queues of M/M/1 at 70 % say 33 ms; a busy worker leaves requests to the others.
    let text = "server={kind='coroutine',workers=3}\nload.rate='210/s'\nmachine.cores=4\n\
                requests.a.steps=['compute ~10ms']\n";
    is_refused(text, "a busy one leaves it to others", 33.33);
    let closed = text.replace("rate='210/s'", "clients=6");
    let run = run_of(&closed.replace("'compute ~10ms'", "'compute 10ms','sleep 10ms'"));
    assert!(
        run.theory
            .why_none
            .is_some_and(|why| why.contains("leaves it to others"))
    );
}

#[test]
fn threads_on_one_core_block_in_their_waits_and_share_the_core() {
    // Alone 110 ms; if waits used the core too, a request of a load of 5/s would wait for half as long
    // again.
    let text = "server={kind='threads',threads=4,gil=false}\nload.rate='5/s'\nmachine.cores=1\n\
                requests.a.steps=['compute ~10ms','sleep ~100ms']\n";
    is_right(text, "4 tokens");
}

/// Checks that a computed number is close to that of a long run. A model that says `about`, or that assumes
/// exponential times, may be off by more.
fn check_forecast(text: &str) {
    let plan = plan(text, &["duration=600s", "warmup=60s"]);
    if limits::check(&plan.variants[0].scenario).is_err() {
        return;
    }
    let run = summarise(&recording_of(&plan, 0));
    let Some(model) = run
        .theory
        .model
        .filter(|_| run.trust != Trust::ProvesNothing)
    else {
        return;
    };
    let is_about =
        model.name.contains("about") || model.assumes.iter().any(|it| it.contains("exponential"));
    let most = if is_about { 0.25 } else { 0.1 };
    // The nearer a queue is to saturation, the longer are its busy periods, and the fewer a run contains.
    let idle = match plan.variants[0].scenario.load.arrivals {
        Arrivals::Open { .. } => (1.0 - model.utilisation).max(0.01),
        Arrivals::Closed { .. } | Arrivals::Scheduled => 1.0,
    };
    let chance = 5.0 / (run.due.max(1) as f64).sqrt() / idle;
    for pair in [model.throughput_per_s, model.mean_ms] {
        let off = pair.error.is_some_and(|error| error.abs() > most + chance);
        assert!(
            !off,
            "{} {pair:?} of {} requests\n{text}",
            model.name, run.due
        );
    }
}

fn cases() -> u32 {
    let wanted = std::env::var("CONCSIM_FORECAST_CASES").ok();
    wanted.and_then(|it| it.parse().ok()).unwrap_or(500)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "hundreds of long simulations: so many as CONCSIM_FORECAST_CASES says"]
    fn forecasts_of_hundreds_of_scenarios_agree_with_their_simulations(text in any_scenario()) {
        check_forecast(&text);
    }
}
