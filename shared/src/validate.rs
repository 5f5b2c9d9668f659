//! Turns a [`Record`] into a [`ValidRecord`], the only thing that the store accepts, or says everything that is wrong
//! with it. Pure: it reads no clock and no table, and knows no service.

use crate::fields::Faults;
use crate::key::{self, Key};
use crate::number::Number;
use crate::record::{Chunk, Kind, Record, SCHEMA_VERSION, Severity, Status};
use crate::time::{DAY_SECONDS, Timestamp};
use crate::value::{Map, Value, write_canonical_map};

/// DynamoDB's limits, in bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PK: usize = 2048;
const LONGEST_SK: usize = 1024;
const LARGEST_ITEM: usize = 400 * 1024;
/// What the store adds when it writes: `observed_at`, `collected_by`.
const STAMPS_SIZE: usize = 512;
/// DynamoDB nests lists and maps 32 deep; an attribute's own value is the first level.
const DEEPEST: usize = 32;

/// A record that the table can hold, with its hash, its expiry and its index keys.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidRecord {
    key: Key,
    kind: Kind,
    attributes: Map,
    content_hash: String,
    updated_at: Timestamp,
    answered_at: Timestamp,
    expires_at: Option<i64>,
    self_closed: bool,
}

impl ValidRecord {
    /// Its place in the table.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Every attribute but the stamps of the store.
    pub fn attributes(&self) -> &Map {
        &self.attributes
    }

    /// SHA-256 over the canonical JSON of what the service said.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }

    /// The answer's own version.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// When the service was asked.
    pub fn answered_at(&self) -> Timestamp {
        self.answered_at
    }

    /// Whether its time would be over already.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expiry| expiry <= now.seconds())
    }

    /// Whether we closed it ourselves (`status_reason`), so that any answer of the service beats it.
    pub fn is_self_closed(&self) -> bool {
        self.self_closed
    }

    /// `detail.last_update_time`, the version of an X-Ray insight that its summary gave.
    pub fn last_update_time(&self) -> Option<Timestamp> {
        self.attributes.get("detail").and_then(|detail| detail.at(&["last_update_time"]))?.as_timestamp()
    }

    /// Where a chunk's coverage begins.
    pub fn covered_from(&self) -> Option<Timestamp> {
        self.attributes.get("covered_from").and_then(Value::as_timestamp)
    }
}

/// A record that broke rules: what the service said and every rule it broke.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// What it was about, for a person: its key.
    pub subject: String,
    /// Every fault.
    pub violations: Faults,
    /// What the service said, as JSON.
    pub raw: String,
}

/// Checks `record` and completes it. `retention_days` of 0 keeps it for ever.
pub fn validate(record: Record, retention_days: i64) -> Result<ValidRecord, Box<Rejected>> {
    let mut faults = Faults::default();
    check_envelope(&record, &mut faults);
    if let Some(chunk) = &record.chunk {
        check_chunk(chunk, &mut faults);
    }
    check_value(&Value::Map(record.detail.clone()), "detail", 1, &mut faults);
    for (name, number) in &record.measures {
        if let Some(violation) = number.violation() {
            faults.add(format!("measures.{name}"), number, violation);
        }
    }
    let Some((updated_at, started_at)) =
        record.updated_at.zip(record.started_at).filter(|_| faults.is_empty())
    else {
        return Err(Box::new(reject(&record, faults)));
    };

    let content = content(&record);
    let mut canonical = String::new();
    let mut hashed = content.clone();
    if record.chunk.is_some() {
        // A chunk that merely reaches further holds nothing new.
        hashed.remove("covered_until");
        hashed.remove("updated_at");
    }
    write_canonical_map(&hashed, &mut canonical);
    let content_hash = key::sha256_hex(canonical.as_bytes());

    let mut attributes = content;
    attributes.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
    attributes.insert("answered_at".to_owned(), record.answered_at.into());
    attributes.insert("content_hash".to_owned(), content_hash.as_str().into());
    let expires_at = expiry(&record, started_at, retention_days);
    if let Some(expiry) = expires_at {
        attributes.insert("expires_at".to_owned(), expiry.into());
    }
    for (name, value) in index_keys(&record, started_at) {
        attributes.insert(name.to_owned(), value.into());
    }
    let size = item_size(&attributes) + STAMPS_SIZE;
    if size > LARGEST_ITEM {
        faults.add("item", format!("{size} bytes"), format!("must be at most {LARGEST_ITEM} bytes"));
        return Err(Box::new(reject(&record, faults)));
    }
    Ok(ValidRecord {
        key: record.key,
        kind: record.kind,
        attributes,
        content_hash,
        updated_at,
        answered_at: record.answered_at,
        expires_at,
        self_closed: record.status_reason.is_some(),
    })
}

fn reject(record: &Record, violations: Faults) -> Rejected {
    let subject = format!("{} {}", record.key.pk, record.key.sk);
    Rejected { subject, violations, raw: record.to_raw() }
}

fn check_envelope(record: &Record, faults: &mut Faults) {
    for (name, text, longest) in [("pk", &record.key.pk, LONGEST_PK), ("sk", &record.key.sk, LONGEST_SK)] {
        if text.is_empty() || text.len() > longest {
            faults.add(name, text, format!("must be 1 to {longest} bytes long"));
        }
    }
    if record.account_id.len() != 12 || !record.account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        faults.add("account_id", &record.account_id, "must be 12 digits");
    }
    if record.region.is_empty() {
        faults.add("region", "", "must not be empty");
    }
    for (name, timestamp) in [("started_at", record.started_at), ("updated_at", record.updated_at)] {
        if timestamp.is_none() {
            faults.add(name, "", "is missing from the answer");
        }
    }
    if record.kind.is_insight() || record.kind.is_snapshot() {
        if record.id.as_deref().is_none_or(str::is_empty) {
            faults.add("id", "", "is missing from the answer");
        }
        if record.severity.is_none() {
            faults.add("severity", "", "must be there");
        }
    }
    let ended = record.ended_at.is_some();
    let consistent = match (record.kind, record.status) {
        (kind, Some(Status::Open)) if kind.is_insight() => !ended,
        (kind, Some(Status::Closed)) if kind.is_insight() => ended,
        (kind, Some(Status::Snapshot)) => kind.is_snapshot(),
        (kind, None) => !kind.is_insight() && !kind.is_snapshot(),
        _ => false,
    };
    if !consistent {
        let status = record.status.map_or("absent", Status::as_str);
        faults.add("status", status, "must fit the kind, and ended_at be there exactly if it is closed");
    }
    if (record.kind == Kind::CloudtrailMetric) != record.chunk.is_some() {
        faults.add("period", "", "must be there exactly on a metric chunk");
    }
}

fn check_chunk(chunk: &Chunk, faults: &mut Faults) {
    if ![60, 300, 3600].contains(&chunk.period) {
        faults.add("period", chunk.period, "must be 60, 300 or 3600 seconds");
    }
    if chunk.timestamps.len() != chunk.values.len() {
        let lengths = format!("{} and {}", chunk.timestamps.len(), chunk.values.len());
        faults.add("timestamps and values", lengths, "must be of the same length");
    }
    if !chunk.timestamps.is_sorted_by(|left, right| left < right) {
        faults.add("timestamps", "", "must ascend, none twice");
    }
    for value in &chunk.values {
        match Number::from_f64(*value) {
            None => faults.add("values", value, "must be a finite number"),
            Some(number) => {
                if let Some(violation) = number.violation() {
                    faults.add("values", number, violation);
                }
            }
        }
    }
}

/// Finds what DynamoDB would refuse inside a value.
fn check_value(value: &Value, path: &str, depth: usize, faults: &mut Faults) {
    if depth > DEEPEST && matches!(value, Value::List(_) | Value::Map(_)) {
        faults.add(path, "", format!("must not be nested deeper than {DEEPEST} levels"));
        return;
    }
    match value {
        Value::Number(number) => {
            if let Some(violation) = number.violation() {
                faults.add(path, number, violation);
            }
        }
        Value::List(list) => {
            for (index, element) in list.iter().enumerate() {
                check_value(element, &format!("{path}[{index}]"), depth + 1, faults);
            }
        }
        Value::Map(map) => {
            for (name, member) in map {
                if name.is_empty() {
                    faults.add(path, "", "must not have a member with an empty name");
                }
                check_value(member, &format!("{path}.{name}"), depth + 1, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// What the hash is taken over, together with a chunk's `covered_until` and `updated_at`.
fn content(record: &Record) -> Map {
    let mut map = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    set("pk", Some(record.key.pk.as_str().into()));
    set("sk", Some(record.key.sk.as_str().into()));
    set("kind", Some(record.kind.as_str().into()));
    set("source", Some(record.kind.source().as_str().into()));
    set("account_id", Some(record.account_id.as_str().into()));
    set("region", Some(record.region.as_str().into()));
    set("id", record.id.as_deref().map(Value::from));
    set("title", record.title.as_deref().map(Value::from));
    set("status", record.status.map(|status| status.as_str().into()));
    set("status_reason", record.status_reason.map(|reason| reason.as_str().into()));
    set("severity", record.severity.map(|severity| severity.as_str().into()));
    set("entity", record.entity.as_deref().map(Value::from));
    if record.kind.is_insight() || record.kind.is_snapshot() {
        let measures = record.measures.iter().map(|(name, number)| (name.clone(), number.clone().into()));
        set("measures", Some(Value::Map(measures.collect())));
    }
    set("started_at", record.started_at.map(Value::from));
    set("ended_at", record.ended_at.map(Value::from));
    set("updated_at", record.updated_at.map(Value::from));
    if let Some(chunk) = &record.chunk {
        set("period", Some(chunk.period.into()));
        set("timestamps", Some(chunk.timestamps.clone().into()));
        let values = chunk.values.iter().filter_map(|value| Number::from_f64(*value).map(Value::Number));
        set("values", Some(Value::List(values.collect())));
        set("covered_from", Some(chunk.covered_from.into()));
        set("covered_until", Some(chunk.covered_until.into()));
    }
    set("detail", Some(Value::Map(record.detail.clone())));
    map
}

fn expiry(record: &Record, started_at: Timestamp, retention_days: i64) -> Option<i64> {
    let open = record.status == Some(Status::Open);
    if open || retention_days == 0 {
        return None;
    }
    let over = record.ended_at.unwrap_or(started_at).seconds();
    Some(over.saturating_add(retention_days.saturating_mul(DAY_SECONDS)))
}

/// The keys of the three indexes, each only where it has a value.
fn index_keys(record: &Record, started_at: Timestamp) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    if !record.kind.is_insight() && !record.kind.is_snapshot() {
        return keys;
    }
    let tail = format!("{started_at}#{}", record.key.tag());
    if record.status == Some(Status::Open) {
        let rank = record.severity.map_or(0, Severity::rank);
        keys.push(("open_pk", record.kind.source().as_str().to_owned()));
        keys.push(("open_sk", format!("{}#{}#{rank}#{tail}", record.account_id, record.region)));
    } else if record.kind.in_by_day() {
        let day = record.ended_at.unwrap_or(started_at).day();
        keys.push(("day_pk", format!("{}#{day}", record.kind.as_str())));
        keys.push(("day_sk", tail.clone()));
    }
    if let Some(entity) = record.entity.as_deref().filter(|entity| !entity.is_empty()) {
        keys.push(("entity_pk", key::join(["entity", entity])));
        keys.push(("entity_sk", tail));
    }
    keys
}

/// The size of an item as DynamoDB counts it, rounded up where it does not say.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
pub fn item_size(item: &Map) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.as_str().len().div_ceil(2) + 2,
        Value::String(text) => text.len(),
        Value::List(list) => 3 + list.iter().map(|element| 1 + value_size(element)).sum::<usize>(),
        Value::Map(map) => {
            3 + map.iter().map(|(name, member)| 1 + name.len() + value_size(member)).sum::<usize>()
        }
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
