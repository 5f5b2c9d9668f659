//! What `simulate` is given to play: scenario and faults. Everything that is wrong with them is told at once.

use crate::args::SimulateArguments;
use crate::exit::Failure;
use insights_shared::time::Timestamp;
use insights_simulator::scenario::BUILT_IN;
use insights_simulator::{Fault, Scenario};

/// A scenario and what is to go wrong in it.
#[derive(Debug)]
pub struct Input {
    /// What there is to find.
    pub scenario: Scenario,
    /// What is to go wrong.
    pub faults: Vec<Fault>,
}

/// Reads both; the scenario's times count from `anchor`.
pub fn read(arguments: &SimulateArguments, anchor: Timestamp) -> Result<Input, Failure> {
    let mut wrong = Vec::new();
    let faults = arguments.fault.iter().filter_map(|text| match text.parse::<Fault>() {
        Ok(fault) => Some(fault),
        Err(message) => {
            wrong.push(format!("--fault {text}: {message}"));
            None
        }
    });
    let faults = faults.collect();
    let scenario = scenario(arguments, anchor, &mut wrong);
    match scenario {
        Some(scenario) if wrong.is_empty() => Ok(Input { scenario, faults }),
        _ => Err(Failure::Usage(wrong)),
    }
}

fn scenario(arguments: &SimulateArguments, anchor: Timestamp, wrong: &mut Vec<String>) -> Option<Scenario> {
    let mut name = "the built-in scenario".to_owned();
    let mut text = BUILT_IN.to_owned();
    if let Some(file) = &arguments.scenario {
        name = file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(content) => text = content,
            Err(error) => {
                wrong.push(format!("reading the scenario {name}: {error}"));
                return None;
            }
        }
    }
    match Scenario::parse_seeded(&text, anchor, arguments.seed) {
        Ok(scenario) => Some(scenario),
        Err(faults) => {
            wrong.extend(faults.lines().iter().map(|fault| format!("{name}: {fault}")));
            None
        }
    }
}
