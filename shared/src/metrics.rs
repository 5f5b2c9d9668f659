//! CloudWatch metrics, as one line in embedded metric format on standard output. Lambda passes it to CloudWatch Logs.
//!
//! The line also contains `timestamp` and `level`, which Lambda's log filter uses, and `trigger` and `dry_run`, with which
//! alarms distinguish scheduled runs from pushes, backfills and dry runs.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use crate::report::Response;
use crate::time::Timestamp;
use serde_json::{Value, json};
use std::io::Write;

/// The namespace of the metrics.
pub const NAMESPACE: &str = "InsightsAggregator";

/// The line for a response. `trigger` is the trigger of the run, as in `RunStamp`.
pub fn line(response: &Response, trigger: &str, now: Timestamp) -> Value {
    let counts = &response.counts;
    let usage = &response.usage;
    let calls: u64 = usage.api_calls.values().sum();
    let metrics = [
        ("RecordsFetched", "Count", json!(counts.fetched)),
        ("RecordsWritten", "Count", json!(counts.written)),
        ("RecordsUnchanged", "Count", json!(counts.unchanged)),
        ("RecordsStale", "Count", json!(counts.stale)),
        ("RecordsRejected", "Count", json!(counts.rejected)),
        ("RecordsFailed", "Count", json!(counts.failed)),
        ("SubjectsNotReached", "Count", json!(counts.not_reached)),
        ("Issues", "Count", json!(response.issues)),
        ("ApiCalls", "Count", json!(calls)),
        ("Throttles", "Count", json!(usage.throttled)),
        ("ReadUnits", "Count", json!(usage.read_units)),
        ("WriteUnits", "Count", json!(usage.write_units)),
        ("Duration", "Milliseconds", json!(usage.duration_ms)),
    ];
    let definitions: Vec<Value> =
        metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.millis(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["source"]], "Metrics": definitions}],
        },
        "timestamp": now.to_string(),
        "level": "INFO",
        "source": response.source,
        "trigger": trigger,
        "dry_run": response.dry_run,
        "status": response.status.as_str(),
    });
    if let Some(members) = line.as_object_mut() {
        members.extend(metrics.into_iter().map(|(name, _, value)| (name.to_owned(), value)));
    }
    line
}

/// Writes the line. A failure to write it does not fail the run.
pub fn emit(response: &Response, trigger: &str, now: Timestamp) {
    let _ = writeln!(std::io::stdout().lock(), "{}", line(response, trigger, now));
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::report::{Targets, Usage};
    use crate::response::LARGEST_RESPONSE;
    use insights_sources::xray;

    #[test]
    fn every_metric_that_is_declared_has_a_value() {
        let response =
            Response::new(xray::SOURCE, false, Usage::default(), Targets::default(), LARGEST_RESPONSE);
        let line = line(&response, "push", Timestamp::from_seconds(1_700_000_000));
        assert_eq!(line["_aws"]["Timestamp"], 1_700_000_000_000_i64);
        assert_eq!(line["timestamp"], "2023-11-14T22:13:20.000Z");
        assert_eq!(
            (&line["level"], &line["trigger"], &line["dry_run"]),
            (&json!("INFO"), &json!("push"), &json!(false))
        );
        let definitions = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(definitions.len(), 13);
        for definition in definitions {
            assert!(line[definition["Name"].as_str().unwrap()].is_number(), "{definition}");
        }
    }
}
