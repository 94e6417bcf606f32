//! The answer as JSON: the schema `concsim.theory/1`.
//!
//! ```text
//!   schema    "concsim.theory/1"
//!   model     the word of the command line: "mmc"
//!   name      the model's own name: "M/M/5"
//!   origin    "computed": nothing of this was measured
//!   given     the inputs by name; several items of one kind as a list
//!   results   the results, in the same way
//!   reasons   for each null: the reason for it, by its place ("results.wait_mean_s",
//!             "results.stations[1].utilisation")
//! ```
//!
//! Times are in seconds (`…_s`), rates per second (`…_per_s`), shares parts of 1; all else is counts, or in
//! the unit of the data. Under one number of the schema keys keep their names and meanings; new ones may be
//! added.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Answer, Figure, NumberOrReason, PERCENTILE_NAMES, Section, Table, Unit, Value};

/// Name of the schema.
pub const SCHEMA: &str = "concsim.theory/1";

/// Returns the answer as JSON, indented, in the order of the schema, with a newline at its end.
#[must_use]
pub fn of(answer: &Answer) -> String {
    let mut reasons = Vec::new();
    let given = object("given", &answer.given, &mut reasons);
    let results = object("results", &answer.results, &mut reasons);
    let text = |text: &str| Node::Text(text.to_owned());
    let all = Node::Object(vec![
        ("schema".into(), text(SCHEMA)),
        ("model".into(), text(answer.model)),
        ("name".into(), text(&answer.name)),
        ("origin".into(), text("computed")),
        ("given".into(), given),
        ("results".into(), results),
        ("reasons".into(), Node::Object(reasons)),
    ]);
    let mut json = serde_json::to_string_pretty(&all).expect("text and finite numbers are JSON");
    json.push('\n');
    json
}

type Members = Vec<(String, Node)>;

/// JSON whose objects keep their order.
enum Node {
    Null,
    Flag(bool),
    Whole(u64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Object(Members),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Whole(number) => serializer.serialize_u64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(nodes) => serializer.collect_seq(nodes),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, node) in members {
                    map.serialize_entry(key, node)?;
                }
                map.end()
            }
        }
    }
}

fn object(place: &str, section: &Section, reasons: &mut Members) -> Node {
    let mut members = Members::new();
    for figure in &section.figures {
        add(&mut members, figure, place, reasons);
    }
    for table in &section.tables {
        let place = format!("{place}.{}", table.key);
        members.push((table.key.to_owned(), list(table, &place, reasons)));
    }
    Node::Object(members)
}

fn add(members: &mut Members, figure: &Figure, place: &str, reasons: &mut Members) {
    let mut add_number = |key: String, unit: Unit, known: &NumberOrReason| {
        let node = number(unit, known, &format!("{place}.{key}"), reasons);
        members.push((key, node));
    };
    match &figure.value {
        Value::Number(unit, known) => {
            add_number(format!("{}{}", figure.key, unit.suffix()), *unit, known);
        }
        Value::Percentiles(times) => {
            for (time, name) in times.iter().zip(PERCENTILE_NAMES) {
                let name = name.replace('.', "_");
                add_number(format!("{}_p{name}_s", figure.key), Unit::Time, time);
            }
        }
        Value::Text(text) => members.push((figure.key.clone(), Node::Text(text.clone()))),
        Value::Flag(flag) => members.push((figure.key.clone(), Node::Flag(*flag))),
    }
}

/// Returns the number, or null with a reason.
fn number(unit: Unit, known: &NumberOrReason, place: &str, reasons: &mut Members) -> Node {
    match known {
        Ok(number) if unit == Unit::Count => Node::Whole(*number as u64),
        Ok(number) => Node::Number(*number),
        Err(why) => {
            reasons.push((place.to_owned(), Node::Text(why.clone())));
            Node::Null
        }
    }
}

fn list(table: &Table, place: &str, reasons: &mut Members) -> Node {
    let rows = table.rows.iter().enumerate().map(|(index, (name, row))| {
        let name = (!name.is_empty()).then(|| ("name".to_owned(), Node::Text(name.clone())));
        let mut members: Members = name.into_iter().collect();
        for (column, known) in table.columns.iter().zip(row) {
            let key = format!("{}{}", column.key, column.unit.suffix());
            let node = number(
                column.unit,
                known,
                &format!("{place}[{index}].{key}"),
                reasons,
            );
            members.push((key, node));
        }
        Node::Object(members)
    });
    Node::List(rows.collect())
}
