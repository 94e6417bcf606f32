//! The answer of a question is that of the data: a changed scenario has another one.

use super::*;
use concsim_record::evaluate::Answer;
use concsim_record::summary::Summary;

/// Change of a scenario after which the answer to one of its questions is another one.
enum Change {
    /// The settings that a lesson offers next.
    Offered,
    /// A text of the file, and its replacement.
    Text(&'static str, &'static str),
}

/// Every question of the built-in scenarios: its scenario, its position, and a change of its answer.
const CHANGES: [(&str, usize, Change); 28] = [
    ("io_bound", 0, Change::Offered),
    ("cpu_bound", 0, Change::Offered),
    ("not_parallel", 0, Change::Offered),
    ("not_parallel", 1, Change::Offered),
    ("hog", 0, Change::Offered),
    ("unpatched", 0, Change::Text("49ms unpatched", "49ms")),
    (
        "tornado",
        0,
        // Callbacks alone have a second worker.
        Change::Text(
            "[server]\nkind    = [\"sync\", \"coroutine\", \"callback\"]",
            "[[variants]]\nname = 'sync'\nserver.kind = 'sync'\n\
             [[variants]]\nname = 'coroutine'\nserver.kind = 'coroutine'\n\
             [[variants]]\nname = 'callback'\nserver = { kind = 'callback', workers = 2 }\n[server]",
        ),
    ),
    ("shared_counter", 0, Change::Offered),
    ("threads_gil", 0, Change::Offered),
    ("threads_gil", 1, Change::Offered),
    ("one_takes_all", 0, Change::Offered),
    ("one_takes_all", 1, Change::Offered),
    (
        "accept_balance",
        0,
        // 80 requests a second of 20 ms are more than one worker can do.
        Change::Text(
            "server.accept = \"exclusive\"",
            "server = { accept = 'exclusive', workers = 1 }",
        ),
    ),
    ("accept_balance", 1, Change::Offered),
    ("keepalive_slots", 0, Change::Offered),
    ("db_pool", 0, Change::Offered),
    ("db_pool", 1, Change::Offered),
    (
        "memory",
        0,
        Change::Text("server.workers = 60", "server.workers = 4"),
    ),
    ("memory", 1, Change::Offered),
    ("offload", 0, Change::Offered),
    ("silent_clients", 0, Change::Offered),
    (
        "isolation",
        0,
        Change::Text("server.workers = 4", "server.workers = 1"),
    ),
    ("thread_pool", 0, Change::Offered),
    ("heartbeat", 0, Change::Offered),
    ("heartbeat", 1, Change::Offered),
    ("recycling", 0, Change::Offered),
    ("recycling", 1, Change::Offered),
    ("boot_storm", 0, Change::Offered),
];

/// Answers to all questions of a plan, by its simulation.
fn answers(plan: &Plan) -> Vec<Answer> {
    let recordings = (0..plan.variants.len()).map(|variant| recording_of(plan, variant));
    let runs: Vec<Run> = recordings.map(|recording| summarise(&recording)).collect();
    let machine = machine_of(&plan.variants[0].scenario);
    Summary::of(plan, machine, runs).ask
}

#[test]
fn every_question_has_another_answer_after_a_change_of_its_scenario() {
    let mut asked = 0;
    for known in builtin::all() {
        let plan_as_it_is = plan(known.text, &[]);
        if plan_as_it_is.questions.is_empty() {
            continue;
        }
        let answers_as_it_is = answers(&plan_as_it_is);
        for (number, answer) in answers_as_it_is.iter().enumerate() {
            asked += 1;
            let name = known.name;
            let change = CHANGES.iter().find(|it| (it.0, it.1) == (name, number));
            let (.., change) = change.unwrap_or_else(|| panic!("{name} {number} has no change"));
            let changed = match change {
                Change::Offered => {
                    let offered = &plan_as_it_is.questions[number].change;
                    let settings: Vec<&str> = offered.iter().map(String::as_str).collect();
                    plan(known.text, &settings)
                }
                Change::Text(from, to) => {
                    assert!(known.text.contains(from), "{name}");
                    plan(&known.text.replace(from, to), &[])
                }
            };
            let other = &answers(&changed)[number];
            assert_eq!(other.question, answer.question);
            let right = |answer: &Answer| answer.right.expect("a simulation decides");
            assert_ne!(right(answer), right(other), "{name}: {}", answer.question);
            for answer in [answer, other] {
                let value = answer.value.expect("a simulation measures").value;
                let choice = &plan_as_it_is.questions[number].choices[right(answer)];
                assert!(choice.holds(value), "{name}: {value}");
            }
        }
    }
    assert_eq!(asked, CHANGES.len(), "each change is of a question");
}

#[test]
fn the_settings_that_a_lesson_offers_give_a_valid_scenario() {
    for known in builtin::all() {
        for question in plan(known.text, &[]).questions {
            assert!(!question.change.is_empty(), "{}", question.question);
            let settings: Vec<&str> = question.change.iter().map(String::as_str).collect();
            let changed = plan(known.text, &settings);
            let laid_over = changed.settings.iter().filter(|it| *it != "--set");
            assert!(laid_over.eq(&settings), "{:?}", changed.settings);
        }
    }
}
