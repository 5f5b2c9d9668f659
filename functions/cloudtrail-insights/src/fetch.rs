//! Sends requests to CloudTrail: one function per operation, without interpretation.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html>

use crate::points::Points;
use crate::window::Request;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::Builder;
use aws_sdk_cloudtrail::config::retry::RetryPartition;
use aws_sdk_cloudtrail::operation::list_insights_metric_data::ListInsightsMetricDataOutput;
use aws_sdk_cloudtrail::types::{
    Event, EventCategory, InsightSelector, InsightType, InsightsMetricDataType, ListInsightsDataType, Trail,
};
use insights_shared::issue::{CallError, Class};
use insights_shared::page::Pages;
use insights_shared::payload::Window;
use insights_shared::sdk::date_time;
use insights_shared::series::SeriesKey;
use insights_shared::target_run::TargetRun;
use insights_shared::time::Timestamp;

/// The maximum number of events per page.
const EVENTS_PAGE: i32 = 50;

/// A client of CloudTrail in one account and region.
#[derive(Debug)]
pub struct Fetch<'a> {
    client: Client,
    run: &'a TargetRun,
}

/// Where insight events are looked up.
#[derive(Clone, Copy, Debug)]
pub enum EventSource<'a> {
    /// LookupEvents: insights on management events.
    Account,
    /// ListInsightsData: insights on the data events of the trail with this ARN.
    Trail(&'a str),
}

impl EventSource<'_> {
    /// The operation that looks them up.
    pub fn operation(self) -> &'static str {
        match self {
            Self::Account => "LookupEvents",
            Self::Trail(_) => "ListInsightsData",
        }
    }
}

impl<'a> Fetch<'a> {
    /// Creates a client for the run's target.
    pub fn new(run: &'a TargetRun) -> Self {
        let config = Builder::from(run.sdk())
            .retry_partition(RetryPartition::new(run.retry_partition()))
            .interceptor(run.observer())
            .build();
        Self { client: Client::from_conf(config), run }
    }

    /// The trails that apply to the region, including shadow trails of other regions and the organization's trails.
    pub async fn trails(&self) -> Result<Vec<Trail>, CallError> {
        const OPERATION: &str = "DescribeTrails";
        // If it fails, the run requests the events of the account and of the known trails.
        let call = self.run.call(OPERATION, self.client.describe_trails().send());
        let answer = self.run.optional(OPERATION, call).await?;
        Ok(answer.trail_list.unwrap_or_default())
    }

    /// The insight selectors of a trail. For a trail without insights, CloudTrail returns an error.
    pub async fn insight_selectors(&self, trail: &str) -> Result<Vec<InsightSelector>, CallError> {
        const OPERATION: &str = "GetInsightSelectors";
        let request = self.client.get_insight_selectors().trail_name(trail).send();
        let answer = self.run.optional(OPERATION, self.run.call(OPERATION, request)).await?;
        if let Some(other) = answer.trail_arn().filter(|arn| !arn.is_empty() && *arn != trail) {
            let message = format!("the response is about trail {other}, but the request was about {trail}");
            return Err(CallError::malformed(OPERATION, message));
        }
        Ok(answer.insight_selectors.unwrap_or_default())
    }

    /// One page of the insight events within `window`, newest first, and the token of the next page. Both bounds are
    /// inclusive. They must be equal for every page, because a token is valid only for them.
    pub async fn events(
        &self,
        source: EventSource<'_>,
        window: Window,
        token: Option<String>,
    ) -> Result<(Vec<Event>, Option<String>), CallError> {
        let operation = source.operation();
        // If only a later page is rejected, the reason may be its token, which the next run does not use.
        let is_later = token.is_some();
        // Whole seconds, rounded outwards: the service may round fractions in either direction.
        let (start, end) = (date_time(window.start.floor(1)), date_time(window.end.ceil(1)));
        match source {
            EventSource::Account => {
                let request = self
                    .client
                    .lookup_events()
                    .event_category(EventCategory::Insight)
                    .start_time(start)
                    .end_time(end)
                    .max_results(EVENTS_PAGE)
                    .set_next_token(token)
                    .send();
                let page = self.run.call(operation, request).await?;
                Ok((page.events.unwrap_or_default(), page.next_token))
            }
            EventSource::Trail(arn) => {
                let request = self
                    .client
                    .list_insights_data()
                    .insight_source(arn)
                    .data_type(ListInsightsDataType::InsightsEvents)
                    .start_time(start)
                    .end_time(end)
                    .max_results(EVENTS_PAGE)
                    .set_next_token(token)
                    .send();
                let page = self.run.call(operation, request).await;
                let page = page.map_err(|error| of_page(error, is_later))?;
                Ok((page.events.unwrap_or_default(), page.next_token))
            }
        }
    }

    /// The non-zero points of a series, with all pages joined, and when they were requested.
    pub async fn points(
        &self,
        series: &SeriesKey,
        request: Request,
    ) -> Result<(Points, Timestamp), CallError> {
        const OPERATION: &str = "ListInsightsMetricData";
        let asked_at = self.run.clock_now();
        let mut pages = Pages::new(OPERATION).holding_at_most(request.most_points());
        let mut points = Points::default();
        while let Some(token) = pages.next() {
            // As for events, the token may be the reason for a rejection.
            let is_later = token.is_some();
            let request = self
                .client
                .list_insights_metric_data()
                .event_source(&series.event_source)
                .event_name(&series.event_name)
                .insight_type(InsightType::from(series.insight_type.as_str()))
                .set_error_code(series.error_code.clone())
                .set_trail_name(series.trail.clone())
                .start_time(date_time(request.start))
                .end_time(date_time(request.end))
                .period(i32::try_from(request.period).unwrap_or(3_600))
                .data_type(InsightsMetricDataType::NonZeroData)
                .set_next_token(token)
                .send();
            let page = self.run.call(OPERATION, request).await;
            let page = page.map_err(|error| of_page(error, is_later))?;
            is_about(series, &page)?;
            pages.turn(page.next_token())?;
            let timestamps = page.timestamps.unwrap_or_default();
            let values = page.values.unwrap_or_default();
            if timestamps.len() != values.len() {
                let message =
                    format!("{} timestamps and {} values in one page", timestamps.len(), values.len());
                return Err(CallError::malformed(OPERATION, message));
            }
            pages.hold(values.len())?;
            points.add(&timestamps, values);
        }
        Ok((points, asked_at))
    }
}

/// The error of a page. If a later page is rejected, the reason may be its token. The next run uses another token, so its
/// request may succeed. A denial or a malformed response means the same on any page.
fn of_page(error: CallError, is_later: bool) -> CallError {
    let may_be_token = is_later && error.class == Class::Refused;
    CallError { retryable: error.retryable || may_be_token, ..error }
}

/// Fails if a response is about another series than the requested one. A response repeats the members of the request; an
/// absent member is ignored.
fn is_about(series: &SeriesKey, page: &ListInsightsMetricDataOutput) -> Result<(), CallError> {
    let names = [
        ("EventSource", Some(series.event_source.as_str()), page.event_source()),
        ("EventName", Some(series.event_name.as_str()), page.event_name()),
        ("InsightType", Some(series.insight_type.as_str()), page.insight_type().map(InsightType::as_str)),
        ("ErrorCode", series.error_code.as_deref(), page.error_code()),
        ("TrailARN", series.trail.as_deref(), page.trail_arn()),
    ];
    let is_other = |requested: Option<&str>, answered: &str| {
        // A trail may be configured by its name, which is the last part of its ARN.
        let is_named = |requested: &str| answered.ends_with(&format!(":trail/{requested}"));
        let is_same = requested
            .is_some_and(|requested| requested.eq_ignore_ascii_case(answered) || is_named(requested));
        !answered.is_empty() && !is_same
    };
    for (name, requested, answered) in names {
        if let Some(answered) = answered.filter(|answered| is_other(requested, answered)) {
            let requested = requested.unwrap_or("none");
            let message =
                format!("the response is about {name} {answered}, but the request was about {requested}");
            return Err(CallError::malformed("ListInsightsMetricData", message));
        }
    }
    Ok(())
}
