//! Records worked out by hand from the documented shapes of the service.

use super::*;
use aws_sdk_securityhub::types::{AwsSecurityFindingFilters, StringFilter};
use insights_shared::validate::{ValidRecord, validate};
use insights_shared::value::{Map, Value};
use proptest::prelude::*;
use serde_json::json;

const ARN: &str = "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-90ab-cdef-111122223333";

fn target() -> Target {
    Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None }
}

/// The record of counts that were requested at `time`.
fn record_at(insight: &Insight, results: &InsightResults, time: &str) -> Record {
    let target = target();
    snapshot(insight, results, Origin { target: &target, answered_at: time.parse().unwrap() })
}

fn record(insight: &Insight, results: &InsightResults) -> Record {
    record_at(insight, results, "2023-11-14T22:25:00Z")
}

fn valid(record: Record) -> ValidRecord {
    validate(record, 400).unwrap()
}

/// An insight whose filters select labels with these comparisons.
fn insight(name: &str, labels: &[(&str, &str)]) -> Insight {
    let label = |(comparison, value): &(&str, &str)| {
        StringFilter::builder().value(*value).comparison((*comparison).into()).build()
    };
    let labels = labels.iter().map(label).collect();
    let filters = AwsSecurityFindingFilters::builder().set_severity_label(Some(labels)).build();
    Insight::builder().insight_arn(ARN).name(name).filters(filters).group_by_attribute("ResourceId").build()
}

fn results(attribute: &str, values: &[(&str, i32)]) -> InsightResults {
    let value = |(value, count): &(&str, i32)| {
        InsightResultValue::builder().group_by_attribute_value(*value).count(*count).build()
    };
    InsightResults::builder()
        .insight_arn(ARN)
        .group_by_attribute(attribute)
        .set_result_values(Some(values.iter().map(value).collect()))
        .build()
}

#[test]
fn the_worked_example_of_the_contract_becomes_its_record() {
    let insight = insight("Public buckets", &[("EQUALS", "HIGH")]);
    let results = results("ResourceId", &[("arn:aws:s3:::logs", 3), ("arn:aws:s3:::site", 1)]);
    let mut stored = valid(record(&insight, &results)).to_map();
    stored.remove("content_hash");
    let expected = json!({
        "pk": "securityhub#123456789012#eu-west-1#arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-90ab-cdef-111122223333",
        "sk": "2023-11-14",
        "kind": "securityhub.insight",
        "schema_version": 1,
        "source": "securityhub",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "id": "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-90ab-cdef-111122223333",
        "title": "Public buckets: 4 findings in 2 resources",
        "status": "snapshot",
        "severity": "high",
        "entity": "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-90ab-cdef-111122223333",
        "measures": {"findings": 4, "groups": 2},
        "started_at": "2023-11-14T00:00:00.000Z",
        "updated_at": "2023-11-14T22:25:00.000Z",
        "answered_at": "2023-11-14T22:25:00.000Z",
        "expires_at": 1_734_480_000,
        "ended_pk": "securityhub.insight#2023-11",
        "ended_sk": "2023-11-14T00:00:00.000Z#32191071",
        "entity_pk": "entity#arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-90ab-cdef-111122223333",
        "entity_sk": "2023-11-14T00:00:00.000Z#32191071",
        "detail": {
            "insight": {
                "insight_arn": "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-90ab-cdef-111122223333",
                "name": "Public buckets",
                "filters": {"severity_label": [{"value": "HIGH", "comparison": "EQUALS"}]},
                "group_by_attribute": "ResourceId",
            },
            "results": {
                "insight_arn": "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-90ab-cdef-111122223333",
                "group_by_attribute": "ResourceId",
                "result_values": [
                    {"group_by_attribute_value": "arn:aws:s3:::logs", "count": 3},
                    {"group_by_attribute_value": "arn:aws:s3:::site", "count": 1},
                ],
            },
        },
    });
    let Value::Map(expected) = Value::from_json(&expected.to_string()).unwrap() else { panic!("an object") };
    assert_eq!(stored, expected);
}

#[test]
fn severity_is_that_of_the_highest_label_that_the_filters_select() {
    let check = |labels: &[(&str, &str)], expected: Severity| {
        let one = record(&insight("x", labels), &results("ResourceId", &[("a", 1)]));
        assert_eq!(one.severity, Some(expected), "{labels:?}");
        let none = record(&insight("x", labels), &results("ResourceId", &[]));
        assert_eq!(none.severity, Some(Severity::Info), "{labels:?} without findings");
    };
    check(&[("EQUALS", "CRITICAL")], Severity::Critical);
    check(&[("EQUALS", "MEDIUM"), ("EQUALS", "CRITICAL"), ("EQUALS", "HIGH")], Severity::Critical);
    check(&[("EQUALS", "HIGH"), ("EQUALS", "LOW")], Severity::High);
    check(&[("EQUALS", "MEDIUM")], Severity::Medium);
    check(&[("EQUALS", "LOW")], Severity::Low);
    check(&[("EQUALS", "INFORMATIONAL")], Severity::Low);
    check(&[("EQUALS", "SEVERE")], Severity::Low);
    // Only labels that are selected count, not those that are excluded or matched by prefix.
    check(&[("NOT_EQUALS", "CRITICAL"), ("PREFIX", "HIGH"), ("EQUALS", "MEDIUM")], Severity::Medium);
    check(&[("NOT_EQUALS", "CRITICAL")], Severity::Low);
    check(&[], Severity::Low);
    let without_filters = Insight::builder().insight_arn(ARN).build();
    assert_eq!(record(&without_filters, &results("ResourceId", &[("a", 1)])).severity, Some(Severity::Low));
    // A value with a count of zero is not a finding.
    let counted = record(&insight("x", &[("EQUALS", "HIGH")]), &results("ResourceId", &[("a", 0)]));
    assert_eq!(counted.severity, Some(Severity::Info));
}

#[test]
fn a_title_has_the_name_and_the_counts() {
    let check = |name: &str, attribute: &str, values: &[(&str, i32)], expected: &str| {
        let title = record(&insight(name, &[]), &results(attribute, values)).title;
        assert_eq!(title.as_deref(), Some(expected));
    };
    check("Keys", "AwsAccountId", &[("123456789012", 1)], "Keys: 1 finding in 1 account");
    check("Keys", "AwsAccountId", &[("1", 5), ("2", 0)], "Keys: 5 findings in 2 accounts");
    check("Keys", "MalwareName", &[("a", 2)], "Keys: 2 findings in 1 value of MalwareName");
    check("Keys", "MalwareName", &[("a", 2), ("b", 1)], "Keys: 3 findings in 2 values of MalwareName");
    check("Keys", "ResourceId", &[], "Keys: no findings");
    check(" Two\n lines ", "Type", &[("a", 2)], "Two lines: 2 findings in 1 finding type");
    check(" ", "ResourceId", &[], &format!("Insight {ARN}: no findings"));
}

/// This number of values, with one finding each.
fn many(number: usize) -> Vec<(String, i32)> {
    (0..number).map(|number| (format!("arn:aws:s3:::bucket-{number}"), 1)).collect()
}

#[test]
fn a_hundred_values_are_a_lower_bound_and_ninety_nine_are_not() {
    for (number, expected) in [
        (99, "Keys: 99 findings in 99 resources"),
        (100, "Keys: at least 100 findings in at least 100 resources"),
    ] {
        let values = many(number);
        let values: Vec<(&str, i32)> = values.iter().map(|(value, count)| (value.as_str(), *count)).collect();
        let record = record(&insight("Keys", &[]), &results("ResourceId", &values));
        assert_eq!(record.title.as_deref(), Some(expected));
        let count = i64::try_from(number).unwrap();
        assert_eq!(record.measures, [("findings".into(), count.into()), ("groups".into(), count.into())]);
    }
}

#[test]
fn an_empty_value_counts_and_a_repeated_value_counts_once() {
    let counts = [("", 2), ("b", 1), ("b", 4), ("a", 3), ("a", 3)];
    let record = record(&insight("Keys", &[]), &results("ResourceId", &counts));
    assert_eq!(record.measures, [("findings".into(), 9_i64.into()), ("groups".into(), 3_i64.into())]);
    let detail = Value::Map(record.detail);
    let expected = Value::from_json(
        r#"[{"group_by_attribute_value": "", "count": 2}, {"group_by_attribute_value": "a", "count": 3},
            {"group_by_attribute_value": "b", "count": 4}]"#,
    );
    assert_eq!(detail.at(&["results", "result_values"]), Some(&expected.unwrap()));
}

#[test]
fn counts_do_not_overflow() {
    let record = record(&insight("Keys", &[]), &results("ResourceId", &[("a", i32::MAX), ("b", i32::MAX)]));
    assert_eq!(record.measures[0], ("findings".into(), 4_294_967_294_i64.into()));
}

#[test]
fn the_day_is_the_utc_day_of_the_request() {
    let (insight, results) = (insight("Keys", &[]), results("ResourceId", &[("a", 1)]));
    for (time, day) in [
        ("2026-02-28T23:59:59.999Z", "2026-02-28"),
        ("2026-03-01T00:00:00Z", "2026-03-01"),
        ("2026-03-01T01:30:00+02:00", "2026-02-28"),
    ] {
        let record = record_at(&insight, &results, time);
        assert_eq!(record.key.sk, day, "{time}");
        assert_eq!(record.started_at.unwrap().to_string(), format!("{day}T00:00:00.000Z"), "{time}");
        assert_eq!(record.updated_at, Some(time.parse().unwrap()), "{time}");
    }
}

#[test]
fn the_hash_depends_on_the_counts_and_the_insight_but_not_on_time_within_the_day() {
    let hash = |record: Record| valid(record).content_hash().to_owned();
    let of = |insight: &Insight, values: &[(&str, i32)], time: &str| {
        hash(record_at(insight, &results("ResourceId", values), time))
    };
    let keys = insight("Keys", &[("EQUALS", "HIGH")]);
    let first = of(&keys, &[("a", 1), ("b", 2)], "2026-03-01T06:00:00Z");
    assert_eq!(first, of(&keys, &[("a", 1), ("b", 2)], "2026-03-01T12:00:00Z"));
    assert_eq!(first, of(&keys, &[("b", 2), ("a", 1)], "2026-03-01T06:00:00Z"));
    assert_ne!(first, of(&keys, &[("a", 2), ("b", 1)], "2026-03-01T06:00:00Z"));
    assert_ne!(first, of(&keys, &[("a", 1), ("b", 2)], "2026-03-02T06:00:00Z"));
    let renamed = insight("Old keys", &[("EQUALS", "HIGH")]);
    assert_ne!(first, of(&renamed, &[("a", 1), ("b", 2)], "2026-03-01T06:00:00Z"));
}

#[test]
fn an_insight_without_an_arn_is_rejected_with_what_was_answered() {
    let target = target();
    let origin = Origin { target: &target, answered_at: "2023-11-14T22:25:00Z".parse().unwrap() };
    let rejected = validate(unusable(&Insight::builder().name("Keys").build(), origin), 400).unwrap_err();
    assert!(rejected.violations.to_string().contains("id"), "{}", rejected.violations);
    let raw: serde_json::Value = serde_json::from_str(&rejected.raw).unwrap();
    assert_eq!(raw["answer"], json!({"insight": {"name": "Keys"}}), "{raw}");
}

#[test]
fn an_insight_above_the_item_size_is_rejected_and_not_truncated() {
    let long = "x".repeat(5_000);
    let values: Vec<(String, i32)> = (0..100).map(|number| (format!("{number}{long}"), 1)).collect();
    let values: Vec<(&str, i32)> = values.iter().map(|(value, count)| (value.as_str(), *count)).collect();
    let record = record(&insight("Keys", &[]), &results("ResourceId", &values));
    let rejected = validate(record, 400).unwrap_err();
    assert!(rejected.violations.to_string().contains("must be at most"), "{}", rejected.violations);
}

#[test]
fn absent_members_of_an_answer_stay_absent() {
    let insight = Insight::builder().insight_arn(ARN).build();
    let results = InsightResults::builder().insight_arn(ARN).build();
    let map = valid(record(&insight, &results)).to_map();
    let expected =
        json!({"insight": {"insight_arn": ARN}, "results": {"insight_arn": ARN, "result_values": []}});
    assert_eq!(map["detail"], Value::from_json(&expected.to_string()).unwrap());
    assert_eq!(map["severity"], "info".into());
}

proptest! {
    #[test]
    fn the_order_of_the_values_changes_nothing(
        mut values in prop::collection::vec(("[a-c]{0,2}", 0..5_i32), 0..8),
        seed in any::<prop::sample::Index>(),
    ) {
        let of = |values: &[(String, i32)]| {
            let values: Vec<(&str, i32)> = values.iter().map(|(value, count)| (value.as_str(), *count)).collect();
            valid(record(&insight("Keys", &[]), &results("ResourceId", &values))).to_map()
        };
        let first: Map = of(&values);
        if !values.is_empty() {
            let at = seed.index(values.len());
            values.rotate_left(at);
        }
        values.reverse();
        prop_assert_eq!(of(&values), first);
    }
}
