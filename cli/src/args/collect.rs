//! The arguments of `collect`.

use super::shared::{Output, TableOptions, source};
use clap::Args;
use insights_query::input::{When, region, when};
use insights_shared::record::Source;
use std::path::PathBuf;

/// The end of the help of `collect`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights collect --dry-run                   show planned writes and costs
  insights collect                             collect new data of all sources
  insights collect --profile audit --source xray
  insights collect --region eu-west-1 --region us-east-1
  insights collect --targets accounts.json     assume roles in other accounts
  insights collect --since 7d                  collect the last 7 days again
  insights collect --local insights.db         use a file instead of DynamoDB;
                                               a missing file is created
  insights collect --output json | jq '.[].status'

Targets: --targets, otherwise --region, otherwise $TARGETS in the format of the functions, \
otherwise the region of your AWS configuration. The file of --targets has the format of $TARGETS:
  [{\"account_id\": \"111122223333\", \"regions\": [\"eu-west-1\"],
    \"role_arn\": \"arn:aws:iam::111122223333:role/insights-reader\"}]

The command reads the same variables as the functions: RETENTION_DAYS, LOOKBACK_DAYS, XRAY_GROUPS, \
CLOUDTRAIL_PERIOD, RATE_LIMITS and so on. If the functions have REDACT and REDACT_KEY, set the same \
values here. Ctrl-C stops fetching and stores the fetched data; a second Ctrl-C stops immediately.";

/// Arguments of `collect`.
#[derive(Debug, Args)]
pub struct CollectArguments {
    /// Collect from this source; repeatable [default: all]
    #[arg(long, value_parser = source())]
    pub source: Vec<Source>,
    /// Collect again from this time on: 24h, 7d, a time such as 2026-03-01T12:00:00Z, or a UTC day such as 2026-03-01.
    /// The watermarks of the scheduled runs stay unchanged.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when)]
    pub since: Option<When>,
    /// Use this profile of your AWS configuration instead of credentials in the environment.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Collect from this region of your own account; repeatable.
    #[arg(long, value_parser = region)]
    pub region: Vec<String>,
    /// Read accounts, roles and regions from this JSON file.
    #[arg(long, value_name = "FILE", conflicts_with = "region")]
    pub targets: Option<PathBuf>,
    /// Fetch, but write nothing: print what would be written and what it would cost.
    #[arg(long)]
    pub dry_run: bool,
    /// Print a table, or the result of each target as JSON or CSV.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub output: Output,
    /// Show times in UTC instead of local time.
    #[arg(long)]
    pub utc: bool,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
}
