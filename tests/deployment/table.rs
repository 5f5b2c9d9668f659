//! An upgrade cannot replace the table: this file contains a copy of all properties that DynamoDB or CloudFormation
//! cannot change in place, independent of code and template.
//!
//! A change that fails this test replaces the table of every user who upgrades, or makes the upgrade fail.
//! docs/operations.md, "Schema changes", lists alternatives.

use crate::deployment::yaml::template;
use serde_json::{Value, json};

/// The attributes of each index since the first version.
const PROJECTED: [&str; 20] = [
    "kind",
    "source",
    "account_id",
    "region",
    "schema_version",
    "id",
    "title",
    "status",
    "status_reason",
    "severity",
    "entity",
    "measures",
    "started_at",
    "ended_at",
    "updated_at",
    "answered_at",
    "observed_at",
    "collected_by",
    "content_hash",
    "expires_at",
];
/// Members that replace the table when they are added or changed, or that must exist from the beginning.
const NEVER: [&str; 3] = ["TableName", "ImportSourceSpecification", "LocalSecondaryIndexes"];

fn index(name: &str, partition: &str, sort: &str) -> Value {
    json!({
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": partition, "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": PROJECTED},
    })
}

#[test]
fn an_upgrade_cannot_replace_the_table() {
    let template = template("template.yaml");
    let resource = &template["Resources"]["Table"];
    assert_eq!(resource["Type"], "AWS::DynamoDB::Table", "another logical id is another table");
    assert_eq!(resource.get("Condition"), None, "a false condition removes the table");
    assert_eq!(resource["DeletionPolicy"], "Retain");
    assert_eq!(resource["UpdateReplacePolicy"], "Retain");
    let table = &resource["Properties"];
    for member in NEVER {
        assert_eq!(table.get(member), None, "{member} replaces the table");
    }
    assert_eq!(
        table["KeySchema"],
        json!([{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    );
    let attributes = ["pk", "sk", "open_pk", "open_sk", "ended_pk", "ended_sk", "entity_pk", "entity_sk"];
    let attributes = attributes.map(|name| json!({"AttributeName": name, "AttributeType": "S"}));
    assert_eq!(table["AttributeDefinitions"], Value::from(attributes.to_vec()));
    let indexes = [
        index("open", "open_pk", "open_sk"),
        index("ended", "ended_pk", "ended_sk"),
        index("by_entity", "entity_pk", "entity_sk"),
    ];
    assert_eq!(table["GlobalSecondaryIndexes"], Value::from(indexes.to_vec()));
    assert_eq!(table["DeletionProtectionEnabled"], true);
    // Another view type creates a new stream, from which the pipe of the change feed would not read.
    assert_eq!(table["StreamSpecification"], json!({"StreamViewType": "NEW_AND_OLD_IMAGES"}));
    // To move time to live to another attribute, it must first be disabled, for at least an hour.
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires_at", "Enabled": true}));
}

#[test]
fn two_stacks_can_exist_in_one_account() {
    // Fixed names contain the name of the stack.
    for path in ["template.yaml", "deploy/organization.yaml"] {
        let template = template(path);
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let properties = resource["Properties"].as_object().unwrap();
            let names = [
                "AlarmName",
                "BucketName",
                "DashboardName",
                "FunctionName",
                "LogGroupName",
                "Name",
                "QueueName",
                "RoleName",
                "StateMachineName",
                "TableName",
                "TopicName",
            ];
            for name in names {
                let Some(value) = properties.get(name) else { continue };
                // Names of other resources are not checked here.
                if value["Ref"].as_str().is_some_and(|other| template["Resources"].get(other).is_some()) {
                    continue;
                }
                assert!(value.to_string().contains("AWS::StackName"), "{path}: {id}.{name} is {value}");
            }
        }
    }
}
