//! Remarks on the measurement itself: late clients, clients without time to read, lost records.

use super::Check;
use super::scene::Context;
use crate::trust::{Reason, Trust};
use concsim_model::words::{counted, grouped};

fn doubt<'a>(context: &Context<'a>, code: &str) -> Option<&'a Reason> {
    context.doubts.iter().find(|doubt| doubt.code == code)
}

/// Describes the remaining value of a run with this doubt.
fn verdict(doubt: &Reason) -> &'static str {
    match doubt.trust {
        Trust::Ok | Trust::Rough => "this run is rough",
        Trust::ProvesNothing => "this run proves nothing",
    }
}

/// The clients were late.
pub(super) struct ClientsLate<'a> {
    doubt: &'a Reason,
}

impl<'a> Check<'a> for ClientsLate<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        Some(Self {
            doubt: doubt(context, "generator-late")?,
        })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        let verdict = verdict(self.doubt);
        vec![format!("The clients sent requests late, so {verdict}.")]
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        format!("{} (due and sent, by load)", self.doubt.sentence)
    }

    fn advice(&self, _: &Context<'a>) -> Option<String> {
        Some(format!("To do: {}.", self.doubt.remedy))
    }
}

/// The clients had no time to read the answers.
pub(super) struct ClientsStarved<'a> {
    doubt: &'a Reason,
}

impl<'a> Check<'a> for ClientsStarved<'a> {
    fn notice(context: &Context<'a>) -> Option<Self> {
        Some(Self {
            doubt: doubt(context, "generator-starved")?,
        })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        let verdict = verdict(self.doubt);
        vec![format!(
            "Answers lay in the sockets until the clients read them, so {verdict}."
        )]
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        let sentence = &self.doubt.sentence;
        format!(
            "{sentence} (last byte written, by the worker, or arrived, by the system's stamp; last byte \
             read, by load)"
        )
    }

    fn advice(&self, _: &Context<'a>) -> Option<String> {
        Some(format!("To do: {}.", self.doubt.remedy))
    }
}

/// Events were lost because a ring was full.
pub(super) struct EventsDropped {
    events: u64,
    outcomes: u64,
}

impl<'a> Check<'a> for EventsDropped {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let seen = context.snapshot.sample().seen;
        let (events, outcomes) = (seen.dropped_events, seen.dropped_outcomes);
        (events + outcomes > 0).then_some(Self { events, outcomes })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        vec![
            "Some records have been lost so far, so numbers that rest on them may be wrong.".into(),
        ]
    }

    fn evidence(&self, _: &Context<'a>) -> String {
        format!(
            "{} of workers and {} of load found no room in their rings",
            counted(self.events, "record"),
            counted(self.outcomes, "record")
        )
    }

    fn advice(&self, _: &Context<'a>) -> Option<String> {
        Some("To do: lower the load, or end other programs so that the recorder keeps up.".into())
    }
}

/// Lanes hold only some of the requests.
pub(super) struct Thinned {
    one_in: u32,
    dropped: u64,
}

impl<'a> Check<'a> for Thinned {
    fn notice(context: &Context<'a>) -> Option<Self> {
        let dropped = context.snapshot.sample().seen.thinned_switches;
        let one_in = context.snapshot.one_in();
        (dropped > 0 && one_in > 1).then_some(Self { one_in, dropped })
    }

    fn sentences(&self, _: &Context<'a>) -> Vec<String> {
        let one_in = grouped(u64::from(self.one_in));
        vec![format!(
            "Lanes show one request in {one_in}, while counts and latencies are of all requests."
        )]
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        let kept = context.snapshot.switches().len() as u64;
        format!(
            "{} switches kept and {} dropped, always with all switches of a request",
            grouped(kept),
            grouped(self.dropped)
        )
    }
}
