//! A named item with several properties in one argument: `cpu=2ms,visits=16,servers=4`.

/// Such an argument, split into its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'t> {
    pub(super) name: &'t str,
    /// Text behind the first `=`.
    pub(super) value: &'t str,
    /// `visits` with `16`, or a word alone.
    properties: Vec<(&'t str, Option<&'t str>)>,
}

impl<'t> Parts<'t> {
    pub(super) fn of(text: &'t str, form: &str) -> Result<Self, String> {
        let mut parts = text.split(',').map(str::trim);
        let first = parts.next().and_then(|first| first.split_once('='));
        let (name, value) = first.ok_or_else(|| format!("is not of the form {form}"))?;
        let properties = parts.map(|part| match part.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (part, None),
        });
        let parts = Self {
            name: name.trim(),
            value: value.trim(),
            properties: properties.collect(),
        };
        if parts.name.is_empty() || parts.name.contains(char::is_control) {
            return Err(format!("has no name: {form}"));
        }
        Ok(parts)
    }

    /// Takes the value of `key`, if there is one.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let Some(place) = self.properties.iter().position(|(it, _)| *it == key) else {
            return Ok(None);
        };
        let (_, value) = self.properties.remove(place);
        let value =
            value.ok_or_else(|| format!("`{key}` has no value; write {key}=2, for example"))?;
        let parsed = parse(value).map_err(|why| format!("{key} {value}: {why}"))?;
        Ok(Some(parsed))
    }

    /// Takes a word that stands alone; true if it is there.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let place = self.properties.iter().position(|it| *it == (word, None));
        place.map(|place| self.properties.remove(place)).is_some()
    }

    /// Fails if anything is left over.
    pub(super) fn end(&self, form: &str) -> Result<(), String> {
        match self.properties.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!("unexpected `{key}`: {form}")),
        }
    }
}

/// Returns the first repeated name.
pub(super) fn repeated<'n>(names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Some(name);
        }
        seen.push(name);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "NAME=TIME,servers=N";

    #[test]
    fn a_thing_is_taken_apart() {
        let mut parts = Parts::of(" cpu = 2ms , servers = 4, delay ", FORM).unwrap();
        assert_eq!((parts.name, parts.value), ("cpu", "2ms"));
        let servers = parts.take("servers", |text| text.parse().map_err(|_| "x".to_owned()));
        assert_eq!(servers, Ok(Some(4)));
        assert!(parts.take_word("delay") && !parts.take_word("delay"));
        assert_eq!(parts.end(FORM), Ok(()));
    }

    #[test]
    fn missing_and_superfluous_parts_are_reported() {
        assert!(Parts::of("cpu", FORM).is_err());
        assert!(Parts::of("=2ms", FORM).is_err());
        let mut parts = Parts::of("cpu=2ms,servers,servers=4,x", FORM).unwrap();
        let number = |text: &str| text.parse::<usize>().map_err(|_| String::new());
        assert!(parts.take("servers", number).is_err());
        assert!(parts.take("servers", number).is_ok());
        assert!(parts.end(FORM).is_err());
        assert_eq!(repeated(["a", "b", "a"].into_iter()), Some("a"));
        assert_eq!(repeated(["a", "b"].into_iter()), None);
    }
}
