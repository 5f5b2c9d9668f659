//! `insights`: queries the table, demonstrates the collectors without an AWS account, and simulates the services for
//! other programs.
//!
//! This file reads clock, environment and arguments, passes them to the command, and converts the result to an exit code.

mod ack;
mod args;
mod aws;
mod collect;
mod compliance;
mod demo;
mod embedded;
mod empty;
mod exit;
mod function;
mod http;
mod incidents;
mod interrupt;
mod list;
mod location;
mod man;
mod output;
mod purge;
mod readiness;
mod report;
mod series;
mod serve;
mod session;
mod show;
mod simulate;
mod status;
mod table;
mod timeline;
mod unreadable;
mod watch;

use args::{Arguments, Command, TableCommand};
use clap::CommandFactory;
use exit::{Exit, Failure};
use insights_shared::environment::Environment;
use session::Session;
use std::ffi::OsString;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let environment = Environment::of_process();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match function::requested(&arguments) {
        None => {}
        Some(Ok(function)) => return function.serve(&environment).await,
        Some(Err(exit)) => return exit.into(),
    }
    let (given, clock) = session::as_of(arguments);
    let arguments = match args::parse::<Arguments>(&given) {
        Ok(arguments) => arguments,
        Err(exit) => return exit.into(),
    };
    let session = Session::new(environment, clock).with_arguments(&given);
    let location = arguments.command.location();
    let result = run(arguments.command, &session).await;
    result.unwrap_or_else(|failure| exit::report(&unreadable::explained(failure, &location))).into()
}

async fn run(command: Command, session: &Session) -> Result<Exit, Failure> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments, session).await,
        Command::Collect(arguments) => collect::run(&arguments, session).await,
        Command::List(arguments) => list::run(&arguments, session).await,
        Command::Incidents(arguments) => incidents::run(&arguments, session).await,
        Command::Ack(arguments) => ack::run(&arguments, session).await,
        Command::Show(arguments) => show::run(&arguments, session).await,
        Command::Series(arguments) => series::run(&arguments, session).await,
        Command::Compliance(arguments) => compliance::run(&arguments, session).await,
        Command::Readiness(arguments) => readiness::run(&arguments, session).await,
        Command::Timeline(arguments) => timeline::run(&arguments, session).await,
        Command::Status(arguments) => status::run(&arguments, session).await,
        Command::Report(arguments) => report::run(&arguments, session).await,
        Command::Serve(arguments) => serve::run(&arguments, session).await,
        Command::Simulate(arguments) => simulate::run(&arguments, session).await,
        Command::Purge(arguments) => purge::run(&arguments, session).await,
        Command::Table { command: TableCommand::Create(arguments) } => {
            table::create(&arguments, session).await
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "insights", &mut script);
            output::print_document(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
        Command::Man(arguments) => man::run(&arguments),
    }
}
