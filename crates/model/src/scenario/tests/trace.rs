//! Traces: requests at the instants of a CSV file beside the scenario.

use std::path::Path;

use super::*;
use crate::scenario::{Arrivals, Job, Scenario, expand};
use crate::units::Elapsed;

/// A scenario whose load is the trace of this path.
fn traced(path: &str) -> String {
    format!(
        "requests.short.steps = ['compute 1ms']\nrequests.long.steps = ['compute 9ms']\n\
         load.trace = '{path}'\n"
    )
}

const WRONG: &str = "at,kind\n\
    1,shrot\n\
    soon,short\n\
    -1,short\n\
    25h,long\n\
    2\n\
    2,short,3\n\
    3 parsecs,long\n";

/// The files of these tests.
fn file(path: &Path) -> Result<Vec<u8>, String> {
    let lines = |count: usize| "1\n".repeat(count);
    let text = match path.to_str() {
        Some("folder/good.csv") => {
            "kind , at\r\nlong,1.5\r\nshort, 250ms\r\n\r\nshort,1.5\r\n".to_owned()
        }
        Some("folder/plain.csv") => "at\n2\n0.000000001\n".to_owned(),
        Some("folder/some.csv") => "at,kind\n0,long\n1,\n".to_owned(),
        Some("folder/quoted.csv") => "\"at\",\"kind\"\n\"1\",\"lng\"\n".to_owned(),
        Some("folder/wrong.csv") => WRONG.to_owned(),
        Some("folder/head.csv") => "when,kind,kind\n1,short,long\n".to_owned(),
        Some("folder/empty.csv") => "at,kind\n".to_owned(),
        Some("folder/million.csv") => format!("at\n{}", lines(1_000_000)),
        Some("folder/more.csv") => format!("at\n{}", lines(1_000_001)),
        Some("folder/bad.csv") => format!("at\n{}", "x\n".repeat(200)),
        Some("folder/latin.csv") => return Ok(vec![b'a', b't', 0xE9]),
        _ => return Err("No such file".to_owned()),
    };
    Ok(text.into_bytes())
}

fn read_beside(text: &str, set: &[&str]) -> Result<Plan, Problems> {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        read_file: Some(file),
        ..Overrides::default()
    };
    read(text, "folder/some.toml", &overrides)
}

fn scenario(text: &str) -> Scenario {
    let plan = read_beside(text, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    plan.variants[0].scenario.clone()
}

fn messages(text: &str) -> String {
    read_beside(text, &[]).expect_err("it is wrong").to_string()
}

fn job(milliseconds: u64, class: Option<usize>) -> Job {
    Job {
        at: Elapsed::from_millis(milliseconds),
        class,
    }
}

#[test]
fn rows_of_a_trace_are_the_load_in_order_of_time_and_else_of_the_file() {
    let load = scenario(&traced("good.csv")).load;
    let [short, long] = [Some(0), Some(1)];
    assert_eq!(load.arrivals, Arrivals::Scheduled);
    assert_eq!(
        load.jobs,
        [job(250, short), job(1500, long), job(1500, short)]
    );
    assert_eq!(load.requests, Some(3));
}

#[test]
fn a_row_without_a_kind_is_drawn_by_the_shares_of_the_file() {
    let weights = |scenario: &Scenario| {
        let requests = scenario.requests.iter();
        requests.map(|request| request.weight).collect::<Vec<_>>()
    };
    let plain = scenario(&format!(
        "{}requests.long.weight = 3\n",
        traced("plain.csv")
    ));
    let jobs = &plain.load.jobs;
    assert_eq!(jobs[0].at, Elapsed(1));
    assert_eq!(jobs[1..], [job(2000, None)]);
    assert_eq!(weights(&plain), [1.0, 3.0]);
    let some = scenario(&traced("some.csv"));
    assert_eq!(some.load.jobs, [job(0, Some(1)), job(1000, None)]);
    assert_eq!(weights(&some), [1.0, 1.0]);
}

#[test]
fn all_mistakes_of_a_trace_are_under_their_lines() {
    insta::assert_snapshot!(messages(&traced("wrong.csv")));
    insta::assert_snapshot!(messages(&traced("head.csv")));
}

#[test]
fn a_trace_that_cannot_be_read_is_a_mistake_of_its_key() {
    let cases = [
        ("none.csv", "failed to read folder/none.csv: No such file"),
        ("latin.csv", "byte 2 is not UTF-8"),
        ("empty.csv", "a trace without a row"),
        ("quoted.csv", "unknown request `lng`"),
    ];
    for (path, message) in cases {
        let said = messages(&traced(path));
        assert!(
            said.contains(message) && said.ends_with("1 mistake"),
            "{said}"
        );
    }
    let unread = wrong(&traced("good.csv"));
    assert!(unread.contains("no files are read here"), "{unread}");
}

#[test]
fn at_most_a_million_rows_and_a_hundred_mistakes_are_read() {
    let jobs = scenario(&traced("million.csv")).load.jobs;
    assert_eq!(jobs.len(), 1_000_000);
    let more = messages(&traced("more.csv"));
    assert!(more.contains("more than 1000000 rows"), "{more}");
    assert!(more.contains("folder/more.csv:1000002"), "{more}");
    let bad = messages(&traced("bad.csv"));
    assert!(bad.contains("after 100 mistakes"), "{bad}");
    assert!(bad.ends_with("101 mistakes"), "{bad}");
}

#[test]
fn clients_a_rate_and_jobs_exclude_a_trace_and_take_its_place() {
    for more in ["load.clients = 3", "load.rate = '5/s'", "load.requests = 2"] {
        let said = messages(&format!("{}{more}\n", traced("good.csv")));
        assert!(
            said.contains("cannot be combined with `load.trace`"),
            "{said}"
        );
    }
    let both = format!(
        "{}jobs = [{{ at = '1s', class = 'long' }}]\n",
        traced("good.csv")
    );
    assert!(messages(&both).contains("`load.trace` cannot be combined with [[jobs]]"));
    let arrivals = |text: &str, set: &str| {
        let plan = read_beside(text, &[set]).unwrap_or_else(|problems| panic!("{problems}"));
        let load = plan.variants[0].scenario.load.clone();
        (load.arrivals, load.jobs.len())
    };
    let closed = arrivals(&traced("good.csv"), "load.clients=3");
    assert!(matches!(closed, (Arrivals::Closed { clients: 3, .. }, 0)));
    let clients = traced("x").replace("load.trace = 'x'", "load.clients = 3");
    let other = arrivals(&clients, "load.trace=good.csv");
    assert_eq!(other, (Arrivals::Scheduled, 3));
}

#[test]
fn variants_may_have_traces_of_their_own() {
    let text = traced("x").replace(
        "load.trace = 'x'",
        "[[variants]]\nname = 'one'\nload.trace = 'good.csv'\n\
         [[variants]]\nname = 'other'\nload.trace = 'plain.csv'",
    );
    let plan = read_beside(&text, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    let counts = plan.variants.iter().map(|it| it.scenario.load.jobs.len());
    assert_eq!(counts.collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn a_trace_written_out_reads_back_as_the_same() {
    let text = traced("good.csv");
    let written = expand(&text, "folder/some.toml", Some(file)).expect("it is valid");
    assert!(written.contains("trace = \"good.csv\""), "{written}");
    assert_eq!(scenario(&written), scenario(&text), "{written}");
}
