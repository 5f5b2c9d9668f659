//! The binary as one of the functions: `insights __function xray-insights`. The demo starts itself this way, so that
//! each function runs in its own process under a Lambda Runtime API, as on Lambda.

use crate::args;
use crate::exit::Exit;
use clap::Parser;
use insights_collectors::with_collector;
use insights_shared::environment::Environment;
use insights_shared::record::Source;
use insights_shared::runtime::serve;
use insights_shared::time::Clock;
use std::ffi::OsString;
use std::process::ExitCode;

/// The first argument that selects this mode. It is not a command, so help and completions do not show it.
pub const REQUEST: &str = "__function";

/// Which function to run.
#[derive(Debug, Parser)]
#[command(name = REQUEST)]
pub struct Function {
    /// The function's package.
    #[arg(value_parser = package)]
    source: Source,
    /// The difference between the function's clock and the machine's clock.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    clock_shift_ms: i64,
}

/// The function that the arguments select, if they do.
pub fn requested(arguments: &[OsString]) -> Option<Result<Function, Exit>> {
    let (_, rest) = arguments.split_first()?;
    (rest.first()? == REQUEST).then(|| args::parse(rest))
}

/// The arguments that start the function of `source` with this difference of clocks.
pub fn arguments(source: Source, clock_shift_ms: i64) -> [String; 4] {
    [REQUEST, source.package, "--clock-shift-ms", &clock_shift_ms.to_string()].map(str::to_owned)
}

impl Function {
    /// Serves invocations until the runtime terminates the process.
    pub async fn serve(self, environment: &Environment) -> ExitCode {
        let clock = match self.clock_shift_ms {
            0 => Clock::System,
            millis => Clock::Shifted(millis),
        };
        with_collector!(self.source, C => serve::<C>(environment, clock).await).unwrap_or(ExitCode::FAILURE)
    }
}

fn package(text: &str) -> Result<Source, String> {
    let known = insights_sources::all().find(|source| source.package == text);
    known.ok_or_else(|| {
        let packages: Vec<&str> = insights_sources::all().map(|source| source.package).collect();
        format!("must be one of {}", packages.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_a_function_are_parsed_again() {
        for source in insights_sources::all() {
            let mut process = vec![OsString::from("insights")];
            process.extend(arguments(source, -5_000).map(OsString::from));
            let function = requested(&process).unwrap().unwrap();
            assert_eq!((function.source, function.clock_shift_ms), (source, -5_000));
        }
        assert!(requested(&["insights".into(), "demo".into()]).is_none());
        assert!(requested(&["insights".into()]).is_none());
    }
}
