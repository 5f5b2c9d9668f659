//! The arguments of `serve`.

use super::shared::TableOptions;
use clap::Args;

/// The end of the help of `serve`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights serve                         on http://127.0.0.1:8787/
  insights serve --port 0                on a free port; the address is printed
  insights serve --local insights-demo/table.db
  curl 'http://127.0.0.1:8787/api/insights?status=open&severity=high' | jq
  curl http://127.0.0.1:8787/api/ | jq   list all JSON routes

The server listens only on the loopback interface, and only reads (Query and BatchGetItem). Every user of this machine \
can read everything that these credentials can read. Ctrl-C stops the server.";

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Listen on this port; 0 selects a free port.
    #[arg(long, default_value_t = 8787)]
    pub port: u16,
    /// Show times in UTC instead of local time.
    #[arg(long)]
    pub utc: bool,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
}
