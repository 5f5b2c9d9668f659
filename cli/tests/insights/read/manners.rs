//! Error messages about arguments, table, credentials and permissions.

use crate::support::story::{STORY, Story};
use crate::support::{Run, command, finish, insights};

fn check(run: &Run, code: i32, expected: &[&str]) {
    assert_eq!(run.code, code, "{run:?}");
    assert_eq!(run.stdout, "", "{run:?}");
    for text in expected {
        assert!(run.stderr.contains(text), "{text} is missing: {}", run.stderr);
    }
}

#[test]
fn invalid_arguments_are_reported_with_the_rule() {
    for (arguments, expected) in [
        (
            &["list", "--source", "x-ray"][..],
            &["invalid value 'x-ray'", "xray, cloudtrail, auditmanager"][..],
        ),
        (&["list", "--source", "cloudtrial"], &["a similar value exists: 'cloudtrail'"]),
        (&["list", "--kind", "xray.insigt"], &["a similar value exists: 'xray.insight'"]),
        (&["list", "--severity", "hi"], &["info, low, medium, high, critical"]),
        (&["list", "--since", "tomorrow"], &["--since <TIME>", "such as 24h or 7d"]),
        (&["list", "--since", "-3d"], &["such as 24h or 7d"]),
        (
            &["list", "--limit", "0"],
            &[
                "'0' for '--limit <NUMBER>': must be an integer of at least 1",
                "\nhint: insights list --limit 20\n",
            ],
        ),
        (&["list", "--limit", "many"], &["must be an integer of at least 1"]),
        (&["list", "--output", "yaml"], &["table, json, csv"]),
        (
            &["list", "--since", "2026-03-02T00:00:00Z", "--until", "2026-03-01T00:00:00Z"],
            &[
                "--since 2026-03-02T00:00:00.000Z is after --until 2026-03-01T00:00:00.000Z: it must be before",
            ],
        ),
        (
            &["list", "--since", "2100-01-01"],
            &["--since 2100-01-01T00:00:00.000Z is after now, ", "must be before"],
        ),
        (&["list", "--since", "2100-01-01", "--until", "2101-01-01"], &["is after now, ", "must be before"]),
        (&["series", "--period", "10"], &["60, 300, 3600"]),
        (&["list", "--open", "--source", "auditmanager"], &["counts have no status"]),
        (&["list", "--open", "--kind", "auditmanager.insights"], &["counts have no status"]),
        (&["status", "--stale-after", "soon"], &["a length of time such as 90m, 24h or 7d"]),
        (&["show"], &["<PK>"]),
        (&["list", "--table", "a b"], &["table name \"a b\" must be 3 to 255"]),
    ] {
        check(&STORY.insights(arguments), 2, expected);
    }
}

#[test]
fn a_missing_table_is_an_error_that_suggests_a_similar_table() {
    check(
        &STORY.insights(&["list", "--table", "insight"]),
        2,
        &["no table insight: did you mean --table insights?"],
    );
    check(&STORY.insights(&["list", "--table", "orders"]), 2, &["no table orders; the tables are insights"]);
    let none = Story::empty();
    none.wait(async {
        let client = none.lab.dynamodb();
        client.update_table().table_name("insights").deletion_protection_enabled(false).send().await.unwrap();
        client.delete_table().table_name("insights").send().await.unwrap();
    });
    check(&none.insights(&["status"]), 2, &["no table insights: create it with `insights table create`"]);
}

#[test]
fn a_table_with_other_keys_is_an_error() {
    let story = Story::empty();
    story.wait(async {
        use aws_sdk_dynamodb::types::{
            AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
        };
        let mut create =
            story.lab.dynamodb().create_table().table_name("orders").billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let attribute =
                AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            create =
                create.attribute_definitions(attribute.build().unwrap()).key_schema(key.build().unwrap());
        }
        create.send().await.unwrap();
    });
    let another = "error: table orders: not a table of insights: it has no index open\n";
    let hint = "hint: insights table create --table orders-insights\n";
    check(&story.insights(&["list", "--table", "orders"]), 2, &[another, hint]);
    let create = story.insights(&["table", "create", "--table", "orders-insights"]);
    assert_eq!(create.code, 0, "the hint works: {create:?}");
}

/// Tables with other keys, or with one of our indexes with other keys.
#[test]
fn a_table_of_another_schema_is_an_error_that_names_the_differences() {
    let story = Story::empty();
    let create = |name: &str, keys: [&str; 2], index: Option<[&str; 2]>| {
        use aws_sdk_dynamodb::types::{
            AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
            ProjectionType, ScalarAttributeType,
        };
        let schema = |[partition, sort]: [&str; 2]| {
            let key = |name: &str, kind| {
                KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
            };
            vec![key(partition, KeyType::Hash), key(sort, KeyType::Range)]
        };
        let names = keys.into_iter().chain(index.into_iter().flatten());
        let definitions = names.map(|name| {
            let definition = AttributeDefinition::builder().attribute_name(name);
            definition.attribute_type(ScalarAttributeType::S).build().unwrap()
        });
        let projection = Projection::builder().projection_type(ProjectionType::All).build();
        let indexes = index.map(|keys| {
            let index = GlobalSecondaryIndex::builder().index_name("open").projection(projection);
            vec![index.set_key_schema(Some(schema(keys))).build().unwrap()]
        });
        let client = story.lab.dynamodb();
        let create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        let create = create.set_key_schema(Some(schema(keys))).set_global_secondary_indexes(indexes);
        story.wait(create.set_attribute_definitions(Some(definitions.collect())).send()).unwrap();
    };
    create("users", ["id", "sort"], None);
    create("events", ["pk", "sk"], Some(["status", "at"]));
    for (table, arguments, expected) in [
        ("users", &["list"][..], "its key is id, sort, expected pk, sk"),
        ("users", &["status"], "its key is id, sort, expected pk, sk"),
        ("users", &["show", "xray#123456789012#eu-west-1#x"], "its key is id, sort, expected pk, sk"),
        ("events", &["list", "--open"], "the key of its index open is status, at, expected open_pk, open_sk"),
        ("events", &["timeline"], "the key of its index open is status, at, expected open_pk, open_sk"),
    ] {
        let run = story.insights(&[arguments, &["--table", table]].concat());
        check(
            &run,
            2,
            &[&format!("error: table {table}: not a table of insights: {expected}\n"), "\nhint: "],
        );
    }
}

#[test]
fn an_endpoint_of_the_table_that_is_not_a_url_is_an_error() {
    for (name, value, hint) in [
        (
            "AWS_ENDPOINT_URL",
            "localhost:8000",
            "hint: AWS_ENDPOINT_URL=http://localhost:8000 insights list --open\n",
        ),
        (
            "AWS_ENDPOINT_URL_DYNAMODB",
            "nowhere",
            "hint: AWS_ENDPOINT_URL_DYNAMODB=http://nowhere insights list --open\n",
        ),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://", "hint: AWS_ENDPOINT_URL_DYNAMODB='' insights list --open\n"),
    ] {
        let mut command = STORY.command(&["list", "--open"]);
        let expected =
            format!("error: {name} is {value}: must be a URL such as https://host or http://host:port\n");
        check(&finish(command.env(name, value)), 2, &[&expected, hint]);
    }
    // Endpoints of services that this command does not call are not checked.
    let mut command = STORY.command(&["list", "--open"]);
    assert_eq!(finish(command.env("AWS_ENDPOINT_URL_XRAY", "nowhere")).code, 0);
}

/// A server that accepts the connection and never responds is named after two seconds. Other tests check the limits in
/// paused time.
#[test]
fn a_slow_endpoint_is_named() {
    use std::io::{BufRead, BufReader};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut command = STORY.command(&["list"]);
    command.env("AWS_ENDPOINT_URL", &endpoint).stderr(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, format!("still waiting for an answer from {endpoint} (region eu-west-1)\n"));
}

#[test]
fn a_missing_file_is_never_created() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    let run = insights(&["list", "--local", file.to_str().unwrap()]);
    check(&run, 2, &["file not found", "`insights demo` creates"]);
    assert!(!file.exists());
    std::fs::write(root.path().join("table.db"), "").unwrap();
    let folder = insights(&["list", "--local", root.path().to_str().unwrap()]);
    check(&folder, 2, &["this is a folder; use --local ", "table.db"]);
}

#[test]
fn other_files_are_not_tables_and_empty_files_have_no_table() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    let list = || insights(&["list", "--local", file.to_str().unwrap()]);
    for other in ["{\"kind\": \"xray.insight\"}\n", "S"] {
        std::fs::write(&file, other).unwrap();
        let create = insights(&["table", "create", "--local", file.to_str().unwrap()]);
        check(&list(), 2, &["insights.db: the file is not a table; `insights demo` creates"]);
        check(&create, 2, &["insights.db is not a table"]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), other);
    }
    std::fs::write(&file, "").unwrap();
    check(&list(), 2, &["no table insights"]);
    check(&insights(&["list", "--local", root.path().to_str().unwrap()]), 2, &["this is not a file"]);
}

#[test]
fn missing_region_or_credentials_are_reported_with_the_variables() {
    check(
        &insights(&["list", "--entity", "two words"]),
        2,
        &[
            "no region: set AWS_REGION",
            "--local FILE",
            "hint: AWS_REGION=eu-west-1 insights list --entity 'two words'\n",
        ],
    );
    let mut misspelled = command(&["list"]);
    misspelled.env("AWS_REGION", "EU_WEST");
    check(
        &finish(&mut misspelled),
        2,
        &["the region of AWS_REGION or of the profile is EU_WEST: must be a region such as"],
    );
    let mut without_credentials = command(&["list"]);
    without_credentials.env("AWS_REGION", "eu-west-1").env("AWS_ENDPOINT_URL", STORY.lab.simulator.url());
    check(&finish(&mut without_credentials), 2, &["error: no AWS credentials: ", "\nhint: aws configure\n"]);
}

#[test]
fn errors_of_aws_are_reported_with_a_remedy() {
    for (fault, expected) in [
        ("Query=denied:9", "these credentials need dynamodb:Query and dynamodb:BatchGetItem"),
        ("Query=expired:9", "the credentials have expired: sign in again"),
    ] {
        let story = Story::empty();
        story.lab.fault(fault);
        check(&story.insights(&["list"]), 1, &[expected]);
    }
    let mut nobody = STORY.command(&["list"]);
    nobody.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_MAX_ATTEMPTS", "1");
    check(&finish(&mut nobody), 1, &["asking table insights: Query: Connection", "check AWS_REGION"]);
}

#[test]
fn the_help_of_every_reading_command_has_examples() {
    for name in ["list", "show", "series", "compliance", "timeline", "status"] {
        let run = insights(&[name, "--help"]);
        assert_eq!(run.code, 0, "{run:?}");
        for expected in ["Examples:", "--local <FILE>", "--output <FORM>", "--utc"] {
            assert!(run.stdout.contains(expected), "{name}: {expected} is missing: {}", run.stdout);
        }
        assert!(!run.stdout.contains("__as-of"), "{name}");
    }
}

#[test]
fn completions_complete_commands_flags_and_values() {
    let script = insights(&["completions", "bash"]).stdout;
    for expected in
        ["timeline", "--stale-after", "auditmanager.domain", "xray cloudtrail auditmanager", "table json csv"]
    {
        assert!(script.contains(expected), "{expected} is missing");
    }
}
