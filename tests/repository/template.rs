//! Checks that `template.yaml` and the code agree about permissions and the table.

use insights_shared::store::schema::{ENVELOPE, INDEXES};
use insights_tests::permissions::{allowed, template};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn each_function_has_exactly_the_permissions_that_it_needs() {
    let template = template();
    let check = |binary: &str, declared: &[&str]| {
        let service = declared[0].split(':').next().unwrap();
        let allowed = allowed(&template, binary);
        let own: BTreeSet<&str> = allowed
            .iter()
            .map(String::as_str)
            .filter(|action| action.starts_with(&format!("{service}:")))
            .collect();
        assert_eq!(own, declared.iter().copied().collect::<BTreeSet<_>>(), "{binary}");
        let others = ["dynamodb:", "logs:", "sqs:SendMessage", "sts:AssumeRole"];
        for action in allowed.iter().filter(|action| !own.contains(action.as_str())) {
            assert!(others.iter().any(|prefix| action.starts_with(prefix)), "{binary}: {action}");
        }
        for action in &allowed {
            assert!(!action.contains('*'), "{binary}: {action} is more than one action");
        }
        // The operations of the store on the table.
        for action in ["BatchGetItem", "PutItem", "PartiQLInsert", "UpdateItem"] {
            assert!(allowed.contains(&format!("dynamodb:{action}")), "{binary} may not {action}");
        }
        // A function whose records are only daily counts needs no query.
        let needs_query =
            insights_sources::all().any(|source| source.package == binary && source.needs_query());
        assert_eq!(allowed.contains("dynamodb:Query"), needs_query, "{binary}: Query");
        for action in ["Scan", "DeleteItem", "DeleteTable", "CreateTable", "UpdateTable"] {
            assert!(!allowed.contains(&format!("dynamodb:{action}")), "{binary} may {action}");
        }
    };
    for source in insights_sources::all() {
        check(source.package, &source.iam_actions());
    }
}

#[test]
fn the_table_of_the_template_matches_the_code() {
    let template = template();
    let table = &template["Resources"]["Table"]["Properties"];
    let keys = |partition: &str, sort: &str| {
        json!([
            {"AttributeName": partition, "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ])
    };
    assert_eq!(table["KeySchema"], keys("pk", "sk"));
    let indexes = INDEXES.map(|(name, partition, sort)| {
        json!({
            "IndexName": name,
            "KeySchema": keys(partition, sort),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ENVELOPE},
        })
    });
    assert_eq!(table["GlobalSecondaryIndexes"], Value::from(indexes.to_vec()));
    let mut attributes: BTreeSet<&str> = ["pk", "sk"].into();
    attributes.extend(INDEXES.iter().flat_map(|(_, partition, sort)| [*partition, *sort]));
    let defined = table["AttributeDefinitions"].as_array().unwrap();
    assert!(defined.iter().all(|attribute| attribute["AttributeType"] == "S"));
    assert_eq!(defined.len(), attributes.len());
    let defined: BTreeSet<&str> =
        defined.iter().map(|attribute| attribute["AttributeName"].as_str().unwrap()).collect();
    assert_eq!(defined, attributes);
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires_at", "Enabled": true}));
    assert_eq!(table["StreamSpecification"], json!({"StreamViewType": "NEW_AND_OLD_IMAGES"}));
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(template["Resources"]["Table"]["DeletionPolicy"], "Retain");
}

#[tokio::test]
async fn the_created_table_matches_the_declared_schema() {
    let lab = insights_tests::Lab::new("").await;
    let client = lab.dynamodb();
    let table =
        client.describe_table().table_name(insights_tests::TABLE).send().await.unwrap().table.unwrap();
    let mut indexes: Vec<(String, Vec<String>)> = table
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            let keys = index.key_schema().iter().map(|key| key.attribute_name.clone()).collect();
            (index.index_name().unwrap().to_owned(), keys)
        })
        .collect();
    indexes.sort();
    let mut expected = INDEXES
        .map(|(name, partition, sort)| (name.to_owned(), vec![partition.to_owned(), sort.to_owned()]))
        .to_vec();
    expected.sort();
    assert_eq!(indexes, expected);
    for index in table.global_secondary_indexes() {
        let projected: BTreeSet<&str> =
            index.projection().unwrap().non_key_attributes().iter().map(String::as_str).collect();
        assert_eq!(projected, ENVELOPE.into(), "{index:?}");
    }
    let expiry = client.describe_time_to_live().table_name(insights_tests::TABLE).send().await.unwrap();
    assert_eq!(expiry.time_to_live_description.unwrap().attribute_name(), Some("expires_at"));
}
