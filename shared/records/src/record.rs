//! A record as a collector creates it, before validation: one envelope for all sources.
//!
//! The README describes the records in section "Records". [`crate::validate`] adds index keys, hash and expiry; the store
//! adds when and by which function a record was stored.

use crate::descriptor::NamesSubject;
pub use crate::descriptor::{Kind, Source};
use crate::key::{self, Key};
use crate::number::Number;
use crate::time::Timestamp;
use crate::value::{Map, Text, Value};

/// The `schema_version` that this code writes, and the newest one that it reads.
pub const SCHEMA_VERSION: i64 = 1;

/// The status of an insight or snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// An insight that has not ended.
    Open,
    /// An insight that has ended.
    Closed,
    /// The counts of one day.
    Snapshot,
}

impl Status {
    /// Reads the attribute `status`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Closed, Self::Snapshot].into_iter().find(|status| status.as_str() == text)
    }

    /// The value of the attribute `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Snapshot => "snapshot",
        }
    }
}

/// Why an insight was closed by us and not by its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusReason {
    /// The service no longer returns the insight, so there will be no further data about it.
    NoLongerKnown,
    /// A CloudTrail Start without an End in the 90 days that the service keeps.
    NoEndSeen,
}

impl StatusReason {
    /// Reads the attribute `status_reason`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::NoLongerKnown, Self::NoEndSeen].into_iter().find(|reason| reason.as_str() == text)
    }

    /// The value of the attribute `status_reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoLongerKnown => "no_longer_known",
            Self::NoEndSeen => "no_end_seen",
        }
    }
}

/// The severity of an insight or snapshot. The rules are in [`crate::severity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is wrong, or there is no data to decide.
    Info,
    /// A small deviation.
    Low,
    /// To be examined at some time.
    Medium,
    /// To be examined soon.
    High,
    /// To be examined immediately.
    Critical,
}

impl Severity {
    /// All severities, lowest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Reads the attribute `severity`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }

    /// The value of the attribute `severity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The digit by which the index `open` sorts.
    pub fn rank(self) -> u8 {
        match self {
            Self::Info => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }
}

/// The points of one chunk of a metric series.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Seconds between two points: 60, 300 or 3600.
    pub period: i64,
    /// When each bucket begins, in epoch seconds, ascending.
    pub timestamps: Vec<i64>,
    /// Number of calls or errors in each bucket, in the order of `timestamps`.
    pub values: Vec<f64>,
    /// The begin of the time in which an absent point is zero.
    pub covered_from: Timestamp,
    /// The end of the time in which an absent point is zero.
    pub covered_until: Timestamp,
}

/// A record before validation.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its key in the table.
    pub key: Key,
    /// Its kind.
    pub kind: Kind,
    /// The account that it was collected from.
    pub account_id: Text,
    /// The region that it was collected from.
    pub region: Text,
    /// The service's own identifier.
    pub id: Option<String>,
    /// One line for people.
    pub title: Option<String>,
    /// Open, closed or a snapshot.
    pub status: Option<Status>,
    /// Why we closed it; `None` if we did not.
    pub status_reason: Option<StatusReason>,
    /// Its severity.
    pub severity: Option<Severity>,
    /// What it is about: the root-cause service, event source, cluster, assessment or Security Hub insight.
    pub entity: Option<String>,
    /// Its numbers, by name; the severity depends on them.
    pub measures: Vec<(Text, Number)>,
    /// When the insight or the bucket of time began.
    pub started_at: Option<Timestamp>,
    /// When it ended; `None` while it is open.
    pub ended_at: Option<Timestamp>,
    /// The version of the answer (see the version rule of the kind).
    pub updated_at: Option<Timestamp>,
    /// When the service was asked.
    pub answered_at: Timestamp,
    /// All members of the answer.
    pub detail: Map,
    /// The points, if the record is a chunk of a series.
    pub chunk: Option<Chunk>,
}

impl Record {
    /// Creates a record without content.
    pub fn new(kind: Kind, key: Key, account_id: &str, region: &str, answered_at: Timestamp) -> Self {
        Self {
            key,
            kind,
            account_id: account_id.into(),
            region: region.into(),
            id: None,
            title: None,
            status: None,
            status_reason: None,
            severity: None,
            entity: None,
            measures: Vec::new(),
            started_at: None,
            ended_at: None,
            updated_at: None,
            answered_at,
            detail: Map::new(),
            chunk: None,
        }
    }

    /// Reads the stored record, to be changed and written again; `None` if it is of another kind.
    pub fn from_stored(kind: Kind, stored: &Stored, answered_at: Timestamp) -> Option<Self> {
        let key = Key::new(stored.text("pk")?, stored.text("sk")?);
        if stored.text("kind")? != kind.as_str() {
            return None;
        }
        let mut record =
            Self::new(kind, key, stored.text("account_id")?, stored.text("region")?, answered_at);
        let owned = |name: &str| stored.text(name).map(str::to_owned);
        record.id = owned("id");
        record.title = owned("title");
        record.entity = owned("entity");
        record.status = stored.text("status").and_then(Status::parse);
        record.status_reason = stored.text("status_reason").and_then(StatusReason::parse);
        record.severity = stored.text("severity").and_then(Severity::parse);
        let measures = stored.0.get("measures").and_then(Value::as_map).into_iter().flatten();
        record.measures =
            measures.filter_map(|(name, value)| Some((name.clone(), value.as_number()?.clone()))).collect();
        record.started_at = stored.timestamp("started_at");
        record.ended_at = stored.timestamp("ended_at");
        record.updated_at = stored.timestamp("updated_at");
        record.detail = stored.0.get("detail").and_then(Value::as_map).cloned().unwrap_or_default();
        Some(record)
    }

    /// The answer as JSON, for `rejected`: the detail, and the points of a chunk.
    ///
    /// Rejected answers are stored under the hash of this text. If the answer does not name its subject, the text also
    /// contains the key, so that equal answers about two subjects are stored as two.
    pub fn to_raw(&self) -> String {
        let has_id = self.id.as_deref().is_some_and(|id| !id.is_empty());
        raw(self.kind, &self.key, has_id, self.detail.clone(), self.chunk.as_ref())
    }
}

/// Whether an answer of this kind names its subject; `has_id` says whether it contains an identifier.
fn names_subject(kind: Kind, has_id: bool) -> bool {
    match kind.names_subject {
        NamesSubject::Always => true,
        NamesSubject::WithId => has_id,
        NamesSubject::Never => false,
    }
}

/// A detail and the points of a chunk, as one JSON object.
pub(crate) fn raw(kind: Kind, key: &Key, has_id: bool, mut said: Map, chunk: Option<&Chunk>) -> String {
    if let Some(chunk) = chunk {
        let values = chunk.values.iter().map(|value| crate::value::float_value(*value)).collect();
        said.insert("period".into(), chunk.period.into());
        said.insert("timestamps".into(), chunk.timestamps.iter().copied().collect());
        said.insert("values".into(), Value::List(values));
    }
    if !names_subject(kind, has_id) {
        said = Map::from([
            ("answer".into(), Value::Map(said)),
            ("requested".into(), Value::from(key.pk.as_str())),
        ]);
    }
    let mut text = String::new();
    crate::value::write_canonical_map(&said, &mut text);
    text
}

/// The text on one line, with single spaces between words, as titles have it.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The partition key `<source>#<account>#<region>#…`.
pub fn partition<'a>(
    source: Source,
    account: &'a str,
    region: &'a str,
    rest: impl IntoIterator<Item = &'a str>,
) -> String {
    key::join([source.as_str(), account, region].into_iter().chain(rest))
}

/// The partition key `<prefix>#<source>#<account>#<region>` of `catalog`, `rejected` and `run` items.
pub fn target_partition(prefix: &str, source: Source, account: &str, region: &str) -> String {
    key::join([prefix, source.as_str(), account, region])
}

/// An item that was read from the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored(pub Map);

impl Stored {
    /// A text attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A time attribute.
    pub fn timestamp(&self, name: &str) -> Option<Timestamp> {
        self.0.get(name).and_then(Value::as_timestamp)
    }

    /// A whole-number attribute.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_number).and_then(Number::as_i64)
    }

    /// The hash of the stored content.
    pub fn content_hash(&self) -> Option<&str> {
        self.text("content_hash")
    }

    /// The time at `path` in `detail`.
    pub fn detail_time(&self, path: &[&str]) -> Option<Timestamp> {
        self.0.get("detail")?.at(path).and_then(Value::as_timestamp)
    }

    /// Whether it has expired, so that it counts as absent.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.integer("expires_at").is_some_and(|expiry| expiry <= now.seconds())
    }

    /// Whether a newer version of this program wrote it. Such an item must not be overwritten.
    pub fn is_newer_schema(&self) -> bool {
        self.integer("schema_version").is_some_and(|version| version > SCHEMA_VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_has_single_spaces_between_words() {
        for (text, line) in [
            ("", ""),
            ("Faults in checkout", "Faults in checkout"),
            (" Faults in checkout", "Faults in checkout"),
            ("Faults in checkout ", "Faults in checkout"),
            ("Faults  in checkout", "Faults in checkout"),
            ("Faults\nin\tcheckout", "Faults in checkout"),
            ("Faults\u{a0}in\u{2003}the café", "Faults in the café"),
            (" ", ""),
            ("\u{7f}", "\u{7f}"),
        ] {
            assert_eq!(one_line(text), line, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_title_consists_of_the_words_of_any_text(text in "([ -~]|[ \\n\\t]|é|\u{a0}){0,40}") {
            let words: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(one_line(&text), words.join(" "));
        }
    }
}
