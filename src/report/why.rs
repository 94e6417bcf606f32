//! What should have come out, computed from the scenario alone: said in one sentence for each variant.

use super::words::list;
use crate::scenario::{Plan, Variant};
use crate::theory::bounds::{self, Bound, Scarce};
use crate::units::Elapsed;
use crate::words::{counted, digits, grouped, length};

/// Where each variant stops, and by what. Empty if nothing bounds them.
pub(super) fn sentence(plan: &Plan, cores: usize) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    // Workers and load that change meanwhile have no one bound.
    let steady = |variant: &&Variant| variant.scenario.timeline.is_empty();
    for variant in plan.variants.iter().filter(steady) {
        let Some(bound) = bounds::of(&variant.scenario, cores).into_iter().next() else {
            continue;
        };
        let reason = in_words(&bound);
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(&variant.name),
            None => groups.push((reason, vec![&variant.name])),
        }
    }
    let stops = groups.iter().map(|(reason, names)| {
        let verb = if names.len() == 1 { "stops" } else { "stop" };
        format!("{} {verb} at {reason}", list(names))
    });
    let stops: Vec<String> = stops.collect();
    let same = match same_processes(&plan.variants) {
        Some(1) if stops.len() > 1 => " The same process.".to_owned(),
        Some(workers) if stops.len() > 1 => {
            format!(" The same {} processes.", grouped(workers as u64))
        }
        _ => String::new(),
    };
    if stops.is_empty() {
        return same;
    }
    format!("computed: {}.{same}", stops.join("; "))
}

/// How many processes all variants have, if they differ in kind alone.
fn same_processes(variants: &[Variant]) -> Option<usize> {
    let (first, others) = variants.split_first()?;
    let workers = first.scenario.server.workers;
    let same = |variant: &Variant| {
        variant.scenario.server.workers == workers
            && variant.scenario.server.kind != first.scenario.server.kind
    };
    (!others.is_empty() && others.iter().all(same)).then_some(workers)
}

fn in_words(bound: &Bound) -> String {
    let noun = match bound.of {
        Scarce::Connections => "connection",
        Scarce::Workers => "worker",
        Scarce::Cores => "core",
        Scarce::Clients => "client",
        Scarce::Arrivals => return format!("the {}/s that are asked for", bound.count),
    };
    let per_s = match bound.per_s() {
        rate if rate >= 999.5 => grouped(rate.round() as u64),
        rate => digits(rate),
    };
    let each = length(Elapsed((bound.each * 1e9).round() as u64));
    format!("{} ÷ {each} = {per_s}/s", counted(bound.count as u64, noun))
}
