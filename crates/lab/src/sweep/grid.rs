//! The points of a sweep, and their rows: one for each point and variant, in an order that depends on the
//! command line alone. A shard `K/N` is every `N`-th point.

use std::str::FromStr;

use super::axis::Axis;
use crate::repeats::Repetition;
use concsim_model::scenario::{self, Overrides, Plan, Problems};

/// One row to be played: a variant of a point.
#[derive(Clone, Debug)]
pub struct GridRow {
    /// Number of the row in the whole grid, from 0.
    pub row: usize,
    /// Number of its point, from 0.
    pub index: usize,
    /// Settings of the point over the file: `server.workers=4`, one for each axis.
    pub overrides: Vec<String>,
    /// The variant, or the reason for which the point cannot be played.
    pub variant: Result<String, String>,
}

/// Repeats that are asked for of each row.
#[derive(Clone, Debug)]
pub struct WantedRepeats {
    /// Their number, or the rule that ends them.
    pub repetition: Repetition,
    /// Numbers that the rule narrows, without variants: `latency.p99`.
    pub numbers: Vec<String>,
    /// The same as options of a command.
    pub options: Vec<String>,
}

impl WantedRepeats {
    /// Returns their number; [`None`] if a rule ends them.
    pub(super) fn count(&self) -> Option<usize> {
        match self.repetition {
            Repetition::Count(count) => Some(count),
            Repetition::Until(_) => None,
        }
    }

    /// Returns the rule that ends them, as options of a command.
    pub(super) fn until(&self) -> Option<String> {
        let is_rule = self.count().is_none();
        is_rule.then(|| self.options.join(" "))
    }
}

/// A sweep: a text, the settings over all its points, and the axes.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Text of the scenario.
    pub text: String,
    /// Name of its file.
    pub file: String,
    /// Overrides of all points.
    pub base: Overrides,
    /// Axes; the last one changes soonest.
    pub axes: Vec<Axis>,
    /// Repeats of each row; [`None`] to play each once.
    pub repeats: Option<WantedRepeats>,
}

impl Grid {
    fn point_count(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// Returns the settings of the point with this number; the last axis changes fastest.
    pub fn overrides(&self, index: usize) -> Vec<String> {
        let mut rest = index;
        let mut all = Vec::new();
        for axis in self.axes.iter().rev() {
            let value = &axis.values[rest % axis.values.len()];
            rest /= axis.values.len();
            all.push(format!("{}={value}", axis.key));
        }
        all.reverse();
        all
    }

    /// Returns the scenario of a point.
    pub fn read(&self, overrides: &[String]) -> Result<Plan, Problems> {
        let mut over = self.base.clone();
        over.over.extend_from_slice(overrides);
        scenario::read(&self.text, &self.file, &over)
    }

    /// Returns all rows of the grid, in order.
    ///
    /// # Errors
    /// A grid without any valid point: then the command line is wrong, and the mistakes are those of the
    /// first point.
    pub fn places(&self) -> Result<Vec<GridRow>, Problems> {
        let (mut places, mut first_mistakes, mut is_played) = (Vec::new(), None, false);
        for index in 0..self.point_count() {
            let overrides = self.overrides(index);
            let variants: Vec<Result<String, String>> = match self.read(&overrides) {
                Ok(plan) => {
                    is_played = true;
                    plan.variants.into_iter().map(|it| Ok(it.name)).collect()
                }
                Err(problems) => {
                    let text = problems.to_string();
                    first_mistakes.get_or_insert(problems);
                    vec![Err(text)]
                }
            };
            for variant in variants {
                places.push(GridRow {
                    row: places.len(),
                    index,
                    overrides: overrides.clone(),
                    variant,
                });
            }
        }
        match first_mistakes {
            Some(problems) if !is_played => Err(problems),
            _ => Ok(places),
        }
    }
}

/// Every `of`-th point, from the `number`-th on: `3/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// True for a point of this shard.
    #[must_use]
    pub fn has(self, index: usize) -> bool {
        index % self.of == self.number - 1
    }

    /// Returns the suffix of a folder's name: `-3of16`.
    pub fn ending(self) -> String {
        format!("-{}of{}", self.number, self.of)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&number).then_some(Self { number, of })
        });
        read.ok_or_else(|| "a shard is K/N with K from 1 to N: 3/16".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(axes: &[&str]) -> Grid {
        let axes: Vec<String> = axes.iter().map(|&axis| axis.to_owned()).collect();
        Grid {
            text: "requests.a.steps = ['sleep 1ms']\nload.clients = 2\n\
                   server.kind = ['sync', 'coroutine']"
                .into(),
            file: "x.toml".into(),
            base: Overrides::default(),
            axes: super::super::axis::read(&axes, &[]).unwrap(),
            repeats: None,
        }
    }

    #[test]
    fn the_last_axis_changes_soonest_and_every_variant_is_a_row() {
        let grid = grid(&["server.workers=1..2", "load.clients=5,7"]);
        let places = grid.places().unwrap();
        let rows: Vec<String> = places
            .iter()
            .map(|it| format!("{} {} {:?}", it.index, it.overrides.join(" "), it.variant))
            .collect();
        assert_eq!(rows.len(), 8);
        assert_eq!(rows[0], "0 server.workers=1 load.clients=5 Ok(\"sync\")");
        assert_eq!(
            rows[3],
            "1 server.workers=1 load.clients=7 Ok(\"coroutine\")"
        );
    }

    #[test]
    fn a_point_that_is_none_is_a_row_but_if_all_are_wrong_so_is_the_command_line() {
        let places = grid(&["server.workers=0..1"]).places().unwrap();
        assert_eq!(places.len(), 3);
        assert!(places[0].variant.is_err());
        let problems = grid(&["server.wokers=1..2", "load.clints=1"])
            .places()
            .unwrap_err();
        assert_eq!(problems.count(), 2, "{problems}");
    }

    #[test]
    fn shards_have_every_point_once() {
        for index in 0..50 {
            let shards = (1..=16).map(|number| Shard { number, of: 16 });
            assert_eq!(shards.filter(|shard| shard.has(index)).count(), 1);
        }
        for wrong in ["0/16", "17/16", "3", "a/b", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
