//! Bodies of answers: a whole run of the shipped function, through the real SDK, in which one operation answers what the
//! fuzzer says. The first byte of the input chooses the operation and the status.

use crate::canned::{Canned, Replaced};
use crate::given::Outcome;
use crate::invoke::{check_response, invoke};
use insights_collectors::with_collector;
use insights_shared::collector::Collector;
use insights_shared::record::Source;
use insights_sources::auditmanager;
use insights_sources::cloudtrail;
use insights_sources::xray;
use serde_json::Value;

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
    operation(xray::SOURCE, "Groups", "GetGroups"),
    operation(xray::SOURCE, "InsightSummaries", "GetInsightSummaries"),
    operation(xray::SOURCE, "Insight", "GetInsight"),
    operation(xray::SOURCE, "InsightEvents", "GetInsightEvents"),
    operation(xray::SOURCE, "InsightImpactGraph", "GetInsightImpactGraph"),
    operation(cloudtrail::SOURCE, "LookupEvents", "LookupEvents"),
    operation(cloudtrail::SOURCE, "DescribeTrails", "DescribeTrails"),
    operation(cloudtrail::SOURCE, "GetInsightSelectors", "GetInsightSelectors"),
    operation(cloudtrail::SOURCE, "ListInsightsData", "ListInsightsData"),
    operation(cloudtrail::SOURCE, "ListInsightsMetricData", "ListInsightsMetricData"),
    operation(auditmanager::SOURCE, "account/status", "GetAccountStatus"),
    operation(auditmanager::SOURCE, "insights", "GetInsights"),
    operation(auditmanager::SOURCE, "assessments", "ListAssessments"),
    operation(auditmanager::SOURCE, "insights/assessments/", "GetInsightsByAssessment"),
    operation(auditmanager::SOURCE, "insights/control-domains", "ListControlDomainInsights"),
    operation(
        auditmanager::SOURCE,
        "insights/control-domains-by-assessment",
        "ListControlDomainInsightsByAssessment",
    ),
    operation(auditmanager::SOURCE, "insights/controls", "ListControlInsightsByControlDomain"),
    operation(
        auditmanager::SOURCE,
        "insights/controls-by-assessment",
        "ListAssessmentControlInsightsByControlDomain",
    ),
    operation(xray::SOURCE, "BatchGetItem", "BatchGetItem"),
    operation(xray::SOURCE, "Query", "Query"),
    operation(xray::SOURCE, "PutItem", "PutItem"),
    operation(cloudtrail::SOURCE, "BatchGetItem", "BatchGetItem"),
    operation(cloudtrail::SOURCE, "Query", "Query"),
    operation(cloudtrail::SOURCE, "PutItem", "PutItem"),
    operation(auditmanager::SOURCE, "BatchGetItem", "BatchGetItem"),
    operation(auditmanager::SOURCE, "Query", "Query"),
    operation(auditmanager::SOURCE, "PutItem", "PutItem"),
];

/// The statuses of answers, the good one more often than the others.
pub const STATUSES: [u16; 9] = [200, 400, 200, 429, 200, 500, 200, 403, 200];

/// Runs the function whose operation the first byte chooses.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let operation = &OPERATIONS[usize::from(*first) % OPERATIONS.len()];
    let status = STATUSES[usize::from(*first) / OPERATIONS.len() % STATUSES.len()];
    with_collector!(operation.source, C => run::<C>(operation, status, body))
        .expect("every source has a collector");
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
