//! The arguments of `serve`.

use super::shared::Where;
use clap::Args;

/// What the help of `serve` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights serve                         on http://127.0.0.1:8787/
  insights serve --port 0                on a free port, which is printed
  insights serve --local insights-demo/table.db
  curl 'http://127.0.0.1:8787/api/insights?status=open&severity=high' | jq
  curl http://127.0.0.1:8787/api/ | jq   what else there is as JSON

It listens on the loopback interface alone, and only reads: Query and BatchGetItem. Whoever may use this machine may \
read what these credentials may read. Ctrl-C ends it.";

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// The port to listen on; 0 is a free one.
    #[arg(long, default_value_t = 8787)]
    pub port: u16,
    /// Show times in UTC rather than in local time.
    #[arg(long)]
    pub utc: bool,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
}
