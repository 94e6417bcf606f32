//! The JSON Schema of the scenario file, for editors; made from the table of keys that reads the file.

use serde_json::{Map, Value, json};

use super::boot::FAILS;
use super::keys::{
    ASK, EXPECT, JOB, Key, LOAD, REQUEST, SERVER, SERVICE, Section, Shape, TIMELINE, TOP, VARIANT,
};
use super::machine::MACHINE;
use super::sentence::VERBS;
use super::timeline::ACTIONS;

/// A length of time. The reader checks distributions more closely.
const LENGTH: &str = r"^\s*[0-9]+(\.[0-9]+)?(h|min|s|ms|us|µs|ns)\s*$";
const DRAW: &str = r"^\s*(~?[0-9]|lognormal\(|pareto\()";
/// A size.
const SIZE: &str = r"^\s*[0-9]+(\.[0-9]+)?\s*(B|kB|KiB|MB|MiB|GiB)\s*$";
const RATE: &str = r"^\s*[0-9]+(\.[0-9]+)?\s*/\s*s\s*$";
const NAME: &str = "^[A-Za-z][A-Za-z0-9_]{0,31}$";

/// Permission of a list, which makes variants, in the place of a value.
#[derive(Clone, Copy)]
enum Lists {
    MakeVariants,
    AreMistakes,
}

/// Returns the schema, as JSON.
#[must_use]
pub fn schema() -> Value {
    let mut file = table(&TOP, Lists::AreMistakes);
    let all = sections(Lists::MakeVariants);
    let properties = file["properties"]
        .as_object_mut()
        .expect("a table has properties");
    properties.extend(all);
    properties.insert("machine".into(), table(&MACHINE, Lists::AreMistakes));
    properties.insert("jobs".into(), list_of(&job()));
    properties.insert("timeline".into(), list_of(&event()));
    properties.insert("variants".into(), list_of(&variant()));
    properties.insert("expect".into(), list_of(&expect()));
    properties.insert("ask".into(), list_of(&ask()));
    file["required"] = json!(["requests"]);
    file["title"] = json!("A scenario of concsim");
    file["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    file
}

/// Returns the tables that a variant may set as well.
fn sections(lists: Lists) -> Map<String, Value> {
    let named = |section| {
        json!({
            "type": "object",
            "propertyNames": { "pattern": NAME },
            "additionalProperties": table(section, lists),
        })
    };
    [
        ("server", table(&SERVER, lists)),
        ("services", named(&SERVICE)),
        ("requests", named(&REQUEST)),
        ("load", table(&LOAD, lists)),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn variant() -> Value {
    let mut variant = table(&VARIANT, Lists::AreMistakes);
    let properties = variant["properties"]
        .as_object_mut()
        .expect("a table has properties");
    properties.extend(sections(Lists::AreMistakes));
    properties.insert("jobs".into(), list_of(&job()));
    properties.insert("timeline".into(), list_of(&event()));
    variant["required"] = json!(["name"]);
    variant
}

fn job() -> Value {
    let mut job = table(&JOB, Lists::AreMistakes);
    job["required"] = json!(["at"]);
    job
}

fn event() -> Value {
    let mut event = table(&TIMELINE, Lists::AreMistakes);
    event["required"] = json!(["at", "do"]);
    event
}

fn expect() -> Value {
    let mut expect = table(&EXPECT, Lists::AreMistakes);
    expect["required"] = json!(["that"]);
    expect
}

fn ask() -> Value {
    let mut ask = table(&ASK, Lists::AreMistakes);
    ask["required"] = json!(["question", "measure", "choices"]);
    ask
}

fn list_of(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn table(section: &Section, lists: Lists) -> Value {
    let properties: Map<String, Value> = section
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), described(key, lists)))
        .collect();
    json!({
        "type": "object",
        "description": section.description,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn described(key: &Key, lists: Lists) -> Value {
    let one = shape(key.shape);
    let mut schema = match (lists, key.shape) {
        (Lists::AreMistakes, _) | (_, Shape::Steps | Shape::Choices | Shape::Settings) => one,
        (Lists::MakeVariants, _) => {
            json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
        }
    };
    schema["description"] = json!(key.description());
    if let Some(default) = key.default {
        // A default in TOML, a number or a text in quotes, is JSON too.
        schema["default"] = serde_json::from_slice(default.as_bytes()).expect("defaults are JSON");
    }
    schema
}

fn shape(shape: Shape) -> Value {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Word(words) => {
            let words: Vec<&str> = words.iter().map(|it| it.word).collect();
            json!({ "enum": words })
        }
        Shape::Whole { least, most } => whole(least, most),
        Shape::Workers { most } => json!({ "anyOf": [whole(1, most), { "const": "cores" }] }),
        Shape::Share { most } => json!({ "type": "number", "minimum": 0, "maximum": most }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Lock => json!({ "anyOf": [{ "type": "boolean" }, { "const": "returns" }] }),
        Shape::Length { .. } | Shape::NeverOr { .. } => text(LENGTH),
        Shape::Boot { .. } => json!({ "anyOf": [text(LENGTH), { "const": FAILS }] }),
        Shape::Draw => text(DRAW),
        Shape::Quantiles => {
            let quantile = text(r"^\s*(min|max|p[0-9.]+)\s+[0-9]");
            json!({ "anyOf": [text(LENGTH), list_of(&quantile)] })
        }
        Shape::Rate => text(RATE),
        Shape::Size => text(SIZE),
        Shape::Steps => {
            let verbs: Vec<&str> = VERBS.iter().map(|verb| verb.word).collect();
            list_of(&text(&format!(r"^\s*({})\b", verbs.join("|"))))
        }
        Shape::Intervention => {
            let verbs: Vec<&str> = ACTIONS.iter().map(|(verb, _)| *verb).collect();
            text(&format!(r"^\s*({})\b", verbs.join("|")))
        }
        Shape::Choices => list_of(&list_of(&json!({ "type": "string" }))),
        Shape::Settings => list_of(&text("=")),
    }
}

fn whole(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks `value` against `schema`, patterns aside. The error names the path.
    fn check(value: &Value, schema: &Value, path: &str) -> Result<(), String> {
        if let Some(any) = schema["anyOf"].as_array() {
            let fits = any.iter().any(|one| check(value, one, path).is_ok());
            return fits
                .then_some(())
                .ok_or(format!("{path} is none of {any:?}"));
        }
        let right = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_u64(),
            Some("number") => value.is_number(),
            _ => {
                let words = schema["enum"].as_array().cloned().unwrap_or_default();
                words.contains(value) || schema["const"] == *value
            }
        };
        if !right {
            return Err(format!("{path} is {value}, not {schema}"));
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            check(item, &schema["items"], &format!("{path}[{index}]"))?;
        }
        for (key, item) in value.as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            let inner = schema["properties"]
                .get(key)
                .unwrap_or(&schema["additionalProperties"]);
            if !inner.is_object() {
                return Err(format!("{path} is no key"));
            }
            check(item, inner, &path)?;
        }
        Ok(())
    }

    fn as_json(text: &str) -> Value {
        let value: toml::Table = toml::from_str(text).expect("it is TOML");
        serde_json::to_value(value).expect("it is JSON")
    }

    #[test]
    fn every_built_in_scenario_is_as_the_schema_says() {
        for built_in in crate::scenario::builtin::all() {
            assert_eq!(
                check(&as_json(built_in.text), &schema(), built_in.name),
                Ok(())
            );
        }
    }

    #[test]
    fn mistakes_of_the_reader_are_mistakes_of_the_schema() {
        for text in [
            "server.kidn = \"sync\"",
            "server.kind = \"gevent\"",
            "server.workers = \"many\"",
            "server.workers = 0.5",
            "load.clients = \"60\"",
            "seed = [1, 2]",
            "variants = [{ seed = 4 }]",
            "requests.a.steps = \"yield\"",
        ] {
            assert!(check(&as_json(text), &schema(), "").is_err(), "{text}");
        }
    }
}
