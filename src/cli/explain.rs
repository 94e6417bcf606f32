//! `concsim explain`: what a word, a number, a key or a remark means. Each text has one source: the numbers of the
//! screen (`i`), the table of keys, the kinds of remarks, and the glossary of ARCHITECTURE.md.

use std::process::ExitCode;

use super::talk;
use concsim_model::scenario::{KeyText, key_texts};
use concsim_record::remark::Kind;
use concsim_report::wrap;
use concsim_tui::{NumberTexts, number_texts};

/// The file with the glossary.
const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");
/// Columns of a line.
const COLUMNS: usize = 80;
/// Most offers for an unknown word.
const MOST_OFFERS: usize = 5;

/// Explains a word of the glossary, a number of the screen, a key of the scenario file, or a remark.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim explain parallelism")]
pub struct Args {
    /// Word, number, key or remark; by default, all are listed
    #[arg(value_name = "WORD|METRIC|KEY|REMARK")]
    word: Vec<String>,
}

/// Prints the explanation; the status is 2 if there is none.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let topics = topics();
    if args.word.is_empty() {
        talk::print(&listed(&topics))?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = args.word.join(" ");
    match explained(&topics, &wanted) {
        Ok(text) => {
            talk::print(&text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(unknown) => {
            talk::print_message(unknown);
            Ok(ExitCode::from(2))
        }
    }
}

/// Kind of a topic, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Word,
    Number,
    Key,
    Remark,
}

impl Sort {
    const ALL: [Self; 4] = [Self::Word, Self::Number, Self::Key, Self::Remark];

    fn heading(self) -> &'static str {
        match self {
            Self::Word => "words of the glossary",
            Self::Number => "numbers of the screen",
            Self::Key => "keys of a scenario",
            Self::Remark => "remarks about a run",
        }
    }
}

/// Something that can be explained.
#[derive(Clone, Debug)]
struct Topic {
    sort: Sort,
    /// Names, the first of which is listed.
    names: Vec<String>,
    /// Its text: paragraphs.
    text: Vec<String>,
}

fn topics() -> Vec<Topic> {
    let mut topics = glossary(ARCHITECTURE);
    topics.extend(number_texts().into_iter().map(of_number));
    topics.extend(key_texts().iter().map(of_key));
    let kinds = Kind::SEEN.iter().chain(Kind::KNOWN);
    topics.extend(kinds.map(|kind| of_remark(*kind)));
    topics
}

/// Returns the rows of the table below `## Glossary`.
fn glossary(document: &str) -> Vec<Topic> {
    let rows = document.lines().skip_while(|line| *line != "## Glossary");
    let rows = rows.skip(1).take_while(|line| !line.starts_with("## "));
    let cells = rows.filter_map(|line| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        line.split_once(" | ")
    });
    let words = cells.filter(|(words, _)| *words != "word");
    let topic = |(words, text): (&str, &str)| Topic {
        sort: Sort::Word,
        names: words.split(", ").map(without_marks).collect(),
        text: vec![without_marks(text)],
    };
    words.map(topic).collect()
}

fn without_marks(text: &str) -> String {
    text.replace(['*', '`'], "")
}

fn of_number(number: NumberTexts) -> Topic {
    Topic {
        sort: Sort::Number,
        names: vec![number.name.to_owned()],
        text: vec![
            number.meaning.to_owned(),
            format!("Unit: {}.", number.unit),
            format!("Caution: {}", number.caution),
        ],
    }
}

fn of_key(key: &KeyText) -> Topic {
    let last = key.path.rsplit('.').next().unwrap_or_default();
    let mut text = vec![format!("{}.", key.description)];
    text.extend(key.values.iter().map(|it| format!("Value: {it}.")));
    text.extend(key.default.map(|it| format!("By default: {it}.")));
    let mut names = vec![key.path.clone()];
    names.extend((last != key.path && last != "NAME").then(|| last.to_owned()));
    Topic {
        sort: Sort::Key,
        names,
        text,
    }
}

fn of_remark(kind: Kind) -> Topic {
    Topic {
        sort: Sort::Remark,
        names: vec![kind.code().to_owned()],
        text: vec![
            kind.meaning().to_owned(),
            "The card of a run (--full) has its evidence, and a remedy computed for that run."
                .to_owned(),
        ],
    }
}

/// Returns the names of all topics, by kind.
fn listed(topics: &[Topic]) -> String {
    let of = |sort: Sort| {
        let names = topics.iter().filter(|it| it.sort == sort);
        let names: Vec<&str> = names.map(|it| it.names[0].as_str()).collect();
        let names = wrap(&names.join(", "), COLUMNS - 2, 2);
        format!("{}\n  {names}\n\n", sort.heading())
    };
    let text: String = Sort::ALL.map(of).concat();
    text + "Explain one: concsim explain parallelism\n"
}

/// Returns the explanations of a word, or a message with near ones.
fn explained(topics: &[Topic], wanted: &str) -> Result<String, String> {
    let key = |name: &str| name.to_lowercase().replace(['-', '_'], " ");
    let wanted_key = key(wanted);
    let is_meant = |it: &&Topic| it.names.iter().any(|name| key(name) == wanted_key);
    let found: Vec<String> = topics.iter().filter(is_meant).map(Topic::explain).collect();
    if !found.is_empty() {
        return Ok(found.join("\n"));
    }
    let mut near: Vec<(usize, &str)> = Vec::new();
    for name in topics.iter().flat_map(|topic| &topic.names) {
        let known = key(name);
        let distance = if known.contains(&wanted_key) {
            1
        } else {
            strsim::damerau_levenshtein(&known, &wanted_key)
        };
        if distance <= 1 + wanted.len() / 4 && !near.iter().any(|it| it.1 == name) {
            near.push((distance, name));
        }
    }
    near.sort_by_key(|(distance, _)| *distance);
    let near = near
        .iter()
        .take(MOST_OFFERS)
        .map(|(_, name)| format!("`{name}`"));
    let near: Vec<String> = near.collect();
    Err(if near.is_empty() {
        format!("unknown word `{wanted}`; `concsim explain` lists the known ones")
    } else {
        format!("unknown word `{wanted}`; did you mean {}?", near.join(", "))
    })
}

impl Topic {
    fn explain(&self) -> String {
        let sort = match self.sort {
            Sort::Word => "word",
            Sort::Number => "number of the screen",
            Sort::Key => "key of a scenario",
            Sort::Remark => "remark about a run",
        };
        let names = match self.sort {
            Sort::Key => self.names[0].clone(),
            _ => self.names.join(", "),
        };
        let lines = self.text.iter();
        let lines = lines.map(|it| format!("  {}\n", wrap(it, COLUMNS - 2, 2)));
        format!("{names} ({sort})\n{}", lines.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_can_be_asked_for_and_has_a_text() {
        let topics = topics();
        for sort in Sort::ALL {
            assert!(
                topics.iter().filter(|it| it.sort == sort).count() > 20,
                "{sort:?}"
            );
        }
        for topic in &topics {
            assert!(topic.text.iter().all(|it| it.len() > 3), "{topic:?}");
            for name in &topic.names {
                let text = explained(&topics, name).unwrap_or_else(|it| panic!("{it}"));
                assert!(text.contains(&topic.explain()), "{name}");
            }
        }
    }

    #[test]
    fn a_number_has_its_meaning_its_unit_and_its_caution() {
        let text = explained(&topics(), "parallelism").expect("it is known");
        assert!(
            text.contains("parallelism (number of the screen)"),
            "{text}"
        );
        assert!(
            text.contains("Unit: cores.") && text.contains("Caution: "),
            "{text}"
        );
        // The glossary has the word too.
        assert!(text.contains("(word)"), "{text}");
    }

    #[test]
    fn a_key_is_found_by_its_path_and_by_its_last_part() {
        let [path, last] = ["server.workers", "workers"].map(|it| explained(&topics(), it));
        let (path, last) = (path.expect("a key"), last.expect("a key"));
        assert!(
            path.starts_with("server.workers (key of a scenario)\n"),
            "{path}"
        );
        assert!(path.contains("By default: 1."), "{path}");
        assert!(last.contains(&path), "{last}");
    }

    #[test]
    fn an_unknown_word_gets_near_ones() {
        let message = |word: &str| explained(&topics(), word).expect_err("it is unknown");
        assert!(
            message("parallelsm").ends_with("did you mean `parallelism`?"),
            "{}",
            message("parallelsm")
        );
        assert!(message("qqqqqq").ends_with("lists the known ones"));
    }
}
