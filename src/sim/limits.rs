//! What would never end, or never fit, is refused before it is played, with the reason and a remedy.

use crate::scenario::{Arrivals, Draw, Scenario, Step, Warmup};
use crate::units::{CpuTime, Elapsed};

/// Requests that are recorded take about this much memory each; those of the limits are kept short of
/// what a small machine has.
const MOST_REQUESTS: f64 = 2e7;
/// Happenings that are played in a few minutes.
const MOST_HAPPENINGS: f64 = 5e9;
/// The longest warm-up where the file does not say how long it is.
const LONGEST_WARMUP: Elapsed = Elapsed::from_secs(10);

/// A scenario that cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}\n  help: {remedy}")]
pub struct Refused {
    /// Why: a sentence.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

/// Whether a scenario can be simulated to its end.
///
/// # Errors
/// When it would never end, or take more memory or time than there is.
pub fn check(scenario: &Scenario) -> Result<(), Refused> {
    goes_on(scenario)?;
    let requests = requests(scenario);
    if requests > MOST_REQUESTS {
        return Err(Refused {
            reason: format!("about {requests:.0} requests would be due, and each is recorded"),
            remedy: format!(
                "at most {MOST_REQUESTS:.0}: a shorter --duration, fewer clients or a lower rate"
            ),
        });
    }
    let happenings = requests * happenings_of_a_request(scenario);
    if happenings > MOST_HAPPENINGS {
        return Err(Refused {
            reason: format!("it would take about {happenings:.0} steps of the simulation"),
            remedy: format!(
                "at most {MOST_HAPPENINGS:.0}: longer slices, a shorter --duration, or less load"
            ),
        });
    }
    Ok(())
}

/// Time has to go on: clients that ask again at once, and are answered in no time, never see the next
/// instant.
fn goes_on(scenario: &Scenario) -> Result<(), Refused> {
    let Arrivals::Closed { think, .. } = &scenario.load.arrivals else {
        return Ok(());
    };
    let machine = &scenario.machine;
    let is_free = [machine.request, machine.accept, machine.generator];
    let costs_nothing = is_free.iter().all(|cost| *cost == CpuTime::ZERO);
    let mut asked = scenario.requests.iter().filter(|it| it.weight > 0.0);
    let timeless = asked.all(|request| request.script.iter().all(is_nothing));
    if timeless && costs_nothing && is_zero(think) && scenario.load.requests.is_none() {
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

fn is_nothing(step: &Step) -> bool {
    step.duration().is_none_or(is_zero)
}

/// Whether it is nothing, always.
fn is_zero(draw: &Draw) -> bool {
    matches!(draw, Draw::Fixed(0) | Draw::Uniform { high: 0, .. })
}

/// About what it is on average.
fn typical(draw: &Draw) -> f64 {
    match *draw {
        Draw::Fixed(length) => length as f64,
        Draw::Uniform { low, high } => f64::midpoint(low as f64, high as f64),
        Draw::Exponential { mean } => mean as f64,
        Draw::Lognormal { median, .. } => median as f64,
        Draw::Pareto { least, .. } => least as f64,
    }
}

/// How long it is played at most.
fn length(scenario: &Scenario) -> f64 {
    let warmup = match scenario.warmup {
        Warmup::For(length) => length,
        Warmup::UntilEveryoneWasAnswered => LONGEST_WARMUP,
    };
    (warmup + scenario.duration).as_secs_f64()
}

/// About how many requests there can be.
fn requests(scenario: &Scenario) -> f64 {
    if let Some(count) = scenario.load.requests {
        return count as f64;
    }
    let seconds = length(scenario);
    match &scenario.load.arrivals {
        Arrivals::Open { .. } => scenario.arrivals_within(Elapsed((seconds * 1e9) as u64)),
        Arrivals::Closed { think, .. } => {
            let machine = &scenario.machine;
            let costs = (machine.request + machine.accept + machine.generator).0 as f64;
            let weights: f64 = scenario.requests.iter().map(|it| it.weight).sum();
            let mean = |of: fn(&Step) -> bool| -> f64 {
                let each = scenario.requests.iter().map(|request| {
                    let steps = request.script.iter().filter(|step| of(step));
                    let lengths = steps.filter_map(Step::duration).map(typical);
                    request.weight / weights * lengths.sum::<f64>()
                });
                each.sum()
            };
            let computes = mean(|step| matches!(step, Step::Compute { .. })) + costs;
            let all = mean(|_| true) + costs + typical(think);
            let by_clients = scenario.most_clients() as f64 / all.max(1.0);
            let by_cores = machine.cores as f64 / computes.max(1.0);
            seconds * 1e9 * by_clients.min(by_cores)
        }
    }
}

/// About how much happens for one request.
fn happenings_of_a_request(scenario: &Scenario) -> f64 {
    let slice = scenario.machine.slice.0 as f64;
    let each = scenario.requests.iter().map(|request| {
        let steps = request.script.iter().map(|step| match step {
            Step::Compute { cpu, slice: own } => {
                let own = own.map_or(f64::INFINITY, |own| own.0 as f64);
                1.0 + typical(cpu) / slice.min(own)
            }
            _ => 2.0,
        });
        3.0 + steps.sum::<f64>()
    });
    each.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{self, Overrides};

    fn refused(text: &str) -> Option<String> {
        let plan = scenario::read(text, "x.toml", &Overrides::default()).unwrap();
        let refused = check(&plan.variants[0].scenario).err()?;
        Some(refused.to_string())
    }

    #[test]
    fn what_never_ends_or_never_fits_is_refused_with_the_reason() {
        let timeless = refused("requests.it.steps = ['yield']\nload.clients = 2").unwrap();
        assert!(timeless.contains("take no time"), "{timeless}");
        assert!(timeless.contains("machine.request"), "{timeless}");
        let text = "requests.it.steps = ['compute 1us']\nload.clients = 99\nduration = '1h'";
        assert!(refused(text).unwrap().contains("is recorded"));
        let text =
            "requests.it.steps = ['compute 1h in slices of 1us']\nload.clients = 99\nduration='1h'";
        assert!(refused(text).unwrap().contains("steps of the simulation"));
        for text in [
            "requests.it.steps = ['yield']\nload.clients = 2\nload.think = '1ms'",
            "requests.it.steps = ['yield']\nload.clients = 2\nmachine.request = '10us'",
            "requests.it.steps = []\nload.rate = '1000/s'",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }
}
