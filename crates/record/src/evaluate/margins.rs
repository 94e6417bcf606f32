//! The decision of a claim by its margins: it holds if every value in their intervals meets it, fails if none does,
//! and is undecided otherwise.
//!
//! A claim is one or two *margins*, numbers that must not be negative: the right side less the left for `<`, and
//! the allowed distance less the actual one on either side for `~=`. A number beside a constant has the interval
//! that the summary states. Any other margin is computed in each repeat, from the values of that repeat, and
//! has the Student t interval of these: so variants are compared in pairs.

use crate::estimates::{Estimate, LEVEL, Stop};
use crate::schema::claims::Verdict;
use concsim_model::scenario::expectation::{Comparison, Expression, Name, Quantity, Sides, Test};
use concsim_stats::{Claim, Disturbance, Interval, mean};

/// Returns the estimate of a number; in the quantity, its value and its dimension.
pub(super) type EstimateLookup<'a> = dyn Fn(&Name) -> Result<(Estimate, Quantity), String> + 'a;

/// A decided claim.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decision {
    pub(super) verdict: Verdict,
    /// Number of further repeats after which an undecided claim is expected to be decided; [`None`] if no
    /// number is expected to, and for a decided claim.
    pub(super) more: Option<usize>,
}

/// A margin with its interval.
struct Margin {
    /// With room for the disturbances of the numbers.
    interval: Interval,
    /// The same without it; [`None`] if the room has no end.
    undisturbed: Option<Interval>,
    /// True if 0 does not meet the claim.
    is_strict: bool,
}

impl Margin {
    fn verdict(&self) -> Verdict {
        let Interval { low, high, .. } = self.interval;
        match self.is_strict {
            false if low >= 0.0 => Verdict::Holds,
            true if low > 0.0 => Verdict::Holds,
            false if high < 0.0 => Verdict::Fails,
            true if high <= 0.0 => Verdict::Fails,
            _ => Verdict::Undecided,
        }
    }

    fn more(&self) -> Option<usize> {
        let undisturbed = self.undisturbed?;
        let room = Disturbance {
            below: undisturbed.low - self.interval.low,
            above: self.interval.high - undisturbed.high,
        };
        undisturbed.more_to_decide(Claim::AtLeast(0.0), room)
    }
}

/// Decides a comparison by `count` repeats; `look_up` returns a number and its dimension.
pub(super) fn decide(
    comparison: &Comparison,
    count: usize,
    stop: Stop,
    look_up: &EstimateLookup<'_>,
) -> Result<Decision, String> {
    let margins = match (&comparison.left, comparison.right.names().is_empty()) {
        (Expression::Name(name), true) if !has_names(&comparison.test) => {
            beside_a_constant(comparison, &look_up(name)?)?
        }
        _ => in_each_repeat(comparison, count, stop, look_up)?,
    };
    Ok(decision(&margins))
}

fn decision(margins: &[Margin]) -> Decision {
    let verdicts: Vec<Verdict> = margins.iter().map(Margin::verdict).collect();
    let verdict = if verdicts.contains(&Verdict::Fails) {
        Verdict::Fails
    } else if verdicts.contains(&Verdict::Undecided) {
        Verdict::Undecided
    } else {
        Verdict::Holds
    };
    let undecided = || {
        let undecided = margins
            .iter()
            .filter(|it| it.verdict() == Verdict::Undecided);
        undecided.map(|margin| (margin.interval.estimate < 0.0, margin.more()))
    };
    // One margin that is negative decides; otherwise all must be known to be positive.
    let fails = undecided().filter(|(is_negative, _)| *is_negative);
    let more = match fails.filter_map(|(_, more)| more).min() {
        Some(more) => Some(more),
        None => undecided()
            .map(|(_, more)| more)
            .collect::<Option<Vec<usize>>>()
            .and_then(|all| all.into_iter().max()),
    };
    Decision { verdict, more }
}

fn has_names(test: &Test) -> bool {
    use concsim_model::scenario::expectation::Tolerance;
    match test {
        Test::About(Tolerance::Absolute(tolerance)) => !tolerance.names().is_empty(),
        Test::About(Tolerance::Share(_))
        | Test::Less
        | Test::AtMost
        | Test::More
        | Test::AtLeast => false,
    }
}

/// Returns the margins of `number test constant`, by the number's own interval.
fn beside_a_constant(
    comparison: &Comparison,
    (number, quantity): &(Estimate, Quantity),
) -> Result<Vec<Margin>, String> {
    let at = |value: f64| {
        let mut look_up = |_: &Name| Ok::<_, String>(Quantity { value, ..*quantity });
        let sides = comparison.sides(&mut look_up)?;
        Ok::<_, String>(margins(&comparison.test, &sides))
    };
    let middle = at(number.interval.estimate)?;
    let between = |interval: &Interval| {
        let (one, other) = (at(interval.low)?, at(interval.high)?);
        let ends = one.into_iter().zip(other);
        let all = middle
            .iter()
            .zip(ends)
            .map(|(estimate, (one, other))| Interval {
                estimate: *estimate,
                low: one.min(other),
                high: one.max(other),
                ..*interval
            });
        Ok::<_, String>(all.collect::<Vec<Interval>>())
    };
    let wide = between(&number.interval)?;
    let narrow = number.undisturbed().map(|it| between(&it)).transpose()?;
    let margin = |(place, interval): (usize, Interval)| Margin {
        interval,
        undisturbed: narrow.as_ref().map(|narrow| narrow[place]),
        is_strict: is_strict(&comparison.test),
    };
    Ok(wide.into_iter().enumerate().map(margin).collect())
}

/// Returns the interval of an expression: that of its only number, else by its values in each repeat.
pub(super) fn measure(
    expression: &Expression,
    count: usize,
    stop: Stop,
    look_up: &EstimateLookup<'_>,
) -> Result<Interval, String> {
    if let Expression::Name(name) = expression {
        return Ok(look_up(name)?.0.interval);
    }
    let values = (0..count).map(|place| {
        let mut in_this = |name: &Name| in_repeat(name, place, look_up);
        Ok(expression.evaluate(&mut in_this)?.value)
    });
    let values: Vec<f64> = values.collect::<Result<_, String>>()?;
    let interval = mean::interval(&values, LEVEL);
    let interval = interval.map_err(|_| "it is no number in some repeat".to_owned())?;
    let room = rooms(&expression.names(), look_up, &|number| {
        let value = expression.evaluate(&mut |name: &Name| number(name))?;
        Ok(vec![value.value])
    })?;
    Ok(with_room(stop.stated(interval), room[0]))
}

/// Returns the value of a number in one repeat.
fn in_repeat(name: &Name, place: usize, look_up: &EstimateLookup<'_>) -> Result<Quantity, String> {
    let (estimate, quantity) = look_up(name)?;
    let value = estimate.in_repeat(place);
    let unknown = || format!("the interval of {} has no end", name.text);
    value
        .map(|value| Quantity { value, ..quantity })
        .ok_or_else(unknown)
}

/// Returns the margins of any comparison, by their values in each repeat.
fn in_each_repeat(
    comparison: &Comparison,
    count: usize,
    stop: Stop,
    look_up: &EstimateLookup<'_>,
) -> Result<Vec<Margin>, String> {
    let mut each: Vec<Vec<f64>> = Vec::new();
    for place in 0..count {
        let mut in_this = |name: &Name| in_repeat(name, place, look_up);
        let sides = comparison.sides(&mut in_this)?;
        let margins = margins(&comparison.test, &sides);
        each.resize(margins.len(), Vec::new());
        for (values, margin) in each.iter_mut().zip(margins) {
            values.push(margin);
        }
    }
    let undefined = |_| "a side of it is no number in some repeat".to_owned();
    let rooms = rooms(&comparison.names(), look_up, &|number| {
        let sides = comparison.sides(&mut |name: &Name| number(name))?;
        Ok(margins(&comparison.test, &sides))
    })?;
    let margin = |(values, room): (Vec<f64>, Disturbance)| {
        let interval = mean::interval(&values, LEVEL).map_err(undefined)?;
        let undisturbed = stop.stated(interval);
        let interval = with_room(undisturbed, room);
        let is_known = room.below.is_finite() && room.above.is_finite();
        Ok(Margin {
            interval,
            undisturbed: is_known.then_some(undisturbed),
            is_strict: is_strict(&comparison.test),
        })
    };
    each.into_iter().zip(rooms).map(margin).collect()
}

/// Evaluates something with the number that each name gets.
type Evaluate<'a> =
    dyn Fn(&dyn Fn(&Name) -> Result<Quantity, String>) -> Result<Vec<f64>, String> + 'a;

/// Returns how far the disturbances of some numbers can have moved each value of a function of them, by all
/// combinations of the ends.
fn rooms(
    names: &[&Name],
    look_up: &EstimateLookup<'_>,
    evaluate: &Evaluate<'_>,
) -> Result<Vec<Disturbance>, String> {
    /// Number of names of which all combinations are tried; others are moved to the same side.
    const MOST: usize = 10;
    let mut numbers: Vec<(&str, Estimate, Quantity)> = Vec::new();
    for name in names {
        if !numbers.iter().any(|(known, ..)| *known == name.text) {
            let (estimate, quantity) = look_up(name)?;
            numbers.push((&name.text, estimate, quantity));
        }
    }
    let at = |moved: &dyn Fn(usize, &Disturbance) -> f64| {
        evaluate(&|name: &Name| {
            let mut places = numbers.iter().enumerate();
            let found = places.find(|(_, (known, ..))| *known == name.text);
            let (place, (_, estimate, quantity)) = found.ok_or_else(|| name.text.clone())?;
            let value = estimate.interval.estimate + moved(place, &estimate.moved);
            Ok(Quantity { value, ..*quantity })
        })
    };
    let middle = at(&|_, _| 0.0)?;
    let mut rooms = vec![Disturbance::default(); middle.len()];
    let bits = numbers.len().min(MOST);
    for corner in 0..1_usize << bits {
        let is_high = |place: usize| corner >> place.min(bits.saturating_sub(1)) & 1 == 1;
        let ends = at(&|place, moved| {
            if is_high(place) {
                moved.above
            } else {
                -moved.below
            }
        })?;
        for ((room, middle), end) in rooms.iter_mut().zip(&middle).zip(ends) {
            // An end that is no number may be anywhere.
            let [below, above] = if end.is_nan() {
                [f64::INFINITY; 2]
            } else {
                [middle - end, end - middle]
            };
            room.below = room.below.max(below);
            room.above = room.above.max(above);
        }
    }
    Ok(rooms)
}

/// Returns an interval with room for a disturbance, which may be infinite.
fn with_room(interval: Interval, room: Disturbance) -> Interval {
    interval.widened(room).unwrap_or(Interval {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
        ..interval
    })
}

/// Decides a comparison by its margins at some combinations of numbers: what holds for each of them holds for
/// the numbers between them, too, since sums, products and ratios have their extremes there. A margin that is
/// no number may be anything.
pub(super) fn decide_by_corners(test: &Test, corners: &[Sides]) -> Verdict {
    let all: Vec<Vec<f64>> = corners.iter().map(|sides| margins(test, sides)).collect();
    let count = all.first().map_or(0, Vec::len);
    let margin = |place: usize| {
        let values = all.iter().map(|margins| margins[place]);
        let is_known = values.clone().all(|value| !value.is_nan());
        let interval = Interval {
            estimate: all[0][place],
            low: values.clone().fold(f64::INFINITY, f64::min),
            high: values.fold(f64::NEG_INFINITY, f64::max),
            level: 1.0,
            n: 1,
        };
        let anything = Interval {
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
            ..interval
        };
        Margin {
            interval: if is_known { interval } else { anything },
            undisturbed: None,
            is_strict: is_strict(test),
        }
    };
    let margins: Vec<Margin> = (0..count).map(margin).collect();
    decision(&margins).verdict
}

/// Returns the margins of a comparison.
fn margins(test: &Test, sides: &Sides) -> Vec<f64> {
    let (left, right) = (sides.left.value, sides.right.value);
    match test {
        Test::Less | Test::AtMost => vec![right - left],
        Test::More | Test::AtLeast => vec![left - right],
        Test::About(_) => {
            let tolerance = sides.tolerance.unwrap_or_default();
            vec![tolerance - (left - right), tolerance + (left - right)]
        }
    }
}

fn is_strict(test: &Test) -> bool {
    matches!(test, Test::Less | Test::More)
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::expectation::{Dimension, parse};

    /// Decides a claim about `a` (mean 10, error 2.484) and `b`, which is 5 less in each repeat.
    fn decided(that: &str) -> Decision {
        let values = |first: f64| vec![first - 1.0, first, first + 1.0];
        let look_up = |name: &Name| {
            let each = values(if name.text == "a" { 10.0 } else { 5.0 });
            let estimate = Estimate::mean(each, Stop::Given).map_err(|error| error.to_string())?;
            let quantity = Quantity {
                value: estimate.interval.estimate,
                dimension: Dimension::PLAIN,
            };
            Ok((estimate, quantity))
        };
        decide(
            &parse(that).expect("a comparison"),
            3,
            Stop::Given,
            &look_up,
        )
        .expect("decided")
    }

    #[test]
    fn a_claim_about_one_number_is_decided_by_its_interval() {
        // 10 ± 4.3027 ÷ √3 = 7.516 to 12.484.
        for (that, verdict) in [
            ("a > 7.5", Verdict::Holds),
            ("a > 7.6", Verdict::Undecided),
            ("a < 12.4", Verdict::Undecided),
            ("a < 12.5", Verdict::Holds),
            ("a >= 12.5", Verdict::Fails),
            ("a ~= 10 +- 2.5", Verdict::Holds),
            ("a ~= 10 +- 2.4", Verdict::Undecided),
            ("a ~= 20 +- 20%", Verdict::Fails),
        ] {
            assert_eq!(decided(that).verdict, verdict, "{that}");
        }
    }

    #[test]
    fn two_numbers_are_compared_in_pairs() {
        // Their difference is 5 in each repeat, though each of them is known to ± 2.5.
        assert_eq!(decided("a - b ~= 5 +- 0.1").verdict, Verdict::Holds);
        assert_eq!(decided("a > b + 5.1").verdict, Verdict::Fails);
        assert_eq!(decided("a > b").verdict, Verdict::Holds);
    }

    #[test]
    fn disturbances_widen_margins_and_no_number_of_repeats_makes_up_for_them() {
        let moved = |below, above| Disturbance { below, above };
        let look_up = |name: &Name| {
            let first = if name.text == "a" { 10.0 } else { 5.0 };
            let each = vec![first - 1.0, first, first + 1.0];
            let estimate = Estimate::mean(each, Stop::Given).map_err(|error| error.to_string())?;
            let room = if name.text == "a" {
                moved(2.0, 0.5)
            } else {
                moved(0.0, 1.0)
            };
            let quantity = Quantity {
                value: first,
                dimension: Dimension::PLAIN,
            };
            Ok((estimate.widened(room), quantity))
        };
        let decided = |that: &str| {
            let comparison = parse(that).expect("a comparison");
            decide(&comparison, 3, Stop::Given, &look_up).expect("decided")
        };
        for (that, verdict) in [
            // 7.516 − 2 and 12.484 + 0.5.
            ("a > 5.5", Verdict::Holds),
            ("a > 5.6", Verdict::Undecided),
            ("a < 12.9", Verdict::Undecided),
            ("a < 13", Verdict::Holds),
            // The difference is 5 in each repeat, less 2 and 1, or more by 0.5.
            ("a - b > 1.9", Verdict::Holds),
            ("a - b > 2.1", Verdict::Undecided),
            ("a - b < 5.6", Verdict::Holds),
            ("a - b >= 5.6", Verdict::Fails),
        ] {
            assert_eq!(decided(that).verdict, verdict, "{that}");
        }
        // Of the margin of 2.5 above 7.5 the disturbance takes 2: ± 2.484 must become ± 0.5.
        assert_eq!(decided("a > 7.5").more, Some(72));
        assert_eq!(decided("a > 8.5").more, None);
    }

    #[test]
    fn an_undecided_claim_needs_repeats_as_the_square_of_the_error_in_its_margin() {
        // An error of 2.4841 in a margin of 1 needs 3 · 6.1709 = 18.5 repeats: 16 more.
        assert_eq!(decided("a > 9").more, Some(16));
        assert_eq!(decided("a > 10").more, None);
        assert_eq!(decided("a > 7").more, None);
    }
}
