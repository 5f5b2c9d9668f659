//! Push events of an organization: what a member account forwards is what the collector's rules receive, and nobody outside
//! of the organization can send to the bus.

use crate::deployment::yaml::{resources, template};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const BUS: &str = "arn:${AWS::Partition}:events:${CollectorRegion}:${CollectorAccountId}:event-bus/${CollectorStackName}-pushes";

/// The rules with this event pattern.
fn rules_for<'a>(template: &'a Value, pattern: &Value) -> Vec<&'a Value> {
    let rules = resources(template, "AWS::Events::Rule").into_iter().map(|(_, rule)| &rule["Properties"]);
    rules.filter(|rule| rule["EventPattern"] == *pattern).collect()
}

#[test]
fn every_push_event_is_forwarded_to_the_bus_and_from_there_to_its_function() {
    let collector = template("template.yaml");
    let member = template("deploy/push-forwarding.yaml");
    let mut count = 0;
    for source in insights_sources::all() {
        let Some(push) = source.push else { continue };
        count += 1;
        let pattern = json!({"source": [push.event_source], "detail-type": [push.detail_type]});
        // The member account and region: to the bus, unless the collector's own rule has the event.
        let [rule] = rules_for(&member, &pattern)[..] else { panic!("one rule forwards events of {source}") };
        assert_eq!(rule["State"], json!({"Fn::If": ["IsCollector", "DISABLED", "ENABLED"]}), "{source}");
        assert_eq!(rule.get("EventBusName"), None, "{source}: services send to the default bus");
        assert_eq!(rule["Targets"].as_array().unwrap().len(), 1, "{source}");
        let target = &rule["Targets"][0];
        assert_eq!(target["Arn"], json!({"Fn::Sub": BUS}), "{source}");
        assert_eq!(target["RoleArn"], json!({"Fn::GetAtt": "Forwarder.Arn"}), "{source}");
        // The collector: one rule of its own bus, and one of the bus for the organization, with the same target.
        let rules = rules_for(&collector, &pattern);
        let buses: Vec<Value> = rules.iter().map(|rule| rule["EventBusName"].clone()).collect();
        assert_eq!(buses, [Value::Null, json!({"Ref": "Pushes"})], "{source}");
        assert_eq!(rules[0]["Targets"], rules[1]["Targets"], "{source}");
        let function = json!({"Fn::GetAtt": format!("{}Insights.Arn", source.logical_id)});
        assert_eq!(rules[1]["Targets"][0]["Arn"], function, "{source}");
        // Both rules may invoke the function.
        let permissions = resources(&collector, "AWS::Lambda::Permission");
        let function = json!({"Ref": format!("{}Insights", source.logical_id)});
        let permitted: BTreeSet<String> = permissions
            .iter()
            .map(|(_, permission)| &permission["Properties"])
            .filter(|permission| permission["FunctionName"] == function)
            .map(|permission| permission["SourceArn"]["Fn::GetAtt"].as_str().unwrap().to_owned())
            .collect();
        let expected = ["", "OfOrganization"].map(|end| format!("{}{end}.Arn", push.rule));
        assert_eq!(permitted, expected.into(), "{source}");
    }
    assert_eq!(resources(&member, "AWS::Events::Rule").len(), count);
}

#[test]
fn only_accounts_of_the_organization_may_send_to_the_bus() {
    let collector = template("template.yaml");
    let [(_, policy)] = resources(&collector, "AWS::Events::EventBusPolicy")[..] else {
        panic!("one policy")
    };
    assert_eq!(policy["Properties"]["EventBusName"], json!({"Ref": "Pushes"}));
    assert_eq!(policy["Condition"], "HasOrganization");
    let expected = json!({
        "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": {"Fn::GetAtt": "Pushes.Arn"},
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}},
    });
    assert_eq!(policy["Properties"]["Statement"], expected);
    // The condition would be empty without an organization.
    assert_eq!(
        collector["Conditions"]["HasOrganization"],
        json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "OrganizationId"}, ""]}]})
    );
    assert_eq!(collector["Resources"]["Pushes"]["Condition"], "HasOrganization");
    // Forwarding ends at the bus of the stack, so the names are the same.
    let name = &collector["Resources"]["Pushes"]["Properties"]["Name"];
    assert_eq!(*name, json!({"Fn::Sub": "${AWS::StackName}-pushes"}));
}

#[test]
fn the_role_of_a_member_account_can_only_send_to_the_bus() {
    let member = template("deploy/push-forwarding.yaml");
    let [(_, role)] = resources(&member, "AWS::IAM::Role")[..] else { panic!("one role") };
    let policies = role["Properties"]["Policies"].as_array().unwrap();
    let statement = json!([{"Sid": "Forward", "Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Fn::Sub": BUS}}]);
    assert_eq!(policies.len(), 1);
    assert_eq!(policies[0]["PolicyDocument"]["Statement"], statement);
    // The trust policy has a pattern for the names of the rules.
    let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    let source = trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].as_str().unwrap();
    let prefix = source.rsplit_once("rule/").unwrap().1.trim_end_matches('*');
    for (id, rule) in resources(&member, "AWS::Events::Rule") {
        let name = rule["Properties"]["Name"]["Fn::Sub"].as_str().unwrap();
        assert!(name.starts_with(prefix), "{id}: {name} does not start with {prefix}");
    }
}

/// A service-managed StackSet accepts neither.
#[test]
fn templates_for_a_stack_set_have_no_transform_and_no_nested_stack() {
    for path in ["deploy/push-forwarding.yaml", "deploy/reader-role.yaml"] {
        let template = template(path);
        assert_eq!(template.get("Transform"), None, "{path}");
        assert!(!template.to_string().contains("Fn::Transform"), "{path}");
        assert!(resources(&template, "AWS::CloudFormation::Stack").is_empty(), "{path}");
    }
}
