//! Lists the trails, and determines which of them have insights on data events.

use crate::fetch::Fetch;
use crate::lasting::is_lasting;
use aws_sdk_cloudtrail::types::{InsightSelector, SourceEventCategory, Trail};
use futures_util::stream::{self, StreamExt};
use insights_shared::catalog::Rejection;
use insights_shared::completeness::Completeness;
use insights_shared::issue::Stage;
use insights_shared::target::account_of_arn;
use insights_shared::target_run::TargetRun;
use std::collections::BTreeSet;

/// The code of GetInsightSelectors for a trail without insights.
const NOT_ENABLED: &str = "InsightNotEnabledException";
/// The operation that returns a trail's insight selectors.
pub const OPERATION: &str = "GetInsightSelectors";

/// The trails of an account and region.
#[must_use = "a trail may be missing"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trails {
    /// Whether any trail has insights.
    pub any_insights: bool,
    /// The ARNs of the account's own trails with insights on data events.
    pub data: Vec<String>,
    /// The ARNs of those whose selectors cannot be read now or later, each with the rejection.
    pub rejected: Vec<(String, Rejection)>,
    /// The ARNs of those that were not requested, because they were unavailable less than a day ago.
    pub deferred: Vec<String>,
    /// Whether all requests succeeded.
    pub completeness: Completeness,
}

impl Trails {
    /// Whether a trail is listed and may have insights on data events.
    pub fn may_have_data(&self, arn: &str) -> bool {
        let is_it = |known: &String| known == arn;
        self.data.iter().any(is_it)
            || self.deferred.iter().any(is_it)
            || self.rejected.iter().any(|(known, _)| known == arn)
    }
}

/// Lists the trails and requests their insight selectors, except for trails in `deferred`. A failure affects only its trail.
pub async fn discover(fetch: &Fetch<'_>, run: &TargetRun, deferred: &BTreeSet<String>) -> Trails {
    let trails = match fetch.trails().await {
        Ok(trails) => trails,
        Err(error) => {
            let completeness = run.report.call_failed(Stage::Fetch, "trails", &error);
            return Trails { completeness, ..Trails::default() };
        }
    };
    let has_insights = |trail: &&Trail| trail.has_insight_selectors == Some(true);
    let any_insights = trails.iter().any(|trail| has_insights(&trail));
    // Only its own account can read the trail of another account (for example of an organization).
    let account_id = run.target.account_id.as_str();
    let own = |arn: &&str| account_of_arn(arn) == Some(account_id);
    // A trail that is listed twice counts once.
    let arns: BTreeSet<String> = trails
        .iter()
        .filter(has_insights)
        .filter_map(|trail| trail.trail_arn.as_deref())
        .filter(own)
        .map(str::to_owned)
        .collect();
    let (deferred, arns): (Vec<String>, Vec<String>) =
        arns.into_iter().partition(|arn| deferred.contains(arn));
    let asked = stream::iter(arns)
        .map(|arn| async move {
            let asked_at = run.clock_now();
            let selectors = fetch.insight_selectors(&arn).await;
            (arn, asked_at, selectors)
        })
        .buffer_unordered(run.settings.concurrency);
    let answers: Vec<_> = asked.collect().await;
    let mut found = Trails { any_insights, deferred, ..Trails::default() };
    for (arn, asked_at, selectors) in answers {
        match selectors {
            Ok(selectors) if selectors.iter().any(is_on_data_events) => found.data.push(arn),
            Ok(_) => {}
            Err(error) if error.is(NOT_ENABLED) => {}
            Err(error) if is_lasting(&error, Some(&arn), account_id) => {
                run.report.lasting_issue(OPERATION, &arn, &error.code, &error.message);
                found.rejected.push((arn, Rejection { code: error.code, asked_at }));
            }
            Err(error) => found.completeness &= run.report.call_failed(Stage::Fetch, &arn, &error),
        }
    }
    found.data.sort();
    found
}

/// A selector without categories is for management events only.
fn is_on_data_events(selector: &InsightSelector) -> bool {
    selector.event_categories.as_deref().unwrap_or_default().contains(&SourceEventCategory::Data)
}
