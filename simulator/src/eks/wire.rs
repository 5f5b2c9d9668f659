//! The shapes of EKS's answers at the time of a call. A member without a value in the scenario is absent, never null.

use super::{Addon, Client, Cluster, Deprecation, Insight, Resource, Status};
use crate::call::Call;
use crate::timestamp::seconds;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use serde_json::{Value, json};

/// Milliseconds in a day.
const DAY_MILLIS: i64 = DAY_SECONDS * 1_000;

/// An insight at its last refresh.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome<'a> {
    /// The insight.
    pub(super) insight: &'a Insight,
    /// Its status.
    pub(super) status: &'a Status,
    /// The time of the refresh.
    pub(super) refreshed: Timestamp,
}

impl Insight {
    /// Its result at `now`; `None` if it is not listed yet or no longer. It is refreshed once a day, and when it gets a status.
    pub(super) fn result(&self, cluster: &Cluster, now: Timestamp) -> Option<Outcome<'_>> {
        if self.deleted.is_some_and(|deleted| deleted <= now) {
            return None;
        }
        let status = self.statuses.iter().rfind(|status| status.from.is_none_or(|from| from <= now))?;
        let day = (now.millis() - cluster.refreshed_at).div_euclid(DAY_MILLIS);
        let daily = Timestamp::from_millis(day * DAY_MILLIS + cluster.refreshed_at)?;
        Some(Outcome { insight: self, status, refreshed: status.from.map_or(daily, |from| from.max(daily)) })
    }
}

/// The shape `InsightSummary`.
pub(super) fn summary(outcome: &Outcome<'_>) -> Value {
    let Outcome { insight, status, refreshed } = outcome;
    let row = json!({
        "id": insight.id,
        "name": insight.name,
        "category": insight.category,
        "kubernetesVersion": insight.kubernetes_version,
        "lastRefreshTime": seconds(*refreshed),
        "lastTransitionTime": status.from.map(seconds),
        "description": insight.description,
        "insightStatus": insight_status(status.status.as_ref(), status.reason.as_ref()),
    });
    without(present(row), &insight.omit)
}

/// The shape `Insight`.
pub(super) fn insight(outcome: &Outcome<'_>, call: &Call) -> Value {
    let Outcome { insight, refreshed, .. } = outcome;
    let applies = |resource: &&Resource| {
        resource.from.is_none_or(|from| from <= *refreshed) && resource.to.is_none_or(|to| *refreshed < to)
    };
    let resources = insight.resources.iter().filter(applies).map(|one| resource(one, call));
    let deprecations = insight.deprecations.as_ref();
    let deprecations = deprecations.map(|all| all.iter().map(|one| deprecation(one, *refreshed)).collect());
    let addons = insight.addons.as_ref().map(|all| all.iter().map(addon).collect());
    let specific: Value = present(json!({
        "deprecationDetails": deprecations.map(Value::Array),
        "addonCompatibilityDetails": addons.map(Value::Array),
    }));
    let specific = Some(specific).filter(|members| members != &json!({}));
    let further = present(json!({
        "recommendation": insight.recommendation,
        "additionalInfo": insight.additional_info,
        "resources": resources.collect::<Vec<_>>(),
        "categorySpecificSummary": specific,
    }));
    let mut row = summary(outcome);
    if let (Some(members), Value::Object(further)) = (row.as_object_mut(), further) {
        members.extend(further);
    }
    without(row, &insight.omit)
}

fn resource(resource: &Resource, call: &Call) -> Value {
    let status = insight_status(resource.status.as_ref(), resource.reason.as_ref());
    let arn = resource.arn.as_ref();
    let arn = arn.map(|arn| arn.replace("{account}", &call.account).replace("{region}", &call.region));
    present(json!({"insightStatus": status, "kubernetesResourceUri": resource.uri, "arn": arn}))
}

fn insight_status(status: Option<&String>, reason: Option<&String>) -> Option<Value> {
    (status.is_some() || reason.is_some()).then(|| present(json!({"status": status, "reason": reason})))
}

fn deprecation(deprecation: &Deprecation, refreshed: Timestamp) -> Value {
    let clients = deprecation.clients.as_ref();
    let clients = clients.map(|all| all.iter().filter_map(|one| client(one, refreshed)).collect());
    present(json!({
        "usage": deprecation.usage,
        "replacedWith": deprecation.replaced_with,
        "stopServingVersion": deprecation.stop_serving_version,
        "startServingReplacementVersion": deprecation.start_serving_replacement_version,
        "clientStats": clients.map(Value::Array),
    }))
}

/// The client's requests, if it has any.
fn client(client: &Client, refreshed: Timestamp) -> Option<Value> {
    let requests = client.requests.at(refreshed);
    let last = client.last_request.map_or(refreshed, |last| last.min(refreshed));
    let row = json!({
        "userAgent": client.user_agent,
        "numberOfRequestsLast30Days": requests,
        "lastRequestTime": seconds(last),
    });
    (requests > 0).then(|| present(row))
}

fn addon(addon: &Addon) -> Value {
    present(json!({"name": addon.name, "compatibleVersions": addon.compatible_versions}))
}

/// `row` without its members that are null.
fn present(mut row: Value) -> Value {
    if let Some(members) = row.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    row
}

fn without(mut row: Value, omitted: &[String]) -> Value {
    if let Some(members) = row.as_object_mut() {
        members.retain(|name, _| !omitted.contains(name));
    }
    row
}
