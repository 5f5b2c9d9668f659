//! The operations, service by service, as the services' models have them.

use super::Kind::{Boolean, Instant, Integer, Map, Structures, Text, Texts};
use super::{Kind, Operation, Pages, Service};

const fn pages(token: &'static str, size: &'static str, lists: &'static [&'static str]) -> Pages {
    Pages { token, size, lists }
}

const fn xray(
    name: &'static str,
    path: &'static str,
    input: &'static [(&'static str, Kind)],
    pages: Option<Pages>,
) -> Operation {
    Operation { service: Service::XRay, name, route: Some(("POST", path)), input, pages }
}

const fn cloudtrail(
    name: &'static str,
    input: &'static [(&'static str, Kind)],
    pages: Option<Pages>,
) -> Operation {
    Operation { service: Service::CloudTrail, name, route: None, input, pages }
}

const fn auditmanager(
    name: &'static str,
    path: &'static str,
    input: &'static [(&'static str, Kind)],
    pages: Option<Pages>,
) -> Operation {
    Operation { service: Service::AuditManager, name, route: Some(("GET", path)), input, pages }
}

pub(super) const XRAY: &[Operation] = &[
    xray("GetGroups", "/Groups", &[("NextToken", Text)], Some(pages("NextToken", "", &["Groups"]))),
    xray("GetGroup", "/GetGroup", &[("GroupName", Text), ("GroupARN", Text)], None),
    xray(
        "GetInsightSummaries",
        "/InsightSummaries",
        &[
            ("States", Texts),
            ("GroupARN", Text),
            ("GroupName", Text),
            ("StartTime", Instant),
            ("EndTime", Instant),
            ("MaxResults", Integer),
            ("NextToken", Text),
        ],
        Some(pages("NextToken", "MaxResults", &["InsightSummaries"])),
    ),
    xray("GetInsight", "/Insight", &[("InsightId", Text)], None),
    xray(
        "GetInsightEvents",
        "/InsightEvents",
        &[("InsightId", Text), ("MaxResults", Integer), ("NextToken", Text)],
        Some(pages("NextToken", "MaxResults", &["InsightEvents"])),
    ),
    xray(
        "GetInsightImpactGraph",
        "/InsightImpactGraph",
        &[("InsightId", Text), ("StartTime", Instant), ("EndTime", Instant), ("NextToken", Text)],
        Some(pages("NextToken", "", &["Services"])),
    ),
];

pub(super) const CLOUDTRAIL: &[Operation] = &[
    cloudtrail(
        "LookupEvents",
        &[
            ("LookupAttributes", Structures),
            ("StartTime", Instant),
            ("EndTime", Instant),
            ("EventCategory", Text),
            ("MaxResults", Integer),
            ("NextToken", Text),
        ],
        Some(pages("NextToken", "MaxResults", &["Events"])),
    ),
    cloudtrail("DescribeTrails", &[("trailNameList", Texts), ("includeShadowTrails", Boolean)], None),
    cloudtrail("ListTrails", &[("NextToken", Text)], Some(pages("NextToken", "", &["Trails"]))),
    cloudtrail("GetTrail", &[("Name", Text)], None),
    cloudtrail("GetInsightSelectors", &[("TrailName", Text), ("EventDataStore", Text)], None),
    cloudtrail(
        "ListInsightsData",
        &[
            ("InsightSource", Text),
            ("DataType", Text),
            ("Dimensions", Map),
            ("StartTime", Instant),
            ("EndTime", Instant),
            ("MaxResults", Integer),
            ("NextToken", Text),
        ],
        Some(pages("NextToken", "MaxResults", &["Events"])),
    ),
    cloudtrail(
        "ListInsightsMetricData",
        &[
            ("TrailName", Text),
            ("EventSource", Text),
            ("EventName", Text),
            ("InsightType", Text),
            ("ErrorCode", Text),
            ("StartTime", Instant),
            ("EndTime", Instant),
            ("Period", Integer),
            ("DataType", Text),
            ("MaxResults", Integer),
            ("NextToken", Text),
        ],
        Some(pages("NextToken", "MaxResults", &["Timestamps", "Values"])),
    ),
];

pub(super) const AUDITMANAGER: &[Operation] = &[
    auditmanager("GetAccountStatus", "/account/status", &[], None),
    auditmanager("GetInsights", "/insights", &[], None),
    auditmanager(
        "ListAssessments",
        "/assessments",
        &[("status", Text), ("nextToken", Text), ("maxResults", Integer)],
        Some(pages("nextToken", "maxResults", &["assessmentMetadata"])),
    ),
    auditmanager(
        "GetInsightsByAssessment",
        "/insights/assessments/{assessmentId}",
        &[("assessmentId", Text)],
        None,
    ),
    auditmanager(
        "ListControlDomainInsights",
        "/insights/control-domains",
        &[("nextToken", Text), ("maxResults", Integer)],
        Some(pages("nextToken", "maxResults", &["controlDomainInsights"])),
    ),
    auditmanager(
        "ListControlDomainInsightsByAssessment",
        "/insights/control-domains-by-assessment",
        &[("assessmentId", Text), ("nextToken", Text), ("maxResults", Integer)],
        Some(pages("nextToken", "maxResults", &["controlDomainInsights"])),
    ),
    auditmanager(
        "ListControlInsightsByControlDomain",
        "/insights/controls",
        &[("controlDomainId", Text), ("nextToken", Text), ("maxResults", Integer)],
        Some(pages("nextToken", "maxResults", &["controlInsightsMetadata"])),
    ),
    auditmanager(
        "ListAssessmentControlInsightsByControlDomain",
        "/insights/controls-by-assessment",
        &[("controlDomainId", Text), ("assessmentId", Text), ("nextToken", Text), ("maxResults", Integer)],
        Some(pages("nextToken", "maxResults", &["controlInsightsByAssessment"])),
    ),
];

pub(super) const STS: &[Operation] = &[
    Operation { service: Service::Sts, name: "GetCallerIdentity", route: None, input: &[], pages: None },
    Operation {
        service: Service::Sts,
        name: "AssumeRole",
        route: None,
        input: &[
            ("RoleArn", Text),
            ("RoleSessionName", Text),
            ("Policy", Text),
            ("DurationSeconds", Integer),
            ("ExternalId", Text),
            ("SerialNumber", Text),
            ("TokenCode", Text),
            ("SourceIdentity", Text),
        ],
        pages: None,
    },
];
