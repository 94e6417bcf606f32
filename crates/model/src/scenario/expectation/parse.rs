//! Parses a comparison: words first, then the usual precedence.
//!
//! ```text
//! comparison = sum ( "<" | "<=" | ">" | ">=" ) sum
//!            | sum "~=" sum "+-" ( number "%" | sum )
//! sum        = product { ( "+" | "-" ) product }
//! product    = factor { ( "*" | "/" ) factor }
//! factor     = number [ unit ] | name | "-" factor | "(" sum ")"
//! ```

use std::ops::Range;

use super::{
    Comparison, Dimension, Expression, Mistake, Name, Operator, Quantity, Test, Tolerance,
};

/// Maximum nesting of parentheses: deeper nesting is a slip, and would use up the stack.
const DEEPEST: usize = 32;

/// Parses a comparison. [`Comparison::check`] tests that its names exist.
///
/// # Errors
/// The first mistake, with its place in `text`.
pub fn parse(text: &str) -> Result<Comparison, Mistake> {
    let words = words(text)?;
    let mut parser = Parser::new(&words, text);
    let comparison = parser.comparison()?;
    parser.expect_end(
        "unexpected text after the comparison",
        Some("a `that` has one comparison; write another `[[expect]]` for a second"),
    )?;
    Ok(comparison)
}

/// Parses one side of a comparison: `coroutine.throughput / sync.throughput`.
///
/// # Errors
/// The first mistake, with its place in `text`.
pub fn parse_expression(text: &str) -> Result<Expression, Mistake> {
    let words = words(text)?;
    let mut parser = Parser::new(&words, text);
    let expression = parser.sum()?;
    parser.expect_end("unexpected text after the number", None)?;
    Ok(expression)
}

/// Parses a single number with its unit: `20`, `150ms`, `20/s`.
///
/// # Errors
/// Text that is not such a number.
pub fn parse_quantity(text: &str) -> Result<Quantity, Mistake> {
    match parse_expression(text)? {
        Expression::Number(quantity) => Ok(quantity),
        _ => Err(mistake(
            0..text.len(),
            format!("`{text}` is not a number"),
            None,
        )),
    }
}

fn mistake(range: Range<usize>, message: impl Into<String>, hint: Option<&str>) -> Mistake {
    Mistake {
        range,
        message: message.into(),
        hint: hint.map(str::to_owned),
    }
}

/// Kind of a token.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Number(Quantity),
    Percent(f64),
    Name(String),
    Sign(&'static str),
}

#[derive(Clone, Debug)]
struct Word {
    kind: Kind,
    range: Range<usize>,
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [&str; 12] = [
    "<=", ">=", "~=", "+-", "<", ">", "+", "-", "*", "/", "(", ")",
];

fn words(text: &str) -> Result<Vec<Word>, Mistake> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        if next.is_whitespace() {
            at += next.len_utf8();
            continue;
        }
        let word = word(text, at, next)?;
        at = word.range.end;
        words.push(word);
    }
    Ok(words)
}

fn word(text: &str, at: usize, first: char) -> Result<Word, Mistake> {
    let rest = &text[at..];
    if first.is_ascii_digit() {
        return number(text, at);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = length_of(rest, |letter| {
            letter.is_ascii_alphanumeric() || letter == '_' || letter == '.'
        });
        return Ok(Word {
            kind: Kind::Name(rest[..length].to_owned()),
            range: at..at + length,
        });
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok(Word {
            kind: Kind::Sign(sign),
            range: at..at + sign.len(),
        });
    }
    let range = at..at + first.len_utf8();
    Err(match first {
        '=' | '!' => mistake(
            range,
            format!("`{first}` is not a comparison of measured numbers"),
            Some("measured numbers are never exactly equal: write `~= 50 +- 10%`"),
        ),
        _ => mistake(range, format!("unexpected `{first}` in a comparison"), None),
    })
}

fn length_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

/// Reads a number, and its unit if it has one: `25`, `1_000`, `2.5`, `150ms`, `0.2 s`, `20/s`, `10%`.
fn number(text: &str, at: usize) -> Result<Word, Mistake> {
    let rest = &text[at..];
    let digits = length_of(rest, |letter| {
        letter.is_ascii_digit() || letter == '.' || letter == '_'
    });
    let value: f64 = rest[..digits].replace('_', "").parse().map_err(|_| {
        let message = format!("`{}` is not a number", &rest[..digits]);
        mistake(at..at + digits, message, None)
    })?;
    let gap = length_of(&rest[digits..], |letter| letter == ' ');
    let after = &rest[digits + gap..];
    let letters = length_of(after, char::is_alphabetic);
    let quantity = |value, dimension| Kind::Number(Quantity { value, dimension });
    let (kind, length) = match &after[..letters] {
        "ns" => (quantity(value / 1e9, Dimension::TIME), digits + gap + 2),
        "us" | "µs" => (
            quantity(value / 1e6, Dimension::TIME),
            digits + gap + letters,
        ),
        "ms" => (quantity(value / 1e3, Dimension::TIME), digits + gap + 2),
        "s" => (quantity(value, Dimension::TIME), digits + gap + 1),
        "m" | "min" => (
            quantity(value * 60.0, Dimension::TIME),
            digits + gap + letters,
        ),
        "" if after.starts_with('%') => (Kind::Percent(value / 100.0), digits + gap + 1),
        "" if is_per_second(after) => (quantity(value, Dimension::RATE), digits + gap + 2),
        "" => (quantity(value, Dimension::PLAIN), digits),
        unit => {
            let from = at + digits + gap;
            let message = format!("`{unit}` is not a unit");
            let hint = "the units are us, ms, s, min, /s and %";
            return Err(mistake(from..from + unit.len(), message, Some(hint)));
        }
    };
    Ok(Word {
        kind,
        range: at..at + length,
    })
}

/// True if `/s` stands there alone: `20/s`, but not `20/sync.throughput`.
fn is_per_second(text: &str) -> bool {
    text.strip_prefix("/s").is_some_and(|rest| {
        !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.')
    })
}

struct Parser<'a> {
    words: &'a [Word],
    next: usize,
    /// End of the text: the place of anything missing.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(words: &'a [Word], text: &str) -> Self {
        Self {
            words,
            next: 0,
            end: text.len(),
            depth: 0,
        }
    }

    /// Fails if words are left: `unexpected` describes them.
    fn expect_end(&self, unexpected: &str, hint: Option<&str>) -> Result<(), Mistake> {
        let end = self.peek().map_or(Ok(()), Err);
        end.map_err(|word| mistake(word.range.clone(), unexpected, hint))
    }

    fn peek(&self) -> Option<&'a Word> {
        self.words.get(self.next)
    }

    fn take(&mut self) -> Option<&'a Word> {
        let word = self.peek();
        self.next += 1;
        word
    }

    /// Takes the next word if it is one of these signs, and returns its place.
    fn take_sign(&mut self, signs: &[&'static str]) -> Option<(&'static str, Range<usize>)> {
        match self.peek() {
            Some(Word {
                kind: Kind::Sign(sign),
                range,
            }) if signs.contains(sign) => {
                self.next += 1;
                Some((sign, range.clone()))
            }
            _ => None,
        }
    }

    fn place(&self) -> Range<usize> {
        self.peek()
            .map_or(self.end..self.end, |word| word.range.clone())
    }

    fn comparison(&mut self) -> Result<Comparison, Mistake> {
        let left = self.sum()?;
        let Some((word, sign)) = self.take_sign(&["<", "<=", ">", ">=", "~="]) else {
            let hint = "for example `latency.p99 < 150ms`";
            let message = "a comparison is missing here: <, <=, >, >= or ~=";
            return Err(mistake(self.place(), message, Some(hint)));
        };
        let right = self.sum()?;
        let test = match word {
            "<" => Test::Less,
            "<=" => Test::AtMost,
            ">" => Test::More,
            ">=" => Test::AtLeast,
            _ => Test::About(self.tolerance()?),
        };
        Ok(Comparison {
            left,
            test,
            right,
            sign,
        })
    }

    fn tolerance(&mut self) -> Result<Tolerance, Mistake> {
        if self.take_sign(&["+-"]).is_none() {
            let hint = "write the tolerance: `~= 50 +- 10%`, `~= 4.2s +- 100ms`";
            return Err(mistake(self.place(), "`+-` is missing here", Some(hint)));
        }
        if let Some(Word {
            kind: Kind::Percent(share),
            ..
        }) = self.peek()
        {
            self.next += 1;
            return Ok(Tolerance::Share(*share));
        }
        Ok(Tolerance::Absolute(self.sum()?))
    }

    fn sum(&mut self) -> Result<Expression, Mistake> {
        let mut sum = self.product()?;
        while let Some((word, sign)) = self.take_sign(&["+", "-"]) {
            let operator = match word {
                "+" => Operator::Plus,
                _ => Operator::Minus,
            };
            sum = pair(sum, operator, sign, self.product()?);
        }
        Ok(sum)
    }

    fn product(&mut self) -> Result<Expression, Mistake> {
        let mut product = self.factor()?;
        while let Some((word, sign)) = self.take_sign(&["*", "/"]) {
            let operator = match word {
                "*" => Operator::Times,
                _ => Operator::Over,
            };
            product = pair(product, operator, sign, self.factor()?);
        }
        Ok(product)
    }

    fn factor(&mut self) -> Result<Expression, Mistake> {
        let place = self.place();
        match self.take().map(|word| word.kind.clone()) {
            Some(Kind::Number(quantity)) => Ok(Expression::Number(quantity)),
            Some(Kind::Percent(share)) => Ok(Expression::Number(Quantity::plain(share))),
            Some(Kind::Name(text)) => Ok(Expression::Name(Name { text, range: place })),
            Some(Kind::Sign("-")) => {
                let factor = self.nested(&place, Self::factor)?;
                let minus_one = Expression::Number(Quantity::plain(-1.0));
                Ok(pair(minus_one, Operator::Times, place, factor))
            }
            Some(Kind::Sign("(")) => {
                let sum = self.nested(&place, Self::sum)?;
                match self.take_sign(&[")"]) {
                    Some(_) => Ok(sum),
                    None => Err(mistake(self.place(), "`)` is missing here", None)),
                }
            }
            Some(Kind::Sign(sign)) => {
                let message = format!("a number or a name is missing before `{sign}`");
                Err(mistake(place, message, None))
            }
            None => Err(mistake(
                place,
                "a number or a name is missing here",
                Some("for example `coroutine.throughput >= 25 * sync.throughput`"),
            )),
        }
    }

    fn nested(
        &mut self,
        place: &Range<usize>,
        parse: fn(&mut Self) -> Result<Expression, Mistake>,
    ) -> Result<Expression, Mistake> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(mistake(place.clone(), "nested too deep", None));
        }
        let expression = parse(self)?;
        self.depth -= 1;
        Ok(expression)
    }
}

fn pair(left: Expression, operator: Operator, sign: Range<usize>, right: Expression) -> Expression {
    Expression::Pair {
        left: Box::new(left),
        operator,
        sign,
        right: Box::new(right),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mistake_points_at_its_word() {
        for (text, at, message) in [
            ("", "", "a number or a name is missing here"),
            ("latency.p99", "", "a comparison is missing here"),
            ("latency.p99 == 3", "=", "is not a comparison"),
            ("latency.p99 < 150 parsecs", "parsecs", "is not a unit"),
            ("latency.p99 < 1.2.3ms", "1.2.3", "is not a number"),
            ("throughput ~= 50", "", "`+-` is missing"),
            (
                "throughput < 3 < 4",
                "<",
                "unexpected text after the comparison",
            ),
            ("throughput < (3", "", "`)` is missing"),
            ("throughput < * 3", "*", "missing before `*`"),
            ("throughput < 3 € ", "€", "unexpected `€`"),
        ] {
            let mistake = parse(text).expect_err(text);
            assert_eq!(&text[mistake.range.clone()], at, "in: {text}");
            assert!(mistake.message.contains(message), "in: {text}: {mistake:?}");
        }
    }

    #[test]
    fn a_rate_is_distinguished_from_a_division() {
        let comparison = parse("20/sync.throughput < 20/s").unwrap();
        assert!(matches!(comparison.left, Expression::Pair { .. }));
        assert_eq!(
            comparison.right,
            Expression::Number(Quantity {
                value: 20.0,
                dimension: Dimension::RATE
            })
        );
    }

    #[test]
    fn a_thousand_parentheses_are_a_mistake_and_no_crash() {
        for opening in ["(", "-"] {
            assert!(parse(&opening.repeat(100_000)).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic_and_every_mistake_lies_in_it(text in "\\PC{0,40}") {
            if let Err(mistake) = parse(&text) {
                prop_assert!(text.get(mistake.range).is_some());
            }
        }

        #[test]
        fn no_row_of_words_makes_the_reader_panic(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "<", "~=", "+-", "10%", "20/s", "3ms", "4", "(", ")", "*", "-", "sync.x",
                ]),
                0..12,
            )
        ) {
            let _ = parse(&words.join(" "));
        }
    }
}
