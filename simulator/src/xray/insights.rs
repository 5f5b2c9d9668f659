//! The operations on insights. X-Ray keeps an insight for 30 days.

use super::wire::{self, page};
use super::{Data, Insight, Listing, groups, invalid};
use crate::call::{Answer, Call, ServiceError};
use crate::constraint::{Constraints, is_uuid};
use crate::timestamp::seconds;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use serde_json::{Map, Value, json};

/// The retention of insights, and the earliest start of a time frame, in seconds.
const KEPT_SECONDS: i64 = 30 * DAY_SECONDS;
/// The maximum time frame of an impact graph, in milliseconds.
const GRAPH_MILLIS: i64 = 6 * 3_600 * 1_000;
/// The maximum page size.
const SUMMARIES_PAGE: i64 = 100;
const EVENTS_PAGE: i64 = 50;
const GRAPH_PAGE: usize = 100;
/// The model's pattern of an insight id.
const UUID_PATTERN: &str =
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}";

/// `GetInsightSummaries`.
pub(super) fn summaries(data: &Data, call: &Call) -> Answer {
    let mut constraints = Constraints::new(call);
    groups::named(&mut constraints);
    let states = constraints.list_of("States", 1, &["ACTIVE", "CLOSED"]);
    constraints.integer("MaxResults", 1..=SUMMARIES_PAGE);
    let (start, end) = frame(constraints, call)?;
    let group = groups::find(data, call)?;
    let mut insights: Vec<&Insight> = data
        .insights
        .iter()
        .filter(|insight| {
            insight.group == group.name && !insight.unlisted && is_retained(data, insight, call.now)
        })
        .filter(|insight| match data.listing {
            Listing::Overlap => {
                insight.start <= end && insight.ended(call.now).is_none_or(|ended| ended >= start)
            }
            Listing::Started => (start..=end).contains(&insight.start),
        })
        .filter(|insight| states.is_empty() || states.contains(&insight.state(call.now)))
        .collect();
    insights.sort_by(|a, b| b.start.cmp(&a.start).then_with(|| a.id.cmp(&b.id)));
    let show = |insight: &&Insight| wire::insight(insight, group, call, true);
    page(data, call, (&insights, show), "InsightSummaries", "MaxResults", page_size(SUMMARIES_PAGE))
}

/// `GetInsight`.
pub(super) fn get(data: &Data, call: &Call) -> Answer {
    let insight = find(data, call, Constraints::new(call))?;
    let absent = super::Group { name: insight.group.clone(), ..super::Group::default() };
    let group = data.groups.iter().find(|group| group.name == insight.group).unwrap_or(&absent);
    Ok(json!({ "Insight": wire::insight(insight, group, call, false) }))
}

/// `GetInsightEvents`.
pub(super) fn events(data: &Data, call: &Call) -> Answer {
    let mut constraints = Constraints::new(call);
    constraints.integer("MaxResults", 1..=EVENTS_PAGE);
    constraints.string("NextToken", 1..=2_000, None, "");
    let insight = find(data, call, constraints)?;
    let events: Vec<Value> =
        insight.events_so_far(call.now).rev().map(|event| wire::event(event, call)).collect();
    page(data, call, (&events, Value::clone), "InsightEvents", "MaxResults", page_size(EVENTS_PAGE))
}

/// `GetInsightImpactGraph`.
pub(super) fn impact_graph(data: &Data, call: &Call) -> Answer {
    let mut constraints = Constraints::new(call);
    constraints.required("InsightId");
    constraints.string("InsightId", 0..=usize::MAX, Some(is_uuid), UUID_PATTERN);
    let (start, end) = frame(constraints, call)?;
    if end.millis_since(start) > GRAPH_MILLIS {
        return Err(invalid("The time range between StartTime and EndTime must not exceed 6 hours."));
    }
    let insight = find(data, call, Constraints::new(call))?;
    // The graph covers the part of the frame in which the insight was active.
    let from = start.max(insight.start);
    let until = end.min(insight.ended(call.now).unwrap_or(call.now));
    let services = if from < until { wire::services(&insight.graph, call) } else { Vec::new() };
    let mut answer = page(data, call, (&services, Value::clone), "Services", "", GRAPH_PAGE)?;
    if let Some(members) = answer.as_object_mut() {
        members.insert("InsightId".to_owned(), insight.id.clone().into());
        members.insert("StartTime".to_owned(), seconds(start));
        members.insert("EndTime".to_owned(), seconds(end));
        if from < until {
            graph_times(members, from, until);
        }
        for name in insight.omit.iter().filter(|name| name.starts_with("ServiceGraph")) {
            members.remove(name);
        }
    }
    Ok(answer)
}

fn graph_times(members: &mut Map<String, Value>, from: Timestamp, until: Timestamp) {
    members.insert("ServiceGraphStartTime".to_owned(), seconds(from));
    members.insert("ServiceGraphEndTime".to_owned(), seconds(until));
}

/// Checks the constraints, and returns the time frame of `call`.
fn frame(mut constraints: Constraints<'_>, call: &Call) -> Result<(Timestamp, Timestamp), ServiceError> {
    constraints.required("StartTime");
    constraints.required("EndTime");
    constraints.string("NextToken", 1..=2_000, None, "");
    let start = constraints.timestamp("StartTime");
    let end = constraints.timestamp("EndTime");
    constraints.finish().map_err(invalid)?;
    let (Some(start), Some(end)) = (start, end) else {
        return Err(invalid("StartTime and EndTime must be valid times."));
    };
    if start < call.now.plus_seconds(-KEPT_SECONDS) {
        return Err(invalid("StartTime must not be more than 30 days old."));
    }
    if end <= start {
        return Err(invalid("EndTime must be after StartTime."));
    }
    Ok((start, end))
}

/// Checks the constraints, and returns the insight that `call` names.
fn find<'a>(
    data: &'a Data,
    call: &Call,
    mut constraints: Constraints<'_>,
) -> Result<&'a Insight, ServiceError> {
    constraints.required("InsightId");
    let id = constraints.string("InsightId", 0..=usize::MAX, Some(is_uuid), UUID_PATTERN).map(str::to_owned);
    constraints.finish().map_err(invalid)?;
    data.insights
        .iter()
        .find(|insight| {
            id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(&insight.id))
                && is_retained(data, insight, call.now)
        })
        .ok_or_else(|| invalid("The insight was not found."))
}

/// Whether `insight` has started at `now` and is not older than the retention.
fn is_retained(data: &Data, insight: &Insight, now: Timestamp) -> bool {
    let newest = match data.listing {
        Listing::Overlap => insight.ended(now).unwrap_or(now),
        Listing::Started => insight.start,
    };
    insight.start <= now && newest >= now.plus_seconds(-KEPT_SECONDS)
}

fn page_size(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
