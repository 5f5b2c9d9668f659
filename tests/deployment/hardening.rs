//! Checks encryption and delivery: queues and topics require TLS, the customer key is used wherever a key is possible, and
//! events that cannot be delivered are kept.

use crate::deployment::yaml::{resources, template};
use serde_json::{Value, json};

const TEMPLATES: [&str; 5] = [
    "template.yaml",
    "deploy/organization.yaml",
    "deploy/push-forwarding.yaml",
    "deploy/example-rule.yaml",
    "deploy/notify.yaml",
];

/// The statements of the policy of a queue or topic.
fn policy_statements<'a>(template: &'a Value, kind: &str, list: &str, id: &str) -> Vec<&'a Value> {
    let policies = resources(template, kind).into_iter().map(|(_, policy)| &policy["Properties"]);
    let policies = policies.filter(|policy| policy[list] == json!([{"Ref": id}]));
    policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap()).collect()
}

#[test]
fn queues_and_topics_deny_requests_without_tls() {
    let mut count = 0;
    for path in TEMPLATES {
        let template = template(path);
        for (kind, policy, list, action, arn) in [
            ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues", "sqs:*", "Arn"),
            ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics", "sns:Publish", ""),
        ] {
            for (id, _) in resources(&template, kind) {
                count += 1;
                let resource = if arn.is_empty() {
                    json!({"Ref": id})
                } else {
                    json!({"Fn::GetAtt": format!("{id}.{arn}")})
                };
                let denial = json!({
                    "Sid": "DenyWithoutTls", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                });
                let statements = policy_statements(&template, policy, list, id);
                assert!(statements.contains(&&denial), "{path}: {id}: {statements:?}");
            }
        }
    }
    assert_eq!(count, 10);
}

#[test]
fn the_customer_key_covers_logs_queues_and_topics() {
    let key = json!({"Fn::If": ["HasKey", {"Ref": "KeyArn"}, {"Ref": "AWS::NoValue"}]});
    // A StackSet has no parameter for a key of each account and region.
    for path in TEMPLATES.into_iter().filter(|path| *path != "deploy/push-forwarding.yaml") {
        let template = template(path);
        for (kind, member) in [
            ("AWS::Logs::LogGroup", "KmsKeyId"),
            ("AWS::SQS::Queue", "KmsMasterKeyId"),
            ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ] {
            for (id, resource) in resources(&template, kind) {
                assert_eq!(resource["Properties"][member], key, "{path}: {id}");
            }
        }
        for (id, queue) in resources(&template, "AWS::SQS::Queue") {
            // Without the customer key, the keys of SQS are used.
            let own = json!({"Fn::If": ["HasKey", {"Ref": "AWS::NoValue"}, true]});
            assert_eq!(queue["Properties"]["SqsManagedSseEnabled"], own, "{path}: {id}");
        }
    }
}

#[test]
fn a_function_decrypts_only_its_own_environment() {
    let template = template("template.yaml");
    let statements =
        template["Resources"]["UseKey"]["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    let statement = statements.iter().find(|statement| statement["Sid"] == "ReadOwnEnvironment").unwrap();
    let functions = &statement["Condition"]["StringEquals"]["kms:EncryptionContext:aws:lambda:FunctionArn"];
    let functions = functions.as_array().unwrap();
    assert_eq!(functions.len(), insights_sources::all().len());
    for (source, function) in insights_sources::all().zip(functions) {
        assert_eq!(function["Fn::If"][1]["Fn::GetAtt"], format!("{}Insights.Arn", source.logical_id));
    }
}

#[test]
fn events_that_are_not_delivered_are_kept() {
    let mut count = 0;
    for path in TEMPLATES {
        let template = template(path);
        for (id, rule) in resources(&template, "AWS::Events::Rule") {
            for target in rule["Properties"]["Targets"].as_array().unwrap() {
                count += 1;
                // A target of a receiver that can be absent is in a condition.
                let target = target["Fn::If"].get(1).unwrap_or(target);
                assert!(target["DeadLetterConfig"]["Arn"].is_object(), "{path}: {id}");
            }
        }
        for (id, schedule) in resources(&template, "AWS::Scheduler::Schedule") {
            count += 1;
            assert!(schedule["Properties"]["Target"]["DeadLetterConfig"]["Arn"].is_object(), "{path}: {id}");
        }
    }
    assert!(count >= 32, "{count}");
}

/// `regions.py` compares the list of regions with the data of cfn-lint.
#[test]
fn everything_of_the_change_feed_depends_on_the_region() {
    let template = template("template.yaml");
    let feed = &template["Conditions"]["HasChangeFeed"]["Fn::And"];
    assert_eq!(feed[1], json!({"Fn::Not": [{"Condition": "IsWithoutPipes"}]}));
    for (id, resource) in template["Resources"].as_object().unwrap() {
        if resource["Type"] == "AWS::Pipes::Pipe" || resource.to_string().contains("\"ChangesPipe\"") {
            assert_eq!(resource["Condition"], "HasChangeFeed", "{id}");
        }
    }
}
