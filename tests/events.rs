//! Invokes each function with its sample events (`events/`) and the built-in scenario of the simulator.

use crate::for_every_source;
use insights_collectors::{Collector, with_collector};
use insights_tests::{Lab, test_source};
use serde_json::Value;
use std::path::Path;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events")
}

/// The events of the function `name`: the shape, from the file name, and the text.
fn shapes(name: &str) -> Vec<(String, String)> {
    let mut shapes = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap();
        if let Some(shape) = file.strip_prefix(&format!("{name}--")) {
            shapes.push((shape.to_owned(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    shapes.sort();
    shapes
}

/// Invokes `C` with each of its events, each in a new lab. A new shape must be added here, with the expected result.
async fn check<C: Collector>(variables: &[(&str, &str)]) {
    let name = C::SOURCE.package;
    let shapes = shapes(name);
    assert!(shapes.len() >= 7, "{name}: {shapes:?}");
    for (shape, payload) in shapes {
        let lab = Lab::built_in().await;
        let response = lab.function::<C>(variables).invoke(&payload).await;
        let response = response.unwrap_or_else(|error| panic!("{name} {shape}: {error}"));
        let why = format!("{name} {shape}: {response}");
        let table = lab.table().await;
        let kinds = table.kinds();
        let records =
            kinds.iter().filter(|(kind, _)| kind.contains('.')).map(|(_, count)| count).sum::<usize>();
        let runs = kinds.get("run").copied().unwrap_or_default();
        let states_written = kinds.get("state").copied().unwrap_or_default();
        let targets = response["targets"].as_array().unwrap();
        let (status, state_items) = match shape.as_str() {
            "scheduled-by-rule" | "scheduled-by-scheduler" | "scheduled-time" | "empty" | "null" => ("ok", 1),
            "targets" => ("ok", 2),
            "dry-run" | "insight-update" | "insight-start" | "insight-end" => ("ok", 0),
            "window-before-reach" => ("partial", 0),
            _ => panic!("{why}: add an expectation for this shape"),
        };
        assert_eq!(response["status"], status, "{why}");
        assert_eq!(states_written, state_items, "{why}");
        assert_eq!(response["dry_run"], shape == "dry-run", "{why}");
        assert_eq!(runs, if shape == "dry-run" { 0 } else { targets.len() }, "{why}");
        assert_eq!(targets.len(), if shape == "targets" { 2 } else { 1 }, "{why}");
        let stores = !["dry-run", "window-before-reach"].contains(&shape.as_str());
        assert_eq!(records > 0, stores, "{why}");
        if shape == "window-before-reach" {
            let counts = &targets[0]["issue_counts"];
            assert_eq!(counts["Window.Unavailable"], Value::from(1), "{why}");
        }
        if ["scheduled-by-rule", "scheduled-by-scheduler", "scheduled-time"].contains(&shape.as_str()) {
            assert!(table.of_kind("run")[0].contains_key("scheduled_time"), "{why}");
        }
    }
}

#[test]
fn every_sample_event_has_the_documented_result() {
    for_every_source(|source| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let variables = test_source(source).short_run;
        with_collector!(source, C => runtime.block_on(check::<C>(variables))).unwrap();
    });
}
