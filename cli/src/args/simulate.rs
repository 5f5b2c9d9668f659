//! The arguments of `simulate`.

use clap::Args;
use insights_simulator::guard::AllowedHost;
use std::net::IpAddr;
use std::path::PathBuf;

/// The end of the help of `simulate`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights simulate                      port 8080, table insights
  insights simulate > env.sh & sleep 1; . ./env.sh
  insights simulate --fault GetInsight=throttle:3 --fault 'PutItem=reset:1@10'
  insights simulate --scenario story.toml --seed 3 --enforce-rates
  insights simulate --bind 172.17.0.1    an address that containers can reach
  insights simulate --allow-host host.docker.internal

A fault is OPERATION=KIND, OPERATION=KIND:COUNT or OPERATION=KIND:COUNT@SKIP. OPERATION is an operation with its service, \
such as xray:GetInsight; a name alone, such as GetInsight, if no other service has the operation; all operations of a \
service, such as xray:*; or *. KIND is one of throttle, error500, html503, reset, \
lost-answer, hang, slow-N (seconds), truncate, denied, expired, clock-skew, wrong-type, null-in-list, unknown-enum, \
missing-members, repeat-token, empty-page, unprocessed.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// Listen on this port; 0 selects a free port.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Listen on this address; only a loopback address is closed to other machines.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// Accept this host name, or NAME:PORT, besides loopback names and the own address; repeatable.
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<AllowedHost>,
    /// Use this scenario file instead of the built-in scenario.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Use this seed for identifiers and series instead of the seed of the scenario.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Inject this fault; repeatable.
    #[arg(long, value_name = "OPERATION=KIND:COUNT")]
    pub fault: Vec<String>,
    /// Throttle callers at the rates of AWS.
    #[arg(long)]
    pub enforce_rates: bool,
    /// Store the tables in this file instead of memory.
    #[arg(long, value_name = "FILE")]
    pub table_file: Option<PathBuf>,
    /// Create this table at the start [default: $TABLE_NAME, otherwise insights]
    #[arg(long, value_name = "NAME", conflicts_with = "no_table")]
    pub table: Option<String>,
    /// Create no table.
    #[arg(long)]
    pub no_table: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_kind_of_fault() {
        let message = "*=nothing".parse::<insights_simulator::Fault>().unwrap_err().to_string();
        let (_, kinds) = message.split_once("known kinds are ").unwrap();
        let (kinds, _) = kinds.split_once(" (").unwrap();
        for kind in kinds.split(", ") {
            assert!(EXAMPLES.contains(kind), "{kind}");
        }
    }
}
