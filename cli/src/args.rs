//! The arguments, and the help that goes with them. It checks what one argument alone can tell.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::net::IpAddr;
use std::path::PathBuf;

/// Collects AWS X-Ray, CloudTrail and Audit Manager insights into one DynamoDB table, and asks that table.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 partly done. Data goes to standard output, progress to
/// standard error.
#[derive(Debug, Parser)]
#[command(name = "insights", version, propagate_version = true, after_help = EXAMPLES, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  insights demo                     see everything at work, with no AWS account
  insights simulate --port 8080     the simulated services, for any AWS client
  insights table create --table insights
  insights completions bash > /etc/bash_completion.d/insights";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the three collectors against simulated AWS services, and show what they found.
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArguments),
    /// Serve simulated X-Ray, CloudTrail, Audit Manager, STS and DynamoDB until Ctrl-C.
    #[command(after_help = SIMULATE_EXAMPLES)]
    Simulate(SimulateArguments),
    /// Look after the table.
    Table {
        /// What to do with it.
        #[command(subcommand)]
        command: TableCommand,
    },
    /// Write a completion script for a shell to standard output.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

const DEMO_EXAMPLES: &str = "\
Examples:
  insights demo                      makes the folder insights-demo
  insights demo                      again: only `run` and `state` are written
  insights demo --dir /tmp/story     in a folder of your choice
  insights demo --utc > found.txt    what was found, times in UTC";

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// The folder that keeps the table, the logs, and the instant from which the story's times count.
    #[arg(long, value_name = "FOLDER", default_value = "insights-demo")]
    pub dir: PathBuf,
    /// Show times in UTC rather than in local time.
    #[arg(long)]
    pub utc: bool,
}

const SIMULATE_EXAMPLES: &str = "\
Examples:
  insights simulate                      on port 8080, with the table insights
  insights simulate > env.sh & sleep 1; . ./env.sh
  insights simulate --fault GetInsight=throttle:3 --fault 'PutItem=reset:1@10'
  insights simulate --scenario story.toml --seed 3 --enforce-rates
  insights simulate --bind 172.17.0.1    where containers find it

A fault is OPERATION=KIND, OPERATION=KIND:COUNT or OPERATION=KIND:COUNT@SKIP. OPERATION is the name of an operation, \
or xray:*, cloudtrail:*, auditmanager:*, sts:*, dynamodb:*, or *. KIND is one of throttle, error500, html503, reset, \
lost-answer, hang, slow-N (seconds), truncate, denied, expired, clock-skew, wrong-type, null-in-list, unknown-enum, \
missing-members, repeat-token, empty-page, unprocessed.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// The port to listen on; 0 is a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// The address to listen on. Anything but loopback is open to whoever reaches this machine.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,
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

/// The commands of `table`.
#[derive(Debug, Subcommand)]
pub enum TableCommand {
    /// Create the table with its indexes and its time to live. One that is there already is left as it is.
    #[command(after_help = TABLE_EXAMPLES)]
    Create(TableCreateArguments),
}

const TABLE_EXAMPLES: &str = "\
Examples:
  insights table create                        in your AWS account and region
  insights table create --table insights       under a name of your choice
  insights table create --local insights.db    an embedded database in one file";

/// Arguments of `table create`.
#[derive(Debug, Args)]
pub struct TableCreateArguments {
    /// The table's name [default: $TABLE_NAME, else insights]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// An embedded database in this file, rather than the DynamoDB of your AWS configuration.
    #[arg(long, value_name = "FILE")]
    pub local: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_names_every_kind_of_fault() {
        let message = "*=nothing".parse::<insights_simulator::Fault>().unwrap_err();
        let (_, kinds) = message.split_once("known kinds are ").unwrap();
        let (kinds, _) = kinds.split_once(" (").unwrap();
        for kind in kinds.split(", ") {
            assert!(SIMULATE_EXAMPLES.contains(kind), "{kind}");
        }
    }

    #[test]
    fn examples_fit_into_80_columns() {
        for examples in [EXAMPLES, DEMO_EXAMPLES, SIMULATE_EXAMPLES, TABLE_EXAMPLES] {
            for line in examples.lines().filter(|line| line.starts_with("  ")) {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }
}
