//! Least privilege: compares the actions that the code declares, `template.yaml` allows, and the functions use.
//!
//! Every test of every package compares the calls of functions with the template and checks the logs (`insights_tests::Lab`).
//! This file checks the opposite direction: no allowed or declared action is unnecessary.

use insights_collectors::with_collector;
use insights_shared::collector::Collector;
use insights_shared::record::Source;
use insights_tests::permissions::{action, allowed, functions, needed, statements, template};
use insights_tests::{EXTERNAL_ID, Lab};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Operations besides those of the own service: the table, and the roles of other accounts.
const COMMON: [&str; 5] = [
    "dynamodb:BatchGetItem",
    "dynamodb:PartiQLInsert",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "sts:AssumeRole",
];

fn declared() -> BTreeMap<&'static str, BTreeSet<String>> {
    let actions = |source: Source| {
        let query = source.needs_query().then_some("dynamodb:Query");
        source.iam_actions().into_iter().chain(COMMON).chain(query).map(str::to_owned).collect()
    };
    insights_sources::all().map(|source| (source.package, actions(source))).collect()
}

/// Two accounts, one of them with a role.
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
async fn the_declared_actions_are_the_used_actions() {
    let lab = Lab::built_in().await;
    for source in insights_sources::all() {
        with_collector!(source, C => run::<C>(&lab).await).unwrap();
    }
    assert_eq!(needed(&lab.simulator.seen()), declared());
}

#[test]
fn the_template_allows_exactly_the_declared_actions_besides_logs_and_queues() {
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
fn actions_that_support_resources_are_limited_to_them() {
    let template = template();
    for function in functions() {
        for statement in statements(&template, function) {
            let actions = statement["Action"].to_string();
            let resources = statement["Resource"].to_string();
            let is_of_all = statement["Resource"] == "*";
            // These actions support no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/
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
fn operations_without_an_iam_action_need_no_permission() {
    assert_eq!(action("sts", "GetCallerIdentity"), None);
    assert_eq!(action("cloudtrail", "ListInsightsMetricData").as_deref(), Some("cloudtrail:LookupEvents"));
    assert_eq!(action("xray", "GetInsight").as_deref(), Some("xray:GetInsight"));
    assert_eq!(Value::from(action("dynamodb", "Query")), "dynamodb:Query");
}
