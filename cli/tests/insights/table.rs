//! `table create`, and the comparison of its table with `template.yaml`.
use crate::support::insights;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

fn create(file: &Path) -> crate::support::Run {
    insights(&["table", "create", "--table", "records", "--local", file.to_str().unwrap()])
}

#[test]
fn an_existing_table_stays_unchanged() {
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
    assert!(second.stderr.contains("already exists"), "{}", second.stderr);
    assert_eq!(crate::support::items(&file, "records").len(), 1);
}

#[test]
fn disabled_settings_of_an_existing_table_are_enabled() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    create(&file);
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let expiry = json!({"TableName": "records",
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": false}});
    database.update_time_to_live(serde_json::from_value(expiry).unwrap()).unwrap();
    drop(database);
    let run = create(&file);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("already exists; enabled: time to live\n"), "{}", run.stderr);
    let again = create(&file);
    assert!(again.stderr.contains("already exists; nothing was changed"), "{}", again.stderr);
}

#[test]
fn a_table_with_another_schema_stays_unchanged() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    for (sort, expected) in [("sort", "its key is pk, sort, expected pk, sk"), ("sk", "it has no index open")]
    {
        let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
        let table = json!({"TableName": "records", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": sort, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]});
        database.create_table(serde_json::from_value(table).unwrap()).unwrap();
        drop(database);
        let run = create(&file);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            run.stderr.contains(expected) && run.stderr.contains("nothing was changed"),
            "{}",
            run.stderr
        );
        let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
        let name = json!({"TableName": "records"});
        let expiry = database.describe_time_to_live(serde_json::from_value(name.clone()).unwrap()).unwrap();
        let expiry = serde_json::to_value(expiry).unwrap()["TimeToLiveDescription"].clone();
        assert_ne!(expiry["TimeToLiveStatus"], "ENABLED");
        database.delete_table(serde_json::from_value(name).unwrap()).unwrap();
    }
}

/// The responses of AWS after a first attempt that stopped after `CreateTable`.
#[test]
fn an_incomplete_table_is_completed_when_its_backups_are_available() {
    let key = |partition: &str, sort: &str| {
        json!([
            {"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}
        ])
    };
    let ours = json!({"Table": {"TableName": "records", "TableStatus": "ACTIVE", "KeySchema": key("pk", "sk"),
        "GlobalSecondaryIndexes": [{"IndexName": "open"}, {"IndexName": "ended"}, {"IndexName": "by_entity"}]}});
    let expected = [
        ("CreateTable", 400, json!({"__type": "com.amazonaws.dynamodb.v20120810#ResourceInUseException"})),
        ("DescribeTable", 200, ours.clone()),
        ("DescribeTable", 200, ours),
        (
            "DescribeTimeToLive",
            200,
            json!({"TimeToLiveDescription":
            {"TimeToLiveStatus": "ENABLING", "AttributeName": "expires_at"}}),
        ),
        (
            "DescribeContinuousBackups",
            200,
            json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}}),
        ),
        (
            "UpdateContinuousBackups",
            400,
            json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ContinuousBackupsUnavailableException",
            "message": "Backups are being enabled for the table: records. Please retry later"}),
        ),
        ("UpdateContinuousBackups", 200, json!({})),
    ];
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (answers, log) = (expected.clone(), Arc::clone(&asked));
    std::thread::spawn(move || {
        for (_, status, body) in answers {
            let operation = answer(&listener.accept().unwrap().0, status, &body.to_string());
            log.lock().unwrap().push(operation);
        }
    });
    let mut command = crate::support::command(&["table", "create", "--table", "records"]);
    command.envs([
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    let run = crate::support::finish(&mut command);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("already exists; enabled: point-in-time recovery\n"), "{}", run.stderr);
    assert_eq!(*asked.lock().unwrap(), expected.map(|(operation, ..)| operation));
}

/// Answers one request, closes the connection, and returns the operation.
fn answer(stream: &TcpStream, status: u16, body: &str) -> String {
    let mut reader = BufReader::new(stream);
    let (mut operation, mut length) = (String::new(), 0);
    for line in reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match name.to_lowercase().as_str() {
            "x-amz-target" => value.rsplit('.').next().unwrap().clone_into(&mut operation),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
    let head = format!("HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {}", body.len());
    write!(&*stream, "{head}\r\ncontent-type: application/x-amz-json-1.0\r\n\r\n{body}").unwrap();
    operation
}

#[test]
fn a_damaged_database_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    // The header of an SQLite database followed by invalid data.
    std::fs::write(&file, format!("SQLite format 3\0{}", "dear diary, ".repeat(1_000))).unwrap();
    let run = create(&file);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("error: opening the database "), "{}", run.stderr);
}

#[test]
fn the_created_table_matches_the_template() {
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

/// The table resource of the template, read line by line because YAML parsers do not accept CloudFormation tags.
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
