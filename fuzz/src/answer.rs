//! Bodies of answers: a whole run of the shipped function, through the real SDK, in which one operation answers what the
//! fuzzer says. The first byte of the input chooses the operation and the status.

use crate::canned::{Canned, Replaced};
use crate::given::Outcome;
use crate::invoke::{check_response, invoke};
use auditmanager_insights::AuditmanagerInsights;
use cloudtrail_insights::CloudtrailInsights;
use insights_shared::collector::Collector;
use insights_shared::record::Source;
use serde_json::Value;
use xray_insights::XrayInsights;

/// An operation whose answer the fuzzer gives.
#[derive(Debug)]
pub struct Operation {
    /// Whose run asks for it.
    pub source: Source,
    /// How its `X-Amz-Target` ends, or its path; a path that ends with `/` goes on with an id.
    pub wire: &'static str,
    /// Its name as AWS spells it.
    pub name: &'static str,
}

const fn operation(source: Source, wire: &'static str, name: &'static str) -> Operation {
    Operation { source, wire, name }
}

/// Every operation of the three services, and the table's.
pub const OPERATIONS: [Operation; 27] = [
    operation(Source::Xray, "Groups", "GetGroups"),
    operation(Source::Xray, "InsightSummaries", "GetInsightSummaries"),
    operation(Source::Xray, "Insight", "GetInsight"),
    operation(Source::Xray, "InsightEvents", "GetInsightEvents"),
    operation(Source::Xray, "InsightImpactGraph", "GetInsightImpactGraph"),
    operation(Source::Cloudtrail, "LookupEvents", "LookupEvents"),
    operation(Source::Cloudtrail, "DescribeTrails", "DescribeTrails"),
    operation(Source::Cloudtrail, "GetInsightSelectors", "GetInsightSelectors"),
    operation(Source::Cloudtrail, "ListInsightsData", "ListInsightsData"),
    operation(Source::Cloudtrail, "ListInsightsMetricData", "ListInsightsMetricData"),
    operation(Source::Auditmanager, "account/status", "GetAccountStatus"),
    operation(Source::Auditmanager, "insights", "GetInsights"),
    operation(Source::Auditmanager, "assessments", "ListAssessments"),
    operation(Source::Auditmanager, "insights/assessments/", "GetInsightsByAssessment"),
    operation(Source::Auditmanager, "insights/control-domains", "ListControlDomainInsights"),
    operation(
        Source::Auditmanager,
        "insights/control-domains-by-assessment",
        "ListControlDomainInsightsByAssessment",
    ),
    operation(Source::Auditmanager, "insights/controls", "ListControlInsightsByControlDomain"),
    operation(
        Source::Auditmanager,
        "insights/controls-by-assessment",
        "ListAssessmentControlInsightsByControlDomain",
    ),
    operation(Source::Xray, "BatchGetItem", "BatchGetItem"),
    operation(Source::Xray, "Query", "Query"),
    operation(Source::Xray, "PutItem", "PutItem"),
    operation(Source::Cloudtrail, "BatchGetItem", "BatchGetItem"),
    operation(Source::Cloudtrail, "Query", "Query"),
    operation(Source::Cloudtrail, "PutItem", "PutItem"),
    operation(Source::Auditmanager, "BatchGetItem", "BatchGetItem"),
    operation(Source::Auditmanager, "Query", "Query"),
    operation(Source::Auditmanager, "PutItem", "PutItem"),
];

/// The statuses of answers, the good one more often than the others.
pub const STATUSES: [u16; 9] = [200, 400, 200, 429, 200, 500, 200, 403, 200];

/// Runs the function whose operation the first byte chooses.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let operation = &OPERATIONS[usize::from(*first) % OPERATIONS.len()];
    let status = STATUSES[usize::from(*first) / OPERATIONS.len() % STATUSES.len()];
    match operation.source {
        Source::Xray => run::<XrayInsights>(operation, status, body),
        Source::Cloudtrail => run::<CloudtrailInsights>(operation, status, body),
        Source::Auditmanager => run::<AuditmanagerInsights>(operation, status, body),
    }
}

fn run<C: Collector>(operation: &Operation, status: u16, body: &[u8]) {
    let replaced = Replaced { wire: operation.wire, status, body: body.to_vec() };
    let client = Canned::new(Some(replaced));
    let Some(result) = invoke::<C>(&client, "{}") else { return };
    let puts = client.puts();
    let Some(response) = check_response(&result, &puts) else { return };
    if status == 200
        && let Ok(given) = serde_json::from_slice::<Value>(body)
    {
        Outcome { operation: operation.name, puts: &puts, response }.check(&given);
    }
}
