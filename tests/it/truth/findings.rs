//! Comparisons made, and every contradiction found.

#![expect(clippy::print_stdout, reason = "the table is what the command is for")]

use std::collections::BTreeMap;

use super::caption::Claim;
use super::events::{Account, Request};
use super::screen::WrittenNumber;

/// Number of contradictions of each variant that are printed.
const SHOWN: usize = 8;

/// Number of comparisons, and the contradictions.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) glyphs: usize,
    pub(super) numbers: usize,
    pub(super) sentences: usize,
    pub(super) contradictions: Vec<String>,
}

impl Findings {
    pub(super) fn number(
        &mut self,
        place: &str,
        drawn: impl PartialEq + std::fmt::Debug + Copy,
        right: impl std::fmt::Debug,
        holds: bool,
    ) {
        self.numbers += 1;
        if !holds {
            self.contradictions.push(format!(
                "{place}: drawn {drawn:?}, the events say {right:?}"
            ));
        }
    }

    /// Compares a number as written, which may be off by this share of itself besides its rounding.
    pub(super) fn near(
        &mut self,
        place: &str,
        written: Option<WrittenNumber>,
        right: f64,
        share: f64,
    ) {
        let holds = written.is_some_and(|it| it.is(right, share));
        self.number(place, written.map(|it| it.value), right, holds);
    }

    /// Compares a percentile: `≥ 300 ms` gives the patience of the clients of failed requests, which is their
    /// least latency. Load notices the end of a patience a moment later, so the latency of the log exceeds it.
    /// No time limits that moment, but the log has to have a failed request of exactly this latency.
    pub(super) fn least(
        &mut self,
        place: &str,
        written: Option<WrittenNumber>,
        (right, share): (f64, f64),
        accounts: &[Account],
    ) {
        let is_its = |it: &Request| {
            it.latency
                .is_some_and(|it| (it as f64 / 1e9 - right).abs() < 2e-9)
        };
        let mut requests = accounts.iter().flat_map(|it| &it.requests);
        let has_failed = requests.any(|it| !it.good && is_its(it));
        let is_over = |it: WrittenNumber| it.is_least && right > it.value && has_failed;
        let holds = written.is_some_and(|it| it.is(right, share) || is_over(it));
        self.number(place, written.map(|it| it.value), right, holds);
    }

    /// Compares a mean per second; an interval of zero length has none.
    pub(super) fn mean(
        &mut self,
        place: &str,
        written: Option<WrittenNumber>,
        sum: f64,
        seconds: f64,
    ) {
        if seconds > 0.0 {
            self.near(place, written, sum / seconds, 1e-6);
        } else {
            self.number(place, written.is_some(), "no mean", written.is_none());
        }
    }

    /// Reports a missing part of the view.
    pub(super) fn lacks(&mut self, place: &str, what: &str) {
        self.contradictions.push(format!("{place}: no {what}"));
    }

    pub(super) fn sentence(
        &mut self,
        place: &str,
        text: &str,
        claim: &Claim,
        right: impl std::fmt::Debug,
        holds: bool,
    ) {
        self.sentences += 1;
        if !holds {
            let contradiction =
                format!("{place}: {text:?} claims {claim:?}, the events say {right:?}");
            self.contradictions.push(contradiction);
        }
    }

    /// Prints a line, and the first contradictions.
    pub(super) fn print(&self, name: &str, variant: &str) {
        println!(
            "{name:15} {variant:20} {:7} glyphs {:6} numbers {:5} sentences {:4} contradictions",
            self.glyphs,
            self.numbers,
            self.sentences,
            self.contradictions.len()
        );
        for contradiction in self.contradictions.iter().take(SHOWN) {
            println!("! {contradiction}");
        }
    }

    pub(super) fn glyphs(
        &mut self,
        place: &str,
        drawn: &BTreeMap<char, usize>,
        right: &BTreeMap<char, usize>,
    ) {
        self.glyphs += drawn.values().sum::<usize>();
        if drawn != right {
            self.contradictions.push(format!(
                "{place}: drawn {drawn:?}, the events say {right:?}"
            ));
        }
    }
}
