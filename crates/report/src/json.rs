//! The summary for programs.

use concsim_record::summary::Summary;

/// Returns the summary as indented JSON, with a newline at its end. Fields are in the schema's order, so that
/// two summaries can be compared line by line.
#[must_use]
pub fn of(summary: &Summary) -> String {
    let mut text = serde_json::to_string_pretty(summary).expect("a summary is always JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::WorkerKind::Coroutine;
    use concsim_record::summary::summarise;
    use concsim_record::synthetic::{Synthetic, machine, plan};

    #[test]
    fn the_summary_of_a_made_up_run_in_full() {
        let run = Synthetic::io_bound(Coroutine);
        let claims = [("nearly all are begun", "concurrency >= 58")];
        let plan = plan("Waiting is free", &[&run], &claims);
        let summary = Summary::of(&plan, machine(2), vec![summarise(&run.recording())]);
        insta::assert_snapshot!(of(&summary));
    }
}
