//! Advice of remarks is confirmed by simulation. Its numbers are computed bounds, independent of the
//! simulation.

use super::*;
use concsim_record::remark::{Kind, Remark};

/// The overrides that an advice proposes; [`None`] if it promises nothing.
fn override_of(remark: &Remark) -> Option<String> {
    let advice = remark.advice.as_deref()?;
    let (what, _) = advice.split_once(" would help:")?;
    Some(match what {
        "Coroutine workers" => "server.kind=coroutine".to_owned(),
        "More connections" => "server.connections=60000".to_owned(),
        workers => format!("server.workers={}", workers.split_once(' ')?.0),
    })
}

#[test]
fn advised_changes_bring_a_tenth_more_answers_in_simulations() {
    let steps = [
        r#"["compute 5ms"]"#,
        r#"["compute 1ms", "sleep 99ms"]"#,
        r#"["compute 20ms", "sleep 20ms"]"#,
    ];
    let servers = [
        r#"{ kind = "sync", workers = 1 }"#,
        r#"{ kind = "sync", workers = 3 }"#,
        r#"{ kind = "coroutine", workers = 1 }"#,
        r#"{ kind = "coroutine", workers = 2, connections = 4 }"#,
    ];
    let loads = ["clients = 2", "clients = 40", "rate = '150/s'"];
    let mut helped = 0;
    for load in loads {
        for steps in steps {
            for server in servers {
                let text = format!(
                    "duration = '5s'\nmachine.cores = 4\nserver = {server}\nrequests.page.steps = {steps}\n\
                     load.{load}\n"
                );
                let run = runs_of(&text, &[]).remove(0);
                for change in run.remarks.iter().filter_map(override_of) {
                    let then = runs_of(&text, &[&change]).remove(0);
                    let [before, after] = [&run, &then].map(|run| run.throughput_per_s.unwrap());
                    assert!(
                        after >= 1.1 * before,
                        "{change}: {after} answers/s instead of {before} in\n{text}"
                    );
                    helped += 1;
                }
            }
        }
    }
    assert!(helped >= 10, "{helped} of them");
}

/// One of four coroutine workers accepts both clients in one turn, and three have nothing to do.
#[test]
fn of_workers_with_a_loop_more_are_said_to_help_only_if_they_share_the_connections() {
    let text = builtin::find("ping_pong").unwrap().text;
    let coroutine = |set: &[&str]| runs_of(text, set).remove(0);
    let run = coroutine(&[]);
    let line = run.remarks.iter().find(|it| it.kind == Kind::WorkersFull);
    let advice = line.unwrap().advice.as_deref().unwrap();
    assert!(
        advice.starts_with("4 workers would help if each took its share of the connections: "),
        "{advice}"
    );
    let four = coroutine(&["server.workers=4"]);
    assert_eq!(four.throughput_per_s, run.throughput_per_s);
}
