//! The two events of an insight, its Start and its End, in the form of `LookupEvents` and `ListInsightsData`: members of the
//! operation, and the record of the event as a JSON string.

use super::trails::Trail;
use super::with;
use crate::call::Call;
use crate::scenario::uuid;
use crate::timestamp::rfc3339;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

/// The members that a scenario may omit from an event, and their location.
pub const OMITTABLE: &[(&str, Omitted)] = &[
    ("EventId", Omitted::Lookup),
    ("EventName", Omitted::Lookup),
    ("EventTime", Omitted::Lookup),
    ("EventSource", Omitted::Lookup),
    ("Resources", Omitted::Lookup),
    ("CloudTrailEvent", Omitted::Lookup),
    ("eventVersion", Omitted::Record("")),
    ("eventTime", Omitted::Record("")),
    ("awsRegion", Omitted::Record("")),
    ("eventID", Omitted::Record("")),
    ("eventType", Omitted::Record("")),
    ("recipientAccountId", Omitted::Record("")),
    ("sharedEventID", Omitted::Record("")),
    ("insightDetails", Omitted::Record("")),
    ("eventCategory", Omitted::Record("")),
    ("state", Omitted::Record("/insightDetails")),
    ("eventSource", Omitted::Record("/insightDetails")),
    ("eventName", Omitted::Record("/insightDetails")),
    ("insightType", Omitted::Record("/insightDetails")),
    ("errorCode", Omitted::Record("/insightDetails")),
    ("insightSource", Omitted::Record("/insightDetails")),
    ("sourceEventCategory", Omitted::Record("/insightDetails")),
    ("insightContext", Omitted::Record("/insightDetails")),
    ("statistics", Omitted::Record("/insightDetails/insightContext")),
    ("baseline", Omitted::Record("/insightDetails/insightContext/statistics")),
    ("insight", Omitted::Record("/insightDetails/insightContext/statistics")),
    ("insightDuration", Omitted::Record("/insightDetails/insightContext/statistics")),
    ("baselineDuration", Omitted::Record("/insightDetails/insightContext/statistics")),
];

/// The location of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omitted {
    /// In the `Event` of the operation.
    Lookup,
    /// In the record, in the object at this JSON pointer.
    Record(&'static str),
}

/// The identity of a series, and of the series that an insight is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The service, such as `ec2.amazonaws.com`.
    pub event_source: String,
    /// The API, such as `RunInstances`.
    pub event_name: String,
    /// `ApiCallRateInsight` or `ApiErrorRateInsight`.
    pub insight_type: String,
    /// The error that is counted, for error rates.
    pub error_code: Option<String>,
    /// The name of the trail whose data events are counted; none for management events.
    pub trail: Option<String>,
}

/// Which events of an insight exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phases {
    /// The Start, and the End when the insight has ended.
    Both,
    /// The Start only.
    Start,
    /// The End only.
    End,
}

/// An insight of the scenario.
#[derive(Clone, Debug)]
pub struct Insight {
    /// The name from which its ids are derived.
    pub key: String,
    /// Its `sharedEventID`; by default it is derived from the key.
    pub shared_id: Option<String>,
    /// Its series.
    pub subject: Subject,
    /// Its first minute.
    pub start: Timestamp,
    /// The minute after its last one, if it ends.
    pub end: Option<Timestamp>,
    /// The events that exist.
    pub phases: Phases,
    /// The baseline in calls per minute.
    pub baseline: f64,
    /// The average in calls per minute in the Start event.
    pub start_average: f64,
    /// The average in calls per minute in the End event.
    pub average: f64,
    /// `insightDuration` of the Start event in minutes.
    pub start_duration: i64,
    /// `baselineDuration` in minutes.
    pub baseline_duration: i64,
    /// `attributions` of the record; `{account}` and `{region}` are placeholders.
    pub attributions: Option<Value>,
    /// Further members of the `Event` by wire name; `{account}` and `{region}` are placeholders.
    pub lookup: Map<String, Value>,
    /// Members that both events omit, among [`OMITTABLE`].
    pub omit: Vec<String>,
}

/// An event of an insight in the account and region of a call. Its members are computed on demand, because a page shows only
/// a few of the sorted events.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The start or the end of the insight.
    pub time: Timestamp,
    insight: &'a Insight,
    state: &'static str,
    seed: u64,
    trail: Option<&'a Trail>,
    call: &'a Call,
}

impl Insight {
    /// Whether both have the same ids.
    pub fn is_same(&self, other: &Self) -> bool {
        self.key == other.key || (self.shared_id.is_some() && self.shared_id == other.shared_id)
    }

    /// The events until the time of `call`, in its account and region.
    pub fn events<'a>(
        &'a self,
        seed: u64,
        trail: Option<&'a Trail>,
        call: &'a Call,
    ) -> impl Iterator<Item = Event<'a>> {
        let start = (self.phases != Phases::End).then_some(("Start", self.start));
        let end = self.end.filter(|_| self.phases != Phases::Start).map(|end| ("End", end));
        let events = [start, end].into_iter().flatten().filter(|(_, time)| *time <= call.now);
        events.map(move |(state, time)| Event { time, insight: self, state, seed, trail, call })
    }

    fn details(&self, state: &str, trail: Option<&Trail>, call: &Call) -> Value {
        let context = json!({"statistics": self.statistics(state)});
        let attributions = self.attributions.as_ref().map(|attributions| fill(attributions, call));
        let details = json!({
            "state": state,
            "eventSource": self.subject.event_source,
            "eventName": self.subject.event_name,
            "insightType": self.subject.insight_type,
            "sourceEventCategory": if trail.is_some() { "Data" } else { "Management" },
            "insightContext": with(context, "attributions", attributions),
        });
        let details = with(details, "errorCode", self.subject.error_code.clone());
        with(details, "insightSource", trail.map(|trail| trail.arn(call)))
    }

    fn statistics(&self, state: &str) -> Value {
        let minutes = self.end.map_or(0, |end| end.millis_since(self.start) / 60_000);
        let (average, duration) = if state == "Start" {
            (self.start_average, self.start_duration)
        } else {
            (self.average, minutes)
        };
        json!({
            "baseline": {"average": number(self.baseline)},
            "insight": {"average": number(average)},
            "insightDuration": duration,
            "baselineDuration": self.baseline_duration,
        })
    }

    fn leave_out(&self, answer: &mut Value, applies: impl Fn(Omitted) -> bool) {
        for (name, place) in OMITTABLE.iter().filter(|(name, place)| {
            applies(*place) && self.omit.iter().any(|omitted| omitted.as_str() == *name)
        }) {
            let pointer = if let Omitted::Record(pointer) = place { pointer } else { "" };
            if let Some(members) = answer.pointer_mut(pointer).and_then(Value::as_object_mut) {
                members.remove(*name);
            }
        }
    }
}

impl Event<'_> {
    /// The API.
    pub fn event_name(&self) -> &str {
        &self.insight.subject.event_name
    }

    /// The service.
    pub fn event_source(&self) -> &str {
        &self.insight.subject.event_source
    }

    /// Its id; `sharedEventID` is the same in both events.
    pub fn id(&self) -> String {
        uuid(self.seed, &format!("{} {}", self.key(), self.state))
    }

    /// The key in the account and region of the call, which have insights of their own.
    fn key(&self) -> String {
        let Call { account, region, .. } = self.call;
        format!("{account} {region} cloudtrail {}", self.insight.key)
    }

    /// The answer's `Event`.
    pub fn answer(&self) -> Value {
        let Self { insight, call, state, .. } = *self;
        let shared_id = insight.shared_id.clone().unwrap_or_else(|| uuid(self.seed, &self.key()));
        let id = self.id();
        let mut record = json!({
            "eventVersion": "1.09",
            "eventTime": rfc3339(self.time),
            "awsRegion": call.region,
            "eventID": id,
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": call.account,
            "sharedEventID": shared_id,
            "insightDetails": insight.details(state, self.trail, call),
            "eventCategory": "Insight",
        });
        insight.leave_out(&mut record, |place| matches!(place, Omitted::Record(_)));
        let mut answer = json!({
            "EventId": id,
            "EventName": self.event_name(),
            "EventTime": self.time.seconds(),
            "EventSource": self.event_source(),
            "Resources": [],
            "CloudTrailEvent": record.to_string(),
        });
        for (name, value) in &insight.lookup {
            answer = with(answer, name, Some(fill(value, call)));
        }
        insight.leave_out(&mut answer, |place| place == Omitted::Lookup);
        answer
    }
}

/// A JSON number, without a fraction if it is whole: CloudTrail writes `0` and `669`, not `0.0`.
pub fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    let whole = (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64);
    whole.map_or_else(|| json!(value), |whole| json!(whole))
}

/// Replaces `{account}` and `{region}` in `text`.
pub fn fill_text(text: &str, call: &Call) -> String {
    text.replace("{account}", &call.account).replace("{region}", &call.region)
}

fn fill(value: &Value, call: &Call) -> Value {
    match value {
        Value::String(text) => Value::String(fill_text(text, call)),
        Value::Array(elements) => elements.iter().map(|element| fill(element, call)).collect(),
        Value::Object(members) => {
            let filled = members.iter().map(|(name, member)| (name.clone(), fill(member, call)));
            Value::Object(filled.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
