//! The arguments, and the help that goes with them: a file for each command. It checks what one argument alone can tell.

mod collect;
mod compliance;
mod demo;
mod list;
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
use clap::{Parser, Subcommand};
use clap_complete::Shell;
pub use collect::CollectArguments;
pub use compliance::ComplianceArguments;
pub use demo::DemoArguments;
use insights_query::format::escape::visible;
use insights_web::command::Location;
pub use list::ListArguments;
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
  insights collect --dry-run        what your own AWS account has to tell
  insights list --open              what is wrong now, worst first
  insights timeline --since 24h     what happened, all sources on one axis
  insights status                   is it empty, or broken?
  insights report                   one HTML file with charts, to keep or send
  insights serve                    the same as a live page
  insights simulate --port 8080     the simulated services, for any AWS client
  insights table create --table insights
  insights completions bash > /etc/bash_completion.d/insights";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the three collectors against simulated AWS services, and show what they found.
    #[command(after_help = demo::EXAMPLES)]
    Demo(DemoArguments),
    /// Collect from your own AWS accounts, as the functions do.
    #[command(after_help = collect::EXAMPLES)]
    Collect(CollectArguments),
    /// List insights and snapshots, newest first; with --open what is wrong now, worst first.
    #[command(after_help = list::EXAMPLES)]
    List(ListArguments),
    /// Show one insight whole: its timeline, its graph, the numbers around it, and what it belongs to.
    #[command(after_help = show::EXAMPLES)]
    Show(ShowArguments),
    /// Plot CloudTrail's metric series.
    #[command(after_help = series::EXAMPLES)]
    Series(SeriesArguments),
    /// Show Audit Manager's counts by day.
    #[command(after_help = compliance::EXAMPLES)]
    Compliance(ComplianceArguments),
    /// List the EKS clusters by their next Kubernetes version, and what blocks the upgrade.
    #[command(after_help = readiness::EXAMPLES)]
    Readiness(ReadinessArguments),
    /// Show all three sources on one time axis, and what belongs together.
    #[command(after_help = timeline::EXAMPLES)]
    Timeline(TimelineArguments),
    /// Tell empty from broken: how each account, region and source is, and what to do.
    #[command(after_help = status::EXAMPLES)]
    Status(StatusArguments),
    /// Write one HTML file with charts: what is wrong now, what happened, and whether it is fresh.
    #[command(after_help = report::EXAMPLES)]
    Report(ReportArguments),
    /// Serve the same as a live page on this machine alone, and as JSON.
    #[command(after_help = serve::EXAMPLES)]
    Serve(ServeArguments),
    /// Serve simulated X-Ray, CloudTrail, Audit Manager, STS and DynamoDB until Ctrl-C.
    #[command(after_help = simulate::EXAMPLES)]
    Simulate(SimulateArguments),
    /// Delete everything that the table holds of one account.
    #[command(after_help = purge::EXAMPLES)]
    Purge(PurgeArguments),
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

impl Command {
    /// The options by which suggested commands name the table of this one.
    pub fn location(&self) -> Location {
        let location = match self {
            Self::Collect(arguments) => &arguments.location,
            Self::List(arguments) => &arguments.location,
            Self::Show(arguments) => &arguments.location,
            Self::Series(arguments) => &arguments.location,
            Self::Compliance(arguments) => &arguments.location,
            Self::Readiness(arguments) => &arguments.location,
            Self::Timeline(arguments) => &arguments.location,
            Self::Status(arguments) => &arguments.location,
            Self::Report(arguments) => &arguments.location,
            Self::Serve(arguments) => &arguments.location,
            Self::Purge(arguments) => &arguments.location,
            Self::Demo(_) | Self::Simulate(_) | Self::Table { .. } | Self::Completions { .. } => {
                return Location::default();
            }
        };
        location.names()
    }
}

/// Reads the process's arguments, the program's name first. What is wrong with them, and help that was asked for, is written here:
/// clap repeats arguments as they are, so hidden characters of theirs are spelled out before it sees them.
pub fn parse<A: Parser>(given: &[OsString]) -> Result<A, Exit> {
    let error = match A::try_parse_from(given) {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    let shown = given.iter().map(|argument| visible(&argument.to_string_lossy()).into_owned());
    let shown: Vec<String> = shown.collect();
    let is_plain = shown.iter().zip(given).all(|(shown, given)| given == shown.as_str());
    // Only one that is no Unicode is wrong and right when shown, and clap does not repeat that one.
    let error = if is_plain { error } else { A::try_parse_from(shown).err().unwrap_or(error) };
    // Where nobody can read it, there is nobody to tell.
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

    /// Everything that a command's help, or one below it, ends with.
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
