//! The arguments of `collect`.

use super::shared::{Where, source};
use clap::Args;
use insights_query::input::{When, region, when};
use insights_shared::record::Source;
use std::path::PathBuf;

/// What the help of `collect` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights collect --dry-run                   what it would write, and cost
  insights collect                             what is new, of all sources
  insights collect --profile audit --source xray
  insights collect --region eu-west-1 --region us-east-1
  insights collect --targets accounts.json     other accounts, by roles
  insights collect --since 7d                  the past, whatever was collected
  insights collect --local insights.db         into a file rather than DynamoDB

Where it is collected: --targets, else --region, else $TARGETS as the functions \
read it, else the region of your AWS configuration. The file of --targets holds \
what $TARGETS does:
  [{\"account_id\": \"111122223333\", \"regions\": [\"eu-west-1\"],
    \"role_arn\": \"arn:aws:iam::111122223333:role/insights-reader\"}]

The other variables of the functions count too: RETENTION_DAYS, LOOKBACK_DAYS, \
XRAY_GROUPS, CLOUDTRAIL_PERIOD, RATE_LIMITS and so on, each for every source that \
reads it. Where the functions have REDACT and REDACT_KEY, give them here too. Ctrl-C stops fetching and \
stores what is in hand; once more, and it stops at once.";

/// Arguments of `collect`.
#[derive(Debug, Args)]
pub struct CollectArguments {
    /// Only this source; may be given several times [default: all three]
    #[arg(long, value_parser = source())]
    pub source: Vec<Source>,
    /// Load the past from then on (24h, 7d, a time as in 2026-03-01T12:00:00Z, or a day of UTC as in 2026-03-01), and
    /// leave alone how far the scheduled runs have come.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when)]
    pub since: Option<When>,
    /// A profile of your AWS configuration; it counts more than credentials in the environment.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// A region of your own account; may be given several times.
    #[arg(long, value_parser = region)]
    pub region: Vec<String>,
    /// Accounts, roles and regions, in a file of JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "region")]
    pub targets: Option<PathBuf>,
    /// Fetch, and say what would be written and what it would cost; write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Show times in UTC rather than in local time.
    #[arg(long)]
    pub utc: bool,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
}
