//! The arguments of `timeline`.

use super::shared::{Look, Where, Within};
use clap::Args;

/// What the help of `timeline` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights timeline                      the last 7 days
  insights timeline --since 24h --utc
  insights timeline --around 7c4ee9a1    what else happened around one insight
  insights timeline --since 2026-03-01 --until 2026-03-02    two days of UTC

How insights come to belong together is told in docs/incidents.md.";

/// Arguments of `timeline`.
#[derive(Debug, Args)]
pub struct TimelineArguments {
    /// Around this insight: its key, or what `show` takes. --since and --until still hold where they are given.
    #[arg(long, value_name = "PK")]
    pub around: Option<String>,
    /// From when until when.
    #[command(flatten)]
    pub within: Within,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
    /// How the answer looks.
    #[command(flatten)]
    pub look: Look,
}
