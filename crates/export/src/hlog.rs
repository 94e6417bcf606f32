//! HdrHistogram interval log: latencies of the counted requests, second by second, for plotters and for
//! merging histograms.
//!
//! There is a row for each second of the window and each tag. The tag with the variant's name holds
//! latencies from when a request was due; `NAME.from-send` holds latencies from when it was sent. A request
//! belongs to the second in which it was due; a failed one counts with the client's patience at least. So
//! all rows of a tag together give the percentiles of the summary, to three digits. Values are nanoseconds;
//! the column of maxima is in milliseconds, as the format demands.

use std::io::{self, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use concsim_engine::telemetry::Outcome;
use concsim_model::units::Elapsed;
use concsim_model::words::one_line;
use concsim_record::RunView;

/// Significant digits of a value.
const DIGITS: u8 = 3;
/// Length of the window that one row covers.
const ROW: Elapsed = Elapsed::from_secs(1);
const NANOSECONDS_IN_A_MILLISECOND: f64 = 1e6;

/// Writes the log of these variants, row by row.
///
/// # Errors
/// If writing fails.
pub fn write(variants: &[RunView<'_>], mut to: impl Write) -> io::Result<()> {
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder.with_max_value_divisor(NANOSECONDS_IN_A_MILLISECOND);
    builder.add_comment("[Histogram log format version 1.3]");
    for line in variants.iter().flat_map(comments) {
        builder.add_comment(&line);
    }
    builder.add_comment(" tag, start and length in s, maximum in ms, histogram in ns");
    let mut log = builder.begin_log_with(&mut to, &mut serializer)?;
    let counted: Vec<Vec<&Outcome>> = variants.iter().map(counted).collect();
    for row in rows(variants, &counted) {
        for (tag, histogram) in row.histograms() {
            let tag = Tag::new(&tag).expect("a tag has no comma, no space and no line break");
            let [start, length] = [row.start, row.length].map(|it| Duration::from_nanos(it.0));
            log.write_histogram(&histogram, start, length, Some(tag))
                .map_err(io_error)?;
        }
    }
    to.flush()
}

/// Returns comment lines: the variant, and its trust.
fn comments(view: &RunView<'_>) -> Vec<String> {
    let header = &view.recording.header;
    let name = one_line(view.name());
    let mut lines = vec![
        format!(" {name}: {}", one_line(&view.plan.title)),
        format!(
            " {name}: concsim {}, {}, {}, seed {}, {}, trust {}",
            header.concsim,
            one_line(&view.plan.file),
            view.plan.sha256,
            header.scenario.seed,
            view.run().origin.word(),
            view.run().trust.code(),
        ),
    ];
    let caveat = view.caveats().in_full();
    lines.extend(caveat.map(|caveat| format!(" {name}: {}", one_line(&caveat))));
    if header.window.is_none() {
        lines.push(format!(" {name}: nothing was counted"));
    }
    lines
}

/// Returns the variant's name as a valid tag, different from those taken.
fn tag(name: &str, taken: &[String]) -> String {
    let plain = |letter: char| {
        let breaks = letter == ',' || letter.is_whitespace() || letter.is_control();
        if breaks { '_' } else { letter }
    };
    let plain: String = name.chars().map(plain).collect();
    let numbered = (2..).map(|number| format!("{plain}_{number}"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    let free = names.find(|name| !name.is_empty() && !taken.contains(name));
    free.expect("numbers never end")
}

/// Returns the counted requests in the order in which they were due.
fn counted<'a>(view: &RunView<'a>) -> Vec<&'a Outcome> {
    let outcomes = view.recording.outcomes.iter();
    let mut counted: Vec<&Outcome> = outcomes.filter(|outcome| view.counts(outcome)).collect();
    counted.sort_by_key(|outcome| outcome.due);
    counted
}

/// Requests that were due in one second of a variant's window.
struct Row<'a> {
    view: &'a RunView<'a>,
    tag: String,
    /// Offset from the variant's first request.
    start: Elapsed,
    length: Elapsed,
    outcomes: &'a [&'a Outcome],
}

/// Returns the rows of all variants in order of time: readers skip rows that go back in time.
fn rows<'a>(variants: &'a [RunView<'a>], counted: &'a [Vec<&'a Outcome>]) -> Vec<Row<'a>> {
    let (mut rows, mut tags) = (Vec::new(), Vec::new());
    for (view, counted) in variants.iter().zip(counted) {
        let tag = tag(view.name(), &tags);
        if let Some(window) = view.recording.header.window {
            let second = |outcome: &Outcome| outcome.due.since(window.begin).0 / ROW.0;
            for outcomes in counted.chunk_by(|one, next| second(one) == second(next)) {
                let begin = Elapsed(second(outcomes[0]) * ROW.0);
                rows.push(Row {
                    view,
                    tag: tag.clone(),
                    start: window.begin.since(view.recording.header.began) + begin,
                    length: ROW.min(window.length() - begin),
                    outcomes,
                });
            }
        }
        tags.push(tag);
    }
    rows.sort_by_key(|row| row.start);
    rows
}

impl Row<'_> {
    /// Returns the histogram from due, and that from send if any request was sent.
    fn histograms(&self) -> impl Iterator<Item = (String, Histogram<u64>)> {
        let outcomes = self.outcomes.iter();
        let from_due = outcomes.clone().map(|outcome| self.view.latency(outcome));
        let sent = outcomes.filter(|outcome| outcome.sent >= outcome.due);
        let from_send = sent.map(|outcome| self.view.latency_from_send(outcome));
        let both = [
            (self.tag.clone(), histogram(from_due)),
            (format!("{}.from-send", self.tag), histogram(from_send)),
        ];
        both.into_iter()
            .filter(|(_, histogram)| !histogram.is_empty())
    }
}

fn histogram(lengths: impl Iterator<Item = Elapsed>) -> Histogram<u64> {
    let mut histogram = Histogram::new(DIGITS).expect("three digits can be told apart");
    for length in lengths {
        histogram
            .record(length.0)
            .expect("it grows as long as it has to");
    }
    histogram
}

fn io_error<E: std::fmt::Debug>(error: IntervalLogWriterError<E>) -> io::Error {
    match error {
        IntervalLogWriterError::IoError(error) => error,
        IntervalLogWriterError::SerializeError(error) => io::Error::other(format!("{error:?}")),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::made_up::MadeUpRuns;
    use concsim_model::scenario::WorkerKind;
    use concsim_record::synthetic::Synthetic;

    fn log(kept: &MadeUpRuns) -> String {
        let mut bytes = Vec::new();
        write(&kept.views(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Returns the tags of a log, each with the sum of its rows, and the start times of all rows.
    fn sums(text: &str) -> (Vec<(String, Histogram<u64>)>, Vec<Duration>) {
        let (mut sums, mut starts) = (Vec::<(String, Histogram<u64>)>::new(), Vec::new());
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            let LogEntry::Interval(row) = entry.unwrap() else {
                continue;
            };
            starts.push(row.start_timestamp());
            let tag = row.tag().unwrap().as_str().to_owned();
            let bytes = STANDARD.decode(row.encoded_histogram()).unwrap();
            let histogram = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
            match sums.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, sum)) => sum.add(histogram).unwrap(),
                None => sums.push((tag, histogram)),
            }
        }
        (sums, starts)
    }

    fn both_kinds() -> MadeUpRuns {
        let kinds = [WorkerKind::Sync, WorkerKind::Coroutine];
        MadeUpRuns::of("Coroutines wait together.", &kinds.map(Synthetic::io_bound))
    }

    #[test]
    fn all_rows_of_a_tag_together_are_the_percentiles_of_the_summary() {
        let kept = both_kinds();
        let (sums, starts) = sums(&log(&kept));
        assert!(
            starts.is_sorted() && starts.len() > sums.len(),
            "{starts:?}"
        );
        let named = |name: &str| sums.iter().find(|(tag, _)| tag == name).unwrap().1.clone();
        for view in kept.views() {
            for (tag, summary) in [
                (view.name().to_owned(), view.run().latency_ms),
                (
                    format!("{}.from-send", view.name()),
                    view.run().from_send_ms,
                ),
            ] {
                let sum = named(&tag);
                assert_eq!(sum.len(), view.run().due as u64);
                let p50 = sum.value_at_quantile(0.5) as f64 / 1e6;
                let expected = summary.p50.unwrap();
                assert!(
                    (p50 - expected).abs() <= expected / 1_000.0,
                    "{tag}: {p50} {expected}"
                );
            }
        }
    }

    #[test]
    fn no_words_make_a_row_or_break_one() {
        let hostile = "a, b\n#[StartTime: 0.0 (seconds since epoch), x]\n\u{202e}\"🎈\"";
        let kinds = [WorkerKind::Sync, WorkerKind::Coroutine];
        let named = kinds.map(|kind| {
            let mut run = Synthetic::io_bound(kind);
            run.variant = hostile.into();
            run
        });
        let text = log(&MadeUpRuns::of(&hostile.repeat(1_000), &named));
        let plain = log(&both_kinds());
        assert_eq!(text.lines().count(), plain.lines().count());
        let tags: Vec<String> = sums(&text).0.into_iter().map(|(tag, _)| tag).collect();
        assert_eq!(tags.len(), 4, "{tags:?}");
        let comments = text.lines().filter(|line| line.starts_with("#["));
        assert_eq!(comments.count(), 2, "only the format speaks so");
    }

    #[test]
    fn a_run_that_proves_nothing_says_so_above_the_rows() {
        let mut run = Synthetic::io_bound(WorkerKind::Sync);
        run.window = None;
        run.interrupted = true;
        let text = log(&MadeUpRuns::of("Nothing was counted.", &[run]));
        for words in [
            "trust proves-nothing",
            "it was interrupted",
            "nothing was counted",
        ] {
            assert!(text.contains(words), "{text}");
        }
        assert!(sums(&text).0.is_empty());
    }
}
