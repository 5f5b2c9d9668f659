//! Invokes a function with too little time, repeatedly, until its work is complete.

use crate::lab::Lab;
use insights_shared::collector::Collector;
use serde_json::Value;
use std::time::Duration;

/// The maximum number of invocations. No scenario needs so many.
const PATIENCE: usize = 40;

/// Invokes a function repeatedly with `remaining` time, one minute apart, until a run is complete. Returns the responses; all
/// except the last are partial.
///
/// # Panics
///
/// If an invocation fails, has other issues than missing time, or if there is no end.
pub async fn invoke_until_done<C: Collector>(
    lab: &Lab,
    variables: &[(&str, &str)],
    remaining: Duration,
) -> Vec<Value> {
    let mut responses = Vec::new();
    loop {
        let response = lab.function::<C>(variables).invoke_within("{}", remaining).await;
        let response = response.expect("a run that is cut short gives a response");
        let is_done = response["not_reached"] == 0;
        assert_eq!(response["status"] == "ok", is_done, "{response}");
        assert!(is_done || response["status"] == "partial", "{response}");
        responses.push(response);
        if is_done {
            return responses;
        }
        assert!(
            responses.len() < PATIENCE,
            "still not done after {PATIENCE} invocations: {:?}",
            summaries(&responses)
        );
        lab.advance(60);
    }
}

fn summaries(responses: &[Value]) -> Vec<String> {
    let summary = |response: &Value| {
        let members =
            ["api_calls", "written", "unchanged", "not_reached"].map(|name| response[name].to_string());
        members.join(" ")
    };
    responses.iter().map(summary).collect()
}
