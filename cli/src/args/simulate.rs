//! The arguments of `simulate`.

use clap::Args;
use insights_simulator::guard::AllowedHost;
use std::net::IpAddr;
use std::path::PathBuf;

/// What the help of `simulate` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights simulate                      on port 8080, with the table insights
  insights simulate > env.sh & sleep 1; . ./env.sh
  insights simulate --fault GetInsight=throttle:3 --fault 'PutItem=reset:1@10'
  insights simulate --scenario story.toml --seed 3 --enforce-rates
  insights simulate --bind 172.17.0.1    where containers find it
  insights simulate --allow-host host.docker.internal

A fault is OPERATION=KIND, OPERATION=KIND:COUNT or OPERATION=KIND:COUNT@SKIP. OPERATION is an operation with its service, \
such as xray:GetInsight; a name alone, such as GetInsight, if no other service has the operation; all operations of a \
service, such as xray:*; or *. KIND is one of throttle, error500, html503, reset, \
lost-answer, hang, slow-N (seconds), truncate, denied, expired, clock-skew, wrong-type, null-in-list, unknown-enum, \
missing-members, repeat-token, empty-page, unprocessed.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// The port to listen on; 0 is a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// The address to listen on. Any but a loopback address is open to everybody who reaches this machine.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// A further name, or NAME:PORT, by which clients reach it; repeatable. Loopback names and its own address are accepted.
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<AllowedHost>,
    /// A scenario file in place of the built-in story.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// What identifiers and series are derived from, in place of the scenario's own.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Something that is to go wrong; repeatable.
    #[arg(long, value_name = "OPERATION=KIND:COUNT")]
    pub fault: Vec<String>,
    /// Throttle callers as AWS does.
    #[arg(long)]
    pub enforce_rates: bool,
    /// Keep the tables in this file rather than in memory.
    #[arg(long, value_name = "FILE")]
    pub table_file: Option<PathBuf>,
    /// The table to create at the start [default: $TABLE_NAME, else insights]
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
