//! Tests of tables.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::made_up::MadeUpRuns;
use concsim_engine::telemetry::Event;
use concsim_model::scenario::WorkerKind;
use concsim_model::words::{one_line, without_apostrophe};
use concsim_record::Recording;
use concsim_record::synthetic::Synthetic;

impl MadeUpRuns {
    fn write(&self, table: Table, form: Form) -> String {
        let mut bytes = Vec::new();
        table.write(&self.views(), form, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn objects(&self, table: Table) -> Vec<Value> {
        let text = self.write(table, Form::Jsonl);
        let parse = |line| serde_json::from_str(line).unwrap();
        text.lines().map(parse).collect()
    }
}

fn both_kinds() -> MadeUpRuns {
    let kinds = [WorkerKind::Sync, WorkerKind::Coroutine];
    MadeUpRuns::of("Coroutines wait together.", &kinds.map(Synthetic::io_bound))
}

/// Reads CSV text into rows, header included, with a reader independent of the writer.
fn read(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        row.unwrap().iter().map(str::to_owned).collect()
    };
    reader.records().map(row).collect()
}

#[test]
fn both_forms_say_the_same() {
    let kept = both_kinds();
    for table in Table::ALL {
        let rows = read(&kept.write(table, Form::Csv));
        let objects = kept.objects(table);
        let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        assert_eq!(rows[0], names);
        assert_eq!(rows.len() - 1, objects.len());
        for (row, object) in rows[1..].iter().zip(&objects) {
            for (name, field) in names.iter().zip(row) {
                let text = match &object[name] {
                    Value::Null => String::new(),
                    Value::String(words) => words.clone(),
                    number => number.to_string(),
                };
                let is_same = text == *field
                    || text
                        .parse::<f64>()
                        .ok()
                        .is_some_and(|line| Ok(line) == field.parse());
                assert!(is_same, "{name}: {text} {field}");
            }
        }
    }
}

/// Counts accepts and answers. No process of these recordings starts or ends.
fn accepts_and_answers(recording: &Recording) -> usize {
    let is_accept = |(_, event): &&(u16, Event)| matches!(event, Event::Accepted { .. });
    recording.events.iter().filter(is_accept).count() + recording.answers.len()
}

#[test]
fn every_request_and_every_switch_is_a_row() {
    let kept = both_kinds();
    let all = |of: fn(&Recording) -> usize| kept.recordings.iter().map(of).sum::<usize>();
    for (table, rows) in [
        (Table::Runs, 2),
        (Table::Requests, all(|it| it.outcomes.len())),
        (Table::Samples, all(|it| it.samples.len())),
        (Table::Switches, all(|it| it.switches.len())),
        (Table::Events, all(accepts_and_answers)),
    ] {
        assert!(rows > 0);
        assert_eq!(kept.objects(table).len(), rows, "{table:?}");
    }
}

#[test]
fn requests_count_from_one_and_workers_have_the_letters_of_the_screen_in_every_table() {
    let kept = MadeUpRuns::of(
        "Three.",
        &[Synthetic::three_requests(WorkerKind::Coroutine)],
    );
    let text = |table, column: &str| {
        let rows = kept.objects(table);
        let values = rows.iter().map(|row| row[column].clone());
        let mut values: Vec<Value> = values.filter(|value| !value.is_null()).collect();
        values.sort_by_key(Value::to_string);
        values.dedup();
        values
    };
    assert_eq!(text(Table::Requests, "request"), [1, 2, 3]);
    assert_eq!(text(Table::Switches, "request"), [1, 2, 3]);
    for table in [Table::Requests, Table::Switches, Table::Workers] {
        assert_eq!(text(table, "worker_name"), ["A"], "{table:?}");
    }
}

#[test]
fn latencies_of_the_counted_requests_are_those_of_the_summary() {
    let kept = both_kinds();
    let requests = kept.objects(Table::Requests);
    for view in kept.views() {
        let its = requests.iter().filter(|row| row["variant"] == view.name());
        let counted = its.filter(|row| row["counted"] == true);
        let mut latencies: Vec<u64> = counted
            .map(|row| row["latency_ns"].as_u64().unwrap())
            .collect();
        latencies.sort_unstable();
        assert_eq!(latencies.len(), view.run().due);
        let p50 = latencies[latencies.len().div_ceil(2) - 1];
        assert_eq!(Some(p50 as f64 / 1e6), view.run().latency_ms.p50);
        assert_eq!(
            latencies.last().map(|max| *max as f64 / 1e6),
            view.run().latency_ms.max
        );
    }
}

#[test]
fn integrals_between_two_samples_give_the_means_of_the_summary() {
    let kept = both_kinds();
    let samples = kept.objects(Table::Samples);
    for view in kept.views() {
        let window = view.recording.header.window.unwrap();
        let at = |at: u64| {
            let its = samples.iter().filter(|row| row["variant"] == view.name());
            its.clone().find(|row| row["at_ns"] == at).unwrap()
        };
        let (begin, end) = (at(window.begin.0), at(window.end.0));
        let mean = |name: &str| {
            let grown = end[name].as_f64().unwrap() - begin[name].as_f64().unwrap();
            grown / window.length().0 as f64
        };
        let concurrency = view.run().concurrency.unwrap();
        assert!((mean("begun_integral_ns") - concurrency).abs() < 0.01 * concurrency);
        let parallelism = view.run().parallelism.unwrap();
        assert!((mean("workers_cpu_ns") - parallelism).abs() < 0.01 * parallelism);
    }
}

#[test]
fn a_run_that_proves_nothing_says_so_in_every_row() {
    let mut run = Synthetic::io_bound(WorkerKind::Sync);
    run.load_cpu = 0.99;
    run.interrupted = true;
    let mut kept = MadeUpRuns::of("It is not believed.", &[run]);
    kept.recordings[0].unreadable = 1;
    for table in Table::ALL {
        for row in kept.objects(table) {
            assert_eq!(row["trust"], "proves-nothing", "{table:?}");
            assert_eq!(row["origin"], "measured");
        }
    }
    let run = &kept.objects(Table::Runs)[0];
    assert_eq!(run["interrupted"], true);
    assert!(
        run["because"].as_str().unwrap().contains("generator"),
        "{run}"
    );
}

#[test]
fn a_run_in_which_nothing_happened_has_heads_and_a_row_of_itself() {
    let mut run = Synthetic::idle(WorkerKind::Coroutine, 1);
    run.window = None;
    let mut kept = MadeUpRuns::of("Nothing happens.", &[run]);
    kept.recordings[0].samples.clear();
    for table in Table::ALL {
        let rows = read(&kept.write(table, Form::Csv)).len() - 1;
        assert_eq!(rows, usize::from(table == Table::Runs), "{table:?}");
    }
    assert_eq!(kept.objects(Table::Runs)[0]["trust"], "proves-nothing");
}

proptest! {
    #[test]
    fn no_words_break_out_of_their_place(title in ".*\n?.*", name in "[=+@#\",'\u{202e}🎈\r\n a-z]{1,30}") {
        let mut run = Synthetic::three_requests(WorkerKind::Coroutine);
        run.variant.clone_from(&name);
        let kept = MadeUpRuns::of(&title, &[run]);
        let rows = read(&kept.write(Table::Runs, Form::Csv));
        let names = Table::Runs.columns();
        let place = names.iter().position(|column| column.name == "title").unwrap();
        prop_assert_eq!(rows.len(), 2);
        prop_assert_eq!(rows[1].len(), names.len());
        prop_assert_eq!(without_apostrophe(rows[1][place].clone()), one_line(&title));
        prop_assert_eq!(without_apostrophe(rows[1][0].clone()), one_line(&name));
        prop_assert!(!rows[1][0].starts_with(['=', '+', '-', '@']));
        let objects = kept.objects(Table::Runs);
        prop_assert_eq!(objects[0]["title"].as_str(), Some(title.as_str()));
        let requests = kept.objects(Table::Requests);
        prop_assert!(requests.iter().all(|row| row["variant"] == name.as_str()));
    }
}

/// Returns the table of the documentation under this heading: name, unit, description.
fn documented(table: Table) -> Vec<[String; 3]> {
    let text = include_str!("../../../../docs/data.md");
    let head = format!("### {}\n", table.name());
    let (_, rest) = text
        .split_once(&head)
        .unwrap_or_else(|| panic!("docs/data.md: no {head}"));
    let rows = rest.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(str::trim);
        let cells: Vec<String> = cells.map(str::to_owned).collect();
        let [name, unit, description] = cells.try_into().expect("three cells");
        [name.trim_matches('`').to_owned(), unit, description]
    };
    rows.map(cells).collect()
}

#[test]
fn every_column_is_documented_and_nothing_else_is() {
    for table in Table::ALL {
        let columns = table.columns();
        let own = columns.iter().skip(every_table().len());
        let columns: Vec<[String; 3]> = own
            .map(|column| [column.name, column.unit, column.description].map(str::to_owned))
            .collect();
        let lines = columns
            .iter()
            .map(|[name, unit, description]| format!("| `{name}` | {unit} | {description} |"));
        let lines: Vec<String> = lines.collect();
        assert_eq!(
            documented(table),
            columns,
            "docs/data.md should say:\n{}\n",
            lines.join("\n")
        );
    }
}

#[test]
fn the_columns_of_every_table_are_documented() {
    let text = include_str!("../../../../docs/data.md");
    for column in every_table() {
        let line = format!(
            "| `{}` | {} | {} |",
            column.name, column.unit, column.description
        );
        assert!(text.contains(&line), "docs/data.md should say {line}");
    }
}
