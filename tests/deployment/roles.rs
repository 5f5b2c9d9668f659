//! Checks that each role trusts one service or the collector, names its actions, and has the configured permissions boundary.

use crate::deployment::yaml::{resources, template, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TEMPLATES: [&str; 4] =
    ["template.yaml", "deploy/organization.yaml", "deploy/reader-role.yaml", "deploy/push-forwarding.yaml"];

/// All statements of a role's or policy's documents, including conditional ones.
fn statements(properties: &Value) -> Vec<Value> {
    let policies = properties["Policies"].as_array().cloned().unwrap_or_default();
    let own = properties.get("PolicyDocument").cloned();
    let documents = policies.iter().map(|policy| policy["PolicyDocument"].clone()).chain(own);
    let statements = documents.flat_map(|document| document["Statement"].as_array().unwrap().clone());
    statements.map(|statement| statement["Fn::If"].get(1).cloned().unwrap_or(statement)).collect()
}

/// The actions that support no resources, so that they must be allowed on `*`.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
fn needs_everything(action: &str) -> bool {
    let services = ["xray:", "auditmanager:", "securityhub:"];
    let actions = [
        "eks:ListClusters",
        "organizations:ListAccounts",
        "cloudtrail:LookupEvents",
        "cloudtrail:DescribeTrails",
        "cloudwatch:PutMetricData",
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    ];
    services.iter().any(|prefix| action.starts_with(prefix)) || actions.contains(&action)
}

#[test]
fn no_policy_allows_more_than_it_names() {
    for path in TEMPLATES {
        let template = template(path);
        for kind in ["AWS::IAM::Role", "AWS::IAM::Policy"] {
            for (id, resource) in resources(&template, kind) {
                assert_eq!(resource["Properties"].get("ManagedPolicyArns"), None, "{path}: {id}");
                for statement in statements(&resource["Properties"]) {
                    assert_eq!(statement["Effect"], "Allow", "{path}: {id}: {statement}");
                    assert_eq!(
                        statement.get("NotAction").or(statement.get("NotResource")),
                        None,
                        "{path}: {id}"
                    );
                    for action in texts(&statement["Action"]) {
                        assert!(!action.contains('*'), "{path}: {id}: {action} is more than one action");
                        let everything = statement["Resource"] == "*";
                        assert_eq!(
                            everything,
                            needs_everything(&action),
                            "{path}: {id}: {action} on {}",
                            statement["Resource"]
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn every_role_has_the_boundary_and_the_tag() {
    let mut count = 0;
    for path in TEMPLATES {
        let template = template(path);
        for (id, role) in resources(&template, "AWS::IAM::Role") {
            count += 1;
            let boundary = json!({"Fn::If": [
                "HasPermissionsBoundary",
                {"Ref": "PermissionsBoundaryArn"},
                {"Ref": "AWS::NoValue"},
            ]});
            assert_eq!(role["Properties"]["PermissionsBoundary"], boundary, "{path}: {id}");
        }
    }
    // One role per function, and six others.
    assert_eq!(count, insights_sources::all().len() + 6);
}

#[test]
fn services_are_trusted_only_for_this_account() {
    for path in ["template.yaml", "deploy/organization.yaml", "deploy/push-forwarding.yaml"] {
        let template = template(path);
        for (id, role) in resources(&template, "AWS::IAM::Role") {
            let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"];
            let [statement] = &trust.as_array().unwrap()[..] else {
                panic!("{path}: {id} trusts more than one")
            };
            let service = statement["Principal"]["Service"].as_str().unwrap();
            let account = statement["Condition"]["StringEquals"].get("aws:SourceAccount");
            // Lambda assumes the role of a function only for this function, and supports no source condition.
            assert_eq!(account.is_none(), service == "lambda.amazonaws.com", "{path}: {id} trusts {service}");
        }
    }
}

#[test]
fn the_role_of_the_state_machine_is_for_its_executions_and_those_of_its_maps() {
    let template = template("deploy/organization.yaml");
    let resources = &template["Resources"];
    let trust = &resources["StateMachineRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    let machine =
        "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}";
    let expected = json!([{"Fn::Sub": machine}, {"Fn::Sub": format!("{machine}/*")}]);
    assert_eq!(trust["Condition"]["ArnLike"]["aws:SourceArn"], expected);
    // A redrive identifies the executions of a map by its label.
    let statements = statements(&resources["StateMachineRole"]["Properties"]);
    let redrive =
        statements.iter().find(|statement| statement["Action"] == "states:RedriveExecution").unwrap();
    let states = &resources["Organization"]["Properties"]["Definition"]["States"];
    let execution = machine.replace("stateMachine", "execution");
    let labels = [&states["EachAccount"], &states["EachListedAccount"]["Fn::If"][1]]
        .map(|map| json!({"Fn::Sub": format!("{execution}/{}:*", map["Label"].as_str().unwrap())}));
    assert_eq!(redrive["Resource"], json!(labels));
    // Without a log, Step Functions does not redrive child executions of the type EXPRESS.
    let log = &resources["Organization"]["Properties"]["LoggingConfiguration"];
    assert_eq!(log["Level"], "ERROR");
    assert_eq!(log["IncludeExecutionData"], false);
}

#[test]
fn the_reader_role_has_exactly_the_read_actions_of_the_functions() {
    let template = template("deploy/reader-role.yaml");
    let [(_, role)] = resources(&template, "AWS::IAM::Role")[..] else { panic!("one role") };
    let allowed: BTreeSet<String> =
        statements(&role["Properties"]).iter().flat_map(|statement| texts(&statement["Action"])).collect();
    let declared: BTreeSet<String> =
        insights_sources::operations().map(|operation| operation.iam_action.to_owned()).collect();
    assert_eq!(allowed, declared);
    let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Action"], "sts:AssumeRole");
    let condition = &trust["Condition"];
    assert_eq!(condition["StringEquals"]["sts:ExternalId"], json!({"Ref": "ExternalId"}));
    assert_eq!(condition["StringEquals"]["aws:PrincipalOrgID"], json!({"Ref": "OrganizationId"}));
    // The function roles of the collector, with the names that CloudFormation generates.
    let collector = crate::deployment::yaml::template("template.yaml");
    let principals = condition["ArnLike"]["aws:PrincipalArn"].to_string();
    for (_, function) in resources(&collector, "AWS::Serverless::Function") {
        let role = function["Properties"]["Role"]["Fn::GetAtt"].as_str().unwrap().trim_end_matches(".Arn");
        assert!(principals.contains(&format!("${{CollectorStackName}}-{role}-*")), "{role} in {principals}");
    }
    let sources = insights_sources::all().len();
    assert_eq!(condition["ArnLike"]["aws:PrincipalArn"].as_array().unwrap().len(), sources);
    // If the name is longer than 64 characters, CloudFormation cuts the part that the trust policy of the reader role
    // matches. CloudFormation adds 12 characters.
    let pattern = template["Parameters"]["CollectorStackName"]["AllowedPattern"].as_str().unwrap();
    let most: usize = pattern.trim_end_matches("}$").rsplit(',').next().unwrap().parse().unwrap();
    let longest = resources(&collector, "AWS::IAM::Role")
        .iter()
        .filter(|(id, _)| principals.contains(&format!("-{id}-*")))
        .map(|(id, _)| id.len())
        .max();
    assert!(1 + most + "-".len() + longest.unwrap() + "-".len() + 12 <= 64, "{pattern}");
}

#[test]
fn optional_permissions_depend_on_parameters() {
    let template = template("template.yaml");
    let extra: BTreeSet<(&str, String, String)> = resources(&template, "AWS::IAM::Policy")
        .into_iter()
        .flat_map(|(id, policy)| {
            let condition = policy["Condition"].as_str().unwrap_or_default().to_owned();
            let roles = policy["Properties"]["Roles"].as_array().unwrap().len();
            assert_eq!(roles, insights_sources::all().len(), "{id}");
            let actions = statements(&policy["Properties"])
                .into_iter()
                .flat_map(|statement| texts(&statement["Action"]));
            actions.map(|action| (id, condition.clone(), action)).collect::<Vec<_>>()
        })
        .collect();
    let expected = [
        ("Trace", "HasTracing", "xray:PutTelemetryRecords"),
        ("Trace", "HasTracing", "xray:PutTraceSegments"),
        ("UseKey", "HasKey", "kms:Decrypt"),
        ("UseKey", "HasKey", "kms:DescribeKey"),
        ("UseKey", "HasKey", "kms:Encrypt"),
        ("UseKey", "HasKey", "kms:GenerateDataKey"),
        ("UseKey", "HasKey", "kms:GenerateDataKeyWithoutPlaintext"),
        ("UseKey", "HasKey", "kms:ReEncryptFrom"),
        ("UseKey", "HasKey", "kms:ReEncryptTo"),
        ("UseVpc", "HasVpc", "ec2:AssignPrivateIpAddresses"),
        ("UseVpc", "HasVpc", "ec2:CreateNetworkInterface"),
        ("UseVpc", "HasVpc", "ec2:DeleteNetworkInterface"),
        ("UseVpc", "HasVpc", "ec2:DescribeNetworkInterfaces"),
        ("UseVpc", "HasVpc", "ec2:DescribeSubnets"),
        ("UseVpc", "HasVpc", "ec2:UnassignPrivateIpAddresses"),
    ];
    let expected = expected.map(|(id, condition, action)| (id, condition.to_owned(), action.to_owned()));
    assert_eq!(extra, expected.into());
}
