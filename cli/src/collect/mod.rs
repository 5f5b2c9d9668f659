//! `insights collect`: runs the collectors of the functions in this process, with the user's credentials. It connects
//! account, table and collectors, shows progress, handles Ctrl-C and prints the results.

mod account;
mod collector;
mod data;
mod destination;
pub mod explain;
mod page;
mod planned;
mod request;
mod resume_command;
mod tally;
mod units;
mod watch;

use crate::args::CollectArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::location::check_name;
use crate::output::progress::Progress;
use crate::output::{print, say};
use crate::session::Session;
use account::Account;
use aws_sdk_dynamodb::Client;
use destination::Local;
use futures_util::future::join_all;
use insights_query::format::{json, service};
use insights_query::health::STARTED_BY_HAND;
use insights_query::{Place, Reader};
use insights_shared::hooks::{Activity, RunHooks};
use insights_shared::invocation::{Context, InvocationError};
use insights_shared::record::Source;
use insights_shared::report::{Response, RunStatus, TargetResponse};
use insights_shared::store::Units;
use insights_web::command::CommandLine;
use request::{Request, own_targets};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use tally::{Counted, Group, Tally};
use tokio_util::sync::CancellationToken;
use watch::Watch;

/// Columns of a target's name without its region: the longest source, an account and separators.
const BESIDE_REGION: usize = 26;
/// Columns of the longest region name.
const LONGEST_REGION: usize = 14;

/// The result of one source.
#[derive(Debug)]
pub struct Collected {
    /// The source.
    pub source: Source,
    /// The result of each target, in the order of the request.
    pub targets: Vec<TargetResponse>,
    /// Requests to the service.
    pub calls: u64,
    /// The response, unless everything failed.
    pub response: Option<Response>,
    /// The error, if everything failed.
    pub error: Option<InvocationError>,
    /// The consumed capacity of the table.
    pub units: Units,
}

/// The result of all sources.
#[derive(Debug)]
pub struct Ended {
    /// The results by source.
    pub collected: Vec<Collected>,
    /// The writes that a dry run would have made.
    pub planned: Option<BTreeMap<Group, Counted>>,
    /// The table's name and place.
    pub table: String,
    /// Whether the table is in a file.
    pub local: bool,
    /// Whether a person stopped the run.
    pub stopped: bool,
    /// The command that continues the run.
    pub go_on: Option<CommandLine>,
    /// Sources or targets that were not tried.
    pub left_out: Option<String>,
}

/// Runs the command.
pub async fn run(arguments: &CollectArguments, session: &Session) -> Result<Exit, Failure> {
    let session = &session.in_utc(arguments.utc);
    let request = Request::read(arguments, session.clock.now())?;
    let table = session.table_name(arguments.location.table.as_deref());
    check_name(&table)?;
    let local = Local::of(&arguments.location)?;
    let account = Account::load(arguments.profile.as_deref(), &arguments.region, session).await?;
    let embedded = destination::open(local, &table, request.dry_run, &account, session).await?;
    let (client, asking) = match &embedded {
        Some(embedded) => (embedded.client(), embedded.client()),
        None => (Client::new(&account.sdk), Client::new(&account.asking)),
    };
    let reader = Reader::new(asking, &table, session.clock.now());
    let collected = collect(arguments, &request, &account, (&client, &reader), session).await;
    if let Some(embedded) = embedded {
        embedded.close().await;
    }
    let ended = collected?;
    print(&match arguments.output {
        Output::Table => page::page(&ended, session),
        Output::Json => json::records(&ended.records()),
        Output::Csv => data::rows(&ended.records()),
    })?;
    Ok(exit(&ended))
}

async fn collect(
    arguments: &CollectArguments,
    request: &Request,
    account: &Account,
    (client, reader): (&Client, &Reader),
    session: &Session,
) -> Result<Ended, Failure> {
    let table = reader.table();
    // If the table does not respond, this is reported once with a remedy, instead of once per target.
    let here = Place { account_id: account.id.clone(), region: account.region.clone() };
    if let Some(source) = insights_sources::all().next() {
        reader.last_runs(source, &here, 1).await?;
    }

    let own = (!arguments.region.is_empty()).then(|| own_targets(&account.id, &arguments.region));
    let targets = request.targets.as_deref().or(own.as_deref());
    let environment = collector::environment(&session.environment, table, &account.region, targets);
    let stop = CancellationToken::new();
    let tally = request.dry_run.then(Tally::default);
    let mut collectors = Vec::new();
    let mut watches = Vec::new();
    let mut faults: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    for source in request.sources.iter().copied() {
        let activity = Arc::new(Activity::default());
        let hooks = RunHooks {
            table: Some(client.clone()),
            cancellation: stop.clone(),
            activity: Some(Arc::clone(&activity)),
            dry_run: tally.as_ref().map(Tally::plan),
            dates: Some(Arc::clone(&account.dates)),
        };
        let made =
            insights_collectors::function(source, &environment, account.sdk.clone(), session.clock, hooks);
        match made {
            Ok(collector) => collectors.push((source, collector, Arc::clone(&activity))),
            Err(error) => {
                for fault in error.message.split("; ") {
                    faults.entry(fault.to_owned()).or_default().push(source);
                }
            }
        }
        watches.push(Watch::new(source, activity, request.dry_run));
    }
    if !faults.is_empty() {
        return Err(misconfigured(&faults, &request.sources, session));
    }

    let payload = request.payload();
    let request_id = format!("{STARTED_BY_HAND}{:016x}", RandomState::new().build_hasher().finish());
    let mut interrupt = Interrupt::listen()?;
    let widest = arguments.region.iter().chain([&account.region]).map(String::len).max().unwrap_or_default();
    let widest = if targets.is_none() || own.is_some() { widest } else { LONGEST_REGION };
    let progress = Progress::new(session.live_progress, BESIDE_REGION + widest);
    let runs = collectors.iter().map(|(source, collector, _)| {
        let function_arn =
            format!("arn:aws:lambda:{}:{}:function:{}", account.region, account.id, source.package);
        let context = Context { request_id: request_id.clone(), function_arn, deadline: None };
        let payload = &payload;
        async move { collector.invoke(payload, &context).await }
    });
    let mut all = pin!(join_all(runs));
    let results = loop {
        tokio::select! {
            biased;
            results = &mut all => break results,
            () = interrupt.next() => {
                if stop.is_cancelled() {
                    say(if request.dry_run {
                        "stopped immediately: nothing was written"
                    } else {
                        "stopped immediately: data that was not stored is discarded; the same command fetches it again"
                    });
                    // The runtime would wait for blocking tasks that cannot be cancelled, such as a DNS lookup.
                    std::process::exit(i32::from(Exit::Partial.code()));
                }
                let what = if request.dry_run { "counted" } else { "stored" };
                say(&format!("stopping: the fetched data is {what}; press Ctrl-C again to stop immediately"));
                stop.cancel();
            }
            never = Watch::all(&mut watches, &progress) => match never {},
        }
    };
    for watch in &mut watches {
        watch.update(&progress);
    }
    if let Some(faults) = configuration_faults(&results) {
        return Err(Failure::Usage(faults));
    }
    let collected: Vec<Collected> = collectors
        .iter()
        .zip(results)
        .map(|((source, _, activity), result)| Collected::of(*source, activity, result))
        .collect();
    let local = arguments.location.local.as_deref();
    let stopped = stop.is_cancelled();
    Ok(Ended {
        go_on: resume_command::resume_command(arguments, request, &collected, stopped),
        collected,
        planned: tally.map(|tally| tally.counted()),
        table: match local {
            Some(file) => format!("table {table} in {}", file.display()),
            None => format!("table {table} in {}", account.region),
        },
        local: local.is_some(),
        stopped,
        left_out: request.left_out.clone(),
    })
}

impl Collected {
    fn of(source: Source, activity: &Activity, result: Result<Response, InvocationError>) -> Self {
        let activities = activity.targets();
        let mut targets: Vec<TargetResponse> =
            activities.iter().map(|target| target.report.finish(&target.target)).collect();
        targets
            .sort_by(|left, right| (&left.account_id, &left.region).cmp(&(&right.account_id, &right.region)));
        let calls = activities.iter().map(|target| target.calls.calls().sent.values().sum::<u64>()).sum();
        let (response, error) = match result {
            Ok(response) => (Some(response), None),
            Err(error) => (None, Some(error)),
        };
        Self { source, targets, calls, response, error, units: activity.units() }
    }

    /// The status of the source.
    fn status(&self) -> RunStatus {
        self.response.as_ref().map_or(RunStatus::Failed, |response| response.status)
    }
}

/// The faults of the configuration, with the sources that have them if not all sources do, and a command for the sources
/// without faults.
fn misconfigured(faults: &BTreeMap<String, Vec<Source>>, all: &[Source], session: &Session) -> Failure {
    let describe = |(fault, having): (&String, &Vec<Source>)| {
        if having.len() == all.len() {
            return fault.clone();
        }
        let names: Vec<&str> = having.iter().map(|source| service(source.as_str())).collect();
        format!("{}: {fault}", names.join(" and "))
    };
    let failure = Failure::Usage(faults.iter().map(describe).collect());
    let is_faultless = |source: &&Source| !faults.values().flatten().any(|having| having == *source);
    let others: Vec<&Source> = all.iter().filter(is_faultless).collect();
    if others.is_empty() {
        return failure;
    }
    let names: Vec<&str> = others.iter().map(|source| service(source.as_str())).collect();
    let command = others
        .iter()
        .fold(session.without("--source"), |command, source| command.option("--source", source.as_str()));
    failure.detail(format!("{} can run with this configuration", names.join(" and "))).hint(&command)
}

/// The faults of configuration and payload, if there are no other errors. A target without a required role is found only when
/// its account is known.
fn configuration_faults(results: &[Result<Response, InvocationError>]) -> Option<Vec<String>> {
    let mut faults = BTreeSet::new();
    for result in results {
        let error = result.as_ref().err()?;
        if !["Config.Invalid", "Payload.Invalid"].contains(&error.error_type) {
            return None;
        }
        faults.extend(error.message.split("; ").map(str::to_owned));
    }
    (!faults.is_empty()).then(|| faults.into_iter().collect())
}

fn exit(ended: &Ended) -> Exit {
    match RunStatus::of_all(ended.collected.iter().map(Collected::status)) {
        RunStatus::Ok | RunStatus::NotEnabled => Exit::Done,
        RunStatus::Partial => Exit::Partial,
        RunStatus::Failed => Exit::Failed,
    }
}
