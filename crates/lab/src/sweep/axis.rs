//! Parses `--over KEY=VALUES`: one axis of the grid, a key with its values. Values are integers in a range,
//! or any value of `--set`, with commas between. Pure: text in, values or mistakes out.

use concsim_model::scenario::problem::{Place, Problem, Problems, Source};

/// Maximum number of points.
const MOST_POINTS: usize = 1_000_000;

/// A key, and its values in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// `server.workers`
    pub key: String,
    /// Each as text.
    pub values: Vec<String>,
}

/// A key, or a prefix of keys, that cannot be an axis; and the reason.
pub type ForbiddenAxis = (&'static str, &'static str);

/// Reads all axes.
///
/// # Errors
/// Every mistake in any axis, with its place.
pub fn read(texts: &[String], fixed: &[ForbiddenAxis]) -> Result<Vec<Axis>, Problems> {
    let (mut axes, mut problems): (Vec<Axis>, Vec<Problem>) = (Vec::new(), Vec::new());
    let mut point_count = 1_usize;
    for (source, text) in texts.iter().enumerate() {
        let mut mistakes = Mistakes {
            source,
            problems: &mut problems,
        };
        let Some(read) = axis(text, &mut mistakes) else {
            continue;
        };
        let key = 0..text.find('=').unwrap_or(text.len());
        if axes.iter().any(|known| known.key == read.key) {
            mistakes.add(key.clone(), format!("`{}` has two axes", read.key));
        }
        if let Some((_, why)) = fixed.iter().find(|(begin, _)| read.key.starts_with(begin)) {
            mistakes.add(
                key.clone(),
                format!("`{}` cannot be an axis: {why}", read.key),
            );
        }
        let is_cut = read.values.iter().any(|value| !value.starts_with('['));
        if read.key.split('.').next_back() == Some("steps") && is_cut && text.contains(", ") {
            let line = "write the steps of one point in brackets: `KEY=[\"compute 1ms\", \"sleep 9ms\"],[…]`";
            mistakes.add(key.clone(), line);
        }
        point_count = point_count.saturating_mul(read.values.len());
        if point_count > MOST_POINTS {
            mistakes.add(key, format!("more than {MOST_POINTS} points"));
        }
        axes.push(read);
    }
    if problems.is_empty() {
        return Ok(axes);
    }
    let source = |text: &String| Source {
        name: "--over".into(),
        text: text.clone(),
    };
    Err(Problems::new(texts.iter().map(source).collect(), problems))
}

/// Collector of one text's mistakes.
struct Mistakes<'p> {
    source: usize,
    problems: &'p mut Vec<Problem>,
}

impl Mistakes<'_> {
    fn add(&mut self, range: std::ops::Range<usize>, message: impl Into<String>) {
        let place = Place::new(self.source, range);
        let hint =
            "for example `server.workers=1..64`, `load.clients=10,100` or `'a=0..100 step 20'`";
        let problem = Problem::new(&place, message).hint(hint.to_owned());
        self.problems.push(problem);
    }
}

/// Reads an axis; `None` if its key is unreadable.
fn axis(text: &str, mistakes: &mut Mistakes<'_>) -> Option<Axis> {
    let whole = 0..text.len();
    let Some((key, rest)) = text.split_once('=') else {
        mistakes.add(whole, format!("`{text}` has no values"));
        return None;
    };
    if key.trim().is_empty() {
        mistakes.add(whole, "a key is missing");
        return None;
    }
    let mut values = Vec::new();
    let mut begin = key.len() + 1;
    for part in cut(rest) {
        let range = begin..begin + part.len();
        begin = range.end + 1;
        match values_of(part.trim()) {
            Ok(more) => values.extend(more),
            Err(message) => mistakes.add(range, message),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    if let Some(twice) = values.iter().find(|value| !seen.insert(value.as_str())) {
        mistakes.add(
            key.len() + 1..text.len(),
            format!("duplicate value `{twice}`"),
        );
    }
    let key = key.trim().to_owned();
    Some(Axis { key, values })
}

/// Cuts at commas, except those within brackets or quotes.
fn cut(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']' | ')' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// Returns the values of a range of integers, or one value as `--set` takes it: `1ms..5ms` is a draw.
fn values_of(part: &str) -> Result<Vec<String>, String> {
    if part.is_empty() {
        return Err("a value is missing".into());
    }
    let (ends, step) = match part.split_once(" step ") {
        Some((ends, step)) => (ends, Some(step.trim())),
        None => (part, None),
    };
    let bounds = ends.split_once("..").and_then(|(low, high)| {
        let low: i64 = low.trim().parse().ok()?;
        let high: i64 = high.trim().parse().ok()?;
        Some((low, high))
    });
    let Some((low, high)) = bounds else {
        return match step {
            Some(_) => Err(format!("`{ends}` is not a range of integers")),
            None => Ok(vec![part.to_owned()]),
        };
    };
    let step: usize = match step {
        None => 1,
        Some(step) => step
            .parse()
            .ok()
            .filter(|step| *step > 0)
            .ok_or_else(|| format!("`{step}` is not a step: an integer from 1"))?,
    };
    if low > high {
        return Err(format!("`{ends}` has nothing in it: {low} is above {high}"));
    }
    if high.abs_diff(low) / step as u64 >= MOST_POINTS as u64 {
        return Err(format!("more than {MOST_POINTS} points"));
    }
    Ok((low..=high)
        .step_by(step)
        .map(|value| value.to_string())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        read(&[text.to_owned()], &[]).unwrap().remove(0).values
    }

    #[test]
    fn ranges_hold_both_ends_and_lists_hold_anything() {
        for (text, expected) in [
            ("a.b=1..3", "1|2|3"),
            ("a.b=0..10 step 4", "0|4|8"),
            ("a.b=-1..1", "-1|0|1"),
            ("a.b=10,100, 1000", "10|100|1000"),
            ("a.b=1..2,8,16..17", "1|2|8|16|17"),
            ("a.b=5ms,1.5s", "5ms|1.5s"),
            ("a.b=100/s,200/s", "100/s|200/s"),
            ("a.b=1ms..5ms", "1ms..5ms"),
            ("a.b=[sync],[coroutine]", "[sync]|[coroutine]"),
            ("a.b=['x 1, y'],[z, w]", "['x 1, y']|[z, w]"),
        ] {
            assert_eq!(values(text).join("|"), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_of_all_axes_are_reported_at_once_each_with_its_place() {
        let texts = [
            "server.workers",
            "=3",
            "a=4..1",
            "b=1..9 step 0",
            "c=1,,2",
            "d=x step 2",
            "e=1,1",
            "f=1",
            "f=2",
            "g=1..99999999",
            "machine.cores=1..2",
            "requests.it.steps=compute 5ms, sleep 5ms",
        ];
        let fixed = [("machine.", "it is a real one")];
        let problems = read(&texts.map(str::to_owned), &fixed).unwrap_err();
        assert_eq!(problems.count(), 11, "{problems}");
        let drawn = problems.to_string();
        for text in [
            "has no values",
            "a key is missing",
            "nothing in it",
            "not a step",
            "a value is missing",
            "not a range",
            "duplicate value",
            "two axes",
            "more than 1000000 points",
            "cannot be an axis: it is a real one",
            "in brackets",
        ] {
            assert!(drawn.contains(text), "{text}: {drawn}");
        }
    }
}
