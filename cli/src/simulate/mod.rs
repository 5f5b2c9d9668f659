//! `insights simulate`: the simulated services and the table for other programs, until Ctrl-C. Standard output has the
//! variables in a form that a shell can evaluate; standard error has every call.

mod input;
pub mod log;

use crate::args::SimulateArguments;
use crate::embedded::EmbeddedTable;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::location::check_name;
use crate::output::{print, say};
use crate::session::Session;
use crate::table;
use insights_query::format::count;
use insights_simulator::{Options, Simulator};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// The maximum time to wait for active calls at the end.
const MAX_STOP_TIME: Duration = Duration::from_secs(3);

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(arguments: &SimulateArguments, session: &Session) -> Result<Exit, Failure> {
    let table_name = session.table_name(arguments.table.as_deref());
    check_name(&table_name)?;
    let input = input::read(arguments, session.clock.now())?;
    log::to_standard_error();
    let embedded = match &arguments.table_file {
        Some(file) => EmbeddedTable::open_to_write(file).await?,
        None => EmbeddedTable::in_memory()?,
    };
    if !arguments.no_table {
        table::create_in(&embedded.client(), &table_name).await?;
    }
    // Before the address is printed, so that a program that reads it can stop the simulator immediately.
    let mut interrupt = Interrupt::listen()?;
    let address = SocketAddr::new(arguments.bind, arguments.port);
    let options = Options {
        address,
        scenario: input.scenario,
        clock: session.clock,
        enforce_rates: arguments.enforce_rates,
        faults: input.faults,
        table: embedded.database(),
        allowed_hosts: arguments.allow_host.clone(),
        observer: None,
    };
    let simulator = Simulator::start(options).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "; use another --port, or --port 0 for a free port",
            _ => "",
        };
        Failure::Failed(format!("listening on {address}: {error}{hint}"))
    })?;
    print(&variables(&simulator.url(), (!arguments.no_table).then_some(&table_name)))?;
    interrupt.next().await;
    let counts = simulator.counts();
    // A client that has sent only half of a request would keep the server waiting.
    let stop = async {
        simulator.stop().await;
        embedded.close().await;
    };
    let _ = tokio::time::timeout(MAX_STOP_TIME, stop).await;
    let widest = counts.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    say(&format!("{} calls", count(counts.values().sum())));
    for (operation, calls) in counts {
        say(&format!("  {operation:<widest$}  {:>8}", count(calls)));
    }
    Ok(Exit::Done)
}

/// The variables for other programs. Any credentials work; a session token or a profile would override them.
fn variables(url: &str, table: Option<&String>) -> String {
    let mut text = format!("# X-Ray, CloudTrail, Audit Manager, STS and DynamoDB at {url}, until Ctrl-C\n");
    let table = table.map(|table| ("TABLE_NAME", table.as_str()));
    let variables = [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", "simulated"),
        ("AWS_SECRET_ACCESS_KEY", "simulated"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ];
    for (name, value) in variables.into_iter().chain(table) {
        let _ = writeln!(text, "export {name}={value}");
    }
    text.push_str("unset AWS_PROFILE AWS_SESSION_TOKEN\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_are_shell_commands() {
        let text = variables("http://127.0.0.1:8080", Some(&"insights".to_owned()));
        assert!(text.contains("\nexport AWS_ENDPOINT_URL=http://127.0.0.1:8080\n"), "{text}");
        assert!(text.contains("\nexport TABLE_NAME=insights\n"), "{text}");
        assert!(!variables("http://127.0.0.1:8080", None).contains("TABLE_NAME"));
        for line in text.lines() {
            assert!(["# ", "export ", "unset "].iter().any(|start| line.starts_with(start)), "{line}");
        }
    }
}
