//! Payloads of invocations: valid, or rejected with every fault. Pushes and backfills are processed: a push must result in a
//! record, a rejected answer, or an issue.

use crate::canned::Canned;
use crate::invoke::{check_response, invoke};
use crate::{REGION, now};
use insights_collectors::with_collector;
use insights_shared::collector::Collector;
use insights_shared::payload::{self, Payload};

/// Reads a payload for each function.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for source in insights_sources::all() {
        match payload::parse(text, source, REGION, now()) {
            Err(faults) => {
                assert!(!faults.is_empty(), "rejected without a reason");
                assert!(!faults.to_string().is_empty(), "a reason without a message");
            }
            // A scheduled payload contains no data. A run for each of its targets would only repeat the same.
            Ok(Payload::Scheduled { .. } | Payload::Window { targets: Some(_), .. }) => {}
            Ok(work) => {
                let is_push = matches!(work, Payload::Push(_));
                with_collector!(source, C => run::<C>(text, is_push)).expect("every source has a collector");
            }
        }
    }
}

fn run<C: Collector>(text: &str, is_push: bool) {
    let client = Canned::new(None);
    let result = invoke::<C>(&client, text).expect("no wait is needed");
    let puts = client.puts();
    let Some(response) = check_response(&result, &puts) else { return };
    let issues: u64 = response.targets.iter().flat_map(|target| target.issue_counts.values()).sum();
    assert!(
        !is_push || response.counts.fetched + issues > 0,
        "a push left no record and no issue: {response:?}"
    );
}
