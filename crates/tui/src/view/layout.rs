//! Layout of the overview: the number of lines of each region on a screen of a given size.
//!
//! 80 × 24 holds everything for two workers and two variants. With more of them, or on a smaller screen,
//! regions give way one after the other: first the empty lines, then the workers' own rows, at last the
//! legend, the large digits and the script. Pure arithmetic; nothing is drawn here.

use super::digits::Size;
use super::numbers;
use super::worker_list::WorkerListForm;

/// Least size of the picture: columns, lines.
pub(super) const LEAST_SCREEN: (u16, u16) = (60, 16);

/// Amount of content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) workers: usize,
    pub(super) variants: usize,
    /// Number of kinds of request.
    pub(super) scripts: u16,
}

/// Lines of each region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) script: u16,
    pub(super) workers_table: WorkerListForm,
    /// Lines of the workers, without their heading.
    pub(super) workers: u16,
    pub(super) digits: Size,
    /// Lines of the table of variants, without its heading.
    pub(super) variants: u16,
    pub(super) caption: u16,
    pub(super) legend: bool,
    /// Empty lines between the regions.
    pub(super) gaps: u16,
}

/// Lines that are always there: header and rule, door, workers' heading, cores, table's heading, keys.
const ALWAYS: u16 = 7;
const ALL_GAPS: u16 = 4;

/// Amount of content that is dropped, from nothing to nearly everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Density {
    None,
    FewVariants,
    OneScript,
    NoLegend,
    PlainDigits,
    NoScript,
    OneVariant,
}

impl Density {
    const IN_ORDER: [Self; 7] = [
        Self::None,
        Self::FewVariants,
        Self::OneScript,
        Self::NoLegend,
        Self::PlainDigits,
        Self::NoScript,
        Self::OneVariant,
    ];

    fn variants(self, all: usize) -> u16 {
        let most = match self {
            Self::None => 8,
            Self::OneVariant => 1,
            Self::FewVariants
            | Self::OneScript
            | Self::NoLegend
            | Self::PlainDigits
            | Self::NoScript => 3,
        };
        all.min(most) as u16
    }

    fn script(self, all: u16) -> u16 {
        match self {
            Self::None | Self::FewVariants => all,
            Self::OneScript | Self::NoLegend | Self::PlainDigits => all.min(1),
            Self::NoScript | Self::OneVariant => 0,
        }
    }
}

impl Layout {
    /// Returns the most generous layout that fits into `width` × `height`; the smallest if none does.
    pub(super) fn fit(width: u16, height: u16, need: Need) -> Self {
        let first_fit =
            Self::candidates(width, height, need).find(|layout| layout.lines() <= height);
        first_fit.unwrap_or_else(|| {
            // Not even a strip of all workers fits: as many lines of it as do.
            let mut layout = Self::of(Density::OneVariant, WorkerListForm::Strip, 0, width, need);
            let too_many = layout.lines().saturating_sub(height);
            layout.workers = layout.workers.saturating_sub(too_many).max(1);
            layout
        })
    }

    /// Returns all layouts, the most generous first.
    fn candidates(width: u16, height: u16, need: Need) -> impl Iterator<Item = Self> {
        let rosters = [
            WorkerListForm::Rows,
            WorkerListForm::Pairs,
            WorkerListForm::Strip,
        ];
        Density::IN_ORDER.into_iter().flat_map(move |thrift| {
            rosters.into_iter().flat_map(move |table| {
                (0..=ALL_GAPS).rev().map(move |gaps| {
                    let mut layout = Self::of(thrift, table, gaps, width, need);
                    if width >= 120 && height >= 44 && layout.digits == Size::Big {
                        layout.digits = Size::Huge(1);
                    }
                    layout
                })
            })
        })
    }

    fn of(thrift: Density, table: WorkerListForm, gaps: u16, width: u16, need: Need) -> Self {
        Self {
            script: thrift.script(need.scripts),
            workers_table: table,
            workers: table.lines(need.workers, width),
            digits: if thrift < Density::PlainDigits {
                Size::Big
            } else {
                Size::Plain
            },
            variants: thrift.variants(need.variants),
            caption: if thrift < Density::OneVariant { 2 } else { 1 },
            legend: thrift < Density::NoLegend,
            gaps,
        }
    }

    /// Returns the sum of all lines.
    pub(super) fn lines(&self) -> u16 {
        let digits = numbers::lines(self.digits);
        [
            self.script,
            digits,
            self.variants,
            self.caption,
            u16::from(self.legend),
            self.gaps,
        ]
        .into_iter()
        .fold(ALWAYS.saturating_add(self.workers), u16::saturating_add)
    }

    /// Returns the lines of the `nth` gap: the first ones stay longest.
    pub(super) fn gap(&self, nth: u16) -> u16 {
        u16::from(nth < self.gaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(width: u16, height: u16, workers: usize, variants: usize) -> Layout {
        let need = Need {
            workers,
            variants,
            scripts: 1,
        };
        Layout::fit(width, height, need)
    }

    #[test]
    fn a_projector_of_80_by_24_shows_everything_of_two_workers_and_two_variants() {
        let layout = fit(80, 24, 2, 2);
        assert_eq!(layout.lines(), 24);
        assert_eq!(
            (layout.gaps, layout.legend, layout.digits),
            (ALL_GAPS, true, Size::Big)
        );
    }

    #[test]
    fn four_workers_and_three_variants_only_cost_empty_lines() {
        let layout = fit(80, 24, 4, 3);
        assert_eq!(
            (layout.workers_table, layout.legend, layout.script),
            (WorkerListForm::Rows, true, 1)
        );
    }

    #[test]
    fn the_large_digits_outlive_the_workers_rows() {
        let layout = fit(80, 24, 60, 3);
        assert_eq!(
            (layout.workers_table, layout.digits),
            (WorkerListForm::Strip, Size::Big)
        );
    }

    #[test]
    fn everything_down_to_60_by_16_fits() {
        for workers in [1, 2, 8, 60, 256] {
            for variants in 1..=9 {
                for (width, height) in [(60, 16), (60, 24), (80, 20), (300, 16)] {
                    let layout = fit(width, height, workers, variants);
                    let all = (workers, variants, width, height);
                    assert!(layout.lines() <= height, "{all:?}: {layout:?}");
                }
            }
        }
    }
}
