//! Refuses scenarios that would never end or exceed memory, before they are played, with the reason and a
//! remedy.

use super::arbiter::BOOT;
use concsim_engine::policy::CANNOT_LOAD;
use concsim_model::scenario::{
    Accept, Arrivals, Boot, Draw, Machine, Request, Scenario, Step, Warmup,
};
use concsim_model::units::{CpuTime, Elapsed};
use concsim_theory::bounds;

/// Maximum number of recorded requests, so that their memory stays below that of a small machine.
const MOST_REQUESTS: f64 = 2e7;
/// Maximum number of steps of a simulation, played in a few minutes: each takes 0.3 to 1 us.
pub const MOST_STEPS: u64 = 500_000_000;
/// Maximum length of a warm-up whose length the file does not set.
const LONGEST_WARMUP: Elapsed = Elapsed::from_secs(10);

/// A scenario that cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}\n  help: {remedy}")]
pub struct Refused {
    /// Reason, as a sentence.
    pub reason: String,
    /// Remedy.
    pub remedy: String,
}

/// Checks that a scenario can be simulated to its end.
///
/// # Errors
/// If it would never end, or take more memory or time than is available.
pub fn check(scenario: &Scenario) -> Result<(), Refused> {
    check_within(scenario, MOST_STEPS)
}

/// Checks the same with at most `most_steps` steps, by an estimate.
///
/// # Errors
/// As for [`check`].
pub fn check_within(scenario: &Scenario, most_steps: u64) -> Result<(), Refused> {
    check_boot(scenario)?;
    check_progress(scenario)?;
    let requests = requests(scenario);
    if requests > MOST_REQUESTS {
        return Err(Refused {
            reason: format!("about {requests:.0} requests would be due, and each is recorded"),
            remedy: format!(
                "at most {MOST_REQUESTS:.0}: a shorter --duration, fewer clients or a lower rate"
            ),
        });
    }
    let steps = steps(scenario, requests);
    if steps > most_steps as f64 {
        return Err(Refused {
            reason: format!("it would take about {steps:.0} steps of the simulation"),
            remedy: format!(
                "at most {most_steps}: longer slices, fewer threads, `server.accept = \"exclusive\"`, a \
                 shorter --duration, or less load"
            ),
        });
    }
    Ok(())
}

/// Checks that there will be a server.
fn check_boot(scenario: &Scenario) -> Result<(), Refused> {
    if scenario.server.boot == Boot::Fails {
        return Err(Refused {
            reason: CANNOT_LOAD.into(),
            remedy: "a length: --set server.boot=2s".into(),
        });
    }
    Ok(())
}

/// Checks that time advances: clients that send again at once, and are answered in no time, never reach the
/// next instant. A fixed number of requests ends such a run, but not its warm-up.
fn check_progress(scenario: &Scenario) -> Result<(), Refused> {
    let Arrivals::Closed { think, .. } = &scenario.load.arrivals else {
        return Ok(());
    };
    let mut asked = scenario.requests.iter().filter(|it| it.weight > 0.0);
    let is_timeless = asked.all(|request| takes_no_time(request, &scenario.machine));
    let has_an_end = scenario.load.requests.is_some() && length_of_warmup(scenario).0 == 0;
    if is_timeless && is_zero(think) && !has_an_end {
        return Err(Refused {
            reason: "requests take no time, and clients ask again at once: virtual time would \
                     stand still"
                .into(),
            remedy: "a step that takes time, `load.think`, or a cost: --set machine.request=50us"
                .into(),
        });
    }
    Ok(())
}

fn takes_no_time(request: &Request, machine: &Machine) -> bool {
    let is_quick = |step: &Step| takes_no_time_at_all(step) && !matches!(step, Step::Overflow);
    request.reached_steps().iter().all(is_quick) && costs(request, machine) == 0
}

/// Time of a request besides its steps, in nanoseconds.
fn costs(request: &Request, machine: &Machine) -> u64 {
    let has = |is: fn(&Step) -> bool| request.reached_steps().iter().any(is);
    let calls = has(|step| step.service().is_some());
    let waits = has(|step| step.wait_mode().is_some());
    let always = machine.request + machine.accept + machine.generator + machine.coroutine_switch;
    let service = if calls { machine.service.0 } else { 0 };
    let late = if waits {
        machine.wake_up.0 + machine.overshoot.at(1.0).0
    } else {
        0
    };
    always.0 + service + late
}

fn takes_no_time_at_all(step: &Step) -> bool {
    step.duration().is_none_or(is_zero)
}

/// True if the draw is always 0.
fn is_zero(draw: &Draw) -> bool {
    matches!(draw, Draw::Fixed(0) | Draw::Uniform { high: 0, .. })
}

/// Approximate mean of a draw.
fn typical(draw: &Draw) -> f64 {
    match *draw {
        Draw::Fixed(length) => length as f64,
        Draw::Uniform { low, high } => f64::midpoint(low as f64, high as f64),
        Draw::Exponential { mean } => mean as f64,
        Draw::Lognormal { median, .. } => median as f64,
        Draw::Pareto { least, .. } => least as f64,
    }
}

fn length_of_warmup(scenario: &Scenario) -> Elapsed {
    match scenario.warmup {
        Warmup::For(length) => length,
        Warmup::UntilEveryoneWasAnswered => LONGEST_WARMUP,
    }
}

/// Approximate maximum number of requests, warm-up included.
fn requests(scenario: &Scenario) -> f64 {
    let warmup = due_within(scenario, length_of_warmup(scenario));
    let counted = due_within(scenario, scenario.duration);
    let asked_for = scenario.load.requests.map_or(f64::INFINITY, |it| it as f64);
    warmup + counted.min(asked_for)
}

fn due_within(scenario: &Scenario, length: Elapsed) -> f64 {
    match scenario.load.arrivals {
        Arrivals::Open { .. } => return scenario.arrivals_within(length),
        Arrivals::Scheduled => return scenario.load.jobs.len() as f64,
        Arrivals::Closed { .. } => {}
    }
    if length == Elapsed::ZERO {
        return 0.0;
    }
    let machine = &scenario.machine;
    // Failed requests are played, too.
    let bounds = bounds::of(scenario, machine.cores).into_iter();
    let attempts = bounds.map(|bound| bound.count / bound.each);
    let tightest = attempts.fold(by_rounds(scenario), f64::min);
    let cost = mean(scenario, |request| costs(request, machine) as f64);
    let by_costs = scenario.most_clients() as f64 * 1e9 / cost;
    length.as_secs_f64() * tightest.min(by_costs)
}

/// Approximate rate of requests of all clients per second, if none waits for another: one a round, cut by
/// the heartbeat.
fn by_rounds(scenario: &Scenario) -> f64 {
    let Arrivals::Closed { think, .. } = &scenario.load.arrivals else {
        return f64::INFINITY;
    };
    let longest = scenario
        .server
        .timeout
        .map_or(f64::INFINITY, |it| it.0 as f64);
    let round = mean(scenario, |request| {
        let steps = request.reached_steps().iter();
        let each = steps.map(|step| match step {
            Step::Overflow => BOOT as f64,
            step => step.duration().map_or(0.0, typical),
        });
        each.sum::<f64>().min(longest)
    });
    scenario.most_clients() as f64 * 1e9 / (round + typical(think))
}

/// Mean of `of` over the mix of requests.
fn mean(scenario: &Scenario, of: impl Fn(&Request) -> f64) -> f64 {
    let weights: f64 = scenario.requests.iter().map(|it| it.weight).sum();
    let each = scenario.requests.iter().map(|it| it.weight * of(it));
    each.sum::<f64>() / weights
}

/// Approximate maximum number of steps of `requests` requests: steps of their scripts, of the threads that
/// they wake and of the processes that they end; and slices of computing, of which there are no more than
/// the cores have time for.
fn steps(scenario: &Scenario, requests: f64) -> f64 {
    // Each client begins at least one request.
    let begun = match scenario.load.arrivals {
        Arrivals::Closed { .. } => requests.max(scenario.most_clients() as f64),
        Arrivals::Open { .. } | Arrivals::Scheduled => requests,
    };
    let each = 3.0 + woken(scenario) + scenario.server.threads_of_a_worker() as f64;
    let scripts = most(scenario, |request| {
        2.0 * request.reached_steps().len() as f64
    });
    let slices = begun * most(scenario, |request| slices(request, &scenario.machine));
    begun * (each + scripts) + slices.min(slices_of_all_time(scenario))
}

/// Maximum of `of` among the requests of the mix.
fn most(scenario: &Scenario, of: impl Fn(&Request) -> f64) -> f64 {
    let drawn = scenario.requests.iter().filter(|it| it.weight > 0.0);
    drawn.map(of).fold(0.0, f64::max)
}

fn slices(request: &Request, machine: &Machine) -> f64 {
    let steps = request.reached_steps().iter().map(|step| match step {
        Step::Compute { cpu, slice } => typical(cpu) / shortest(*slice, machine),
        _ => 0.0,
    });
    steps.sum()
}

/// Maximum number of slices that the cores have time for: until the last client has run out of patience,
/// and the last worker of its time to finish.
fn slices_of_all_time(scenario: &Scenario) -> f64 {
    let computes = |step: &Step| match step {
        Step::Compute { slice, .. } => Some(shortest(*slice, &scenario.machine)),
        _ => None,
    };
    let steps = scenario.requests.iter().flat_map(Request::reached_steps);
    let shortest = steps.filter_map(computes).fold(f64::INFINITY, f64::min);
    let last = scenario.load.jobs.last().map_or(0.0, |job| job.at.0 as f64);
    let length = length_of_warmup(scenario).0 as f64 + scenario.duration.0 as f64 + last;
    let drain = scenario.load.patience.0 as f64 + scenario.server.graceful_timeout.0 as f64;
    scenario.machine.cores as f64 * (length + drain) / shortest
}

/// The shorter of a step's own slices and those of the machine, in nanoseconds.
fn shortest(own: Option<CpuTime>, machine: &Machine) -> f64 {
    own.map_or(machine.slice, |own| own.min(machine.slice)).0 as f64
}

/// Threads that one arrival may wake.
fn woken(scenario: &Scenario) -> f64 {
    match scenario.server.accept {
        Accept::Shared => {
            scenario.server.workers as f64 * scenario.server.threads_of_a_worker() as f64
        }
        Accept::Exclusive | Accept::Blocking | Accept::Reuseport => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{self, Overrides};

    fn refused(text: &str) -> Option<String> {
        let plan = scenario::read(text, "x.toml", &Overrides::default()).unwrap();
        let refused = check(&plan.variants[0].scenario).err()?;
        Some(refused.to_string())
    }

    #[test]
    fn endless_and_oversized_simulations_are_refused_with_the_reason() {
        let timeless = refused("requests.it.steps = ['yield']\nload.clients = 2").unwrap();
        assert!(timeless.contains("take no time"), "{timeless}");
        assert!(timeless.contains("machine.request"), "{timeless}");
        let text = "requests.it.steps = ['compute 1us']\nload.clients = 99\nduration = '1h'";
        assert!(refused(text).unwrap().contains("is recorded"));
        let text = "requests.it.steps = ['compute 1h in slices of 1us']\nload.clients = 99\n\
                    duration = '1h'\nserver.workers = 2\nmachine.cores = 2";
        assert!(refused(text).unwrap().contains("steps of the simulation"));
        let counted = "requests.it.steps=['yield']\nload={clients=2, requests=5}\nwarmup='1s'";
        assert!(refused(counted).unwrap().contains("stand still"));
        for (reason, text) in [
            // Steps after a panic take no time.
            (
                "stand still",
                "requests.it.steps = ['panic', 'sleep 1h']\nload.clients = 1",
            ),
            (
                "stand still",
                "requests.it.steps = ['yield', 'panic', 'call db 1s']\nload.clients = 1\n\
                             machine.service = '1ms'\nservices.db = {}",
            ),
            (
                "steps of the simulation",
                "requests.it.steps = ['compute 1h in slices of 1us']\nload.clients = 1\nduration = '5min'",
            ),
            // Each arrival wakes 64 000 threads.
            (
                "steps of the simulation",
                "requests.it.steps = ['compute 1ms']\nload.clients = 10\n\
                                         server = { kind = 'threads', workers = 64, threads = 1000 }",
            ),
        ] {
            let refused = refused(text).unwrap_or_default();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
        for text in [
            // One worker answers a thousand a second, for any number of clients.
            "requests.it.steps = ['sleep 1ms']\nload.clients = 1000\nduration = '1min'",
            "requests.it.steps = ['call db 0ms']\nload.clients = 1\nmachine.service = '1ms'\nservices.db = {}",
            "requests.it.steps = ['yield']\nload={clients=2, requests=5}\nwarmup='0s'",
            "requests.it.steps = ['yield']\nload.clients = 2\nload.think = '1ms'",
            "requests.it.steps = ['yield']\nload.clients = 2\nmachine.request = '10us'",
            "requests.it.steps = []\nload.rate = '1000/s'",
            // Its worker is replaced, which takes time.
            "requests.it.steps = ['overflow', 'sleep 1h']\nload.clients = 1",
            // Half of the requests take time.
            "requests.quick.steps = ['yield']\nrequests.slow.steps = ['sleep 1s']\nload.clients = 1",
            // A kind that is never drawn.
            "requests.it = { steps = ['panic', 'sleep 1h'], weight = 0 }\n\
             requests.other.steps = ['compute 1ms']\nload.clients = 1",
            // The heartbeat ends each request, so there is no bound of good answers.
            "server = { kind = 'coroutine', timeout = '2s' }\nrequests.it.steps = ['compute 6s']\n\
             load.clients = 4",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }
}
