//! The texts of a lesson, in lines of 80 columns. Pure.

use super::answers::Round;
use concsim_model::scenario::{Plan, Question};
use concsim_model::words::{counted, grouped, one_line};
use concsim_record::Origin;
use concsim_record::evaluate::Answer;
use concsim_record::summary::Summary;
use concsim_report::wrap;

use crate::cli::scenarios::takes;

/// Columns of a line.
const COLUMNS: usize = 80;

/// Returns the setting in three sentences. The title and the rest of the introduction would give the answers away.
pub(super) fn setting(plan: &Plan, simulated: bool) -> String {
    let names: Vec<&str> = plan.variants.iter().map(|it| it.name.as_str()).collect();
    let variants = counted(names.len() as u64, "variant");
    let played = format!("{variants}, one after the other: {}.", names.join(", "));
    let length = if simulated {
        "They are simulated: seconds of virtual time pass in a moment.".to_owned()
    } else {
        format!("They take {} with real processes.", takes(plan))
    };
    let text = format!("{} {played} {length}", introduction(plan));
    format!("{}\n", wrap(&text, COLUMNS, 0))
}

/// Returns the first sentence of a file's introduction.
pub(in crate::cli) fn introduction(plan: &Plan) -> String {
    let about = one_line(plan.about.as_deref().unwrap_or_default());
    match about.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None if about.is_empty() => format!("The scenario {}.", plan.name()),
        None => about,
    }
}

/// Returns a question with its choices and the way to answer it.
pub(super) fn question(plan: &Plan, number: usize, round: Round) -> String {
    let asked = &plan.questions[number];
    let of = plan.questions.len();
    let which = match round {
        Round::Before => format!("Predict ({} of {of}), before {}", number + 1, asked.before),
        Round::After | Round::Result => format!("After the run ({} of {of})", number + 1),
    };
    let text = format!("{which}: {}", asked.question);
    let mut lines = format!("\n{}\n", wrap(&text, COLUMNS, 0));
    for (number, choice) in (1..).zip(&asked.choices) {
        lines += &indented(&format!("{number} {}", choice.label));
    }
    lines
        + match round {
            Round::Before => "Your choice, and why if you like:\n",
            Round::After | Round::Result => "Your choice now:\n",
        }
}

/// Returns the observation of one variant: its captions and its numbers.
pub(super) fn observed(variant: &str, captions: &[(String, String)], numbers: &str) -> String {
    let mut lines = format!("\n{variant}\n");
    for (at, caption) in captions {
        lines += &indented(&format!("{at}: {caption}"));
    }
    lines + &indented(numbers)
}

/// Returns a text in indented lines.
fn indented(text: &str) -> String {
    format!("  {}\n", wrap(text, COLUMNS - 2, 4))
}

/// Returns the verdict beside the prediction, the explanation, and the next thing to try.
pub(super) fn verdict(
    plan: &Plan,
    number: usize,
    answer: &Answer,
    given: &[u64],
    summary: &Summary,
) -> String {
    let asked = &plan.questions[number];
    let mut runs = summary.runs.iter();
    let is_simulated = runs.any(|run| run.origin == Origin::Simulated);
    let word = if is_simulated {
        "Simulated"
    } else {
        "Measured"
    };
    let right = answer
        .right
        .map(|right| asked.choices[right].label.as_str());
    let result = match (&answer.measured, right) {
        (Some(measured), Some(right)) => format!("{word}: {measured}, so: {right}."),
        (Some(measured), None) => format!("{word}: {measured}, which decides for none of them."),
        (None, _) => "Not answered.".to_owned(),
    };
    let because = answer.because.as_ref().map(|it| format!("{it}."));
    let why = answer.why.as_ref().map(|why| format!("Why: {why}"));
    let belief = asked.misconception.as_ref();
    let belief = belief.map(|belief| format!("The belief at stake: {belief}."));
    let all = [
        Some(asked.question.clone()),
        Some(predicted(asked, answer, given)),
        Some(result),
        because,
        why,
        belief,
    ];
    let lines = all.iter().flatten().map(|it| wrap(it, COLUMNS, 2) + "\n");
    format!(
        "\n{}{}",
        lines.collect::<String>(),
        next(plan, asked, is_simulated)
    )
}

/// Returns the predictions: `Predicted: about as many. Not so.`
fn predicted(asked: &Question, answer: &Answer, given: &[u64]) -> String {
    let all: u64 = given.iter().sum();
    let chosen = asked
        .choices
        .iter()
        .zip(given)
        .filter(|(_, count)| **count > 0);
    let chosen: Vec<String> = chosen
        .map(|(choice, count)| match all {
            1 => choice.label.clone(),
            _ => format!("{} ({})", choice.label, grouped(*count)),
        })
        .collect();
    let verdict = match (all, answer.right) {
        (0, _) => return "No prediction.".to_owned(),
        (_, None) => String::new(),
        (1, Some(right)) if given[right] == 1 => " That is right.".to_owned(),
        (1, Some(_)) => " That is not so.".to_owned(),
        (_, Some(right)) => format!(" {} of {} are right.", given[right], grouped(all)),
    };
    format!("Predicted: {}.{verdict}", chosen.join("; "))
}

/// Returns the commands to go on with.
fn next(plan: &Plan, asked: &Question, is_simulated: bool) -> String {
    let name = quoted(&argument(plan));
    let kind = figure(&asked.measure);
    let notebook = format!(
        "A figure for the notebook:\n  concsim figure {kind} last -o {}.svg\n",
        quoted(plan.name())
    );
    if asked.change.is_empty() {
        return notebook;
    }
    let of_machine = asked.change.iter().any(|it| it.starts_with("machine."));
    let simulated = if is_simulated || of_machine {
        " --sim"
    } else {
        ""
    };
    let settings = asked
        .change
        .iter()
        .map(|it| format!(" --set {}", quoted(it)));
    let settings: String = settings.collect();
    format!(
        "Change one thing and try again: {}\n  concsim lesson {name}{simulated}{settings}\n{notebook}",
        asked.change.join(", ")
    )
}

/// Returns the argument that names a plan on the command line.
fn argument(plan: &Plan) -> String {
    let name = plan.name();
    if plan.file == format!("scenarios/{name}.toml") {
        name.to_owned()
    } else {
        plan.file.clone()
    }
}

/// Returns the kind of figure that shows a number.
fn figure(measure: &str) -> &'static str {
    if measure.contains("latency") {
        "breakdown"
    } else if measure.contains("accept_jain") || measure.contains("counters") {
        "who_runs"
    } else {
        "boxes"
    }
}

/// Returns a word of a shell's command line.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "._=/-".contains(it);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{self, Overrides, builtin};

    fn plan(name: &str) -> Plan {
        let text = builtin::find(name).expect("it is built in").text;
        scenario::read(text, name, &Overrides::default()).expect("it is valid")
    }

    #[test]
    fn the_setting_gives_no_answer_away() {
        for built_in in builtin::all() {
            let plan = plan(built_in.name);
            if plan.questions.is_empty() {
                continue;
            }
            let text = setting(&plan, true);
            assert!(!text.contains(&plan.title), "{text}");
            assert!(introduction(&plan).len() > 30, "{text}");
        }
        assert_eq!(
            setting(&plan("io_bound"), false),
            "Each request computes for 1 ms and waits 99 ms for a billing service. 2\n\
             variants, one after the other: sync, coroutine. They take 20 s with real\n\
             processes.\n"
        );
    }

    #[test]
    fn commands_are_quoted_for_a_shell() {
        assert_eq!(quoted("load.clients=2"), "load.clients=2");
        assert_eq!(quoted("a=compute 1ms"), "'a=compute 1ms'");
        assert_eq!(quoted("a='b'"), r"'a='\''b'\'''");
    }

    #[test]
    fn a_machine_is_changed_in_a_simulation() {
        let plan = plan("not_parallel");
        let [of_processes, of_machine] = [0, 1].map(|it| next(&plan, &plan.questions[it], false));
        assert!(of_processes.contains("concsim lesson not_parallel --set server.kind=threads"));
        assert!(of_machine.contains("concsim lesson not_parallel --sim --set machine.cores=2"));
    }
}
