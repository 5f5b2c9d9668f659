//! A table in a simulated AWS, and the program that reads it: with the collected built-in scenario, or with items of a
//! test. The clock is at `NOW` of the lab.

use super::{Run, command, finish};
use insights_collectors::with_collector;
use insights_shared::value::{Map, Value};
use insights_sources::cloudtrail;
use insights_tests::{Lab, NOW, TABLE, Table};
use std::process::Command;
use std::sync::LazyLock;
use tokio::runtime::Runtime;

/// The built-in story, collected once by all functions, for tests that only read.
pub static STORY: LazyLock<Story> = LazyLock::new(Story::collected);

/// The length of the collected CloudTrail history; older data adds nothing new.
const CLOUDTRAIL_DAYS: &str = "20";

/// A lab and its runtime.
pub struct Story {
    runtime: Runtime,
    /// The simulated AWS and its table.
    pub lab: Lab,
    /// The complete items of the table at the start.
    pub table: Table,
}

impl Story {
    /// An empty table.
    pub fn empty() -> Self {
        Self::with_scenario("")
    }

    /// An empty table and services with this scenario.
    pub fn with_scenario(scenario: &str) -> Self {
        Self::with(Lab::new(scenario))
    }

    /// An empty table and services with the built-in scenario.
    pub fn built_in() -> Self {
        Self::with(Lab::built_in())
    }

    fn with(lab: impl Future<Output = Lab>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let lab = runtime.block_on(lab);
        Self { runtime, lab, table: Table::default() }
    }

    /// The built-in story, as all functions collect it at `NOW`.
    pub fn collected() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (lab, table) = runtime.block_on(async {
            let lab = Lab::built_in().await;
            for source in insights_sources::all() {
                let days = [("LOOKBACK_DAYS", CLOUDTRAIL_DAYS)];
                let variables = if source == cloudtrail::SOURCE { &days[..] } else { &[] };
                with_collector!(source, C => lab.function::<C>(variables).invoke("{}").await.unwrap());
            }
            let table = lab.table().await;
            lab.simulator.clear_log();
            (lab, table)
        });
        Self { runtime, lab, table }
    }

    /// Waits for a future of the lab.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Puts an item, given as JSON, without validation.
    pub fn put(&self, json: &str) {
        let Value::Map(item) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        self.put_item(item);
    }

    /// Puts an item without validation.
    pub fn put_item(&self, item: Map) {
        self.wait(self.lab.put(item));
    }

    /// The program at `NOW` with this table.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_at(NOW, arguments)
    }

    /// The program at a given time with this table.
    pub fn command_at(&self, instant: &str, arguments: &[&str]) -> Command {
        let mut command = command(&[&["__as-of", instant], arguments].concat());
        command
            .env("AWS_ENDPOINT_URL", self.lab.simulator.url())
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("TABLE_NAME", TABLE)
            .env("TZ", "UTC");
        command
    }

    /// Runs the program to its end.
    pub fn insights(&self, arguments: &[&str]) -> Run {
        finish(&mut self.command(arguments))
    }

    /// Runs the program, which must succeed, and returns its standard output.
    pub fn output(&self, arguments: &[&str]) -> String {
        let run = self.insights(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.stdout
    }

    /// The records in the program's JSON output.
    pub fn records(&self, arguments: &[&str]) -> Vec<Map> {
        let text = self.output(&[arguments, &["--output", "json"]].concat());
        let Value::List(records) = Value::from_json(&text).unwrap() else { panic!("not a list: {text}") };
        records
            .into_iter()
            .map(|record| if let Value::Map(map) = record { map } else { panic!("not an object") })
            .collect()
    }

    /// One attribute of all records in the program's JSON output.
    pub fn texts(&self, arguments: &[&str], name: &str) -> Vec<String> {
        let records = self.records(arguments);
        records.iter().map(|record| text(record, name)).collect()
    }
}

/// A text attribute, or an empty text.
pub fn text(record: &Map, name: &str) -> String {
    record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The JSON of an insight as the functions store it, with computed index keys. `ended` is empty while the insight is
/// open.
pub fn insight(source: &str, id: &str, started: &str, ended: &str, further: &str) -> String {
    let key = insights_shared::key::Key::new(format!("{source}#123456789012#eu-west-1#{id}"), "insight");
    let (pk, tag) = (&key.pk, key.tag());
    let by_state = if ended.is_empty() {
        format!(
            r#""status":"open","open_pk":"{source}","open_sk":"123456789012#eu-west-1#3#{started}#{tag}""#
        )
    } else {
        format!(
            r#""status":"closed","ended_at":"{ended}","expires_at":1900000000,
               "ended_pk":"{source}.insight#{}","ended_sk":"{ended}#{tag}""#,
            &ended[..7]
        )
    };
    format!(
        r#"{{"pk":"{pk}","sk":"insight","kind":"{source}.insight","source":"{source}","account_id":"123456789012",
            "region":"eu-west-1","schema_version":1,"id":"{id}","title":"Faults in {id}","severity":"high",
            "entity":"{id}","measures":{{"fault_count":30,"ok_count":70,"total_count":100}},
            "started_at":"{started}","updated_at":"{started}","entity_pk":"entity#{id}","entity_sk":"{started}#{tag}",
            "detail":{{"insight_id":"{id}"}},{by_state}{further}}}"#
    )
}
