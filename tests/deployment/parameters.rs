//! Checks that parameters are described, constrained, grouped and used, and that all resources that support tags have the
//! tag.

use crate::deployment::yaml::template;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn every_parameter_is_described_constrained_grouped_and_used() {
    for path in [
        "template.yaml",
        "deploy/organization.yaml",
        "deploy/reader-role.yaml",
        "deploy/push-forwarding.yaml",
        "deploy/notify.yaml",
    ] {
        let template = template(path);
        let parameters = template["Parameters"].as_object().unwrap();
        let groups =
            template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array().unwrap();
        let grouped: Vec<&str> = groups
            .iter()
            .flat_map(|group| group["Parameters"].as_array().unwrap())
            .map(|name| name.as_str().unwrap())
            .collect();
        let names: BTreeSet<&str> = parameters.keys().map(String::as_str).collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), names, "{path}");
        assert_eq!(grouped.len(), names.len(), "{path}: none is in two groups");
        let rest =
            json!([template["Resources"], template["Conditions"], template["Globals"], template["Rules"]])
                .to_string();
        for (name, parameter) in parameters {
            let description = parameter["Description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.') && description.len() < 4000, "{path}: {name}: {description}");
            let constraints = ["AllowedValues", "AllowedPattern", "MinValue", "MinLength", "MaxLength"];
            assert!(
                constraints.iter().any(|rule| parameter.get(rule).is_some()),
                "{path}: {name} takes anything"
            );
            let used = [format!("\"Ref\":\"{name}\""), format!("${{{name}}}")];
            assert!(used.iter().any(|form| rest.contains(form)), "{path}: nothing uses {name}");
        }
    }
}

#[test]
fn every_resource_that_supports_tags_has_the_tag() {
    const WITHOUT_TAGS: [&str; 15] = [
        // The tags of this type are in another member.
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection",
        "AWS::CloudFormation::Stack",
        "AWS::Events::ApiDestination",
        "AWS::Events::Connection",
        "AWS::Events::EventBusPolicy",
        "AWS::Events::Rule",
        "AWS::IAM::Policy",
        "AWS::Lambda::Permission",
        "AWS::Logs::MetricFilter",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
        "AWS::Serverless::Function",
    ];
    for path in [
        "template.yaml",
        "deploy/alarms.yaml",
        "deploy/organization.yaml",
        "deploy/reader-role.yaml",
        "deploy/notify.yaml",
        "deploy/push-forwarding.yaml",
    ] {
        let template = template(path);
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let tags = &resource["Properties"]["Tags"];
            let tagged = *tags == json!([{"Key": "application", "Value": "insights-aggregator"}])
                || *tags == json!({"application": "insights-aggregator"});
            let may_do_without = WITHOUT_TAGS.contains(&resource["Type"].as_str().unwrap());
            assert!(tagged || may_do_without && *tags == Value::Null, "{path}: {id} has the tags {tags}");
        }
    }
    // The globals of the template tag the functions.
    let template = template("template.yaml");
    assert_eq!(template["Globals"]["Function"]["Tags"], json!({"application": "insights-aggregator"}));
}

#[test]
fn only_functions_with_personal_data_get_the_redaction_key() {
    let template = template("template.yaml");
    let mut holders = Vec::new();
    for (id, resource) in template["Resources"].as_object().unwrap() {
        if resource.to_string().contains("RedactKeySecretArn") {
            holders.push(id.as_str());
        }
    }
    assert_eq!(holders, ["CloudTrailInsights"]);
    let variables = &template["Resources"]["CloudTrailInsights"]["Properties"]["Environment"]["Variables"];
    let reference = json!({"Fn::Sub": "{{resolve:secretsmanager:${RedactKeySecretArn}:SecretString}}"});
    assert_eq!(
        variables["REDACT_KEY"]["Fn::If"][1], reference,
        "CloudFormation reads it, and no template holds it"
    );
    assert_eq!(template["Parameters"]["RedactKeySecretArn"]["Default"], "");
}

/// Checks that the templates accept the same region names as the functions: those of every partition, and no other text.
#[test]
fn every_parameter_of_regions_has_the_rule_of_the_functions() {
    let organization = template("deploy/organization.yaml");
    let mut count = 0;
    for (name, parameter) in organization["Parameters"].as_object().unwrap() {
        if name.ends_with("Regions") {
            count += 1;
            let pattern = parameter["AllowedPattern"].as_str().unwrap().trim_start_matches("^$|");
            assert_eq!(pattern, "^[a-z0-9]+(-[a-z0-9]+)+-[0-9]+$", "{name}");
            let regions = parameter["Default"].as_str().unwrap().split(',').filter(|name| !name.is_empty());
            assert!(regions.into_iter().all(insights_shared::target::is_region), "{name}");
        }
    }
    assert_eq!(count, 1 + insights_sources::all().len());
    for region in ["eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"] {
        assert!(insights_shared::target::is_region(region), "{region}");
    }
    for text in ["", "eu", "eu-west", "eu-west-x", "EU-west-1", "eu_west-1"] {
        assert!(!insights_shared::target::is_region(text), "{text}");
    }
}

#[test]
fn only_functions_with_push_events_get_the_role_of_other_accounts() {
    let template = template("template.yaml");
    for source in insights_sources::all() {
        let function = &template["Resources"][format!("{}Insights", source.logical_id)];
        let variables = &function["Properties"]["Environment"]["Variables"];
        for (variable, parameter) in
            [("PUSH_ROLE_NAME", "PushRoleName"), ("PUSH_EXTERNAL_ID", "PushExternalId")]
        {
            let expected = source.push.map(|_| json!({"Ref": parameter}));
            assert_eq!(variables.get(variable).map(|value| value["Fn::If"][1].clone()), expected, "{source}");
        }
        let statements = insights_tests::permissions::statements(&template, source.package);
        let statement = statements.iter().find(|statement| statement["Sid"] == "AssumePushRole");
        let expected =
            source.push.map(|_| json!({"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/${PushRoleName}"}));
        assert_eq!(statement.map(|statement| statement["Resource"].clone()), expected, "{source}");
    }
}
