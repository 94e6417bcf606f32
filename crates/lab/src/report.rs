//! The page about stored runs: what it shows of them, and in which order.

use crate::inputs::LoadedInputs;
use concsim_figure::{Inputs, Kind, Look, Table, table};
use concsim_model::palette::Theme;
use concsim_model::scenario::Plan;
use concsim_model::words::counted;
use concsim_record::storage::StoredRun;
use concsim_record::summary::Summary;
use concsim_report::page::{Figure, Group, Page, Play, page};

/// Returns the page of runs as HTML; its title is by default that of the scenario, or the names of several.
#[must_use]
pub fn html(found: &LoadedInputs, named: Option<&str>) -> String {
    let plans = found.kept.iter().map(|(kept, _)| &kept.plan);
    let title = named.map_or_else(|| title(plans), str::to_owned);
    let material = found.material();
    // Summarised before the runs are copied into figures, which then share the summaries.
    let summaries: Vec<Summary> = material
        .plays
        .iter()
        .map(concsim_figure::Play::summary)
        .collect();
    let lanes = lanes(&material);
    page(&Page {
        title: &title,
        version: env!("CARGO_PKG_VERSION"),
        plays: found
            .names()
            .into_iter()
            .zip(&found.kept)
            .zip(summaries)
            .zip(lanes)
            .map(|(((name, (kept, _)), summary), lanes)| play(name, kept, summary, lanes))
            .collect(),
        figures: figures(&material),
        figure_sheet: concsim_figure::sheet(Theme::Auto),
    })
}

/// Returns the default title of a page: the claim of its scenario, or the names of several.
fn title<'a>(plans: impl Iterator<Item = &'a Plan>) -> String {
    let plans: Vec<&Plan> = plans.collect();
    let (runs, first) = (counted(plans.len() as u64, "run"), plans.first());
    let first = first.map_or("", |plan| plan.title.as_str());
    if plans.len() == 1 {
        return first.to_owned();
    }
    if plans.iter().all(|plan| plan.title == first) {
        return format!("{first}: {runs}");
    }
    let mut names: Vec<&str> = Vec::new();
    for plan in plans {
        if !names.contains(&plan.name()) {
            names.push(plan.name());
        }
    }
    let last = names.pop().unwrap_or_default();
    match names.as_slice() {
        [] => format!("{last}: {runs}"),
        names => format!("{} and {last}: {runs}", names.join(", ")),
    }
}

/// Returns one run, with remarks on its files.
fn play(name: String, kept: &StoredRun, summary: Summary, lanes: Option<Figure>) -> Play<'_> {
    let torn = kept
        .torn
        .iter()
        .map(|(file, corruption)| format!("{}: {corruption}", file.display()));
    let missing = kept
        .missing
        .iter()
        .map(|name| format!("{name}: no recording could be read"));
    Play {
        name,
        plan: &kept.plan,
        summary,
        losses: torn.chain(missing).collect(),
        lanes,
    }
}

/// Returns the runs of each scenario, in the order of the command line: they share one time scale.
fn scenarios<'a>(material: &Inputs<'a>) -> Vec<(String, Inputs<'a>)> {
    let mut scenarios: Vec<(String, Inputs<'a>)> = Vec::new();
    for play in material.plays.iter().cloned() {
        let name = play.kept.plan.name();
        if let Some((_, material)) = scenarios.iter_mut().find(|(known, _)| known == name) {
            material.plays.push(play);
        } else {
            let material = Inputs {
                plays: vec![play],
                ..Inputs::default()
            };
            scenarios.push((name.to_owned(), material));
        }
    }
    for (_, material) in &mut scenarios {
        // A single run needs no name.
        if let [only] = material.plays.as_mut_slice() {
            only.called.clear();
        }
    }
    scenarios
}

/// Returns the lanes of all runs of a scenario, drawn with its first run.
fn lanes(material: &Inputs<'_>) -> Vec<Option<Figure>> {
    let scenarios = scenarios(material);
    let mut drawn_of: Vec<&str> = Vec::new();
    let plans = material.plays.iter().map(|play| play.kept.plan.name());
    plans
        .map(|name| {
            if drawn_of.contains(&name) {
                return None;
            }
            drawn_of.push(name);
            let place = scenarios.iter().position(|(known, _)| known == name)?;
            let table = concsim_figure::table(Kind::WhoRuns, &scenarios.get(place)?.1).ok()?;
            // Doubts stand right above these lanes.
            let undoubted = Table {
                caveats: Vec::new(),
                ..table.clone()
            };
            Some(Figure {
                svgs: [WIDE, NARROW_WIDTH].map(|width| svg(&undoubted, width, place)),
                widest: Some(svg(&undoubted, WIDEST, place)),
                ..drawn(&table, place)
            })
        })
        .collect()
}

/// Kinds with an axis of time, or whose runs of several scenarios are not comparable: one for each
/// scenario.
const OF_ONE_SCENARIO: [Kind; 5] = [
    Kind::Breakdown,
    Kind::Heatmap,
    Kind::Utilisation,
    Kind::Queues,
    Kind::Percentiles,
];
/// Widths of figures: for wide windows, for narrow ones and for very wide ones.
const WIDE: u32 = 720;
const NARROW_WIDTH: u32 = 340;
const WIDEST: u32 = 1120;

/// Returns figures of all kinds for which the runs have data, except lanes.
fn figures(everything: &Inputs<'_>) -> Vec<Group> {
    let scenarios = scenarios(everything);
    let is_one = scenarios.len() == 1;
    let of = |kinds: &[Kind], material: &Inputs<'_>, place: usize| -> Vec<Figure> {
        let tables = kinds
            .iter()
            .map(|kind| concsim_figure::table(*kind, material));
        tables
            .filter_map(Result::ok)
            .map(|table| drawn(&table, place))
            .collect()
    };
    let rest = Kind::ALL.into_iter().filter(|kind| *kind != Kind::WhoRuns);
    let is_of_all = |kind: &Kind| is_one || !OF_ONE_SCENARIO.contains(kind);
    let of_all: Vec<Kind> = rest.filter(is_of_all).collect();
    let all = Group {
        of: String::new(),
        figures: of(&of_all, everything, 0),
    };
    let each = scenarios.iter().enumerate().filter(|_| !is_one);
    let each = each.map(|(place, (name, material))| Group {
        of: name.clone(),
        figures: of(&OF_ONE_SCENARIO, material, place),
    });
    std::iter::once(all).chain(each).collect()
}

fn svg(table: &Table, width: u32, place: usize) -> String {
    concsim_figure::draw(
        table,
        &Look {
            width,
            theme: Theme::Auto,
            notes: Vec::new(),
            is_in_page: true,
            place,
        },
    )
}

fn drawn(table: &Table, place: usize) -> Figure {
    Figure {
        name: table.kind.name(),
        description: table.kind.description(),
        svgs: [svg(table, WIDE, place), svg(table, NARROW_WIDTH, place)],
        widest: None,
        heads: table::COLUMNS.map(Into::into).to_vec(),
        rows: table.rows.iter().map(|row| row.cells().to_vec()).collect(),
        csv: table.to_csv(),
    }
}
