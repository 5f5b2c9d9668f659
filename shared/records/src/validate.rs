//! Converts a [`Record`] to a [`ValidRecord`], the only type that the store accepts, or returns every rule that the record
//! breaks. No I/O; it depends on no service.

use crate::descriptor::Shape;
use crate::fault::Faults;
use crate::key::{self, Key};
use crate::number::{Number, violation_of_f64, write_f64, write_i64};
use crate::record::{Chunk, Kind, Record, SCHEMA_VERSION, Severity, Status, raw};
use crate::time::{DAY_SECONDS, Timestamp};
use crate::value::{Map, Text, Value};
#[cfg(feature = "dynamodb")]
use aws_sdk_dynamodb::types::AttributeValue;
use compact_str::format_compact;
use std::cell::RefCell;
#[cfg(feature = "dynamodb")]
use std::collections::HashMap;
use std::fmt;

/// DynamoDB's limits, in bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PK: usize = 2048;
const LONGEST_SK: usize = 1024;
/// The maximum size of an item in DynamoDB, in bytes.
pub const LARGEST_ITEM: usize = 400 * 1024;
/// The size of the attributes that the store adds when it writes (`observed_at`, `collected_by`), in bytes.
const STAMPS_SIZE: usize = 512;
/// The maximum nesting depth of lists and maps in DynamoDB. The value of an attribute is the first level.
const DEEPEST: usize = 32;
/// The points of a chunk. A series has tens of thousands of them, so they stay numbers until they are written.
const TIMESTAMPS: &str = "timestamps";
const VALUES: &str = "values";
/// The attribute with the SHA-256 of the answer. Every record has it.
const CONTENT_HASH: &str = "content_hash";
/// A buffer size that is enough for most numbers.
#[cfg(feature = "dynamodb")]
const SHORT_NUMBER: usize = 12;
/// The capacity of the hash buffer that is kept between records, in bytes. Nearly all records need less.
const HASHED_KEPT: usize = 64 * 1024;
/// More attributes than any record has, without the points.
const ATTRIBUTES: usize = 32;

thread_local! {
    /// A buffer for the text that is hashed, reused for every record. After a large record its capacity is reduced to
    /// [`HASHED_KEPT`].
    static HASHED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Attributes by name. Those that are hashed come first, sorted by name.
type Attributes = Vec<(&'static str, Value)>;

/// A record that passed validation, with hash, expiry and index keys.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidRecord {
    key: Key,
    kind: Kind,
    attributes: Attributes,
    chunk: Option<Chunk>,
    size: usize,
    updated_at: Timestamp,
    answered_at: Timestamp,
    expires_at: Option<i64>,
    self_closed: bool,
}

impl ValidRecord {
    /// The size of its item as DynamoDB counts it, with the attributes that the store adds, rounded up.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Its key in the table.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The attribute with this name, except the points of a chunk and the attributes that the store adds.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// All attributes except those that the store adds.
    pub fn to_map(&self) -> Map {
        let mut map: Map =
            self.attributes.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        if let Some(chunk) = &self.chunk {
            let values = chunk.values.iter().filter_map(|value| Number::from_f64(*value).map(Value::Number));
            map.insert(TIMESTAMPS.into(), chunk.timestamps.iter().copied().collect());
            map.insert(VALUES.into(), Value::List(values.collect()));
        }
        map
    }

    /// All attributes except those that the store adds, as DynamoDB attributes.
    #[cfg(feature = "dynamodb")]
    pub fn table_attributes(&self) -> impl Iterator<Item = (&str, AttributeValue)> {
        let attributes = self.attributes.iter().map(|(name, value)| (*name, value.to_attribute()));
        let points = self.chunk.iter().flat_map(|chunk| {
            let timestamps = chunk.timestamps.iter().map(|second| number(|out| write_i64(*second, out)));
            let values = chunk.values.iter().map(|value| number(|out| _ = write_f64(*value, out)));
            [
                (TIMESTAMPS, AttributeValue::L(timestamps.collect())),
                (VALUES, AttributeValue::L(values.collect())),
            ]
        });
        attributes.chain(points)
    }

    /// The record as a DynamoDB item.
    #[cfg(feature = "dynamodb")]
    pub fn to_item(&self) -> HashMap<String, AttributeValue> {
        self.table_attributes().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// SHA-256 over the canonical JSON of the answer, as lower-case hex.
    pub fn content_hash(&self) -> &str {
        self.get(CONTENT_HASH).and_then(Value::as_str).unwrap_or_default()
    }

    /// The version of the answer.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// When the service was asked.
    pub fn answered_at(&self) -> Timestamp {
        self.answered_at
    }

    /// Whether it would already have expired at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expiry| expiry <= now.seconds())
    }

    /// Whether we closed it (`status_reason`), so that any answer of the service replaces it.
    pub fn is_self_closed(&self) -> bool {
        self.self_closed
    }

    /// The start of a chunk's coverage; `None` for other records.
    pub fn covered_from(&self) -> Option<Timestamp> {
        self.get("covered_from").and_then(Value::as_timestamp)
    }
}

/// A DynamoDB number whose text `write` writes.
#[cfg(feature = "dynamodb")]
fn number(write: impl FnOnce(&mut String)) -> AttributeValue {
    let mut text = String::with_capacity(SHORT_NUMBER);
    write(&mut text);
    AttributeValue::N(text)
}

/// A record that breaks rules: the answer and every violation.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// Its key, as a text for people.
    pub subject: String,
    /// Every fault.
    pub violations: Faults,
    /// The answer, as JSON.
    pub raw: String,
}

/// Validates `record` and adds hash, expiry and index keys. `retention_days` of 0 keeps the record for ever.
pub fn validate(record: Record, retention_days: i64) -> Result<ValidRecord, Box<Rejected>> {
    let mut faults = Faults::default();
    check_envelope(&record, &mut faults);
    if let Some(chunk) = &record.chunk {
        check_chunk(chunk, &mut faults);
    }
    check_members(&record.detail, &Path::Attribute("detail"), 1, &mut faults);
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

    let expires_at = expiry(&record, started_at, retention_days);
    let span = Span { started_at: started_at.to_text(), ended_at: record.ended_at.map(Timestamp::to_text) };
    let index_keys = index_keys(&record, &span);
    let (kind, answered_at, self_closed) = (record.kind, record.answered_at, record.status_reason.is_some());
    let (key, mut attributes, chunk) = content(record, span);
    let (content_hash, size_of_points) = hash(kind, &attributes, chunk.as_ref());
    attributes.extend([
        ("schema_version", SCHEMA_VERSION.into()),
        ("answered_at", answered_at.into()),
        (CONTENT_HASH, content_hash.into()),
    ]);
    attributes.extend(expires_at.map(|expiry| ("expires_at", expiry.into())));
    attributes.extend(index_keys.into_iter().flatten().flatten());
    let listed = attributes.iter().map(|(name, value)| (name, value));
    let size = item_size(listed) + size_of_points + STAMPS_SIZE;
    if size > LARGEST_ITEM {
        faults.add("item", format!("{size} bytes"), format!("must be at most {LARGEST_ITEM} bytes"));
        let detail = attributes.into_iter().find_map(|(name, value)| match value {
            Value::Map(detail) if name == "detail" => Some(detail),
            _ => None,
        });
        let raw = raw(kind, &key, true, detail.unwrap_or_default(), chunk.as_ref());
        return Err(Box::new(Rejected { subject: subject(&key), violations: faults, raw }));
    }
    Ok(ValidRecord { key, kind, attributes, chunk, size, updated_at, answered_at, expires_at, self_closed })
}

fn reject(record: &Record, violations: Faults) -> Rejected {
    Rejected { subject: subject(&record.key), violations, raw: record.to_raw() }
}

fn subject(key: &Key) -> String {
    format!("{} {}", key.pk, key.sk)
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
            faults.add("severity", "", "must be present");
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
        faults.add(
            "status",
            status,
            "must fit the kind, and ended_at must be present exactly if it is closed",
        );
    }
    if (record.kind.shape == Shape::Series) != record.chunk.is_some() {
        faults.add("period", "", "must be present on a metric chunk, and only there");
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
        if let Some(violation) = violation_of_f64(*value) {
            match Number::from_f64(*value) {
                None => faults.add("values", value, "must be a finite number"),
                Some(number) => faults.add("values", number, violation),
            }
        }
    }
}

/// The path to a value. It is converted to text only if there is a fault.
enum Path<'a> {
    Attribute(&'a str),
    Member(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) => formatter.write_str(name),
            Self::Member(path, name) => write!(formatter, "{path}.{name}"),
            Self::Element(path, index) => write!(formatter, "{path}[{index}]"),
        }
    }
}

/// Adds a fault for everything inside a value that DynamoDB would reject.
fn check_value(value: &Value, path: &Path<'_>, depth: usize, faults: &mut Faults) {
    match value {
        Value::List(_) | Value::Map(_) if depth > DEEPEST => {
            faults.add(path.to_string(), "", format!("must not be nested deeper than {DEEPEST} levels"));
        }
        Value::Number(number) => {
            if let Some(violation) = number.violation() {
                faults.add(path.to_string(), number, violation);
            }
        }
        Value::List(list) => {
            for (index, element) in list.iter().enumerate() {
                check_value(element, &Path::Element(path, index), depth + 1, faults);
            }
        }
        Value::Map(map) => check_members(map, path, depth, faults),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn check_members(map: &Map, path: &Path<'_>, depth: usize, faults: &mut Faults) {
    for (name, member) in map {
        if name.is_empty() {
            faults.add(path.to_string(), "", "must not have a member with an empty name");
        }
        check_value(member, &Path::Member(path, name), depth + 1, faults);
    }
}

/// Start and end, as in the item.
struct Span {
    started_at: Text,
    ended_at: Option<Text>,
}

/// Splits a record into its key, the attributes that are hashed or state the coverage of a chunk, and the points.
fn content(record: Record, span: Span) -> (Key, Attributes, Option<Chunk>) {
    let has_measures = record.kind.is_insight() || record.kind.is_snapshot();
    let measures = record.measures.into_iter().map(|(name, number)| (name, number.into()));
    let measures = has_measures.then(|| Value::Map(measures.collect()));
    let chunk = record.chunk.as_ref();
    let mut attributes = Attributes::with_capacity(ATTRIBUTES);
    let mut add = |name, value: Option<Value>| attributes.extend(value.map(|value| (name, value)));
    add("account_id", Some(record.account_id.into()));
    add("covered_from", chunk.map(|chunk| chunk.covered_from.into()));
    add("covered_until", chunk.map(|chunk| chunk.covered_until.into()));
    add("detail", Some(record.detail.into()));
    add("ended_at", span.ended_at.map(Value::from));
    add("entity", record.entity.map(Value::from));
    add("id", record.id.map(Value::from));
    add("kind", Some(record.kind.as_str().into()));
    add("measures", measures);
    add("period", chunk.map(|chunk| chunk.period.into()));
    add("pk", Some(record.key.pk.as_str().into()));
    add("region", Some(record.region.into()));
    add("severity", record.severity.map(|severity| severity.as_str().into()));
    add("sk", Some(record.key.sk.as_str().into()));
    add("source", Some(record.kind.source.as_str().into()));
    add("started_at", Some(span.started_at.into()));
    add("status", record.status.map(|status| status.as_str().into()));
    add("status_reason", record.status_reason.map(|reason| reason.as_str().into()));
    add("title", record.title.map(Value::from));
    add("updated_at", record.updated_at.map(Value::from));
    debug_assert!(attributes.is_sorted_by_key(|(name, _)| *name), "the hash is over members by name");
    (record.key, attributes, record.chunk)
}

/// The hash over the canonical JSON of the answer, and the size of a chunk's points in the item.
fn hash(kind: Kind, content: &[(&str, Value)], chunk: Option<&Chunk>) -> (String, usize) {
    HASHED.with_borrow_mut(|text| {
        // The buffer may still contain the text of a record whose hash was not finished.
        text.clear();
        let size_of_points = write_content(kind, content, chunk, text);
        let hash = key::sha256_hex(text.as_bytes());
        text.clear();
        text.shrink_to(HASHED_KEPT);
        (hash, size_of_points)
    })
}

/// Appends the canonical JSON that is hashed, and returns the size of a chunk's points in the item.
fn write_content(kind: Kind, content: &[(&str, Value)], chunk: Option<&Chunk>, text: &mut String) -> usize {
    let is_hashed = |name: &str| !kind.unhashed.iter().any(|path| *path == [name]);
    let mut size = 0;
    let mut begin = '{';
    let mut member = |name: &str, write: &mut dyn FnMut(&mut String)| {
        text.push(begin);
        begin = ',';
        // Our own names need no escaping.
        text.extend(["\"", name, "\":"]);
        write(text);
    };
    let mut lists = chunk.map_or(Vec::new(), |_| vec![TIMESTAMPS, VALUES]).into_iter().peekable();
    let mut points = |name: &str, out: &mut String| {
        let Some(chunk) = chunk else { return };
        size += name.len();
        size += match name {
            TIMESTAMPS => write_list(&chunk.timestamps, |second, out| write_i64(*second, out), out),
            _ => write_list(&chunk.values, |value, out| _ = write_f64(*value, out), out),
        };
    };
    for (name, value) in content.iter().filter(|(name, _)| is_hashed(name)) {
        while let Some(list) = lists.next_if(|list| list < name) {
            member(list, &mut |out| points(list, out));
        }
        match without_unhashed(kind, name, value) {
            Some(rest) => member(name, &mut |out| rest.write_canonical(out)),
            None => member(name, &mut |out| value.write_canonical(out)),
        }
    }
    for list in lists {
        member(list, &mut |out| points(list, out));
    }
    text.push('}');
    size
}

/// A copy of the attribute `name` without the members that the hash leaves out; `None` if it has no such members.
fn without_unhashed(kind: Kind, name: &str, value: &Value) -> Option<Value> {
    let mut rest = None;
    for path in kind.unhashed {
        if let [attribute, member] = *path
            && *attribute == name
            && value.at(&[member]).is_some()
            && let Value::Map(map) = rest.get_or_insert_with(|| value.clone())
        {
            map.remove(member);
        }
    }
    rest
}

/// Appends a list of numbers, and returns its size in an item.
fn write_list<T>(list: &[T], write: impl Fn(&T, &mut String), out: &mut String) -> usize {
    let mut size = LIST_SIZE;
    for (index, number) in list.iter().enumerate() {
        out.push(if index == 0 { '[' } else { ',' });
        let before = out.len();
        write(number, out);
        size += 1 + number_size(out.len() - before);
    }
    out.push_str(if list.is_empty() { "[]" } else { "]" });
    size
}

fn expiry(record: &Record, started_at: Timestamp, retention_days: i64) -> Option<i64> {
    let open = record.status == Some(Status::Open);
    if open || retention_days == 0 {
        return None;
    }
    let over = record.ended_at.unwrap_or(started_at).seconds();
    Some(over.saturating_add(retention_days.saturating_mul(DAY_SECONDS)))
}

/// The length of `YYYY-MM`, the month at the start of a time.
const MONTH_LENGTH: usize = 7;

/// The keys of `open` or `ended`, and those of `by_entity`. A pair is present only if it has values.
fn index_keys(record: &Record, span: &Span) -> [Option<[(&'static str, Value); 2]>; 2] {
    if !record.kind.is_insight() && !record.kind.is_snapshot() {
        return [None, None];
    }
    let tail = format_compact!("{}#{}", span.started_at, record.key.tag());
    let state = if record.status == Some(Status::Open) {
        let rank = record.severity.map_or(0, Severity::rank);
        let sort = format_compact!("{}#{}#{rank}#{tail}", record.account_id, record.region);
        Some([("open_pk", record.kind.source.as_str().into()), ("open_sk", sort.into())])
    } else if record.kind.is_in_ended {
        let end = span.ended_at.as_ref().unwrap_or(&span.started_at);
        let month = end.get(..MONTH_LENGTH).unwrap_or_default();
        let partition = format_compact!("{}#{month}", record.kind.as_str());
        let sort = format_compact!("{end}#{}", record.key.tag());
        Some([("ended_pk", partition.into()), ("ended_sk", sort.into())])
    } else {
        None
    };
    let entity = record.entity.as_deref().filter(|entity| !entity.is_empty());
    let entity = entity
        .map(|entity| [("entity_pk", key::join(["entity", entity]).into()), ("entity_sk", tail.into())]);
    [state, entity]
}

/// The size of an item as DynamoDB counts it, rounded up where the documentation gives no exact number.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
pub fn item_size<'a>(item: impl IntoIterator<Item = (impl AsRef<str>, &'a Value)>) -> usize {
    item.into_iter().map(|(name, value)| name.as_ref().len() + value_size(value)).sum()
}

/// The size of an empty list or map, in bytes.
const LIST_SIZE: usize = 3;

/// The size of a number whose text has `length` characters, in bytes.
fn number_size(length: usize) -> usize {
    length.div_ceil(2) + 2
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number_size(number.as_str().len()),
        Value::String(text) => text.len(),
        Value::List(list) => LIST_SIZE + list.iter().map(|element| 1 + value_size(element)).sum::<usize>(),
        Value::Map(map) => {
            LIST_SIZE + map.iter().map(|(name, member)| 1 + name.len() + value_size(member)).sum::<usize>()
        }
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
