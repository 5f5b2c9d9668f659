//! Replaces what tells of persons by keyed hashes (`REDACT`, `REDACT_KEY`), before anything of an event is stored, reported
//! or logged. Pure.
//!
//! It goes by the names of members, wherever they stand: an event that is rejected since it is not as documented is no
//! less personal. It does not know which records hold events.

use crate::event::InsightEvent;
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::validate::Rejected;
use insights_shared::value::{Map, Value, snake_case};
use ring::hmac::{self, HMAC_SHA256};
use std::collections::BTreeSet;
use std::fmt;

/// What an attribution may be of, and the other members of an event that say the same.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html>
const ATTRIBUTES: [(&str, &[&str]); 3] = [
    ("userIdentityArn", &["user_identity", "user_identity_arn", "username", "access_key_id"]),
    ("userAgent", &["user_agent"]),
    // `errorCode` of the details is the series' own, not a person's.
    ("errorCode", &[]),
];
/// What stands before the hash, so that it is taken for nothing else and is not hashed again.
const PREFIX: &str = "hmac-sha256:";
/// The hexadecimal digits that are kept: 128 bits.
const DIGITS: usize = 32;
/// A key that can be guessed hides nothing, since most of what is hashed can be.
const SHORTEST_KEY: usize = 32;
/// CloudTrail's word for calls without the attribute; it is about nobody.
const NOBODY: &str = "null";

/// What is replaced, and by which key. By default nothing is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redact {
    attributes: BTreeSet<&'static str>,
    members: BTreeSet<&'static str>,
    key: String,
}

/// Says what is replaced; the key stays out of every message.
impl fmt::Debug for Redact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redact").field("attributes", &self.attributes).finish_non_exhaustive()
    }
}

/// How many values within an object are hashes.
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
    /// Reads the variables. Every fault goes into `faults`, but for the key's value.
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

    /// An event as it may be kept, or what is wrong with it.
    pub fn event(&self, event: Result<InsightEvent, Box<Rejected>>) -> Result<InsightEvent, Box<Rejected>> {
        if self.is_idle() {
            return event;
        }
        match event {
            Ok(mut event) => {
                self.map(&mut event.event.detail);
                Ok(event)
            }
            Err(rejected) => Err(Box::new(self.rejected(*rejected))),
        }
    }

    /// What is kept of an event that was rejected. Where it cannot be read, nothing in it can be found to be replaced, so
    /// that only its hash and its length are kept.
    fn rejected(&self, rejected: Rejected) -> Rejected {
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

    /// Replaces within an object and all that it holds.
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

    /// Replaces every text.
    fn texts(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hashed(text).into(),
            Value::Map(map) => map.values_mut().for_each(|value| self.texts(value)),
            Value::List(list) => list.iter_mut().for_each(|value| self.texts(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// HMAC-SHA-256 of a text. One that is a hash already stays: a stored event is joined again.
    fn hashed(&self, text: &str) -> String {
        if text.is_empty() || text == NOBODY || is_hash(text) {
            return text.to_owned();
        }
        let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, self.key.as_bytes()), text.as_bytes());
        let digits = tag.as_ref().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}"));
        digits.fold(PREFIX.to_owned(), |text, digits| text + &digits)
    }
}

/// Whether `text` is what [`Redact`] puts in a text's place.
fn is_hash(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// A rule without what it quotes of the input.
fn rule_alone(rule: &str) -> &str {
    rule.split(": ").next().unwrap_or_default()
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
