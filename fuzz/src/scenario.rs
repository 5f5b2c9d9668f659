//! Scenario files: valid, or rejected with every fault. Every operation can be called with a valid one.

use crate::answer::OPERATIONS;
use crate::now;
use crate::seed::call;
use insights_shared::time::Clock;
use insights_simulator::{Offline, Scenario};

/// Reads a scenario file and calls every operation.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let scenario = match Scenario::parse(text, now()) {
        Err(faults) => {
            assert!(!faults.to_string().is_empty(), "rejected without a reason");
            return;
        }
        Ok(scenario) => scenario,
    };
    let services = Offline::new(scenario, Clock::Fixed(now()));
    for operation in OPERATIONS.iter().filter(|operation| !operation.is_table()) {
        let (status, body) = call(&services, operation).expect("an answer");
        assert!(status < 500, "{}: {status}: {body}", operation.simulated.name);
    }
}
