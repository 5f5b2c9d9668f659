//! The arguments of `demo`.

use clap::Args;
use std::path::PathBuf;

/// What the help of `demo` ends with.
pub(super) const EXAMPLES: &str = "\
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
