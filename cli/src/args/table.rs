//! The arguments of `table`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The commands of `table`.
#[derive(Debug, Subcommand)]
pub enum TableCommand {
    /// Create the table with its indexes and its time to live. One that is there already is left as it is.
    #[command(after_help = EXAMPLES)]
    Create(TableCreateArguments),
}

const EXAMPLES: &str = "\
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
