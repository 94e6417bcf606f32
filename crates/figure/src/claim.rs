//! Titles of sweeps: claims that are computed from their points.

use super::sweep::PlacedPoint;
use concsim_model::words::{counted, digits};

/// Factor by which a further point must exceed a throughput that still grows.
const GROWS: f64 = 1.05;
/// Number of lines above which they are not named one by one.
const MOST_NAMED: usize = 2;
/// Note beside a claim of [`stops`].
pub(super) const STOPPED: &str =
    "Growth has stopped where nothing further on brings over 5 % more.";

/// Returns the index of the first number that no later one exceeds by 5 %; `None` if that is the last.
pub(super) fn plateau(numbers: &[f64]) -> Option<usize> {
    let most_from = |place: usize| numbers[place..].iter().copied().fold(0.0, f64::max);
    let found = (0..numbers.len()).find(|place| most_from(*place) <= GROWS * numbers[*place])?;
    (found + 1 < numbers.len()).then_some(found)
}

/// Returns the point where each line stops growing, as a sentence: `Throughput stops growing: sync at 8
/// workers (…), …`.
pub(super) fn stops(points: &[PlacedPoint], what: &str, thing: &str) -> Option<String> {
    let mut lines: Vec<(&PlacedPoint, Option<f64>, Option<String>)> = Vec::new();
    for line in points.chunk_by(PlacedPoint::is_of_one_line) {
        let numbers: Option<Vec<f64>> = line
            .iter()
            .map(|it| it.number("throughput_per_s"))
            .collect();
        let (numbers, last) = (numbers?, line.last()?);
        let place = (numbers.len() > 1).then(|| plateau(&numbers))?;
        let at = place.and_then(|place| Some(line.get(place)?.x));
        lines.push((last, at, last.reached_bound().filter(|_| at.is_some())));
    }
    let things = |count: f64| counted(count.round() as u64, thing);
    let why = |reason: &Option<String>| {
        reason
            .as_ref()
            .map_or_else(String::new, |it| format!(": {it}"))
    };
    let (first, rest) = lines.split_first()?;
    let same =
        |a: &(&PlacedPoint, Option<f64>, Option<String>),
         b: &(&PlacedPoint, Option<f64>, Option<String>)| { a.1 == b.1 && a.2 == b.2 };
    if rest.iter().all(|it| same(it, first)) {
        return Some(match first.1 {
            Some(at) => format!("{what} stops growing at {}{}", things(at), why(&first.2)),
            None => format!("{what} still grows at {}", things(first.0.x)),
        });
    }
    if lines.len() > MOST_NAMED {
        let stopped = lines.iter().filter_map(|(_, at, _)| *at);
        let (least, most) = (
            stopped.clone().fold(f64::INFINITY, f64::min),
            stopped.clone().fold(0.0, f64::max),
        );
        let grow = lines.len() - stopped.count();
        let range = if least < most {
            format!("{} to {}", digits(least), things(most))
        } else {
            things(most)
        };
        let more = match grow {
            0 => String::new(),
            1 => "; 1 line still grows".to_owned(),
            more => format!("; {more} lines still grow"),
        };
        return Some(format!("{what} stops growing at {range}{more}"));
    }
    let shared = first.2.as_ref();
    if shared.is_some() && lines.iter().all(|(_, _, reason)| reason.as_ref() == shared) {
        let each = lines
            .iter()
            .filter_map(|(last, at, _)| Some(format!("{} at {}", last.series, things((*at)?))));
        let each = each.collect::<Vec<_>>().join(", ");
        return Some(format!("{what} stops growing: {each}{}", why(&first.2)));
    }
    let each = lines.iter().map(|(last, at, reason)| match at {
        Some(at) => format!(
            "{} at {}{}",
            last.series,
            things(*at),
            why(reason).replacen(": ", " (", 1) + if reason.is_some() { ")" } else { "" }
        ),
        None => format!("{} not up to {}", last.series, things(last.x)),
    });
    Some(format!(
        "{what} stops growing: {}",
        each.collect::<Vec<_>>().join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_stops_where_nothing_further_on_is_more_by_a_twentieth() {
        assert_eq!(plateau(&[10.0, 20.0, 29.0, 30.0, 30.0]), Some(2));
        assert_eq!(plateau(&[10.0, 20.0, 40.0]), None);
        assert_eq!(plateau(&[10.0, 9.0, 8.0]), Some(0));
        // Numbers that fall and then exceed the earlier maximum have not stopped growing.
        assert_eq!(plateau(&[10.0, 8.0, 12.0, 12.0]), Some(2));
    }
}
