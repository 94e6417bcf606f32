//! Classes of requests with a service of their own: `--class 'hog=100ms,weight=1'`.

use super::arguments::Reader;
use super::parts::{Parts, repeated};
use super::quantity;
use concsim_theory::answer::classes::Class;

/// Form of a class, for hints.
const FORM: &str = "NAME=TIME[,weight=W][,squared-variation=C]";
/// Maximum of c²; a larger variation has never been measured.
pub(super) const MOST_VARIATION: f64 = 1e6;

fn parse(text: &str) -> Result<Class, String> {
    let mut parts = Parts::of(text, FORM)?;
    let weight = parts.take("weight", |text| quantity::number(text, 1e-9..=1e9))?;
    let variation = parts.take("squared-variation", squared_variation)?;
    parts.end(FORM)?;
    Ok(Class {
        name: parts.name.to_owned(),
        service: quantity::time(parts.value)?,
        weight: weight.unwrap_or(1.0),
        squared_variation: variation.unwrap_or(0.0),
    })
}

/// Reads c², the variance in units of the squared mean.
pub(super) fn squared_variation(text: &str) -> Result<f64, String> {
    quantity::number(text, 0.0..=MOST_VARIATION)
}

/// Reads all classes; wrong ones are left out.
pub(super) fn read(reader: &mut Reader, texts: &[String]) -> Vec<Class> {
    let classes = reader.each("--class", texts, parse);
    let names = classes.iter().map(|class| class.name.as_str());
    if let Some(name) = repeated(names) {
        reader.wrong(format!(
            "--class {name} is there twice: each needs its own name"
        ));
    }
    classes
}
