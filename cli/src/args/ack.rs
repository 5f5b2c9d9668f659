//! The arguments of `ack`.

use super::shared::TableOptions;
use clap::Args;
use insights_query::input::{When, when};

/// The end of the help of `ack`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights ack 7c4ee9a1 --until 3d --note 'deployment, see CHG-42'
  insights ack 7c4ee9a1 --until 2026-03-05
  insights ack i-3f2a9c01               all insights of an incident
  insights ack 7c4ee9a1 --clear         the insight counts as unknown again

Listings and the page show that an insight is known, and list it last. The functions ignore it. Without --until it \
is known as long as it is stored. A new period of an EKS check is another insight.";

/// Arguments of `ack`.
#[derive(Debug, Args)]
pub struct AckArguments {
    /// Key or id of an insight, or id of an incident.
    #[arg(value_name = "ID")]
    pub key: String,
    /// The insight is known until this time: 3d from now, a time such as 2026-03-01T12:00:00Z, or the end of a UTC day.
    #[arg(short, long, value_name = "TIME", value_parser = when)]
    pub until: Option<When>,
    /// Why it is known.
    #[arg(short, long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Remove the acknowledgement.
    #[arg(long, conflicts_with_all = ["until", "note"])]
    pub clear: bool,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
}
