//! Classes of requests with a service of their own: `--class 'hog=100ms,weight=1'`.

use super::arguments::{Reader, SERVICE_RATE, SERVICE_TIME};
use super::parameter::{Argument, Parameter};
use super::parts::{Parts, repeated};
use super::quantity;
use concsim_theory::answer::classes::Class;

/// Form of a class, for hints.
const FORM: &str = "NAME=TIME[,weight=W][,squared-variation=C]";
/// Maximum of c²; a larger variation has never been measured.
const MOST_VARIATION: f64 = 1e6;

pub(super) const CLASS: Parameter<Class> = Parameter::new(
    "class",
    "CLASS",
    "Request class instead of a service time: NAME=TIME[,weight=W]; repeatable",
    parse,
)
.repeatable();

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

/// Reads all classes; wrong ones are left out. They exclude a service time, and `others`.
pub(super) fn read(given: &mut Reader<'_>, others: &[&dyn Argument]) -> Vec<Class> {
    given.not_beside(&CLASS, &[&SERVICE_TIME, &SERVICE_RATE]);
    given.not_beside(&CLASS, others);
    let classes = given.each(&CLASS);
    let names = classes.iter().map(|class| class.name.as_str());
    if let Some(name) = repeated(names) {
        given.wrong(format!(
            "--class {name} is there twice: each needs its own name"
        ));
    }
    classes
}
