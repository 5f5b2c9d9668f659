//! Version rules: when an answer replaces the stored one. A rule is data with two forms. The comparison in Rust avoids writes
//! that would fail, because DynamoDB charges for a failed condition. The condition expression decides when the item is
//! written. A property test of `insights-shared` compares both forms on random pairs of records.

use crate::record::Stored;
use crate::time::Timestamp;
use crate::validate::ValidRecord;
use crate::value::Value;

/// When an answer replaces the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRule {
    /// The path of the time that orders the answers. If both records have it and the times differ, the later one wins.
    /// Otherwise the later `answered_at` wins. With an empty path, only `answered_at` counts.
    pub version: &'static [&'static str],
    /// Whether an answer without `status_reason` replaces a record that we closed, regardless of the times.
    pub replaces_self_closed: bool,
    /// Whether a chunk never replaces a stored chunk that starts earlier: we keep data that the service no longer has.
    pub keeps_earliest_start: bool,
}

/// A DynamoDB condition expression, without types of the SDK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expression {
    /// The expression.
    pub text: String,
    /// The attribute names by placeholder.
    pub names: Vec<(String, &'static str)>,
    /// The string values by placeholder.
    pub values: Vec<(&'static str, String)>,
}

/// The most common rule: compares the pair (`updated_at`, `answered_at`).
pub const BY_UPDATE: VersionRule =
    VersionRule { version: &["updated_at"], replaces_self_closed: false, keeps_earliest_start: false };

/// Only `answered_at` decides.
pub const BY_ANSWER: VersionRule = VersionRule { version: &[], ..BY_UPDATE };

impl VersionRule {
    /// Whether `record` replaces `stored`. Times of the stored item after `latest` are ignored: they come from a clock that
    /// was ahead.
    pub fn replaces(&self, record: &ValidRecord, stored: &Stored, latest: Option<Timestamp>) -> bool {
        let counts = |time: &Timestamp| latest.is_none_or(|latest| *time <= latest);
        let answered_at = stored.timestamp("answered_at").filter(counts);
        let is_answered_later = answered_at.is_none_or(|answered_at| answered_at < record.answered_at());
        let stored_version = self.stored_version(stored).filter(counts);
        let is_newer = match (stored_version, self.record_version(record)) {
            (Some(old), Some(new)) => old < new || (old == new && is_answered_later),
            _ => is_answered_later,
        };
        let is_self_closed = stored.text("status_reason").is_some();
        if self.replaces_self_closed && is_self_closed && !record.is_self_closed() {
            return true;
        }
        is_newer && (!self.keeps_earliest_start || reaches_back(record, stored))
    }

    /// The condition under which `record` replaces the stored item.
    pub fn expression(&self, record: &ValidRecord) -> Expression {
        let mut expression = Expression::default();
        expression.values.push((":answered", record.answered_at().to_string()));
        let answered_later = "answered_at < :answered";
        let mut rule = match self.record_version(record) {
            None => answered_later.to_owned(),
            Some(version) => {
                expression.values.push((":version", version.to_string()));
                let path = expression.path(self.version);
                format!(
                    "({path} < :version OR (({path} = :version OR attribute_not_exists({path})) AND {answered_later}))"
                )
            }
        };
        if self.replaces_self_closed && !record.is_self_closed() {
            rule = format!("(attribute_exists(status_reason) OR {rule})");
        }
        if self.keeps_earliest_start {
            let from = record.covered_from().map(|from| from.to_string()).unwrap_or_default();
            expression.values.push((":from", from));
            rule = format!("({rule} AND covered_from >= :from)");
        }
        expression.text = rule;
        expression
    }

    fn stored_version(&self, stored: &Stored) -> Option<Timestamp> {
        let (first, rest) = self.version.split_first()?;
        stored.0.get(first)?.at(rest).and_then(Value::as_timestamp)
    }

    /// The version of `record`; `None` if it has none.
    pub fn record_version(&self, record: &ValidRecord) -> Option<Timestamp> {
        if self.version == BY_UPDATE.version {
            return Some(record.updated_at());
        }
        let (first, rest) = self.version.split_first()?;
        record.get(first)?.at(rest).and_then(Value::as_timestamp)
    }
}

/// Whether the chunk `record` starts no later than the stored one.
fn reaches_back(record: &ValidRecord, stored: &Stored) -> bool {
    let from = stored.timestamp("covered_from");
    from.is_none_or(|from| record.covered_from().is_some_and(|new| new <= from))
}

impl Expression {
    /// The placeholders for `path`. Names must not be used directly, because they may be reserved words.
    fn path(&mut self, path: &[&'static str]) -> String {
        let mut text = String::new();
        for (index, name) in path.iter().enumerate() {
            let placeholder = format!("#version{index}");
            text.push_str(if index == 0 { "" } else { "." });
            text.push_str(&placeholder);
            self.names.push((placeholder, name));
        }
        text
    }
}
