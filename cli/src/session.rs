//! The environment of a command: clock, variables and terminal. Read once.

use crate::args::shared::TableOptions;
use insights_shared::environment::Environment;
use insights_shared::time::Clock;
use insights_web::command::{CommandLine, Location};
use jiff::tz::TimeZone;
use std::ffi::OsString;
use std::io::IsTerminal;

/// The first argument that fixes the clock at the time in the next argument, for tests and screenshots. It is not a public
/// argument, so help and completions do not show it.
pub const AS_OF: &str = "__as-of";
/// Width of the output if standard output is not a terminal.
const DEFAULT_WIDTH: u16 = 100;
/// Minimum width of the output.
const LEAST_WIDTH: u16 = 60;

/// The environment of a command.
#[derive(Clone, Debug)]
pub struct Session {
    /// The environment variables.
    pub environment: Environment,
    /// The clock.
    pub clock: Clock,
    /// Whether standard output supports colour.
    pub colour: bool,
    /// Whether standard error is a terminal, so that progress can be updated in place.
    pub live_progress: bool,
    /// Width of standard output in columns.
    pub width: u16,
    /// The machine's time zone.
    pub zone: TimeZone,
    /// The arguments of the process after the program's name.
    pub arguments: Vec<OsString>,
    /// The options that select the table of the current command, for suggested commands.
    pub location: Location,
}

impl Session {
    /// Reads the properties of the terminal and the time zone.
    pub fn new(environment: Environment, clock: Clock) -> Self {
        // An unset or empty NO_COLOR counts as absent: https://no-color.org
        let colour_allowed = environment.get("NO_COLOR").is_none() && environment.get("TERM") != Some("dumb");
        let columns = environment.get("COLUMNS").and_then(|columns| columns.trim().parse().ok());
        let width = comfy_table::Table::new().width().or(columns).unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH);
        Self {
            colour: colour_allowed && std::io::stdout().is_terminal(),
            live_progress: std::io::stderr().is_terminal() && environment.get("TERM") != Some("dumb"),
            width,
            zone: TimeZone::system(),
            arguments: Vec::new(),
            location: Location::default(),
            environment,
            clock,
        }
    }

    /// The same session for a process with these arguments, which begin with the program's name.
    #[must_use]
    pub fn with_arguments(mut self, arguments: &[OsString]) -> Self {
        self.arguments = arguments.get(1..).unwrap_or_default().to_vec();
        self
    }

    /// The current command again; `replaced` has the new value of an option.
    pub fn repeated(&self, replaced: Option<(&str, &str)>) -> CommandLine {
        let mut command = CommandLine::insights(&[]);
        let mut is_replaced = false;
        for argument in &self.arguments {
            let text = argument.to_string_lossy();
            match replaced {
                Some((_, value)) if is_replaced => {
                    command = command.word(value);
                    is_replaced = false;
                }
                Some((name, value)) if text.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')) => {
                    command = command.joined(name, value);
                }
                Some((name, _)) if text == name => {
                    command = command.word(name);
                    is_replaced = true;
                }
                _ => command = command.word(&text),
            }
        }
        command
    }

    /// The same session for a command on the table at `location`.
    #[must_use]
    pub fn at(&self, location: &TableOptions) -> Self {
        Self { location: location.names(), ..self.clone() }
    }

    /// A command of this program on the same table.
    pub fn command(&self, words: &[&str]) -> CommandLine {
        CommandLine::insights(words).at(&self.location)
    }

    /// The same session with times in UTC if `utc`.
    #[must_use]
    pub fn in_utc(&self, utc: bool) -> Self {
        let mut session = self.clone();
        if utc {
            session.zone = TimeZone::UTC;
        }
        session
    }

    /// The current command without all occurrences of an option.
    pub fn without(&self, option: &str) -> CommandLine {
        let mut command = CommandLine::insights(&[]);
        let mut is_value = false;
        for argument in &self.arguments {
            let text = argument.to_string_lossy();
            let is_option = text == option;
            if !is_value && !is_option && !text.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
            {
                command = command.word(&text);
            }
            is_value = is_option;
        }
        command
    }

    /// The name of the table: `given`, otherwise `$TABLE_NAME`, otherwise `insights`.
    pub fn table_name(&self, given: Option<&str>) -> String {
        given.or_else(|| self.environment.get("TABLE_NAME")).unwrap_or("insights").to_owned()
    }
}

/// The arguments of the process and its clock: that of the machine, unless the arguments begin with [`AS_OF`].
pub fn as_of(mut arguments: Vec<OsString>) -> (Vec<OsString>, Clock) {
    let instant = match arguments.get(1..3) {
        Some([first, instant]) if first == AS_OF => instant.to_str().and_then(|text| text.parse().ok()),
        _ => None,
    };
    let Some(instant) = instant else { return (arguments, Clock::System) };
    arguments.drain(1..3);
    (arguments, Clock::Fixed(instant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_repeated_with_another_value() {
        let repeated = |arguments: &[&str], replaced| {
            let arguments: Vec<OsString> = ["insights"].iter().chain(arguments).map(OsString::from).collect();
            Session::new(Environment::default(), Clock::System)
                .with_arguments(&arguments)
                .repeated(replaced)
                .text()
        };
        let check = |arguments: &[&str], replaced, expected: &str| {
            assert_eq!(repeated(arguments, replaced).as_deref(), Some(expected), "{arguments:?}");
        };
        check(&["list", "--entity", "two words"], None, "insights list --entity 'two words'");
        let audit = Some(("--profile", "audit"));
        check(&["collect", "--profile", "adit", "--utc"], audit, "insights collect --profile audit --utc");
        check(&["collect", "--profile=adit", "--utc"], audit, "insights collect --profile=audit --utc");
        check(&["collect", "--profiles"], audit, "insights collect --profiles");
        check(&[], audit, "insights");
        assert_eq!(repeated(&["show", "a\u{1b}"], None), None);
        let given =
            ["insights", "collect", "--source", "xray", "--source=cloudtrail", "--utc"].map(OsString::from);
        let session = Session::new(Environment::default(), Clock::System).with_arguments(&given);
        assert_eq!(session.without("--source").to_string(), "insights collect --utc");
    }

    #[test]
    fn the_clock_is_fixed_only_on_request() {
        let split = |arguments: &[&str]| {
            let (rest, clock) = as_of(arguments.iter().map(OsString::from).collect());
            let rest: Vec<String> = rest.into_iter().map(|text| text.into_string().unwrap()).collect();
            let held = if let Clock::Fixed(instant) = clock { Some(instant.to_string()) } else { None };
            (rest.join(" "), held)
        };
        let noon = Some("2026-03-01T12:00:00.000Z".to_owned());
        for (arguments, expected) in [
            (vec!["insights", "list"], ("insights list", None)),
            (
                vec!["insights", AS_OF, "2026-03-01T12:00:00Z", "list", "--open"],
                ("insights list --open", noon),
            ),
            (vec!["insights", AS_OF, "noon"], ("insights __as-of noon", None)),
            (vec!["insights"], ("insights", None)),
        ] {
            assert_eq!(split(&arguments), (expected.0.to_owned(), expected.1), "{arguments:?}");
        }
    }
}
