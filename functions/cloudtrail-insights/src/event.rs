//! One insight event: its insight, its phase and its series. No I/O.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use crate::redact::Redact;
use crate::removed::Removed;
use aws_sdk_cloudtrail::types::{Event, Resource};
use insights_shared::fields::Faults;
use insights_shared::number::Number;
use insights_shared::sdk::time_value;
use insights_shared::series::{LOOKUP, REQUESTED_TRAIL, SeriesKey, requested_trail};
use insights_shared::surrogate::replace_unpaired;
use insights_shared::time::Timestamp;
use insights_shared::validate::Rejected;
use insights_shared::value::{Map, MapBuilder, Value, write_canonical_map};

/// The phase of an insight that an event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The insight started.
    Start,
    /// The insight ended.
    End,
}

/// One event of an insight.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseEvent {
    /// When the event happened.
    pub time: Timestamp,
    /// The event, with names in snake_case, and [`LOOKUP`] if a look-up returned it.
    pub detail: Map,
    /// The members that were removed because the item was too large.
    pub removed: Removed,
}

/// An event that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct InsightEvent {
    /// The id of its insight.
    pub shared_event_id: String,
    /// Its phase.
    pub phase: Phase,
    /// The event.
    pub event: PhaseEvent,
}

impl PhaseEvent {
    /// Reads the event from a stored record's detail.
    pub fn from_stored(value: &Value) -> Option<Self> {
        let time = value.at(&["event_time"])?.as_timestamp()?;
        Some(Self { time, detail: value.as_map()?.clone(), removed: Removed::default() })
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        self.detail.get(first)?.at(rest)?.as_str()
    }

    /// A text member of `insightDetails`.
    pub fn insight(&self, name: &str) -> Option<&str> {
        self.text(&["insight_details", name])
    }

    /// A number of `insightDetails.insightContext.statistics`.
    pub fn statistic(&self, path: &[&str]) -> Option<&Number> {
        let statistics = self.detail.get("insight_details")?.at(&["insight_context", "statistics"])?;
        statistics.at(path)?.as_number()
    }

    /// The event's own identifier; empty if it has none.
    pub fn event_id(&self) -> &str {
        self.text(&["event_id"]).unwrap_or_default()
    }

    /// The text of the event without its look-up, to compare two events.
    pub fn event_text(&self) -> String {
        let mut event = self.detail.clone();
        event.remove(LOOKUP);
        let mut text = String::new();
        write_canonical_map(&event, &mut text);
        text
    }

    /// Records that the event was returned for the data events of `trail`, unless the event itself names the trail.
    pub fn came_from(&mut self, trail: &str) {
        if self.series().trail.as_deref() == Some(trail) {
            return;
        }
        let mut lookup = self.detail.get(LOOKUP).and_then(Value::as_map).cloned().unwrap_or_default();
        lookup.insert(REQUESTED_TRAIL.into(), trail.into());
        self.detail.insert(LOOKUP.into(), lookup.into());
    }

    /// The trail that was requested, if the event itself does not name it.
    pub fn asked_trail(&self) -> Option<&str> {
        requested_trail(&self.detail)
    }

    /// Whether a look-up returned the event. Otherwise it was only pushed.
    pub fn is_looked_up(&self) -> bool {
        self.detail.contains_key(LOOKUP)
    }

    /// Whether the event does not state if it is about management or data events.
    pub fn has_unknown_category(&self) -> bool {
        self.asked_trail().is_none() && self.insight("source_event_category").is_none()
    }

    /// The series that the event names, or the requested trail's. A missing required member is empty. An empty optional
    /// member counts as absent, because both result in the same key.
    pub fn series(&self) -> SeriesKey {
        SeriesKey::of_event(&self.detail)
    }

    /// The series that the event itself names, without the requested trail.
    pub fn series_by_itself(&self) -> SeriesKey {
        SeriesKey::of_event_alone(&self.detail)
    }
}

/// The event, or the rejection, with personal data replaced by hashes.
pub fn redacted(
    event: Result<InsightEvent, Box<Rejected>>,
    redact: &Redact,
) -> Result<InsightEvent, Box<Rejected>> {
    match event {
        Ok(mut event) => {
            redact.map(&mut event.event.detail);
            Ok(event)
        }
        Err(rejected) => Err(Box::new(redact.rejected(*rejected))),
    }
}

/// Reads an event that a look-up returned.
pub fn read_looked_up(event: &Event, account_id: &str) -> Result<InsightEvent, Box<Rejected>> {
    let lookup = lookup(event);
    let Some(text) = event.cloud_trail_event().filter(|text| !text.trim().is_empty()) else {
        let mut raw = String::new();
        write_canonical_map(&lookup, &mut raw);
        let mut violations = Faults::default();
        violations.add("CloudTrailEvent", "", "is missing from the look-up");
        let subject = event.event_id().unwrap_or("event without id").to_owned();
        return Err(Box::new(Rejected { subject, violations, raw }));
    };
    let mut read = read(text, account_id)?;
    read.event.detail.insert(LOOKUP.into(), lookup.into());
    Ok(read)
}

/// Reads an event's JSON.
pub fn read(text: &str, account_id: &str) -> Result<InsightEvent, Box<Rejected>> {
    let mut faults = Faults::default();
    // As for a payload, so that a rejected event has the same key for a look-up and a push.
    let text = &*replace_unpaired(text);
    let event = match Value::from_json_in_snake_case(text) {
        Ok(value) => value,
        Err(error) => {
            faults.add("CloudTrailEvent", text, format!("must be JSON: {error}"));
            Value::Null
        }
    };
    let member = |path: &[&str]| event.at(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    if event.as_map().is_none() && faults.is_empty() {
        faults.add("CloudTrailEvent", text, "must be an object");
    }
    let shared_event_id = member(&["shared_event_id"]).unwrap_or_default().to_owned();
    let phase = match member(&["insight_details", "state"]) {
        Some("Start") => Some(Phase::Start),
        Some("End") => Some(Phase::End),
        _ => None,
    };
    let time = event.at(&["event_time"]).and_then(Value::as_timestamp);
    if event.as_map().is_some() {
        for (name, path) in [("sharedEventID", ["shared_event_id"]), ("eventID", ["event_id"])] {
            if member(&path).is_none() {
                faults.add(name, shown(event.at(&path)), "must be a non-empty string");
            }
        }
        if phase.is_none() {
            let state = shown(event.at(&["insight_details", "state"]));
            faults.add("insightDetails.state", state, "must be Start or End");
        }
        if time.is_none() {
            faults.add("eventTime", shown(event.at(&["event_time"])), "must be a time in RFC 3339");
        }
        // Otherwise the record would have a wrong account.
        if let Some(recipient) =
            member(&["recipient_account_id"]).filter(|recipient| *recipient != account_id)
        {
            faults.add(
                "recipientAccountId",
                recipient,
                format!("must be the account of the request, {account_id}"),
            );
        }
    }
    match (event, phase, time) {
        (Value::Map(mut detail), Some(phase), Some(time)) if faults.is_empty() => {
            detail.insert("event_time".into(), time.into());
            if let Some(other) = detail.remove(LOOKUP) {
                // CloudTrail has no member with this name today. If it gets one, it is stored under another name.
                let mut name = format!("event_{LOOKUP}");
                while detail.contains_key(name.as_str()) {
                    name.insert_str(0, "event_");
                }
                detail.insert(name.into(), other);
            }
            Ok(InsightEvent {
                shared_event_id,
                phase,
                event: PhaseEvent { time, detail, removed: Removed::default() },
            })
        }
        _ => {
            let subject =
                if shared_event_id.is_empty() { "insight event".to_owned() } else { shared_event_id };
            Err(Box::new(Rejected { subject, violations: faults, raw: text.to_owned() }))
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    let mut text = String::new();
    if let Some(value) = value {
        value.write_canonical(&mut text);
    }
    text
}

/// The members of a look-up other than the event itself.
fn lookup(event: &Event) -> Map {
    let resource = |resource: &Resource| {
        MapBuilder::new()
            .with("resource_name", resource.resource_name.as_deref())
            .with("resource_type", resource.resource_type.as_deref())
            .build()
    };
    let resources = event.resources.as_ref();
    MapBuilder::new()
        .with("access_key_id", event.access_key_id.as_deref())
        .with("event_id", event.event_id.as_deref())
        .with("event_name", event.event_name.as_deref())
        .with("event_source", event.event_source.as_deref())
        .with("event_time", event.event_time.as_ref().map(time_value))
        .with("read_only", event.read_only.as_deref())
        .with("resources", resources.map(|resources| resources.iter().map(resource).collect::<Value>()))
        .with("username", event.username.as_deref())
        .build()
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
