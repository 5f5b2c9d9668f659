//! `insights demo`: the complete product on one machine without an AWS account. This process runs simulated services
//! and an embedded table. Each function is a separate process under a Lambda Runtime API. Then the findings are
//! printed.
//!
//! The folder stores the start time of the scenario. In each demo, "now" is this time plus the time since the demo
//! began. A second run therefore finds the same answers, and writes only `run` and `state`.

mod costs;
mod findings;
mod folder;
mod invoke;
mod page;

use crate::args::DemoArguments;
use crate::embedded::EmbeddedTable;
use crate::exit::{Exit, Failure};
use crate::output::progress::Progress;
use crate::output::{print, say};
use crate::session::Session;
use crate::{report, simulate, table};
use findings::Findings;
use folder::Folder;
use futures_util::future::join_all;
use insights_query::{Reader, Selection, Span};
use insights_shared::time::{Clock, DAY_SECONDS};
use insights_simulator::{Options, Scenario, Simulator};
use insights_web::command::{CommandLine, Location};
use invoke::{Invoked, RunEnvironment};

/// The number of days in the report.
const REPORT_DAYS: i64 = 14;
/// Width of the names of the functions.
const NAMES_WIDTH: usize = 21;
/// The name of the table in the database.
pub const TABLE: &str = "insights";

/// Runs the command.
pub async fn run(arguments: &DemoArguments, session: &Session) -> Result<Exit, Failure> {
    let executable =
        std::env::current_exe().map_err(|error| Failure::of("finding this program's own file", error))?;
    let folder = Folder::open(&arguments.dir, session.clock.now())?;
    let began = session.clock.now();
    let clock_shift_ms = folder.anchor().millis_since(began);
    let clock = Clock::Shifted(clock_shift_ms);
    simulate::log::to_file(&folder.log_file("simulator"))?;

    let embedded = EmbeddedTable::open_to_write(&folder.table_file()).await?;
    let made = table::create_in(&embedded.client(), TABLE).await.map_err(|failure| {
        let other = format!("{}-new", arguments.dir.display());
        let hint = CommandLine::insights(&["demo"]).option("--dir", &other);
        failure
            .detail(format!("delete the folder {}, or choose another", arguments.dir.display()))
            .hint(&hint)
    });
    let is_new = made?.is_new;
    let simulator = Simulator::start(Options {
        scenario: Scenario::built_in(folder.anchor()),
        clock,
        table: embedded.database(),
        ..Options::default()
    });
    let simulator = simulator.await.map_err(|error| Failure::of("starting the simulated services", error))?;
    say(if is_new {
        "running the functions against simulated AWS services"
    } else {
        "running the functions again at the same time of the scenario"
    });

    // Windows needs this variable to open sockets.
    let environment =
        session.environment.get("SystemRoot").map(|root| ("SystemRoot".to_owned(), root.to_owned()));
    let environment = environment.into_iter().collect();
    let environment =
        RunEnvironment { executable, environment, clock_shift_ms, simulator: &simulator, folder: &folder };
    let progress = Progress::new(session.live_progress, NAMES_WIDTH);
    let invocations = insights_sources::all()
        .map(|source| invoke::invoke(source, &environment, progress.step(source.package)));
    let invoked: Vec<Invoked> = join_all(invocations).await;
    simulator.stop().await;

    let reader = Reader::new(embedded.client(), TABLE, clock.now());
    let findings = Findings::gather(&reader, clock.now()).await;
    let session = session.in_utc(arguments.utc);
    let file = folder.report_file();
    let span = Span::last(REPORT_DAYS * DAY_SECONDS, reader.now());
    let reported = report::write(
        &reader,
        &Location::default(),
        (&Selection::default(), span),
        session.zone.clone(),
        &file,
    )
    .await;
    embedded.close().await;
    say("");
    print(&page::page(&findings?, &invoked, &folder, &session))?;
    reported?;
    let failed = invoked.iter().filter(|invoked| invoked.result.is_err()).count();
    let whole = |invoked: &Invoked| {
        invoked.result.as_ref().is_ok_and(|report| ["ok", "not_enabled"].contains(&report.status.as_str()))
    };
    Ok(match failed {
        0 if invoked.iter().all(whole) => Exit::Done,
        failed if failed == invoked.len() => Exit::Failed,
        _ => Exit::Partial,
    })
}
