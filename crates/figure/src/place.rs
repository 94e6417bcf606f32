//! Places for labels: beside their mark, and clear of lines, marks and each other.

use super::canvas::width_of;
use super::style::SMALL;

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn contains(&self, other: &Self) -> bool {
        self.left <= other.left
            && other.right <= self.right
            && self.top <= other.top
            && other.bottom <= self.bottom
    }

    /// True if a straight line passes through it (Liang and Barsky, 1984).
    fn is_crossed_by(&self, (from, to): ((f64, f64), (f64, f64))) -> bool {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (step, room) in [
            (-across, from.0 - self.left),
            (across, self.right - from.0),
            (-down, from.1 - self.top),
            (down, self.bottom - from.1),
        ] {
            if step == 0.0 {
                if room < 0.0 {
                    return false;
                }
            } else if step < 0.0 {
                enter = enter.max(room / step);
            } else {
                leave = leave.min(room / step);
            }
        }
        enter <= leave
    }
}

/// Half the side of the square that a mark occupies.
const MARK: f64 = 7.0;
/// Distances from a mark to the first places of its label, and to further ones, which have a leader line.
const NEAR_DISTANCES: f64 = 10.0;
const FAR_DISTANCES: [f64; 4] = [18.0, 30.0, 46.0, 66.0];

/// Free room of a plot.
#[derive(Debug)]
pub(super) struct LabelSpace {
    within: Area,
    occupied: Vec<Area>,
    lines: Vec<((f64, f64), (f64, f64))>,
}

/// Place of a label.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Left end of its base line.
    pub(super) at: (f64, f64),
    /// End of the leader line from the mark, if the label is not directly beside it.
    pub(super) lead: Option<(f64, f64)>,
}

impl LabelSpace {
    /// Creates the free room of a plot between two corners.
    pub(super) fn within((left, top): (f64, f64), (right, bottom): (f64, f64)) -> Self {
        Self {
            within: Area {
                left,
                top,
                right,
                bottom,
            },
            occupied: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Occupies the room of a mark.
    pub(super) fn mark(&mut self, (x, y): (f64, f64)) {
        self.occupied.push(Area {
            left: x - MARK,
            top: y - MARK,
            right: x + MARK,
            bottom: y + MARK,
        });
    }

    /// Occupies the room of a straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.lines.push((from, to));
    }

    /// Occupies the room of a line through several places.
    pub(super) fn way(&mut self, places: &[(f64, f64)]) {
        for pair in places.windows(2) {
            self.line(pair[0], pair[1]);
        }
    }

    /// Finds and occupies room for a label of a mark; `None` if there is none near it.
    pub(super) fn place_label(&mut self, mark: (f64, f64), words: &str) -> Option<Place> {
        let width = width_of(words, SMALL);
        let around = |reach: f64| {
            let (x, y) = mark;
            let (right, left) = (x + reach, x - reach - width);
            let middle = x - width / 2.0;
            let (base, above, below) = (y + 4.0, y - reach + 2.0, y + reach + SMALL - 3.0);
            [
                (right, base),
                (left, base),
                (right, above),
                (right, below),
                (left, above),
                (left, below),
                (middle, above),
                (middle, below),
            ]
        };
        let near = around(NEAR_DISTANCES).into_iter().map(|at| (at, false));
        let further = FAR_DISTANCES
            .into_iter()
            .flat_map(around)
            .map(|at| (at, true));
        let found = near
            .chain(further)
            .find(|(at, _)| self.is_free(area_of(*at, width)))?;
        let (at, is_far) = found;
        let area = area_of(at, width);
        self.occupied.push(area);
        let lead = is_far.then(|| {
            let x = mark.0.clamp(area.left, area.right);
            let y = mark.1.clamp(area.top, area.bottom);
            (x, y)
        });
        if let Some(lead) = lead {
            self.line(mark, lead);
        }
        Some(Place { at, lead })
    }

    /// Occupies the first free one of these places for a label; each is the left end of a base line.
    pub(super) fn first_of(
        &mut self,
        mut places: impl Iterator<Item = (f64, f64)>,
        words: &str,
    ) -> Option<(f64, f64)> {
        let width = width_of(words, SMALL);
        let found = places.find(|at| self.is_free(area_of(*at, width)))?;
        self.occupied.push(area_of(found, width));
        Some(found)
    }

    fn is_free(&self, area: Area) -> bool {
        self.within.contains(&area)
            && !self.occupied.iter().any(|taken| taken.overlaps(&area))
            && !self.lines.iter().any(|line| area.is_crossed_by(*line))
    }
}

/// Returns the room of words that begin here.
fn area_of((left, base): (f64, f64), width: f64) -> Area {
    Area {
        left: left - 2.0,
        top: base - SMALL,
        right: left + width + 2.0,
        bottom: base + 4.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_strikes_an_area_that_it_passes_through_and_no_other() {
        let area = Area {
            left: 10.0,
            top: 10.0,
            right: 20.0,
            bottom: 20.0,
        };
        for (line, expected) in [
            (((0.0, 15.0), (30.0, 15.0)), true),
            (((15.0, 0.0), (15.0, 30.0)), true),
            (((0.0, 0.0), (30.0, 30.0)), true),
            (((12.0, 12.0), (13.0, 13.0)), true),
            (((0.0, 25.0), (30.0, 25.0)), false),
            (((0.0, 15.0), (5.0, 15.0)), false),
            (((0.0, 15.0), (15.0, 0.0)), false),
        ] {
            assert_eq!(area.is_crossed_by(line), expected, "{line:?}");
        }
    }

    #[test]
    fn labels_of_marks_at_one_place_do_not_lie_over_each_other_or_over_lines() {
        let mut places = LabelSpace::within((0.0, 0.0), (400.0, 400.0));
        places.mark((200.0, 200.0));
        places.line((0.0, 200.0), (400.0, 200.0));
        let found: Vec<Place> = (0..4)
            .map_while(|_| places.place_label((200.0, 200.0), "a label"))
            .collect();
        assert_eq!(found.len(), 4);
        let width = width_of("a label", SMALL);
        let areas: Vec<Area> = found.iter().map(|it| area_of(it.at, width)).collect();
        for (place, area) in areas.iter().enumerate() {
            assert!(!area.is_crossed_by(((0.0, 200.0), (400.0, 200.0))));
            assert!(!areas[..place].iter().any(|other| other.overlaps(area)));
        }
    }

    #[test]
    fn where_there_is_no_room_there_is_no_place() {
        let mut places = LabelSpace::within((0.0, 0.0), (40.0, 40.0));
        assert!(
            places
                .place_label((20.0, 20.0), "more words than fit")
                .is_none()
        );
    }
}
