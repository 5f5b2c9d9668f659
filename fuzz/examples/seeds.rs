//! Writes the seeds of a target into a folder, for libFuzzer to begin with: `seeds TARGET FOLDER`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, target, folder] = arguments.as_slice() else { return ExitCode::from(2) };
    let written = insights_fuzz::seeds(target).into_iter().enumerate().try_for_each(|(number, seed)| {
        std::fs::write(std::path::Path::new(folder).join(format!("seed-{number}")), seed)
    });
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
