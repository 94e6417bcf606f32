//! `concsim theory amdahl`: speedup by more processors, by Amdahl and by Gustafson.

use super::arguments::Reader;
use super::model::{Model, Question};
use super::parameter::Parameter;
use super::quantity;
use concsim_theory::answer::amdahl::answer;
use concsim_theory::speedup::PartlySerialWork;

const SERIAL: Parameter<f64> = Parameter::new(
    "serial",
    "SHARE",
    "Share of the work that runs on one processor only: 5% or 0.05",
    quantity::share,
)
.required("the part that runs on one processor only");
const PROCESSORS: Parameter<usize> =
    Parameter::count::<1_000_000_000>("processors", "Number of processors; repeatable")
        .required("number of processors")
        .repeatable();

pub(super) const MODEL: Model = Model {
    name: "amdahl",
    title: "Amdahl and Gustafson: speedup of partly serial work by more processors",
    help: "\
Model: the speedup of the same work on n processors if a part of it runs on one processor only (Amdahl), and the \
factor of work done in the same time if the rest grows with the number of processors (Gustafson).

Assumes: the rest is divided evenly; no part waits for another, and dividing costs nothing.

Fails when: processors contend or synchronise (usl), or the work consists of requests that arrive at random \
(mmc, tokens).

Source: Amdahl 1967; Gustafson 1988.",
    examples: &["amdahl --serial 5% --processors 8 --processors 64"],
    parameters: &[&SERIAL, &PROCESSORS],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let serial = given.required(&SERIAL);
    let processors = given.each_required(&PROCESSORS);
    let work = PartlySerialWork { serial: serial? };
    Some(Box::new(move || answer(work, &processors)))
}
