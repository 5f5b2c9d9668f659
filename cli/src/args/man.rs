//! Arguments of `insights man`.

use clap::Args;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  insights man | man -l -                     read the page
  insights man --dir /usr/local/share/man/man1";

/// The arguments of `insights man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Folder for one page per command; it is created if it does not exist.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
