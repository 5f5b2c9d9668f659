//! Least privilege: what the code declares, what `template.yaml` allows, and what the services and the table see called.
//!
//! Every test of every package holds what functions were seen to call to what the template allows, and reads what they
//! logged (`insights_tests::Lab`). Here is the other direction: nothing is allowed, or declared, that is not needed.

use insights_collectors::with_collector;
use insights_shared::collector::Collector;
use insights_tests::permissions::{action, allowed, functions, needed, statements, template};
use insights_tests::{EXTERNAL_ID, Lab};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Beside its own service's: the table's, and the roles of other accounts.
const COMMON: [&str; 6] = [
    "dynamodb:BatchGetItem",
    "dynamodb:PartiQLInsert",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "sts:AssumeRole",
];

fn declared() -> BTreeMap<&'static str, BTreeSet<String>> {
    let with_common = |own: Vec<&str>| own.into_iter().chain(COMMON).map(str::to_owned).collect();
    insights_sources::all().map(|source| (source.package, with_common(source.iam_actions()))).collect()
}

/// Two accounts, one by a role.
fn targets() -> String {
    let role = "arn:aws:iam::111122223333:role/insights-reader";
    json!([
        {"account_id": "123456789012"},
        {"account_id": "111122223333", "role_arn": role, "external_id": EXTERNAL_ID},
    ])
    .to_string()
}

async fn run<C: Collector>(lab: &Lab) {
    let variables = [("TARGETS", targets()), ("LOOKBACK_DAYS", "2".to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let response = lab.function::<C>(&variables).invoke("{}").await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
}

#[tokio::test]
async fn every_action_that_is_declared_is_needed_and_every_one_that_is_needed_is_declared() {
    let lab = Lab::built_in().await;
    for source in insights_sources::all() {
        with_collector!(source, C => run::<C>(&lab).await).unwrap();
    }
    assert_eq!(needed(&lab.simulator.seen()), declared());
}

#[test]
fn every_action_that_is_declared_is_allowed_and_beside_logs_and_queues_nothing_else() {
    let template = template();
    for (function, declared) in declared() {
        let beside = |action: &&String| {
            ["logs:", "sqs:SendMessage", "sns:Publish", "xray:Put", "kms:"]
                .iter()
                .any(|prefix| action.starts_with(prefix))
        };
        let allowed = allowed(&template, function);
        let others: BTreeSet<&String> =
            allowed.difference(&declared).filter(|action| !beside(action)).collect();
        assert!(others.is_empty(), "{function}: {others:?}");
        assert!(declared.is_subset(&allowed), "{function}: {declared:?} in {allowed:?}");
    }
}

#[test]
fn what_can_be_granted_on_a_resource_is_granted_on_no_other() {
    let template = template();
    for function in functions() {
        for statement in statements(&template, function) {
            let actions = statement["Action"].to_string();
            let resources = statement["Resource"].to_string();
            let is_of_all = statement["Resource"] == "*";
            // Services without resources for these: https://docs.aws.amazon.com/service-authorization/latest/reference/
            let has_none =
                insights_sources::operations().any(|operation| actions.contains(operation.iam_action));
            assert!(has_none || !is_of_all, "{function}: {actions} on {resources}");
            if actions.contains("dynamodb:") {
                assert!(
                    resources.contains("\"Table.Arn\"") || resources.contains("${Table.Arn}"),
                    "{function}: {resources}"
                );
            }
        }
    }
}

#[test]
fn an_operation_without_a_permission_of_its_own_needs_none() {
    assert_eq!(action("sts", "GetCallerIdentity"), None);
    assert_eq!(action("cloudtrail", "ListInsightsMetricData").as_deref(), Some("cloudtrail:LookupEvents"));
    assert_eq!(action("xray", "GetInsight").as_deref(), Some("xray:GetInsight"));
    assert_eq!(Value::from(action("dynamodb", "Query")), "dynamodb:Query");
}
