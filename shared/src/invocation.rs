//! One invocation, from payload to response: which targets, one run each, then `run` and `state`.

use crate::attendance::Attendance;
use crate::aws::{self, CallCounts, Calls};
use crate::collector::{Collector, Finish};
use crate::config::Settings;
use crate::environment::Environment;
use crate::fields::Faults;
use crate::issue::{CallError, Class, REQUEST_INVALID, Stage};
use crate::log;
use crate::pace::Pacers;
use crate::payload::{self, Payload, Window};
use crate::report::{Response, RunStatus, TargetReport, TargetResponse};
use crate::roles;
use crate::stop::Stop;
use crate::store::state::{RunStamp, state_key};
use crate::store::{Options, Store};
use crate::target::{self, Target};
use crate::target_run::{Setup, TargetRun, Work};
use crate::time::{Clock, Timestamp};
use aws_types::SdkConfig;
use aws_types::region::Region;
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Targets worked at once. Their limits do not touch each other; their memory does.
const TARGETS_AT_ONCE: usize = 8;

/// Why an invocation failed as a whole. The message is for a person, the type for alarms and retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationError {
    /// One of the types that the README lists.
    pub error_type: &'static str,
    /// Everything that is wrong.
    pub message: String,
}

impl InvocationError {
    fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        Self { error_type, message: message.into() }
    }

    /// A panic was caught; the log has its message.
    pub fn internal() -> Self {
        Self::new("Internal", "a panic, which is a bug: the log has its message")
    }
}

impl std::fmt::Display for InvocationError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.error_type, self.message)
    }
}

impl std::error::Error for InvocationError {}

/// What the Lambda runtime says of an invocation.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The request id.
    pub request_id: String,
    /// The ARN that was invoked.
    pub function_arn: String,
    /// When the runtime will end the process.
    pub deadline: Option<Instant>,
}

/// A function, ready to be invoked.
#[derive(Debug)]
pub struct Service<C> {
    collector: C,
    settings: Arc<Settings>,
    sdk: SdkConfig,
    dynamodb: aws_sdk_dynamodb::Client,
    pacers: Pacers,
    clock: Clock,
    /// `function:version`.
    name: String,
    own_account: OnceCell<String>,
    /// Whether standard output is a log group's, which makes metrics of what it is told.
    is_lambda: bool,
    attendance: Attendance,
}

impl<C: Collector> Service<C> {
    /// Reads the configuration; every fault at once as `Config.Invalid`.
    pub fn new(environment: &Environment, sdk: SdkConfig, clock: Clock) -> Result<Self, InvocationError> {
        let mut faults = Faults::default();
        let settings = Settings::read(environment, C::SOURCE, &mut faults);
        let collector = C::read(environment, &mut faults);
        faults.or(()).map_err(|faults| InvocationError::new("Config.Invalid", faults.to_string()))?;
        let is_lambda = environment.get("AWS_LAMBDA_FUNCTION_NAME").is_some();
        let function = environment.get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or(C::SOURCE.package());
        let version = environment.get("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or("$LATEST");
        let dynamodb = aws::dynamodb(&sdk);
        C::prepare(&sdk);
        let name = format!("{function}:{version}");
        let pacers = Pacers::new(settings.rate_limits.clone());
        Ok(Self {
            collector,
            settings: Arc::new(settings),
            sdk,
            dynamodb,
            pacers,
            clock,
            name,
            own_account: OnceCell::new(),
            is_lambda,
            attendance: Attendance::default(),
        })
    }

    /// The same with what a process has that a person attends.
    #[must_use]
    pub fn attended(mut self, attendance: Attendance) -> Self {
        if let Some(table) = attendance.table.clone() {
            self.dynamodb = table;
        }
        Self { attendance, ..self }
    }

    /// When fetching ends.
    fn stop(&self, deadline: Option<Instant>) -> Stop {
        Stop::new(deadline.map(fetch_until), self.attendance.stop.clone())
    }

    /// Works one payload.
    pub async fn invoke(&self, payload: &str, context: &Context) -> Result<Response, InvocationError> {
        let result = self.run(payload, context).await;
        if let Err(error) = &result {
            log::invocation_failed(error.error_type, &error.message);
        }
        result
    }

    async fn run(&self, payload: &str, context: &Context) -> Result<Response, InvocationError> {
        let started_at = self.clock.now();
        let begun = Instant::now();
        let payload = payload::parse(payload, C::SOURCE, &self.settings.own_region, started_at)
            .map_err(|faults| InvocationError::new("Payload.Invalid", faults.to_string()))?;
        let plan = self.plan(payload, context).await?;
        let options = Options {
            table: self.settings.table_name.clone(),
            collected_by: format!("{}#{}", self.name, context.request_id),
            retention_days: self.settings.retention_days,
            concurrency: self.settings.concurrency,
            dry_run: plan.dry_run,
        };
        let store = Store::new(self.dynamodb.clone(), self.clock, options);
        let store = store.until(context.deadline.map(store_until));
        let store = Arc::new(store.planned_by(self.attendance.plan.clone()));
        let states = store.states(C::SOURCE, &plan.targets).await.map_err(table_unavailable)?;

        let mut targets = plan.targets;
        // Whoever waited longest comes first, so that an invocation too short for all starves none. A run that had no time
        // for a target was none in this, though it is recorded as its last one.
        let last_begun =
            |target: &Target| states.get(&state_key(C::SOURCE, target))?.timestamp("last_begun_at");
        targets.sort_by_key(last_begun);
        let stop = self.stop(context.deadline);
        let runs = targets.into_iter().map(|target| {
            let state = states.get(&state_key(C::SOURCE, &target)).cloned();
            let setup = Setup {
                source: C::SOURCE,
                pacer: self.pacers.of(&target),
                target,
                work: plan.work.clone(),
                state,
                sdk: self.sdk.clone(),
                stop: stop.clone(),
            };
            let stamp = RunStamp {
                started_at,
                begun_at: None,
                ended_at: started_at,
                request_id: &context.request_id,
                trigger: plan.trigger,
                scheduled_time: plan.scheduled_time,
            };
            self.run_target(setup, Arc::clone(&store), stamp)
        });
        let outcomes: Vec<TargetOutcome> =
            stream::iter(runs).buffer_unordered(TARGETS_AT_ONCE).collect().await;

        let mut table_failed = true;
        let mut first_failure = None;
        let (mut api_calls, mut throttled) = (BTreeMap::new(), 0);
        let mut responses = Vec::new();
        for outcome in outcomes {
            table_failed &= outcome.nothing_stored;
            first_failure = first_failure.or(outcome.first_failure);
            throttled += outcome.calls.throttled;
            for (operation, sent) in outcome.calls.sent {
                *api_calls.entry(operation).or_default() += sent;
            }
            responses.push(outcome.response);
        }
        responses
            .sort_by(|left, right| (&left.account_id, &left.region).cmp(&(&right.account_id, &right.region)));
        let mut response = Response::new(C::SOURCE, plan.dry_run, responses);
        (response.api_calls, response.throttled) = (api_calls, throttled);
        let units = store.units();
        (response.read_units, response.write_units) = (units.read, units.write);
        if let Some(activity) = &self.attendance.activity {
            activity.used(units);
        }
        response.duration_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        if self.is_lambda {
            crate::metrics::emit(&response, plan.trigger, self.clock.now());
        }
        if response.status == RunStatus::Failed {
            return Err(all_failed(&response, table_failed, first_failure));
        }
        Ok(response)
    }

    async fn run_target(
        &self,
        mut setup: Setup,
        store: Arc<Store>,
        mut stamp: RunStamp<'_>,
    ) -> TargetOutcome {
        let target = setup.target.clone();
        let is_scheduled = setup.work == Work::Scheduled;
        let region = Region::new(target.region.clone());
        let mut sdk = self.sdk.to_builder().region(region).build();
        // A role that takes all of the time was begun as well, or it would come first for ever.
        stamp.begun_at = (!setup.stop.has_come()).then(|| self.clock.now());
        let mut role_failure = None;
        if let Some(role) = &target.role {
            let assume = Box::pin(roles::assume(&self.sdk, role, &target.account_id, C::SOURCE));
            match within(&setup.stop, "AssumeRole", assume).await {
                Ok(credentials) => sdk = sdk.to_builder().credentials_provider(credentials).build(),
                Err(error) => role_failure = Some((role.arn.clone(), error)),
            }
        }
        setup.sdk = sdk;
        // A backfill that does not so much as begin is to be continued at its start.
        let nothing_of_it = match &setup.work {
            Work::Window(window) => Some(Window { start: window.start, end: window.start }),
            Work::Scheduled | Work::Push(_) => None,
        };
        let calls = Arc::new(CallCounts::default());
        let counted = Arc::clone(&calls);
        let run = TargetRun::new(setup, Arc::clone(&self.settings), Arc::clone(&store), self.clock, counted);
        let activity = self.attendance.activity.as_ref();
        let activity = activity.map(|activity| activity.begin(&target, &calls, &run.report));
        let finish = match role_failure {
            None if run.is_over() => {
                run.report.not_reached(1);
                Finish::default()
            }
            // Boxed, since a collector's future is large and nests deep.
            None => Box::pin(self.collector.collect(&run)).await,
            Some((role_arn, error)) => {
                run.report.call_failed(Stage::Fetch, &role_arn, &error);
                Finish::default()
            }
        };
        if let Some(window) = finish.window.or(nothing_of_it) {
            run.report.window(window);
        }
        stamp.ended_at = self.clock.now();
        let mut response = run.report.finish(&target);
        if let Err(error) = store.put_run(C::SOURCE, &target, &response, &stamp).await {
            response = not_written(&run.report, &target, "run", &error);
        }
        if is_scheduled {
            // One that has not moved would only fail its condition, and a failed condition is billed.
            let moved = finish.watermark.filter(|watermark| run.watermark() < Some(*watermark));
            let written = store.put_state(C::SOURCE, &target, &response, &stamp, moved, &finish.resume).await;
            if let Err(error) = written {
                response = not_written(&run.report, &target, "state", &error);
            }
        }
        log::target_finished(C::SOURCE.as_str(), &response);
        if let Some(activity) = activity {
            activity.end(response.status);
        }
        TargetOutcome {
            response,
            calls: calls.calls(),
            nothing_stored: run.report.nothing_stored(),
            first_failure: run.report.first_failure(),
        }
    }

    /// Which targets are worked, and what for.
    async fn plan(&self, payload: Payload, context: &Context) -> Result<Plan, InvocationError> {
        let own_account = self.own_account(context).await?;
        let own = || {
            let (account_id, region) = (own_account.clone(), self.settings.own_region.clone());
            vec![Target { account_id, region, role: None }]
        };
        let configured = self.settings.targets.clone().unwrap_or_else(own);
        let mut faults = Faults::default();
        check_accounts(&configured, "TARGETS", &own_account, &mut faults);
        faults.or(()).map_err(|faults| InvocationError::new("Config.Invalid", faults.to_string()))?;
        let mut faults = Faults::default();
        let plan = match payload {
            Payload::Scheduled { scheduled_time, targets, dry_run } => Plan::new(
                Work::Scheduled,
                "scheduled",
                targets.unwrap_or(configured),
                scheduled_time,
                dry_run,
            ),
            Payload::Window { scheduled_time, window, targets, dry_run } => {
                let work = Work::Window(window);
                Plan::new(work, "window", targets.unwrap_or(configured), scheduled_time, dry_run)
            }
            Payload::Push(push) => {
                let is_pushed =
                    |target: &Target| target.account_id == push.account_id && target.region == push.region;
                let targets: Vec<Target> = configured.into_iter().filter(is_pushed).collect();
                if targets.is_empty() {
                    let place = format!("{}/{}", push.account_id, push.region);
                    faults.add("account and region", place, "must be one of the function's targets");
                }
                C::check_push(&push, &mut faults);
                let time = push.time;
                Plan::new(Work::Push(push), "push", targets, time, false)
            }
        };
        check_accounts(&plan.targets, "targets", &own_account, &mut faults);
        faults.or(plan).map_err(|faults| InvocationError::new("Payload.Invalid", faults.to_string()))
    }

    /// The account of the function: its ARN's, or STS's answer where the ARN is invented or names none.
    async fn own_account(&self, context: &Context) -> Result<String, InvocationError> {
        let in_arn = target::account_of_arn(&context.function_arn).filter(|_| !self.settings.is_sam_local);
        if let Some(account) = in_arn {
            return Ok(account.to_owned());
        }
        let ask = || {
            // Boxed as a collector's future is: what the SDK makes of a request nests deep.
            let identity = Box::pin(roles::own_account(&self.sdk));
            async { within(&self.stop(context.deadline), "GetCallerIdentity", identity).await }
        };
        let account = self.own_account.get_or_try_init(ask).await.map_err(|error| {
            let message = format!("sts GetCallerIdentity: {}: {}", error.code, error.message);
            InvocationError::new(error_type_of(error.class), message)
        })?;
        Ok(account.clone())
    }
}

/// What is to be done.
#[derive(Debug)]
struct Plan {
    work: Work,
    trigger: &'static str,
    targets: Vec<Target>,
    scheduled_time: Option<Timestamp>,
    dry_run: bool,
}

impl Plan {
    fn new(
        work: Work,
        trigger: &'static str,
        targets: Vec<Target>,
        scheduled_time: Option<Timestamp>,
        dry_run: bool,
    ) -> Self {
        Self { work, trigger, targets, scheduled_time, dry_run }
    }
}

#[derive(Debug)]
struct TargetOutcome {
    response: TargetResponse,
    calls: Calls,
    nothing_stored: bool,
    first_failure: Option<Class>,
}

/// A target without a role has to be the own account: its records would carry a wrong one.
fn check_accounts(targets: &[Target], field: &str, own_account: &str, faults: &mut Faults) {
    for target in targets.iter().filter(|target| target.role.is_none() && target.account_id != own_account) {
        faults.add(field, target, format!("needs a role_arn, since it is not the own account {own_account}"));
    }
}

/// What `call` of `operation` gives, if it does before `stop`.
async fn within<T>(
    stop: &Stop,
    operation: &'static str,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    stop.before(call).await.unwrap_or_else(|| Err(CallError::not_reached(operation)))
}

/// The instant at which fetching stops, so that what is in hand is stored before the runtime ends the process.
fn fetch_until(deadline: Instant) -> Instant {
    let remaining = deadline.saturating_duration_since(Instant::now());
    let reserve = (remaining / 5).clamp(Duration::from_millis(500), Duration::from_secs(15));
    deadline.checked_sub(reserve).unwrap_or(deadline)
}

/// The instant at which storing is given up, so that the response or the error still gets out. A run that has less than ten
/// seconds in all is ended by the runtime, should the table not answer.
fn store_until(deadline: Instant) -> Instant {
    let last_word = Duration::from_millis(200);
    deadline.checked_sub(last_word).unwrap_or(deadline).max(Instant::now() + Duration::from_secs(10))
}

fn not_written(report: &TargetReport, target: &Target, what: &str, error: &CallError) -> TargetResponse {
    log::state_not_written(target, what, &error.message);
    report.call_failed(Stage::Write, what, error);
    report.finish(target)
}

fn table_unavailable(error: CallError) -> InvocationError {
    let CallError { operation, code, message, .. } = error;
    InvocationError::new("Table.Unavailable", format!("dynamodb {operation}: {code}: {message}"))
}

fn error_type_of(class: Class) -> &'static str {
    match class {
        Class::Denied => "Source.Denied",
        Class::Throttled => "Source.Throttled",
        _ => "Source.Unavailable",
    }
}

fn all_failed(response: &Response, table_failed: bool, first_failure: Option<Class>) -> InvocationError {
    let error_type = if table_failed {
        "Table.Unavailable"
    } else {
        // Without a call that failed there is nothing but requests that were not made: the configuration asks for them.
        let is_refused = |target: &TargetResponse| {
            target.issue_counts.keys().all(|code| code == REQUEST_INVALID) && !target.issue_counts.is_empty()
        };
        let otherwise =
            if response.targets.iter().all(is_refused) { "Config.Invalid" } else { "Source.Unavailable" };
        first_failure.map_or(otherwise, error_type_of)
    };
    let reasons: Vec<String> = response.targets.iter().map(reason).collect();
    InvocationError::new(error_type, reasons.join("; "))
}

/// Why one target failed, on one line.
fn reason(target: &TargetResponse) -> String {
    let place = format!("{}/{}", target.account_id, target.region);
    match target.issues.first() {
        Some(issue) => {
            let more = target.issue_counts.values().sum::<u64>().saturating_sub(1);
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!("{place}: {} {}: {}: {}{more}", issue.operation, issue.subject, issue.code, issue.message)
        }
        None => format!("{place}: {}", target.status.as_str()),
    }
}
