//! The answer of `concsim theory amdahl`: speedup by more processors, by Amdahl and by Gustafson.

use super::{Answer, Column, Unit};
use crate::speedup::PartlySerialWork;

/// Returns the speedups for numbers of processors.
#[must_use]
pub fn answer(work: PartlySerialWork, processors: &[usize]) -> Answer {
    let about = "the same work sooner (Amdahl), or more work in the same time (Gustafson)";
    let mut answer = Answer::new("amdahl", "Amdahl and Gustafson", about);
    let given = &mut answer.given;
    given.number("serial", "serial part", Unit::Share, work.serial);
    let results = &mut answer.results;
    let most = work.at_most().ok_or_else(|| "nothing is serial".to_owned());
    results.known(
        "speedup_limit",
        "times sooner, at most (Amdahl)",
        Unit::Plain,
        most,
    );
    let column = |key, label, unit| Column { key, label, unit };
    let columns = [
        column("processors", "processors", Unit::Count),
        column("amdahl_speedup", "times sooner", Unit::Plain),
        column("amdahl_efficiency", "of each used", Unit::Share),
        column("gustafson_speedup", "times more", Unit::Plain),
    ];
    let rows = processors.iter().map(|processors| {
        let count = *processors as f64;
        let sooner = work.sooner(count);
        let row = [count, sooner, sooner / count, work.more(count)];
        (String::new(), row.map(Ok).to_vec())
    });
    results.table("speedups", "", &columns, rows.collect());
    answer
}
