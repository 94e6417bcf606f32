//! Measured throughputs from a file: a line for each load, `N,X`.
//!
//! Every mistake is reported with its line and column, counted from 1. The crate `csv` knows neither: its place of a
//! record is that of the comments and empty lines before it, and its fields have no columns.

use super::fit::Point;

/// Returns the points of a file, in its order; or all its mistakes, each beginning with `line:column: `.
///
/// A first line without a number is a header. Empty lines and those that begin with `#` are skipped.
///
/// # Errors
/// All mistakes of the file.
pub fn points(text: &str) -> Result<Vec<Point>, Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut points, mut mistakes) = (Vec::new(), Vec::new());
    let mut head_may_come = true;
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if std::mem::take(&mut head_may_come) && is_head(line) {
            continue;
        }
        match point(line) {
            Ok(point) => points.push(point),
            Err(of_line) => {
                let located = of_line.into_iter();
                mistakes.extend(located.map(|(column, what)| format!("{number}:{column}: {what}")));
            }
        }
    }
    if mistakes.is_empty() {
        Ok(points)
    } else {
        Err(mistakes)
    }
}

fn is_head(line: &str) -> bool {
    let has_digit = |cell: &str| cell.contains(|letter: char| letter.is_ascii_digit());
    !line.split(',').any(has_digit)
}

/// Mistakes of a line, each with its column.
type LineMistakes = Vec<(usize, String)>;

fn point(line: &str) -> Result<Point, LineMistakes> {
    let mut cells = Vec::new();
    let mut column = 1;
    for cell in line.split(',') {
        cells.push((column, cell));
        column += cell.chars().count() + 1;
    }
    let &[load, throughput] = cells.as_slice() else {
        let what = match cells.len() {
            1 => "a load and a throughput, `N,X`, with a comma between".to_owned(),
            count => format!("two columns, `N,X`, not {count}"),
        };
        return Err(vec![(1, what)]);
    };
    let load = number(load, 1.0..=1e9, "a load from 1 to 1e9");
    let throughput = number(throughput, 1e-9..=1e15, "a throughput from 1e-9 to 1e15");
    match (load, throughput) {
        (Ok(load), Ok(throughput)) => Ok(Point { load, throughput }),
        (load, throughput) => Err([load.err(), throughput.err()]
            .into_iter()
            .flatten()
            .collect()),
    }
}

/// Reads a cell as a number; spreadsheets may put it in quotes.
fn number(
    (column, cell): (usize, &str),
    bounds: std::ops::RangeInclusive<f64>,
    what: &str,
) -> Result<f64, (usize, String)> {
    let blanks = cell.chars().count() - cell.trim_start().chars().count();
    let inside = cell.trim().trim_matches('"').trim();
    match inside.parse::<f64>() {
        Ok(number) if bounds.contains(&number) => Ok(number),
        _ => Err((
            column + blanks,
            format!("`{}` is not {what}", shown(inside)),
        )),
    }
}

/// Removes characters that could confuse a terminal, and shortens the cell.
fn shown(cell: &str) -> String {
    let plain = cell.chars().filter(|letter| !letter.is_control());
    plain.take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_columns_are_read_with_and_without_a_head() {
        let expected = [(1.0, 64.9), (18.0, 995.9)];
        for text in [
            "1,64.9\n18,995.9\n",
            "N,X\n1,64.9\n18,995.9",
            "\u{feff}load, per hour\r\n1 , 64.9\r\n\r\n# a note\r\n \"18\",\"995.9\"\r\n",
        ] {
            let points = points(text).expect("it is well");
            let found = points.iter().map(|point| (point.load, point.throughput));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(points(""), Ok(Vec::new()));
    }

    #[test]
    fn every_mistake_is_reported_with_its_place() {
        let text = "N,X\n1,64.9\n0, fast\n7\n1,2,3\nN,X\n2,inf\n3,1e3\n";
        let mistakes = points(text).expect_err("it is all wrong");
        insta::assert_snapshot!(mistakes.join("\n"), @r"
        3:1: `0` is not a load from 1 to 1e9
        3:4: `fast` is not a throughput from 1e-9 to 1e15
        4:1: a load and a throughput, `N,X`, with a comma between
        5:1: two columns, `N,X`, not 3
        6:1: `N` is not a load from 1 to 1e9
        6:3: `X` is not a throughput from 1e-9 to 1e15
        7:3: `inf` is not a throughput from 1e-9 to 1e15
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-0-9eE.,\"#NX \t\r\n\u{e9}]{0,80}") {
            if let Ok(points) = points(&text) {
                proptest::prop_assert!(points.iter().all(|it| it.load >= 1.0 && it.throughput > 0.0));
            }
        }
    }
}
