//! Parameter of a model: its name and unit on the command line, and the reading of its value.

use clap::{Arg, ArgAction};

use super::quantity;

/// Parameter whose values are of type `T`.
pub(super) struct Parameter<T> {
    /// Name on the command line, without its dashes.
    pub(super) name: &'static str,
    /// Stands for the value in help: its unit, or `N`.
    value: &'static str,
    help: &'static str,
    /// Reads a value; the error names the unit and the range.
    pub(super) parse: fn(&str) -> Result<T, String>,
    /// Its meaning, for the mistake that it is missing; empty if it may be.
    pub(super) what: &'static str,
    action: ArgAction,
}

impl<T> Parameter<T> {
    pub(super) const fn new(
        name: &'static str,
        value: &'static str,
        help: &'static str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Self {
        Self {
            name,
            value,
            help,
            parse,
            what: "",
            action: ArgAction::Set,
        }
    }

    /// Returns it as one that has to be given; `what` is its meaning.
    pub(super) const fn required(mut self, what: &'static str) -> Self {
        self.what = what;
        self
    }

    /// Returns it as one that may be given more than once.
    pub(super) const fn repeatable(mut self) -> Self {
        self.action = ArgAction::Append;
        self
    }

    /// Returns it with another help, for a model in which it has another meaning.
    pub(super) const fn with_help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }
}

impl Parameter<usize> {
    /// Returns a parameter that is a whole number from 1 to `MOST`.
    pub(super) const fn count<const MOST: usize>(name: &'static str, help: &'static str) -> Self {
        Self::new(name, "N", help, |text| quantity::count(text, MOST))
    }
}

/// Anything that a model is given by `--name value`.
pub(super) trait Argument: Sync {
    /// Returns its name, without the dashes.
    fn name(&self) -> &'static str;

    /// Returns its description for the command line.
    fn arg(&self) -> Arg;
}

impl<T> Argument for Parameter<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    /// A value is read as text, since the reader reports all mistakes at once.
    fn arg(&self) -> Arg {
        let arg = Arg::new(self.name).long(self.name).help(self.help);
        arg.value_name(self.value)
            .action(self.action.clone())
            .allow_hyphen_values(true)
    }
}
