//! Converts Security Hub's answers to records. No I/O and no clock.
//!
//! Shapes: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Insight.html> and
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_InsightResults.html>

use crate::detail;
use aws_sdk_securityhub::types::{Insight, InsightResultValue, InsightResults, StringFilterComparison};
use insights_shared::key::Key;
use insights_shared::record::{Record, Severity, Status, one_line, partition};
use insights_shared::target::Target;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::MapBuilder;
use insights_sources::securityhub::{self, MOST_VALUES, SEVERITY_LABELS, group_noun};

/// The origin of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The account and region.
    pub target: &'a Target,
    /// When the counts were requested. It determines the day of the snapshot.
    pub answered_at: Timestamp,
}

/// The record of an insight's counts.
pub fn snapshot(insight: &Insight, results: &InsightResults, origin: Origin<'_>) -> Record {
    let values = sorted(results.result_values());
    let findings: i64 = values.iter().filter_map(|value| value.count).map(i64::from).sum();
    let attribute = results.group_by_attribute.as_deref().or(insight.group_by_attribute.as_deref());
    let mut record = envelope(insight, origin);
    let groups = i64::try_from(values.len()).unwrap_or(i64::MAX);
    record.title = Some(title(insight, findings, groups, attribute));
    record.severity = Some(severity(insight, findings));
    record.measures = vec![("findings".into(), findings.into()), ("groups".into(), groups.into())];
    record.detail = MapBuilder::new()
        .with("insight", Some(detail::insight(insight)))
        .with(
            "results",
            Some(detail::results(
                results.insight_arn.as_deref(),
                results.group_by_attribute.as_deref(),
                &values,
            )),
        )
        .build();
    record
}

/// The record of an insight that was listed without an ARN. Validation rejects it, so the answer is stored as rejected.
pub fn unusable(insight: &Insight, origin: Origin<'_>) -> Record {
    let mut record = envelope(insight, origin);
    record.id = None;
    record.detail = MapBuilder::new().with("insight", Some(detail::insight(insight))).build();
    record
}

/// A record with the members of every snapshot: its key and its day.
fn envelope(insight: &Insight, origin: Origin<'_>) -> Record {
    let Origin { target, answered_at } = origin;
    let arn = insight.insight_arn.as_deref().unwrap_or_default();
    let pk = partition(securityhub::SOURCE, &target.account_id, &target.region, [arn]);
    let key = Key::new(pk, answered_at.day());
    let mut record = Record::new(securityhub::INSIGHT, key, &target.account_id, &target.region, answered_at);
    record.id = Some(arn.to_owned());
    record.entity = Some(arn.to_owned());
    record.status = Some(Status::Snapshot);
    record.started_at = Some(answered_at.floor(DAY_SECONDS));
    record.updated_at = Some(answered_at);
    record
}

/// The values in a fixed order, because equal counts must have equal hashes. If a value occurs twice, the higher count
/// applies.
fn sorted(values: &[InsightResultValue]) -> Vec<&InsightResultValue> {
    let mut values: Vec<&InsightResultValue> = values.iter().collect();
    values.sort_by(|left, right| {
        let by_value = left.group_by_attribute_value.cmp(&right.group_by_attribute_value);
        by_value.then(right.count.cmp(&left.count))
    });
    values.dedup_by(|next, first| next.group_by_attribute_value == first.group_by_attribute_value);
    values
}

/// The severity of an insight with findings: that of the highest label that its filters select.
fn severity(insight: &Insight, findings: i64) -> Severity {
    if findings <= 0 {
        return Severity::Info;
    }
    let labels = insight
        .filters
        .as_ref()
        .map(aws_sdk_securityhub::types::AwsSecurityFindingFilters::severity_label)
        .unwrap_or_default();
    let selected = labels.iter().filter(|filter| filter.comparison == Some(StringFilterComparison::Equals));
    let severities =
        selected.filter_map(|filter| filter.value.as_deref()).map(|label| SEVERITY_LABELS.severity(label));
    severities.max_by_key(|severity| severity.rank()).unwrap_or(SEVERITY_LABELS.otherwise)
}

/// The name and the counts, for example `Public buckets: 4 findings in 2 resources`.
fn title(insight: &Insight, findings: i64, groups: i64, attribute: Option<&str>) -> String {
    let mut name = one_line(insight.name.as_deref().unwrap_or_default());
    if name.is_empty() {
        name = format!("Insight {}", one_line(insight.insight_arn.as_deref().unwrap_or_default()));
    }
    if groups == 0 {
        return format!("{name}: no findings");
    }
    let noun =
        |number: i64, one: &str, several: &str| if number == 1 { one.to_owned() } else { several.to_owned() };
    let findings = format!("{findings} {}", noun(findings, "finding", "findings"));
    let group = if let Some((one, several)) = attribute.and_then(group_noun) {
        noun(groups, one, several)
    } else {
        let value = if groups == 1 { "value" } else { "values" };
        format!("{value} of {}", one_line(attribute.unwrap_or("an unknown attribute")))
    };
    if groups >= MOST_VALUES {
        return format!("{name}: at least {findings} in at least {groups} {group}");
    }
    format!("{name}: {findings} in {groups} {group}")
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;
