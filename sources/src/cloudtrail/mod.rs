//! AWS CloudTrail Insights: unusual rates of API calls and of their errors, and the metric series behind them.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-insights-events-with-cloudtrail.html>

pub mod view;

use crate::{Kind, Source};
use insights_records::descriptor::{
    Availability, History, KindDescriptor, Measure, NotEnabled, Operation, PushEvent, PushedEvent, Schedule,
    Shape, SourceDescriptor,
};
use insights_records::fault::Faults;
use insights_records::severity::{RateScale, Scale, SeverityRule};
use insights_records::value::Value;
use insights_records::version::{BY_UPDATE, VersionRule};

/// AWS CloudTrail.
pub const SOURCE: Source = Source(&CLOUDTRAIL);
/// A CloudTrail insight, its Start and End events joined.
pub const INSIGHT: Kind = Kind(&INSIGHT_KIND);
/// A chunk of a metric series.
pub const METRIC: Kind = Kind(&METRIC_KIND);

/// The average rate of an insight, divided by its baseline.
pub const BASELINE_RATIO: RateScale = RateScale { thresholds: [100.0, 20.0, 5.0], least_baseline: 0.01 };

/// The trails of an account, in any region.
const TRAILS: &str = "cloudtrail:*:ACCOUNT:trail/*";

static CLOUDTRAIL: SourceDescriptor = SourceDescriptor {
    id: "cloudtrail",
    label: "CloudTrail",
    package: "cloudtrail-insights",
    logical_id: "CloudTrail",
    summary: "Collects CloudTrail insights and their metric series into the table.",
    endpoint_variable: "AWS_ENDPOINT_URL_CLOUDTRAIL",
    kinds: &[Kind(&INSIGHT_KIND), Kind(&METRIC_KIND)],
    operations: &[
        // Two per second for each account and region, including the requests of other callers.
        // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
        Operation {
            rate: Some(2.0),
            is_sequential: true,
            ..operation("LookupEvents", "cloudtrail:LookupEvents")
        },
        operation("DescribeTrails", "cloudtrail:DescribeTrails"),
        Operation {
            iam_resource: TRAILS,
            ..operation("GetInsightSelectors", "cloudtrail:GetInsightSelectors")
        },
        Operation {
            rate: Some(2.0),
            is_sequential: true,
            iam_resource: TRAILS,
            ..operation("ListInsightsData", "cloudtrail:ListInsightsData")
        },
        // It has no IAM action of its own. LookupEvents allows it, and for the data events of a trail, ListInsightsData on
        // that trail.
        operation("ListInsightsMetricData", "cloudtrail:LookupEvents"),
    ],
    retention_days: 400,
    history: Some(History { days: 90 }),
    schedule: Schedule { minutes: 60 },
    push: Some(PushEvent {
        detail_type: "AWS Insight via CloudTrail",
        event_source: "aws.cloudtrail",
        rule: "CloudTrailInsightEvents",
        description: "A CloudTrail insight started or ended",
        check: check_push,
    }),
    availability: Availability { missing_partitions: &[], regions: &[] },
    not_enabled: NotEnabled {
        errors: &[],
        meaning: "no trail has Insights there, and there are no insight events",
    },
    no_data: "asked and answered: there is no insight in this time",
};

const fn operation(name: &'static str, iam_action: &'static str) -> Operation {
    Operation { service: "cloudtrail", name, iam_action, iam_resource: "*", rate: None, is_sequential: false }
}

/// The event must be of the account and region of its envelope, so that no record has another account. An event that lacks these or
/// other members is no fault here: it is kept as rejected if it cannot be stored.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
fn check_push(event: &PushedEvent<'_>, faults: &mut Faults) {
    for (name, expected) in [("recipientAccountId", event.account_id), ("awsRegion", event.region)] {
        let found = event.detail.at(&[name]).filter(|found| **found != Value::Null);
        if let Some(found) = found.filter(|found| found.as_str() != Some(expected)) {
            let mut shown = String::new();
            found.write_canonical(&mut shown);
            let shown = found.as_str().map_or(shown, str::to_owned);
            faults.add(
                format!("detail.{name}"),
                shown,
                format!("must be that of the event's envelope, {expected}"),
            );
        }
    }
}

// Not `SOURCE` below: constants that refer to each other through statics are a cyclic definition.

/// Insights are merged: they are read, joined and written if the stored hash is still the same. The version rule applies only
/// to writes without a merge.
static INSIGHT_KIND: KindDescriptor = KindDescriptor {
    is_in_ended: true,
    measures: &[
        Measure { name: "insight_average", label: "calls or errors per minute during the insight" },
        Measure { name: "baseline_average", label: "calls or errors per minute before" },
    ],
    severity: Some(SeverityRule {
        value: "insight average / baseline average (at least 0.01)",
        scale: Scale::Rate(BASELINE_RATIO),
    }),
    ..KindDescriptor::plain("cloudtrail.insight", "insight", Source(&CLOUDTRAIL), Shape::Insight)
};

static METRIC_KIND: KindDescriptor = KindDescriptor {
    version: VersionRule { keeps_earliest_start: true, ..BY_UPDATE },
    // A chunk does not change only because more time is covered.
    unhashed: &[&["covered_until"], &["updated_at"]],
    ..KindDescriptor::plain("cloudtrail.metric", "metric chunk", Source(&CLOUDTRAIL), Shape::Series)
};
