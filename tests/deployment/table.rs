//! An upgrade cannot replace the table: what DynamoDB or CloudFormation cannot change in place is frozen here, written out
//! once more rather than taken from code or template.
//!
//! A change that makes this red replaces the table of everybody who upgrades, or fails their upgrade. docs/operations.md,
//! "Schema changes", lists the alternatives.

use crate::deployment::yaml::template;
use serde_json::{Value, json};

/// What each index has carried since the first version.
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
/// Members that replace the table when they appear or change, or that would have to be in it from the first.
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
    assert_eq!(resource["Type"], "AWS::DynamoDB::Table", "the logical id is part of what the table is");
    assert_eq!(resource.get("Condition"), None, "a condition that turns false removes the table");
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
    // Another view makes another stream, which the change feed's pipe would not follow.
    assert_eq!(table["StreamSpecification"], json!({"StreamViewType": "NEW_AND_OLD_IMAGES"}));
    // Expiry can be moved to another attribute only by way of none, an hour apart.
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires_at", "Enabled": true}));
}

#[test]
fn nothing_keeps_a_second_stack_out_of_the_account() {
    // What has a name of its own has the stack's in it.
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
                // Another resource's name is that resource's own affair.
                if value["Ref"].as_str().is_some_and(|other| template["Resources"].get(other).is_some()) {
                    continue;
                }
                assert!(value.to_string().contains("AWS::StackName"), "{path}: {id}.{name} is {value}");
            }
        }
    }
}
