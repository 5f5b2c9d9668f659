//! Runs the simulator for tests in other languages:
//! `cargo run -p insights-simulator --example serve -- [PORT] [--scenario FILE] [--seed N] [--enforce-rates] [--fault FAULT]…`.
//! It runs until it is killed. `insights simulate` has more options.

use insights_shared::time::Clock;
use insights_simulator::{Fault, Options, Scenario, Simulator};
use std::io::Write;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::default();
    let mut scenario = None;
    let mut seed = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--scenario" => scenario = Some(std::fs::read_to_string(value()?)?),
            "--seed" => seed = Some(value()?.parse()?),
            "--fault" => options.faults.push(value()?.parse::<Fault>()?),
            "--enforce-rates" => options.enforce_rates = true,
            "--port" => options.address.set_port(value()?.parse()?),
            port => options.address.set_port(port.parse()?),
        }
    }
    let text = scenario.as_deref().unwrap_or(insights_simulator::scenario::BUILT_IN);
    options.scenario = Scenario::parse_seeded(text, Clock::System.now(), seed)?;
    let simulator = Simulator::start(options).await?;
    writeln!(std::io::stdout(), "{}", simulator.url())?;
    std::future::pending::<()>().await;
    Ok(())
}
