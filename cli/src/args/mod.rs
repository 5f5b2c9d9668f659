//! The arguments, and the help that goes with them: a file for each command. It checks what one argument alone can tell.

mod demo;
pub mod shared;
mod simulate;
mod table;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
pub use demo::DemoArguments;
pub use simulate::SimulateArguments;
pub use table::{TableCommand, TableCreateArguments};

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
    #[command(after_help = demo::EXAMPLES)]
    Demo(DemoArguments),
    /// Serve simulated X-Ray, CloudTrail, Audit Manager, STS and DynamoDB until Ctrl-C.
    #[command(after_help = simulate::EXAMPLES)]
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
