//! Hog: a request, sent by a key, that keeps its worker for long.

use super::{Request, Scenario, Step};
use crate::units::{CpuTime, Elapsed};
use crate::words::length;

/// Name of the kind of request that is sent as a hog, if the scenario has it.
const NAME: &str = "hog";
/// Least CPU time of a request of another kind that is sent as a hog.
const COMPUTES: CpuTime = CpuTime(500_000_000);

/// Kind of a hog, and its CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hog {
    /// Position of the kind in the scenario.
    pub class: u16,
    /// Least CPU time that it computes.
    pub at_least: CpuTime,
}

impl Hog {
    /// Returns the kind called `hog`, else the one that computes most; `None` if none computes.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Option<Self> {
        let requests = scenario.requests.iter().enumerate();
        let most = requests.max_by_key(|(place, request)| {
            let earlier_first = std::cmp::Reverse(*place);
            (request.name == NAME, computes(request), earlier_first)
        });
        let (place, request) = most.filter(|(_, request)| computes(request) > 0)?;
        Some(Self {
            class: u16::try_from(place).ok()?,
            at_least: Self::at_least(request),
        })
    }

    /// Returns the least CPU time of a request of this kind that is sent as a hog.
    fn at_least(request: &Request) -> CpuTime {
        if request.name == NAME {
            CpuTime::ZERO
        } else {
            COMPUTES
        }
    }

    /// Describes the offer: the kind by its name.
    #[must_use]
    pub fn offer(scenario: &Scenario) -> String {
        let Some(hog) = Self::of(scenario) else {
            return "No kind of request computes here, so no hog can be sent.".into();
        };
        let name = &scenario.requests[usize::from(hog.class)].name;
        match hog.at_least {
            CpuTime::ZERO => format!("A hog is one request of the kind {name}."),
            at_least => format!(
                "No kind is called hog: a hog is one {name} that computes for {}.",
                length(Elapsed(at_least.0))
            ),
        }
    }
}

/// Returns the typical CPU time of a kind of request, in nanoseconds.
fn computes(request: &Request) -> u64 {
    let steps = request.script.iter().filter_map(|step| match step {
        Step::Compute { cpu, .. } => Some(cpu.typical()),
        _ => None,
    });
    steps.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, read};

    #[test]
    fn a_hog_is_the_kind_of_that_name_else_the_one_that_computes_most_else_none() {
        let of = |requests: &str| {
            let text = format!("load.rate = \"10/s\"\n{requests}");
            let plan = read(&text, "some.toml", &Overrides::default());
            let scenario = plan.expect("a valid text").variants.remove(0).scenario;
            (
                Hog::of(&scenario).map(|hog| hog.class),
                Hog::offer(&scenario),
            )
        };
        let (class, line) =
            of("requests.a.steps = [\"compute 9ms\"]\nrequests.hog.steps = [\"compute 2ms\"]");
        assert_eq!(
            (class, line.as_str()),
            (Some(1), "A hog is one request of the kind hog.")
        );
        let (class, sentence) =
            of("requests.a.steps = [\"compute 1ms\"]\nrequests.b.steps = [\"compute 2ms\"]");
        let offered = "No kind is called hog: a hog is one b that computes for 500 ms.";
        assert_eq!((class, sentence.as_str()), (Some(1), offered));
        let (class, label) = of("requests.a.steps = [\"sleep 1ms\"]");
        let refused = "No kind of request computes here, so no hog can be sent.";
        assert_eq!((class, label.as_str()), (None, refused));
    }
}
