//! AWS X-Ray insights: groups of faults that X-Ray detects.
//!
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-insights.html>

pub mod view;

use crate::{Kind, Source};
use insights_records::descriptor::{
    Availability, History, KindDescriptor, Measure, NamesSubject, NotEnabled, Operation, PushEvent,
    PushedEvent, Schedule, Shape, SourceDescriptor,
};
use insights_records::fault::Faults;
use insights_records::severity::{Scale, SeverityRule, ShareScale};
use insights_records::value::Value;
use insights_records::version::{BY_ANSWER, VersionRule};

/// AWS X-Ray.
pub const SOURCE: Source = Source(&XRAY);
/// An X-Ray insight.
pub const INSIGHT: Kind = Kind(&INSIGHT_KIND);
/// One update of an X-Ray insight.
pub const INSIGHT_EVENT: Kind = Kind(&INSIGHT_EVENT_KIND);
/// The service graph of an X-Ray insight.
pub const IMPACT_GRAPH: Kind = Kind(&IMPACT_GRAPH_KIND);

/// The share of requests with faults.
pub const FAULT_SHARE: ShareScale = ShareScale { thresholds: [(1, 2), (1, 5), (1, 20)] };
/// The path in `detail` of the version from the insight's summary.
pub const SUMMARY_VERSION: &[&str] = &["last_update_time"];

static XRAY: SourceDescriptor = SourceDescriptor {
    id: "xray",
    label: "X-Ray",
    package: "xray-insights",
    logical_id: "Xray",
    summary: "Collects AWS X-Ray insights into the table.",
    endpoint_variable: "AWS_ENDPOINT_URL_XRAY",
    kinds: &[Kind(&INSIGHT_KIND), Kind(&INSIGHT_EVENT_KIND), Kind(&IMPACT_GRAPH_KIND)],
    operations: &[
        operation("GetGroups", "xray:GetGroups"),
        operation("GetInsightSummaries", "xray:GetInsightSummaries"),
        operation("GetInsight", "xray:GetInsight"),
        operation("GetInsightEvents", "xray:GetInsightEvents"),
        operation("GetInsightImpactGraph", "xray:GetInsightImpactGraph"),
    ],
    retention_days: 400,
    history: Some(History { days: 30 }),
    schedule: Schedule { minutes: 15 },
    push: Some(PushEvent {
        detail_type: "AWS X-Ray Insight Update",
        event_source: "aws.xray",
        rule: "XrayInsightUpdates",
        description: "An X-Ray insight was opened, updated or closed, in a group that sends notifications",
        check: check_push,
    }),
    availability: Availability { missing_partitions: &[], regions: &[] },
    not_enabled: NotEnabled { errors: &[], meaning: "no X-Ray group has insights enabled there" },
    no_data: "asked and answered: there is no insight in this time",
};

const fn operation(name: &'static str, iam_action: &'static str) -> Operation {
    Operation { service: "xray", name, iam_action, iam_resource: "*", rate: None, is_sequential: false }
}

// Not `SOURCE` below: constants that refer to each other through statics are a cyclic definition.

static INSIGHT_KIND: KindDescriptor = KindDescriptor {
    version: VersionRule {
        version: &["detail", "last_update_time"],
        replaces_self_closed: true,
        keeps_earliest_start: false,
    },
    is_in_ended: true,
    names_subject: NamesSubject::WithId,
    measures: &[
        Measure { name: "fault_count", label: "requests with faults" },
        Measure { name: "ok_count", label: "requests without faults" },
        Measure { name: "total_count", label: "requests" },
    ],
    severity: Some(SeverityRule {
        value: "share of faults in the requests of the root cause, otherwise of the clients",
        scale: Scale::Share(FAULT_SHARE),
    }),
    ..KindDescriptor::plain("xray.insight", "insight", Source(&XRAY), Shape::Insight)
};

static INSIGHT_EVENT_KIND: KindDescriptor = KindDescriptor {
    version: BY_ANSWER,
    // An event has no identifier.
    names_subject: NamesSubject::Never,
    ..KindDescriptor::plain("xray.insight_event", "insight event", Source(&XRAY), Shape::Event)
};

/// A graph belongs to one version of its insight. The graph of an older version must not replace it, even if a slower run
/// requested it later.
static IMPACT_GRAPH_KIND: KindDescriptor = KindDescriptor {
    // A graph may not contain the id of its insight.
    names_subject: NamesSubject::Never,
    ..KindDescriptor::plain("xray.impact_graph", "impact graph", Source(&XRAY), Shape::Graph)
};

/// The id of the insight in the `detail` of a pushed event.
pub fn pushed_id(detail: &Value) -> Option<&str> {
    detail.at(&["InsightId"]).and_then(Value::as_str).filter(|id| is_insight_id(id))
}

/// Whether X-Ray accepts `id` as the id of an insight: a UUID.
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetInsight.html>
pub fn is_insight_id(id: &str) -> bool {
    insights_records::key::is_uuid(id)
}

fn check_push(event: &PushedEvent<'_>, faults: &mut Faults) {
    let detail = event.detail;
    if pushed_id(detail).is_none() {
        let id = detail.at(&["InsightId"]).and_then(Value::as_str).unwrap_or_default();
        faults.add("detail.InsightId", id, "must be the UUID of an insight");
    }
}
