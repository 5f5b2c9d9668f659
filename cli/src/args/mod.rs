//! The arguments and their help, one file per command. Checks that need only one argument are here.

mod ack;
mod collect;
mod compliance;
mod demo;
mod incidents;
mod list;
mod man;
mod purge;
mod readiness;
mod report;
mod series;
mod serve;
pub mod shared;
mod show;
mod simulate;
mod status;
mod table;
mod timeline;

use crate::exit::Exit;
pub use ack::AckArguments;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
pub use collect::CollectArguments;
pub use compliance::{ComplianceArguments, ComplianceCommand, ComplianceDiffArguments};
pub use demo::DemoArguments;
pub use incidents::IncidentsArguments;
use insights_query::format::escape::visible;
use insights_web::command::Location;
pub use list::ListArguments;
pub use man::ManArguments;
pub use purge::PurgeArguments;
pub use readiness::ReadinessArguments;
pub use report::ReportArguments;
pub use series::SeriesArguments;
pub use serve::ServeArguments;
pub use show::ShowArguments;
pub use simulate::SimulateArguments;
pub use status::StatusArguments;
use std::ffi::OsString;
pub use table::{TableCommand, TableCreateArguments};
pub use timeline::TimelineArguments;

/// Collect AWS X-Ray, CloudTrail, Audit Manager, EKS and Security Hub insights into one DynamoDB table, and query this table.
///
/// Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 partial. Data goes to standard output, progress to
/// standard error.
#[derive(Debug, Parser)]
#[command(name = "insights", version, propagate_version = true, after_help = EXAMPLES, max_term_width = 100)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  insights demo                     try everything without an AWS account
  insights collect --dry-run        show the insights of your own AWS account
  insights list --open              list open insights, worst first
  insights incidents                show related insights
  insights timeline --since 24h     show all sources on one time axis
  insights status                   check whether collection works
  insights report                   write one HTML file with charts
  insights serve                    serve the report as a live page
  insights simulate --port 8080     simulate the services for any AWS client
  insights table create --table insights
  insights completions bash > /etc/bash_completion.d/insights
  insights man | man -l -           read the man page";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the collectors against simulated AWS services and show the findings.
    #[command(after_help = demo::EXAMPLES)]
    Demo(DemoArguments),
    /// Collect from your own AWS accounts, like the functions.
    #[command(after_help = collect::EXAMPLES)]
    Collect(CollectArguments),
    /// List insights and snapshots, newest first; with --open the open ones, worst first.
    #[command(after_help = list::EXAMPLES)]
    List(ListArguments),
    /// List related insights with stable ids, the worst first.
    #[command(after_help = incidents::EXAMPLES)]
    Incidents(IncidentsArguments),
    /// Show one insight, snapshot or incident in full: timeline, graph, nearby metric values and incident.
    #[command(after_help = show::EXAMPLES)]
    Show(ShowArguments),
    /// Mark an insight as known until a time; listings and the page show this and list it last.
    #[command(after_help = ack::EXAMPLES)]
    Ack(AckArguments),
    /// Plot metric series of CloudTrail.
    #[command(after_help = series::EXAMPLES)]
    Series(SeriesArguments),
    /// Show daily counts of Audit Manager.
    #[command(after_help = compliance::EXAMPLES)]
    Compliance(ComplianceArguments),
    /// List the EKS clusters by their next Kubernetes version, and what blocks the upgrade.
    #[command(after_help = readiness::EXAMPLES)]
    Readiness(ReadinessArguments),
    /// Show all sources on one time axis, and what belongs together.
    #[command(after_help = timeline::EXAMPLES)]
    Timeline(TimelineArguments),
    /// Check the last runs of each account, region and source; distinguish empty from broken.
    #[command(after_help = status::EXAMPLES)]
    Status(StatusArguments),
    /// Write one HTML file with charts: open insights, history and state of collection.
    #[command(after_help = report::EXAMPLES)]
    Report(ReportArguments),
    /// Serve the report as a live page and as JSON, only on this machine.
    #[command(after_help = serve::EXAMPLES)]
    Serve(ServeArguments),
    /// Simulate X-Ray, CloudTrail, Audit Manager, STS and DynamoDB until Ctrl-C.
    #[command(after_help = simulate::EXAMPLES)]
    Simulate(SimulateArguments),
    /// Delete all items of one account from the table.
    #[command(after_help = purge::EXAMPLES)]
    Purge(PurgeArguments),
    /// Manage the table.
    Table {
        /// The command.
        #[command(subcommand)]
        command: TableCommand,
    },
    /// Write a completion script for a shell to standard output.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the man page of `insights` to standard output, or one page per command to a folder.
    #[command(after_help = man::EXAMPLES)]
    Man(ManArguments),
}

impl Command {
    /// The table options of this command, which suggested commands repeat.
    pub fn location(&self) -> Location {
        let location = match self {
            Self::Collect(arguments) => &arguments.location,
            Self::List(arguments) => &arguments.location,
            Self::Incidents(arguments) => &arguments.location,
            Self::Ack(arguments) => &arguments.location,
            Self::Show(arguments) => &arguments.location,
            Self::Series(arguments) => &arguments.location,
            Self::Compliance(arguments) => match &arguments.command {
                Some(ComplianceCommand::Diff(arguments)) => &arguments.location,
                None => &arguments.location,
            },
            Self::Readiness(arguments) => &arguments.location,
            Self::Timeline(arguments) => &arguments.location,
            Self::Status(arguments) => &arguments.location,
            Self::Report(arguments) => &arguments.location,
            Self::Serve(arguments) => &arguments.location,
            Self::Purge(arguments) => &arguments.location,
            Self::Demo(_)
            | Self::Simulate(_)
            | Self::Table { .. }
            | Self::Completions { .. }
            | Self::Man(_) => {
                return Location::default();
            }
        };
        location.names()
    }
}

/// Parses the arguments of the process, which begin with the program's name. It prints usage errors and requested help.
/// clap prints arguments unchanged, so hidden characters are escaped before clap reads them.
pub fn parse<A: Parser>(given: &[OsString]) -> Result<A, Exit> {
    let error = match A::try_parse_from(given) {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    let shown = given.iter().map(|argument| visible(&argument.to_string_lossy()).into_owned());
    let shown: Vec<String> = shown.collect();
    let is_plain = shown.iter().zip(given).all(|(shown, given)| given == shown.as_str());
    // Only an argument that is not Unicode fails and succeeds after escaping; clap does not print such an argument.
    let error = if is_plain { error } else { A::try_parse_from(shown).err().unwrap_or(error) };
    // An error while printing cannot be printed either.
    let _ = error.print();
    Err(if error.use_stderr() { Exit::WrongUsage } else { Exit::Done })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    /// The examples of a command and of its subcommands.
    fn examples(command: &clap::Command) -> Vec<String> {
        let own = command.get_after_help().map(ToString::to_string);
        own.into_iter().chain(command.get_subcommands().flat_map(examples)).collect()
    }

    #[test]
    fn examples_fit_into_80_columns() {
        let all = examples(&Arguments::command());
        assert!(all.len() >= 4, "{all:?}");
        for line in all.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  ")) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
