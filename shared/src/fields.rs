//! Reads an object of untrusted JSON, member by member, and collects all faults, so that people can correct a payload, a
//! configuration or a scenario at once. It does not interpret the members.

use crate::time::Timestamp;
pub use insights_records::fault::{Fault, Faults, LONGEST_TEXT, cut};
use serde_json::{Map, Value};

/// The members of one object. [`Fields::finish`] adds a fault for each member that was not read.
#[derive(Debug)]
pub struct Fields<'a> {
    path: String,
    members: Map<String, Value>,
    known: Vec<&'static str>,
    faults: &'a mut Faults,
}

impl<'a> Fields<'a> {
    /// Starts reading `value`, whose path is `path` (empty at the top). Adds a fault and returns `None` if it is not an
    /// object.
    pub fn new(value: Value, path: impl Into<String>, faults: &'a mut Faults) -> Option<Self> {
        let path = path.into();
        match value {
            Value::Object(members) => Some(Self { path, members, known: Vec::new(), faults }),
            other => {
                faults.add(if path.is_empty() { "input".into() } else { path }, other, "must be an object");
                None
            }
        }
    }

    /// The path of member `name` in faults.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The faults, to add one that concerns several members.
    pub fn faults(&mut self) -> &mut Faults {
        self.faults
    }

    /// The member `name`; `null` counts as absent.
    pub fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Whether member `name` exists and is not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Adds the fault that member `name` is required.
    pub fn missing(&mut self, name: &str) {
        let path = self.path(name);
        self.faults.add(path, "", "is required");
    }

    fn typed<T>(&mut self, name: &'static str, rule: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.value(name)?;
        let found = read(&value);
        if found.is_none() {
            let path = self.path(name);
            self.faults.add(path, value, rule);
        }
        found
    }

    /// A string; `None` if it is absent or a fault was added. The same applies to the following methods.
    pub fn string(&mut self, name: &'static str) -> Option<String> {
        self.typed(name, "must be a string", |value| value.as_str().map(str::to_owned))
    }

    /// A required, non-empty string.
    pub fn required_string(&mut self, name: &'static str) -> Option<String> {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.known.push(name);
            self.members.remove(name);
            self.missing(name);
            return None;
        }
        let rule = "must be a non-empty string";
        self.typed(name, rule, |value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        self.typed(name, "must be true or false", Value::as_bool)
    }

    /// A whole number.
    pub fn integer(&mut self, name: &'static str) -> Option<i64> {
        self.typed(name, "must be a whole number", Value::as_i64)
    }

    /// A number.
    pub fn number(&mut self, name: &'static str) -> Option<f64> {
        self.typed(name, "must be a number", Value::as_f64)
    }

    /// A time in RFC 3339.
    pub fn timestamp(&mut self, name: &'static str) -> Option<Timestamp> {
        let rule = "must be a time in RFC 3339, such as 2026-03-01T12:00:00Z";
        self.typed(name, rule, |value| value.as_str().and_then(|text| text.parse().ok()))
    }

    /// A list. Each element has its path.
    pub fn list(&mut self, name: &'static str) -> Option<Vec<(String, Value)>> {
        let elements = self.typed(name, "must be a list", |value| value.as_array().cloned())?;
        let path = self.path(name);
        Some(elements.into_iter().enumerate().map(|(i, value)| (format!("{path}[{i}]"), value)).collect())
    }

    /// A list of strings.
    pub fn strings(&mut self, name: &'static str) -> Option<Vec<String>> {
        let mut strings = Vec::new();
        for (path, value) in self.list(name)? {
            match value {
                Value::String(text) => strings.push(text),
                other => self.faults.add(path, other, "must be a string"),
            }
        }
        Some(strings)
    }

    /// An object, to be read in the same way.
    pub fn object(&mut self, name: &'static str) -> Option<Fields<'_>> {
        let value = self.value(name)?;
        let path = self.path(name);
        Fields::new(value, path, self.faults)
    }

    /// Adds a fault for each member that was not read. The fault lists the known members.
    pub fn finish(self) {
        for (name, value) in &self.members {
            let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            self.faults.add(path, value, format!("unknown key; known keys are {}", self.known.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_fault_of_an_object_is_reported_at_once() {
        let mut faults = Faults::default();
        let value = json!({"name": 7, "at": "soon", "dry": "yes", "extra": 1, "inner": {"x": []}});
        let mut fields = Fields::new(value, "", &mut faults).unwrap();
        assert_eq!(fields.required_string("name"), None);
        assert_eq!(fields.timestamp("at"), None);
        assert_eq!(fields.boolean("dry"), None);
        assert_eq!(fields.required_string("absent"), None);
        let mut inner = fields.object("inner").unwrap();
        assert_eq!(inner.integer("x"), None);
        inner.finish();
        fields.finish();
        let text = faults.to_string();
        for expected in [
            "name is 7: must be a non-empty string",
            "at is \"soon\": must be a time in RFC 3339",
            "dry is \"yes\": must be true or false",
            "absent: is required",
            "inner.x is []: must be a whole number",
            "extra is 1: unknown key; known keys are name, at, dry, absent, inner",
        ] {
            assert!(text.contains(expected), "{expected} not in {text}");
        }
        assert_eq!(faults.len(), 6);
    }
}
