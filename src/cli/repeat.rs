//! Commands that play a scenario several times: their options, and the play.

use std::path::Path;
use std::str::FromStr;

use super::talk;
use concsim_driver::play::unplayed;
use concsim_lab::repeats::{Experiment, Player, Repetition};
use concsim_lab::sweep::grid::WantedRepeats;
use concsim_model::scenario::Plan;
use concsim_os::recorder::Folder;
use concsim_record::Recording;
use concsim_record::repeats::{check_number, numbers_to_narrow};
use concsim_record::summary::Summary;
use concsim_stats::until::StoppingRule;

/// Number of repeats, or the rule that ends them.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RepeatArgs {
    /// Number of repeats, each with the next seed; numbers get intervals of 95 %
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    repeat: Option<u32>,
    /// Half-width of intervals at which repeats end, as a share of the number: 2%
    #[arg(long, value_name = "P%", conflicts_with = "repeat")]
    until: Option<Percent>,
    /// Number that --until narrows: latency.p99; repeatable; by default those that the claims name
    #[arg(long = "of", value_name = "NUMBER", requires = "until")]
    numbers: Vec<String>,
    /// Most repeats of --until
    #[arg(long, value_name = "N", requires = "until", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(5..=100_000))]
    cap: u32,
}

/// Repeats that a command asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) repetition: Repetition,
    /// Numbers to be narrowed, with their variants.
    pub(super) numbers: Vec<String>,
}

impl RepeatArgs {
    /// Returns the repeats that are asked for; [`None`] if each variant is played once.
    ///
    /// # Errors
    /// A number to be narrowed that no summary has.
    pub(super) fn wanted(&self, plan: &Plan) -> Result<Option<Wanted>, String> {
        let numbers = numbers_to_narrow(plan, &self.numbers)?;
        let wanted = |repetition| Wanted {
            repetition,
            numbers,
        };
        Ok(self.repetition().map(wanted))
    }

    /// Returns the repeats that are asked for of each row of a sweep; [`None`] if each is played once. A row has one
    /// variant, so that numbers have none.
    ///
    /// # Errors
    /// A number to be narrowed that no summary has.
    pub(super) fn of_rows(&self) -> Result<Option<WantedRepeats>, String> {
        for number in &self.numbers {
            check_number(number)?;
        }
        let wanted = |repetition| WantedRepeats {
            repetition,
            numbers: self.numbers.clone(),
            options: self.options(),
        };
        Ok(self.repetition().map(wanted))
    }

    /// Returns the options that ask for the same.
    fn options(&self) -> Vec<String> {
        let numbers = self.numbers.iter().map(|it| ("--of", it.clone()));
        let until = self.until.iter().flat_map(|Percent(percent)| {
            let until = [("--until", format!("{percent}%"))].into_iter();
            let cap = [("--cap", self.cap.to_string())];
            until.chain(numbers.clone()).chain(cap)
        });
        let repeat = self.repeat.map(|count| ("--repeat", count.to_string()));
        let options = repeat.into_iter().chain(until);
        options
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
    }

    /// Returns the repeats that are asked for, whatever they are of.
    pub(super) fn repetition(&self) -> Option<Repetition> {
        let until = |Percent(percent)| StoppingRule {
            relative: percent / 100.0,
            least: 0,
            cap: self.cap as usize,
        };
        let count = self.repeat.map(|count| Repetition::Count(count as usize));
        count.or_else(|| self.until.map(until).map(Repetition::Until))
    }
}

/// Engine of repeats, with its options.
pub(super) struct Engine<'a> {
    /// Plays each variant.
    pub(super) player: &'a dyn Player,

    /// Number of repeats played at once.
    pub(super) jobs: usize,
    /// Folder below which repeats after the first are kept.
    pub(super) out: Option<&'a Path>,
    /// True to print a line after each repeat where no bar can be drawn.
    pub(super) prints_lines: bool,
}

/// Repeats that were played.
pub(super) struct RepeatNumbers {
    /// Recordings of the first repeat.
    pub(super) first: Vec<Recording>,
    /// Summary of all.
    pub(super) summary: Summary,
    /// Folder of the first.
    pub(super) folder: Option<Folder>,
}

/// Exit status of an interrupted command.
pub(super) const INTERRUPTED: u8 = 130;

/// Plays repeats; the first is kept in `folder`. Returns [`None`] if ^C has ended the first before any of its variants
/// was played, which is reported.
///
/// # Errors
/// A process that cannot be started in the first repeat.
pub(super) fn play(
    plan: &Plan,
    wanted: Wanted,
    engine: &Engine<'_>,
    mut folder: Option<Folder>,
) -> anyhow::Result<Option<RepeatNumbers>> {
    let experiment = Experiment {
        plan,
        player: engine.player,
        jobs: engine.jobs,
        numbers: wanted.numbers,
        folder: folder.as_mut(),
        out: engine.out,
        prints_lines: engine.prints_lines,
    };
    let played = match experiment.play(wanted.repetition) {
        Ok(played) => played,
        Err(error) => return Err(unplayed(folder, error)),
    };
    let Some(summary) = played.summary(plan) else {
        talk::print_message("interrupted before the first repeat was complete");
        if let Some(folder) = folder {
            folder.remove_unplayed();
        }
        return Ok(None);
    };
    Ok(Some(RepeatNumbers {
        first: played.first,
        summary,
        folder,
    }))
}

/// A share in percent, above 0 and below 100.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Percent(f64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|it| it.trim().parse().ok());
        let number = number.filter(|it| *it > 0.0 && *it < 100.0);
        number
            .map(Self)
            .ok_or_else(|| "write a share between 0 and 100 %, for example 2%".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_is_a_share_in_percent() {
        assert_eq!("2%".parse(), Ok(Percent(2.0)));
        assert_eq!("0.5 %".parse(), Ok(Percent(0.5)));
        for wrong in ["2", "0%", "100%", "-1%", "nan%", "%"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }
}
