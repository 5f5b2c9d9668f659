//! Reads one insight of a scenario file.

use super::super::Data;
use super::super::events::{Insight, OMITTABLE, Phases, number};
use super::{amount, choice, required_amount, series_name};
use crate::scenario::members::{each, fault, omit};
use crate::scenario::{Context, hash};
use insights_shared::fields::Fields;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

/// The shortest baseline in minutes: seven days.
const SHORTEST_BASELINE: i64 = 10_080;
/// The default `insightDuration` of a Start event in minutes.
const START_DURATION: i64 = 5;

/// Reads an insight; `data` has the trails and the insights before it.
pub(super) fn insight(fields: &mut Fields<'_>, context: &Context, data: &Data) -> Option<Insight> {
    let subject = super::subject(fields, &data.trails);
    let start = context.required_instant(fields, "start").map(|start| start.floor(60));
    let end = context.instant(fields, "end").map(|end| end.floor(60));
    if let (Some(start), Some(end)) = (start, end)
        && start >= end
    {
        fault(fields, "end", end, "must be at least a minute after start");
    }
    let phases = phases(fields, end);
    let average = required_amount(fields, "average");
    let start_average = amount(fields, "start_average").or(average);
    let baseline = amount(fields, "baseline").unwrap_or_default();
    let attributions = attributions(fields);
    let known: Vec<&str> = OMITTABLE.iter().map(|(known, _)| *known).collect();
    let omit = omit(fields, "omit", &known);
    let lookup = lookup(fields);
    let key = fields.string("key");
    let shared_id = fields.string("id");
    let start_duration = fields.integer("start_duration").unwrap_or(START_DURATION);
    let baseline_duration = fields.integer("baseline_duration");
    let subject = subject?;
    // The index among the insights of the same series. Unlike the time, it does not depend on the anchor.
    let index = data.insights.iter().filter(|known| known.subject == subject).count();
    let key = key.unwrap_or_else(|| format!("{} {index}", series_name(&subject)));
    let longer = i64::from(hash(context.seed, &key).first().copied().unwrap_or_default()) * 7;
    Some(Insight {
        key,
        shared_id,
        subject,
        start: start?,
        end,
        phases,
        baseline,
        start_average: start_average?,
        average: average?,
        start_duration,
        baseline_duration: baseline_duration.unwrap_or(SHORTEST_BASELINE + longer),
        attributions,
        lookup,
        omit,
    })
}

/// The further members of the `Event`.
fn lookup(fields: &mut Fields<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some(read_only) = fields.boolean("read_only") {
        members.insert("ReadOnly".to_owned(), json!(read_only.to_string()));
    }
    for (key, member) in [("username", "Username"), ("access_key_id", "AccessKeyId")] {
        if let Some(text) = fields.string(key) {
            members.insert(member.to_owned(), json!(text));
        }
    }
    let resources = each(fields, "resources", |resource| {
        let (kind, name) = (resource.required_string("type"), resource.required_string("name"));
        json!({"ResourceType": kind, "ResourceName": name})
    });
    if !resources.is_empty() {
        members.insert("Resources".to_owned(), Value::Array(resources));
    }
    members
}

fn phases(fields: &mut Fields<'_>, end: Option<Timestamp>) -> Phases {
    match fields.string("only").as_deref() {
        None => Phases::Both,
        Some("start") => Phases::Start,
        Some("end") => {
            if end.is_none() {
                fields.missing("end");
            }
            Phases::End
        }
        Some(other) => {
            fault(fields, "only", other, "must be start or end");
            Phases::Both
        }
    }
}

/// `[{attribute, insight = [{value, average}], baseline = […]}]`, in the form of the record.
fn attributions(fields: &mut Fields<'_>) -> Option<Value> {
    let is_given = fields.has("attributions");
    let attributions = each(fields, "attributions", |attribution| {
        let attribute = choice(attribution, "attribute", &["userIdentityArn", "userAgent", "errorCode"]);
        let insight = shares(attribution, "insight");
        let baseline = shares(attribution, "baseline");
        json!({"attribute": attribute, "insight": insight, "baseline": baseline})
    });
    is_given.then_some(Value::Array(attributions))
}

fn shares(fields: &mut Fields<'_>, name: &'static str) -> Vec<Value> {
    each(fields, name, |share| {
        let value = share.required_string("value");
        let average = required_amount(share, "average").map(number);
        json!({"value": value, "average": average})
    })
}
