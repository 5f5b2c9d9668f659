//! Scenario files: read, or every fault of them named; and what was read can be asked for, by every operation.

use crate::answer::OPERATIONS;
use crate::now;
use crate::seed::ask;
use insights_shared::time::Clock;
use insights_simulator::{Offline, Scenario};

/// Reads a scenario file, and asks what it tells.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let scenario = match Scenario::parse(text, now()) {
        Err(faults) => {
            assert!(!faults.to_string().is_empty(), "refused without a reason");
            return;
        }
        Ok(scenario) => scenario,
    };
    let services = Offline::new(scenario, Clock::Fixed(now()));
    for operation in &OPERATIONS {
        if matches!(operation.wire, "BatchGetItem" | "Query" | "PutItem") {
            continue;
        }
        let (status, body) = ask(&services, operation.source, operation.wire).expect("an answer");
        assert!(status < 500, "{}: {status}: {body}", operation.name);
    }
}
