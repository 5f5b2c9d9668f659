//! The arguments of `show`.

use super::shared::{Look, Where};
use clap::Args;

/// What the help of `show` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights show 7c4ee9a1                        the ID of a listing
  insights show 7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f
  insights show 'xray#123456789012#eu-west-1#7c4ee9a1-…'  a whole key
  insights show 'run#xray#123456789012#eu-west-1'        a target's last runs
  insights show 'rejected#xray#123456789012#eu-west-1'   what broke a rule
  insights show 7c4ee9a1 --output json          every item under its key

An id, or the first six characters of it or more, is looked for among the insights that are open or ended in the \
last 400 days, and among the assessments; a whole key finds anything.";

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The partition key, or the id or how it begins.
    #[arg(value_name = "PK")]
    pub key: String,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
    /// How the answer looks.
    #[command(flatten)]
    pub look: Look,
}
