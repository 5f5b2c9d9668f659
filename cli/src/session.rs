//! What every command is handed of the world: clock, environment, and how output may look. Read once.

use insights_shared::environment::Environment;
use insights_shared::time::Clock;
use jiff::tz::TimeZone;
use std::io::IsTerminal;

/// Columns of a page whose width nobody knows, as when it is piped into a file.
const DEFAULT_WIDTH: u16 = 100;
/// Narrower than this, nothing can be laid out.
const LEAST_WIDTH: u16 = 60;

/// The world as a command sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The variables of the process.
    pub environment: Environment,
    /// Where "now" comes from.
    pub clock: Clock,
    /// Whether standard output takes colour.
    pub colour: bool,
    /// Whether standard error is watched by a person, so that progress may move.
    pub live_progress: bool,
    /// Columns of standard output.
    pub width: u16,
    /// The machine's time zone.
    pub zone: TimeZone,
}

impl Session {
    /// Looks at the terminal and the time zone.
    pub fn new(environment: Environment, clock: Clock) -> Self {
        // An unset or empty NO_COLOR counts as absent: https://no-color.org
        let colour_allowed = environment.get("NO_COLOR").is_none() && environment.get("TERM") != Some("dumb");
        let width = comfy_table::Table::new().width().unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH);
        Self {
            colour: colour_allowed && std::io::stdout().is_terminal(),
            live_progress: std::io::stderr().is_terminal() && environment.get("TERM") != Some("dumb"),
            width,
            zone: TimeZone::system(),
            environment,
            clock,
        }
    }

    /// The table's name: `given`, else `$TABLE_NAME`, else `insights`.
    pub fn table_name(&self, given: Option<&str>) -> String {
        given.or_else(|| self.environment.get("TABLE_NAME")).unwrap_or("insights").to_owned()
    }
}
