//! Replaces personal data by keyed hashes (`REDACT`, `REDACT_KEY`) before an event is stored, reported or logged. No I/O.
//!
//! Members are replaced by name, at any depth, because an event that is rejected for its form contains personal data too.
//! This module does not depend on events or records.

use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::key::hex;
use insights_shared::validate::Rejected;
use insights_shared::value::{Map, Value, snake_case};
use ring::hmac::{self, HMAC_SHA256};
use std::collections::BTreeSet;
use std::fmt;

/// The attributes of attributions, and other members of an event that contain the same data.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html>
const ATTRIBUTES: [(&str, &[&str]); 3] = [
    ("userIdentityArn", &["user_identity", "user_identity_arn", "username", "access_key_id"]),
    ("userAgent", &["user_agent"]),
    // The `errorCode` of the details belongs to the series. It is not personal data.
    ("errorCode", &[]),
];
/// The prefix of a hash. It shows that a text is already hashed.
const PREFIX: &str = "hmac-sha256:";
/// The number of hexadecimal digits of a hash: 128 bits.
const DIGITS: usize = 32;
/// The minimum length of the key, in bytes. With a key that can be guessed, hashes of known names reveal the data.
const SHORTEST_KEY: usize = 32;
/// CloudTrail's value for calls without the attribute. It identifies nobody, so it is not replaced.
const NOBODY: &str = "null";

/// The attributes to replace, and the key. By default nothing is replaced.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redact {
    attributes: BTreeSet<&'static str>,
    members: BTreeSet<&'static str>,
    key: String,
}

/// Shows the attributes, but never the key.
impl fmt::Debug for Redact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redact").field("attributes", &self.attributes).finish_non_exhaustive()
    }
}

/// The number of hashes in an object.
pub fn hashes(map: &Map) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::String(text) => usize::from(is_hash(text)),
            Value::List(elements) => elements.iter().map(of).sum(),
            Value::Map(members) => hashes(members),
            _ => 0,
        }
    }
    map.values().map(of).sum()
}

impl Redact {
    /// Reads the variables. Adds every fault to `faults`, without the value of the key.
    pub fn read(environment: &Environment, faults: &mut Faults) -> Self {
        let mut redact = Self::default();
        let named = environment.get("REDACT").unwrap_or_default();
        for name in named.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let known = ATTRIBUTES.iter().find(|(attribute, _)| *attribute == name);
            if let Some((attribute, members)) = known {
                redact.attributes.insert(attribute);
                redact.members.extend(*members);
            } else {
                let known = ATTRIBUTES.map(|(attribute, _)| attribute).join(", ");
                faults.add("REDACT", name, format!("unknown attribute; known are {known}"));
            }
        }
        let key = environment.get("REDACT_KEY").unwrap_or_default();
        if !named.is_empty() && key.len() < SHORTEST_KEY {
            let rule = format!("must be at least {SHORTEST_KEY} bytes long where REDACT is set");
            faults.add("REDACT_KEY", if key.is_empty() { "" } else { "shorter" }, rule);
        }
        key.clone_into(&mut redact.key);
        redact
    }

    fn is_idle(&self) -> bool {
        self.attributes.is_empty()
    }

    /// A rejection without personal data. If the event cannot be read, only its hash and length are kept.
    pub fn rejected(&self, rejected: Rejected) -> Rejected {
        if self.is_idle() {
            return rejected;
        }
        let Rejected { subject, violations, raw } = rejected;
        if let Ok(Value::Map(mut event)) = Value::from_json(&raw) {
            self.map(&mut event);
            let mut raw = String::new();
            Value::Map(event).write_canonical(&mut raw);
            return Rejected { subject, violations, raw };
        }
        let mut kept = Faults::default();
        for fault in violations.iter() {
            let value = if fault.value.is_empty() { "" } else { "redacted" };
            kept.add(&fault.field, value, rule_alone(&fault.rule));
        }
        let raw = format!("{{\"redacted\":\"{}\",\"bytes\":{}}}", self.hashed(&raw), raw.len());
        Rejected { subject, violations: kept, raw }
    }

    /// Replaces data in an object, at any depth.
    pub fn map(&self, map: &mut Map) {
        if self.is_idle() {
            return;
        }
        let is_attribution = map
            .get("attribute")
            .and_then(Value::as_str)
            .is_some_and(|attribute| self.attributes.contains(attribute));
        for (name, value) in map.iter_mut() {
            if is_attribution && name != "attribute" || self.members.contains(snake_case(name).as_str()) {
                self.texts(value);
            } else {
                self.value(value);
            }
        }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::Map(map) => self.map(map),
            Value::List(list) => list.iter_mut().for_each(|value| self.value(value)),
            _ => {}
        }
    }

    /// Replaces every text in a value.
    fn texts(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hashed(text).into(),
            Value::Map(map) => map.values_mut().for_each(|value| self.texts(value)),
            Value::List(list) => list.iter_mut().for_each(|value| self.texts(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// HMAC-SHA-256 of a text. A text that already is a hash stays, because stored events are joined again.
    fn hashed(&self, text: &str) -> String {
        if text.is_empty() || text == NOBODY || is_hash(text) {
            return text.to_owned();
        }
        let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, self.key.as_bytes()), text.as_bytes());
        PREFIX.to_owned() + &hex::<String>(tag.as_ref().get(..DIGITS / 2).unwrap_or_default())
    }
}

/// Whether `text` is a hash from [`Redact`].
fn is_hash(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// A rule without the quoted input.
fn rule_alone(rule: &str) -> &str {
    rule.split(": ").next().unwrap_or_default()
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
