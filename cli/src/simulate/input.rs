//! Reads the scenario and the faults of `simulate`, and reports all errors at once.

use crate::args::SimulateArguments;
use crate::exit::Failure;
use insights_shared::time::Timestamp;
use insights_simulator::scenario::BUILT_IN;
use insights_simulator::{Fault, Scenario};

/// The scenario and the faults.
#[derive(Debug)]
pub struct Input {
    /// The scenario.
    pub scenario: Scenario,
    /// The faults.
    pub faults: Vec<Fault>,
}

/// Reads both. Times of the scenario are relative to `anchor`.
pub fn read(arguments: &SimulateArguments, anchor: Timestamp) -> Result<Input, Failure> {
    let mut errors = Vec::new();
    let faults = arguments.fault.iter().filter_map(|text| match text.parse::<Fault>() {
        Ok(fault) => Some(fault),
        Err(message) => {
            errors.push(format!("--fault {text}: {message}"));
            None
        }
    });
    let faults = faults.collect();
    let scenario = scenario(arguments, anchor, &mut errors);
    match scenario {
        Some(scenario) if errors.is_empty() => Ok(Input { scenario, faults }),
        _ => Err(Failure::Usage(errors)),
    }
}

fn scenario(arguments: &SimulateArguments, anchor: Timestamp, errors: &mut Vec<String>) -> Option<Scenario> {
    let mut name = "the built-in scenario".to_owned();
    let mut text = BUILT_IN.to_owned();
    if let Some(file) = &arguments.scenario {
        name = file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(content) => text = content,
            Err(error) => {
                errors.push(format!("reading the scenario {name}: {error}"));
                return None;
            }
        }
    }
    match Scenario::parse_seeded(&text, anchor, arguments.seed) {
        Ok(scenario) => Some(scenario),
        Err(faults) => {
            errors.extend(faults.lines().iter().map(|fault| format!("{name}: {fault}")));
            None
        }
    }
}
