//! The arguments of `readiness`.

use super::shared::{Look, Where};
use clap::Args;

/// What the help of `readiness` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights readiness                        all clusters by their next Kubernetes version
  insights readiness --region eu-west-1
  insights readiness --output json | jq '.[] | select(.readiness.state == \"blocked\").detail.cluster_name'

A cluster is blocked if a check of its next version has the status ERROR.";

/// Arguments of `readiness`.
#[derive(Debug, Args)]
pub struct ReadinessArguments {
    /// Only this account; can be repeated.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Vec<String>,
    /// Only this region; can be repeated.
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
    /// How the answer looks.
    #[command(flatten)]
    pub look: Look,
}
