//! The arguments of `demo`.

use clap::Args;
use std::path::PathBuf;

/// The end of the help of `demo`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights demo                      create the folder insights-demo
  insights demo                      a second run writes only `run` and `state`
  insights demo --dir /tmp/story     use another folder
  insights demo --utc > found.txt    write the findings with times in UTC";

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Store the table, the logs and the start time of the scenario in this folder.
    #[arg(long, value_name = "FOLDER", default_value = "insights-demo")]
    pub dir: PathBuf,
    /// Show times in UTC instead of local time.
    #[arg(long)]
    pub utc: bool,
}
