//! Results computed from each scenario alone, compared with the run: bounds, closed forms, Little's law.

use super::sentences::grouped_by;
use super::words::{NONE, labelled, list, millis};
use concsim_model::words::{counted, digits, mean};
use concsim_record::Origin;
use concsim_record::comparison::{Balance, Ceiling, ModelNumbers, Pair, per_second, percent};
use concsim_record::summary::Run;
use concsim_record::trust::Trust;

/// Width of a variant's name, and of the column behind it.
const NAME: usize = 12;
const TEXT_COLUMN: usize = 25;

/// Returns the whole comparison; empty if nothing was played.
pub(super) fn comparison_text(runs: &[Run]) -> String {
    let parts = [
        bounds(runs),
        models(runs),
        reasons_without_model(runs),
        littles_law_text(runs),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    parts.concat()
}

/// Returns a name, cut to its column.
fn named(name: &str) -> String {
    let short: String = name.chars().take(NAME - 1).collect();
    format!("{short:<NAME$}")
}

/// Returns the bounds of each throughput, the tightest first, with the reached share.
fn bounds(runs: &[Run]) -> String {
    let bounded = |run: &&Run| !run.theory.bounds.is_empty();
    let bounded_runs: Vec<&Run> = runs.iter().filter(bounded).collect();
    let rows = bounded_runs.iter().enumerate().map(|(place, run)| {
        let before = place.checked_sub(1).map(|before| bounded_runs[before]);
        bounds_of(run, before)
    });
    let rows: Vec<String> = rows.collect();
    let Some(first) = runs.iter().find(bounded) else {
        return String::new();
    };
    let reached = match first.origin {
        Origin::Measured => "measured: part of it",
        Origin::Simulated => "simulated: part of it",
    };
    let head = format!(
        "{:<NAME$}{:<TEXT_COLUMN$}{:>10}{reached:>24}",
        "bounds", "computed", "answers/s"
    );
    let proves = |run: &&Run| run.trust != Trust::ProvesNothing;
    let above = runs
        .iter()
        .filter(proves)
        .find_map(|run| run.theory.above());
    let above = above.map(|text| labelled("", text)).unwrap_or_default();
    format!("{head}\n{}{above}\n", rows.concat())
}

/// Returns the bounds of a run; if they equal those of the previous run, only the tightest.
fn bounds_of(run: &Run, before: Option<&Run>) -> String {
    let of = |run: &Run| {
        let bounds = run.theory.bounds.iter();
        bounds.map(Ceiling::describe).collect::<Vec<_>>()
    };
    let are_known = before.is_some_and(|before| of(before) == of(run));
    let most = if are_known { 1 } else { usize::MAX };
    let names = std::iter::once(run.variant.as_str()).chain(std::iter::repeat(""));
    let rows = names.zip(&run.theory.bounds).take(most);
    let rows = rows.map(|(name, ceiling)| bound(name, ceiling, run.trust));
    let rows: String = rows.collect();
    if are_known {
        rows + &format!("{}the others as above\n", named(""))
    } else {
        rows
    }
}

fn bound(name: &str, ceiling: &Ceiling, trust: Trust) -> String {
    let reached = match (trust, ceiling.reached) {
        (Trust::ProvesNothing, _) => trust.words().to_owned(),
        (Trust::Ok | Trust::Rough, Some(reached)) => share(reached),
        (Trust::Ok | Trust::Rough, None) => NONE.to_owned(),
    };
    let binds = if ceiling.binds { "  binds" } else { "" };
    let (of, per_s) = (ceiling.describe(), per_second(ceiling.per_s));
    format!(
        "{}{of:<TEXT_COLUMN$}{per_s:>10}{reached:>24}{binds}\n",
        named(name)
    )
}

/// Formats a share in per cent.
fn share(share: f64) -> String {
    format!("{} %", digits(share * 100.0))
}

/// Returns three rows for each run with a closed form: computed, found, and the error.
fn models(runs: &[Run]) -> String {
    let modelled = runs
        .iter()
        .filter_map(|run| Some((run, run.theory.model.as_ref()?)));
    let rows: Vec<String> = modelled
        .clone()
        .map(|(run, model)| rows(run, model))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = row(
        "theory",
        "",
        ["answers/s", "mean", "wait", "p50", "p99"].map(Into::into),
    );
    let assumed = assumed(runs);
    format!("{head}{}{assumed}", rows.concat())
}

fn row(name: &str, text: &str, [answers, mean, wait, p50, p99]: [String; 5]) -> String {
    let line = format!(
        "{}{text:<TEXT_COLUMN$}{answers:>10}{mean:>9}{wait:>8}{p50:>8}{p99:>8}",
        named(name)
    );
    format!("{}\n", line.trim_end())
}

/// Returns the origin of a run's numbers, with a note if they prove nothing.
fn voice(run: &Run) -> String {
    match run.trust {
        Trust::Ok | Trust::Rough => run.origin.word().to_owned(),
        Trust::ProvesNothing => format!("{}: {}", run.origin.word(), run.trust.words()),
    }
}

fn rows(run: &Run, model: &ModelNumbers) -> String {
    let times = model.times_ms();
    let or_none =
        |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| NONE.into(), text);
    let cells = |of: fn(&Pair) -> Option<f64>| {
        let [mean, wait, p50, p99] = times.map(|pair| or_none(of(&pair), millis));
        [
            or_none(of(&model.throughput_per_s), per_second),
            mean,
            wait,
            p50,
            p99,
        ]
    };
    let mut computed = cells(|pair| pair.computed);
    if !model.steady {
        computed[1] = "grows".into();
    }
    let all = [
        model.throughput_per_s,
        times[0],
        times[1],
        times[2],
        times[3],
    ];
    let off = all.map(|pair| or_none(pair.error, percent));
    let computed = row(&run.variant, &format!("computed, {}", model.name), computed);
    let found = row("", &voice(run), cells(|pair| pair.found));
    match run.trust {
        Trust::Ok | Trust::Rough => {
            let off = row("", "computed is off by", off);
            computed + &found + &off + &inside(run, &all)
        }
        // A run that proves nothing is not compared.
        Trust::ProvesNothing => computed + &found,
    }
}

/// Returns a row that says of each computed number whether the interval of the repeats contains it; empty for a run
/// that was played once.
fn inside(run: &Run, [throughput, mean, _, p50, p99]: &[Pair; 5]) -> String {
    let Some(repeated) = &run.repeated else {
        return String::new();
    };
    let is_inside = |path: &str, pair: &Pair| {
        let estimate = repeated.estimate(path).zip(pair.computed);
        let word = estimate.map(|(estimate, computed)| {
            if estimate.interval.contains(computed) {
                "yes"
            } else {
                "no"
            }
        });
        word.unwrap_or(NONE).to_owned()
    };
    let cells = [
        is_inside("throughput_per_s", throughput),
        is_inside("latency_ms.mean", mean),
        NONE.to_owned(),
        is_inside("latency_ms.p50", p50),
        is_inside("latency_ms.p99", p99),
    ];
    row("", "inside the interval", cells)
}

/// Returns the assumptions of the closed forms, and a pointer to their documentation.
fn assumed(runs: &[Run]) -> String {
    let text = |run: &Run| -> Vec<String> {
        let model = run.theory.model.iter();
        model.map(ModelNumbers::assumed).collect()
    };
    let groups = grouped_by(runs, text).into_iter().enumerate();
    let lines = groups.map(|(place, (line, names))| {
        let label = if place == 0 { "assuming" } else { "" };
        labelled(label, &format!("{}: {line}", list(&names)))
    });
    lines.collect()
}

/// Returns the runs without a closed form, with the reasons.
fn reasons_without_model(runs: &[Run]) -> String {
    let groups = grouped_by(runs, |run| run.theory.why_none.iter().cloned().collect())
        .into_iter()
        .enumerate();
    let lines = groups.map(|(place, (reason, names))| {
        let label = if place == 0 { "no theory" } else { "" };
        let names = list(&names);
        labelled(
            label,
            &format!("{names}: no closed form applies, since {reason}."),
        )
    });
    lines.collect()
}

/// Returns N = X·R at each place of each run, with all three as found.
fn littles_law_text(runs: &[Run]) -> String {
    let text = runs.iter().filter_map(|run| {
        let failed = run.failed.all() as u64;
        if failed > 0 && !run.balance.is_empty() {
            let failed = counted(failed, "failed request");
            let (name, of) = (&run.variant, "X and R of answered ones");
            return Some(format!(
                "{name}: not compared, since N counts {failed}, {of} only"
            ));
        }
        let places: Vec<String> = run.balance.iter().filter_map(balanced).collect();
        let places = places.join(", ");
        (!places.is_empty()).then(|| format!("{}: {places}", run.variant))
    });
    let lines = text.enumerate().map(|(place, line)| match place {
        0 => labelled("little", &format!("X × R against N. {line}")),
        _ => labelled("", &line),
    });
    lines.collect()
}

fn balanced(balance: &Balance) -> Option<String> {
    let residual = percent(balance.residual?);
    let present = mean(balance.present);
    Some(format!("{present} {} ({residual})", balance.place()))
}
