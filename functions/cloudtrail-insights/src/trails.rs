//! Which trails there are, and which of them have insights on data events.

use crate::fetch::Fetch;
use aws_sdk_cloudtrail::types::{InsightSelector, SourceEventCategory, Trail};
use futures_util::stream::{self, StreamExt};
use insights_shared::issue::Stage;
use insights_shared::target::account_of_arn;
use insights_shared::target_run::TargetRun;
use std::collections::BTreeSet;

/// What GetInsightSelectors answers for a trail without insights.
const NOT_ENABLED: &str = "InsightNotEnabledException";

/// What is known of the trails of an account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trails {
    /// Whether any trail has insights.
    pub any_insights: bool,
    /// The ARNs of the account's own trails with insights on data events.
    pub data: Vec<String>,
    /// Whether all of this could be found out.
    pub is_complete: bool,
}

/// Finds out. What cannot be found out is an issue, and costs nothing else.
pub async fn discover(fetch: &Fetch<'_>, run: &TargetRun) -> Trails {
    let trails = match fetch.trails().await {
        Ok(trails) => trails,
        Err(error) => {
            run.report.call_failed(Stage::Fetch, "trails", &error);
            return Trails::default();
        }
    };
    let has_insights = |trail: &&Trail| trail.has_insight_selectors == Some(true);
    let any_insights = trails.iter().any(|trail| has_insights(&trail));
    // Another account's trail (an organization's) answers only to that account.
    let own = |arn: &&str| account_of_arn(arn) == Some(run.target.account_id.as_str());
    // A trail that is listed twice is one trail.
    let arns: BTreeSet<String> = trails
        .iter()
        .filter(has_insights)
        .filter_map(|trail| trail.trail_arn.as_deref())
        .filter(own)
        .map(str::to_owned)
        .collect();
    let asked = stream::iter(arns)
        .map(|arn| async move {
            let selectors = fetch.insight_selectors(&arn).await;
            (arn, selectors)
        })
        .buffer_unordered(run.settings.concurrency);
    let answers: Vec<_> = asked.collect().await;
    let mut found = Trails { any_insights, data: Vec::new(), is_complete: true };
    for (arn, selectors) in answers {
        match selectors {
            Ok(selectors) if selectors.iter().any(is_on_data_events) => found.data.push(arn),
            Ok(_) => {}
            Err(error) if error.is(NOT_ENABLED) => {}
            Err(error) => {
                found.is_complete = false;
                run.report.call_failed(Stage::Fetch, &arn, &error);
            }
        }
    }
    found.data.sort();
    found
}

/// Without categories a selector is on management events alone.
fn is_on_data_events(selector: &InsightSelector) -> bool {
    selector.event_categories.as_deref().unwrap_or_default().contains(&SourceEventCategory::Data)
}
