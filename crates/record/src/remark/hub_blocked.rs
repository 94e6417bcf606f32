//! Blocked hubs: runs of one request after which gevent's monitor reports the hub of its worker.

use std::collections::BTreeMap;

use super::Check;
use super::scene::Context;
use super::unusual::classes;
use concsim_engine::policy::{MAX_BLOCKING_TIME, blocks_the_hub};
use concsim_engine::telemetry::{Event, NO_REQUEST, RunSlice};
use concsim_model::units::{Elapsed, letter};
use concsim_model::words::{counted, length};

/// One request had the loop of its worker for as long as gevent's monitor reports.
pub(super) struct HubBlocked {
    /// Number of such runs of each worker that had some.
    counts: BTreeMap<u16, u64>,
    /// Kind and length of the longest run.
    longest: (String, Elapsed),
    /// Recorded requests: one in so many.
    one_in: u32,
}

fn run_of(ran: &RunSlice) -> Elapsed {
    ran.to.since(ran.from)
}

impl<'a> Check<'a> for HubBlocked {
    fn notice(context: &Context<'a>) -> Option<Self> {
        if !context.kind().has_a_loop() {
            return None;
        }
        let (begin, end) = (context.span.begin().at, context.span.end().at);
        let slices = context.snapshot.switches().iter();
        let runs = slices.filter_map(|(worker, event)| match event {
            Event::RunSlice(ran) => Some((*worker, ran)),
            _ => None,
        });
        let is_inside = |ran: &RunSlice| begin < ran.to && ran.to <= end;
        let long = runs.filter(|(_, ran)| {
            ran.request != NO_REQUEST && blocks_the_hub(run_of(ran)) && is_inside(ran)
        });
        let mut counts = BTreeMap::new();
        let mut longest: Option<&RunSlice> = None;
        for (worker, ran) in long {
            *counts.entry(worker).or_default() += 1;
            if longest.is_none_or(|longest| run_of(longest) < run_of(ran)) {
                longest = Some(ran);
            }
        }
        let longest = longest?;
        let classes = classes(&context.snapshot, std::iter::once(longest.request));
        let class = classes.get(&longest.request)?;
        let kind = context.scenario().requests.get(*class)?.name.clone();
        Some(Self {
            counts,
            longest: (kind, run_of(longest)),
            one_in: context.snapshot.one_in(),
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let (kind, run) = &self.longest;
        let when = context.interval_name();
        let loops = match self.counts.first_key_value() {
            Some((worker, _)) if self.counts.len() == 1 => {
                format!("The loop of worker {} was", letter(usize::from(*worker)))
            }
            _ => format!("The loops of {} workers were", self.counts.len()),
        };
        let run = length(*run);
        let first = match self.counts.values().sum() {
            1 => format!("{loops} blocked once {when}, by a `{kind}` for {run}."),
            count => format!(
                "{loops} blocked {} {when}, for {} or longer each time; the longest was a `{kind}`, for {run}.",
                counted(count, "time"),
                length(MAX_BLOCKING_TIME)
            ),
        };
        vec![
            first,
            "A blocked loop polls no sockets and no timers, and gevent's monitor reports it."
                .into(),
        ]
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        let each = self.counts.iter().map(|(worker, count)| {
            format!(
                "{} in worker {}",
                counted(*count, "run"),
                letter(usize::from(*worker))
            )
        });
        let each: Vec<String> = each.collect();
        let share = match self.one_in {
            0 | 1 => String::new(),
            one_in => format!(", of one request in {one_in}"),
        };
        format!("{} (the workers' run slices{share})", each.join(", "))
    }
}
