//! `table create`, and the table that it makes held to `template.yaml`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper that cannot go on fails its test"
)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::insights;

fn create(file: &Path) -> support::Run {
    insights(&["table", "create", "--table", "records", "--local", file.to_str().unwrap()])
}

#[test]
fn a_table_that_is_there_is_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    let first = create(&file);
    assert_eq!((first.code, first.stdout.as_str()), (0, ""), "{first:?}");
    assert!(first.stderr.contains("created table records in "), "{}", first.stderr);

    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let item = json!({"TableName": "records", "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}});
    database.put_item(serde_json::from_value(item).unwrap()).unwrap();
    drop(database);

    let second = create(&file);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.stderr.contains("is there already"), "{}", second.stderr);
    assert_eq!(support::items(&file, "records").len(), 1);
}

#[test]
fn a_database_that_is_damaged_is_told() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    // What every SQLite database begins with, and then nothing that one could hold.
    std::fs::write(&file, format!("SQLite format 3\0{}", "dear diary, ".repeat(1_000))).unwrap();
    let run = create(&file);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("error: opening the database "), "{}", run.stderr);
}

#[test]
fn the_table_is_as_the_template_declares_it() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    assert_eq!(create(&file).code, 0);
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let name = json!({"TableName": "records"});
    let table = database.describe_table(serde_json::from_value(name.clone()).unwrap()).unwrap();
    let table = serde_json::to_value(table).unwrap()["Table"].clone();
    let expiry = database.describe_time_to_live(serde_json::from_value(name).unwrap()).unwrap();
    let expiry = serde_json::to_value(expiry).unwrap()["TimeToLiveDescription"].clone();

    let declared = Declared::read();
    assert_eq!(sorted(texts(&table["AttributeDefinitions"], "AttributeName")), declared.attributes);
    assert_eq!(texts(&table["KeySchema"], "AttributeName"), declared.key);
    assert_eq!(table["BillingModeSummary"]["BillingMode"], declared.value("BillingMode").as_str());
    assert_eq!(table["StreamSpecification"]["StreamViewType"], declared.value("StreamViewType").as_str());
    assert_eq!(expiry["TimeToLiveStatus"], "ENABLED");
    let ttl = declared.lines.iter().position(|line| line == "TimeToLiveSpecification:").unwrap();
    assert!(
        declared.lines[ttl..ttl + 3]
            .contains(&format!("AttributeName: {}", expiry["AttributeName"].as_str().unwrap()))
    );

    let mut indexes: Vec<Index> = table["GlobalSecondaryIndexes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|index| Index {
            name: index["IndexName"].as_str().unwrap().to_owned(),
            key: texts(&index["KeySchema"], "AttributeName"),
            projects: sorted(
                serde_json::from_value(index["Projection"]["NonKeyAttributes"].clone()).unwrap(),
            ),
        })
        .collect();
    indexes.sort();
    assert_eq!(indexes, declared.indexes);
}

#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Index {
    name: String,
    key: Vec<String>,
    projects: Vec<String>,
}

/// The table's resource in the template, as far as its own lines tell: CloudFormation's tags keep a YAML parser away.
#[derive(Debug, Default)]
struct Declared {
    lines: Vec<String>,
    attributes: Vec<String>,
    key: Vec<String>,
    indexes: Vec<Index>,
}

impl Declared {
    fn read() -> Self {
        let template =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
        let resource =
            template.split_once("Type: AWS::DynamoDB::Table\n").expect("no table in the template").1;
        let inside = resource.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
        let lines = inside.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines: Vec<String> = lines.map(|line| line.trim_start_matches("- ").to_owned()).collect();
        let mut declared = Self { lines: lines.clone(), ..Self::default() };
        let mut list = String::new();
        for line in lines {
            match line.split_once(": ") {
                None if line.ends_with(':') => list = line,
                None if list == "NonKeyAttributes:" => {
                    declared.indexes.last_mut().unwrap().projects.push(line);
                }
                Some(("IndexName", name)) => {
                    declared.indexes.push(Index { name: name.to_owned(), ..Index::default() });
                }
                Some(("AttributeName", name)) => match (list.as_str(), declared.indexes.last_mut()) {
                    ("AttributeDefinitions:", _) => declared.attributes.push(name.to_owned()),
                    ("KeySchema:", None) => declared.key.push(name.to_owned()),
                    ("KeySchema:", Some(index)) => index.key.push(name.to_owned()),
                    _ => {}
                },
                _ => {}
            }
        }
        declared.attributes.sort();
        declared.indexes.iter_mut().for_each(|index| index.projects.sort());
        declared.indexes.sort();
        declared
    }

    fn value(&self, name: &str) -> String {
        let line = self.lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("the template gives no {name}")).to_owned()
    }
}

fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|element| element[member].as_str().unwrap().to_owned()).collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}
