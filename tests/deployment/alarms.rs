//! Alarms: every alarm is documented and sends notifications, and its metric is written by the functions.

use crate::deployment::yaml::{resources, template};
use crate::deployment::{quoted, read, rows};
use insights_shared::metrics;
use insights_shared::record::Source;
use insights_shared::report::{Response, RunStatus, Targets, Usage};
use insights_shared::response::LARGEST_RESPONSE;
use insights_shared::time::Timestamp;
use insights_sources::xray;
use serde_json::Value;
use std::collections::BTreeSet;

const TEMPLATES: [&str; 3] = ["template.yaml", "deploy/alarms.yaml", "deploy/organization.yaml"];

fn alarms() -> Vec<(String, Value)> {
    let of = |path: &str| {
        let template = template(path);
        let alarms = resources(&template, "AWS::CloudWatch::Alarm");
        alarms
            .into_iter()
            .map(|(_, alarm)| (path.to_owned(), alarm["Properties"].clone()))
            .collect::<Vec<_>>()
    };
    TEMPLATES.iter().flat_map(|path| of(path)).collect()
}

#[test]
fn the_documented_alarms_are_the_alarms_of_the_templates() {
    let name = |alarm: &Value| {
        let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
        name.replace("${AWS::StackName}", "<stack>")
            .replace("${Stack}", "<stack>")
            .replace("${Source}", "<source>")
    };
    let there: BTreeSet<String> = alarms().iter().map(|(_, alarm)| name(alarm)).collect();
    let described: BTreeSet<String> =
        rows(&read("docs/operations.md"), "## Alarms").iter().flat_map(|row| quoted(&row[0])).collect();
    assert_eq!(there, described);
    assert_eq!(there.len(), 17);
    for row in rows(&read("docs/operations.md"), "## Alarms") {
        assert_eq!(row.len(), 4, "what it means, why, and what to do: {row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

#[test]
fn every_alarm_sends_notifications_when_it_starts_and_ends() {
    for (path, alarm) in alarms() {
        let topic = match path.as_str() {
            "template.yaml" => "Alarms",
            "deploy/alarms.yaml" => "TopicArn",
            _ => "AlarmsTopic",
        };
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm[actions], serde_json::json!([{"Ref": topic}]), "{path}: {}", alarm["AlarmName"]);
        }
        let missing = alarm["TreatMissingData"].as_str().unwrap_or_default();
        // The alarm on a share of accounts gets one value per run. Between two runs it keeps its state.
        let is_share = alarm["Metrics"][0]["Id"] == "share";
        let allowed: &[&str] = if is_share { &["ignore"] } else { &["breaching", "notBreaching"] };
        assert!(allowed.contains(&missing), "{}", alarm["AlarmName"]);
        let of_runs =
            ["SuccessfulRuns", "ExecutionsSucceeded"].iter().any(|name| alarm["MetricName"] == *name);
        assert_eq!(
            missing == "breaching",
            of_runs,
            "silence is bad news only of runs: {}",
            alarm["AlarmName"]
        );
        // The name contains the name of the stack, so that two stacks have separate alarms.
        let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
        assert!(name.starts_with("${Stack}-") || name.starts_with("${AWS::StackName}-"), "{name}");
    }
}

#[test]
fn every_source_has_its_alarms() {
    let template = template("template.yaml");
    let stacks = resources(&template, "AWS::CloudFormation::Stack");
    let sources: BTreeSet<&str> = stacks
        .iter()
        .map(|(_, stack)| stack["Properties"]["Parameters"]["Source"].as_str().unwrap())
        .collect();
    assert_eq!(sources, insights_sources::all().map(Source::as_str).collect());
    let nested = crate::deployment::yaml::template("deploy/alarms.yaml");
    let parameters: BTreeSet<&String> = nested["Parameters"].as_object().unwrap().keys().collect();
    for (id, stack) in stacks {
        let properties = &stack["Properties"];
        assert_eq!(properties["TemplateURL"], "deploy/alarms.yaml", "{id}");
        let given: BTreeSet<&String> = properties["Parameters"].as_object().unwrap().keys().collect();
        assert_eq!(given, parameters, "{id}");
    }
}

/// The members in a filter pattern, without `$.`.
fn members(pattern: &str) -> BTreeSet<&str> {
    let ends = |character: char| !character.is_ascii_alphanumeric() && character != '_';
    pattern.split("$.").skip(1).map(|rest| rest.split(ends).next().unwrap()).collect()
}

/// The log line of a scheduled run.
fn line() -> Value {
    let response = Response::new(xray::SOURCE, false, Usage::default(), Targets::default(), LARGEST_RESPONSE);
    metrics::line(&response, "scheduled", Timestamp::from_seconds(1_700_000_000))
}

/// Pushes do not show whether schedules work, and dry runs store nothing.
#[test]
fn only_scheduled_runs_make_a_source_fresh() {
    let template = template("deploy/alarms.yaml");
    let filters = resources(&template, "AWS::Logs::MetricFilter");
    let (_, filter) = filters.into_iter().find(|(id, _)| *id == "SuccessfulRuns").unwrap();
    let pattern = filter["Properties"]["FilterPattern"].as_str().unwrap();
    let parts: Vec<&str> = pattern.trim_matches(['{', '}', ' ']).splitn(3, " && ").collect();
    assert_eq!(parts[0], r#"($.trigger = "scheduled")"#);
    assert_eq!(parts[1], "($.dry_run IS FALSE)");
}

#[test]
fn metric_filters_count_what_a_run_writes() {
    let line = line();
    let statuses =
        [RunStatus::Ok, RunStatus::Partial, RunStatus::NotEnabled, RunStatus::Failed].map(RunStatus::as_str);
    let template = template("deploy/alarms.yaml");
    let filters = resources(&template, "AWS::Logs::MetricFilter");
    assert_eq!(filters.len(), 4);
    let mut counted = BTreeSet::new();
    for (id, filter) in filters {
        let properties = &filter["Properties"];
        let pattern = properties["FilterPattern"].as_str().unwrap();
        let transformation = &properties["MetricTransformations"][0];
        let value = transformation["MetricValue"].as_str().unwrap();
        for member in members(pattern).into_iter().chain(members(value)) {
            assert!(line.get(member).is_some(), "{id}: a run writes no {member}");
        }
        // A filter for a status that no run has would never match, and no error would show it.
        for text in pattern.split('"').skip(1).step_by(2) {
            assert!(statuses.contains(&text) || text == "scheduled", "{id}: no run ends as {text}");
        }
        assert_eq!(transformation["Dimensions"], serde_json::json!([{"Key": "source", "Value": "$.source"}]));
        counted.insert((
            transformation["MetricNamespace"].clone().to_string(),
            transformation["MetricName"].to_string(),
        ));
    }
    // The alarms use the metrics of the filters.
    for (id, alarm) in resources(&template, "AWS::CloudWatch::Alarm") {
        let properties = &alarm["Properties"];
        if properties["Namespace"].is_object() {
            let looked_at = (properties["Namespace"].to_string(), properties["MetricName"].to_string());
            assert!(counted.contains(&looked_at), "{id}");
        }
    }
}

#[test]
fn the_dashboard_shows_only_existing_metrics() {
    let template = template("template.yaml");
    let body =
        template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0].as_str().unwrap();
    let body: Value = serde_json::from_str(body).expect("JSON before values are inserted");
    let line = line();
    let mut own = 0;
    for widget in body["widgets"].as_array().unwrap() {
        let (mut namespace, mut name) = (String::new(), String::new());
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            let metric: Vec<&str> = metric.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            // "..." repeats all values except the last, and "." repeats the value above.
            if let [first, second, ..] = metric[..]
                && first != "..."
            {
                if first != "." {
                    first.clone_into(&mut namespace);
                }
                second.clone_into(&mut name);
            }
            if namespace == "InsightsAggregator" {
                own += 1;
                assert!(line.get(&name).is_some(), "a run writes no {name}");
            }
        }
    }
    assert!(own >= 30, "records, calls and units of three sources: {own}");
}

#[test]
fn the_alarms_of_the_organization_use_the_metrics_of_its_state_machine() {
    let template = template("deploy/organization.yaml");
    let states = &template["Resources"]["Organization"]["Properties"]["Definition"]["States"];
    let counted = &states["CountAccounts"]["Arguments"];
    let counted_names: BTreeSet<&str> = counted["MetricData"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| metric["MetricName"].as_str().unwrap())
        .collect();
    let mut used = BTreeSet::new();
    let mut machines = BTreeSet::new();
    for (_, alarm) in resources(&template, "AWS::CloudWatch::Alarm") {
        let mut of_alarm = BTreeSet::new();
        for metric in alarm["Properties"]["Metrics"].as_array().into_iter().flatten() {
            let metric = &metric["MetricStat"]["Metric"];
            if metric["Namespace"] == counted["Namespace"] {
                used.insert(metric["MetricName"].as_str().unwrap());
            } else if let Some(dimension) = metric["Dimensions"].get(0) {
                of_alarm.insert(dimension["Value"].to_string());
            }
        }
        assert!(of_alarm.len() <= 1, "one alarm of several state machines: {of_alarm:?}");
        machines.extend(of_alarm);
    }
    assert_eq!(used, counted_names);
    // The metrics of child executions have the label of their map after the ARN.
    let labels = [&states["EachAccount"], &states["EachListedAccount"]["Fn::If"][1]].map(
        |map| serde_json::json!({"Fn::Sub": format!("${{Organization}}/{}", map["Label"].as_str().unwrap())}),
    );
    let expected = labels.into_iter().chain([serde_json::json!({"Ref": "Organization"})]);
    assert_eq!(machines, expected.map(|value| value.to_string()).collect());
}
