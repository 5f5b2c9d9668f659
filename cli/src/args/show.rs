//! The arguments of `show`.

use super::shared::{OutputOptions, TableOptions};
use clap::Args;

/// The end of the help of `show`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights show 7c4ee9a1                        an ID from `insights list`
  insights show 7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f
  insights show 'xray#123456789012#eu-west-1#7c4ee9a1-…'  a complete key
  insights show 'run#xray#123456789012#eu-west-1'        last runs of a target
  insights show 'rejected#xray#123456789012#eu-west-1'   rejected answers
  insights show 7c4ee9a1 --output json          all items under its key

An id, or at least its first six characters, is searched among open insights, insights that ended in the \
last 400 days, and assessments. A complete key finds every item.";

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// Partition key, id, or first characters of an id.
    #[arg(value_name = "PK")]
    pub key: String,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
    /// The output format.
    #[command(flatten)]
    pub look: OutputOptions,
}
