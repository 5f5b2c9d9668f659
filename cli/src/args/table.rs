//! The arguments of `table`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The commands of `table`.
#[derive(Debug, Subcommand)]
pub enum TableCommand {
    /// Create the table with its indexes and its time to live; an existing table stays unchanged.
    #[command(after_help = EXAMPLES)]
    Create(TableCreateArguments),
}

const EXAMPLES: &str = "\
Examples:
  insights table create                        in your AWS account and region
  insights table create --table insights       choose the name
  insights table create --local insights.db    an embedded database in one file";

/// Arguments of `table create`.
#[derive(Debug, Args)]
pub struct TableCreateArguments {
    /// Name of the table [default: $TABLE_NAME, otherwise insights]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Use an embedded database in this file instead of DynamoDB.
    #[arg(long, value_name = "FILE")]
    pub local: Option<PathBuf>,
}
