//! Options of commands that play a scenario several times.

use std::num::NonZeroUsize;
use std::str::FromStr;

use concsim_os::sys::processes;
use concsim_stats::until::Until;

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
    /// Number of repeats played at once; by default the number of cores
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// Repeats that are asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Repetition {
    /// A number of repeats.
    Count(usize),
    /// Repeats until intervals are narrow.
    Until(Until),
}

impl RepeatArgs {
    /// Returns the repeats that are asked for; [`None`] if each variant is played once.
    pub(super) fn repetition(&self) -> Option<Repetition> {
        let until = |Percent(percent)| Until {
            relative: percent / 100.0,
            least: 0,
            cap: self.cap as usize,
        };
        let count = self.repeat.map(|count| Repetition::Count(count as usize));
        count.or_else(|| self.until.map(until).map(Repetition::Until))
    }

    /// Returns the numbers to be narrowed, as written.
    pub(super) fn numbers(&self) -> &[String] {
        &self.numbers
    }

    /// Returns the number of threads.
    pub(super) fn jobs(&self) -> usize {
        let cores = || processes::cores_allowed().len();
        self.jobs.map_or_else(cores, NonZeroUsize::get)
    }
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
