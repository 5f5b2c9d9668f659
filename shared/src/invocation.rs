//! One invocation, from payload to response: which targets, one run each, then `run` and `state`.

use crate::aws::{self, CallCounts, Calls, ServiceDates};
use crate::cancellation::{Cancellation, fetch_until, store_until};
use crate::collector::{Checkpoint, Collector};
use crate::config::Settings;
use crate::environment::Environment;
use crate::fields::{Faults, LONGEST_TEXT, cut};
use crate::hooks::RunHooks;
use crate::issue::{CallError, Stage};
use crate::log;
use crate::outcome::{Outcomes, TargetOutcome, all_failed, error_type_of};
use crate::pace::Pacers;
use crate::payload::{self, Payload, Window};
use crate::record::Stored;
use crate::report::{Response, RunStatus, TargetReport, TargetResponse, Usage};
use crate::response::LARGEST_RESPONSE;
use crate::roles;

use crate::store::read::Found;
use crate::store::state::{InFuture, RunStamp, state_key};
use crate::store::{Options, Store};
use crate::target::{self, Target};
use crate::target_run::{Setup, TargetRun, Work};
use crate::time::{Clock, Timestamp};
use aws_types::SdkConfig;
use aws_types::region::Region;
use futures_util::stream::{self, StreamExt};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Targets worked at once. Their limits do not touch each other; their memory does.
const TARGETS_AT_ONCE: usize = 8;
/// The account that AWS's runtime emulator puts into the ARN of every function.
const FICTIONAL_ACCOUNT: &str = "012345678912";

/// Why an invocation failed as a whole. The message is for a person, the type for alarms and retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationError {
    /// One of the types that the README lists.
    pub error_type: &'static str,
    /// Everything that is wrong.
    pub message: String,
}

impl InvocationError {
    /// An error, whose message is cut to what a log event holds.
    pub(crate) fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        let message = cut(&message.into(), LONGEST_TEXT).into_owned();
        Self { error_type, message }
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
    /// The machine's clock, and what responses say about it.
    dates: Arc<ServiceDates>,
    /// `function:version`.
    name: String,
    own_account: OnceCell<String>,
    /// Whether standard output is a log group's, which makes metrics of what it is told.
    is_lambda: bool,
    hooks: RunHooks,
}

impl<C: Collector> Service<C> {
    /// Reads the configuration; every fault at once as `Config.Invalid`.
    pub fn new(environment: &Environment, sdk: SdkConfig, clock: Clock) -> Result<Self, InvocationError> {
        let mut faults = Faults::default();
        let settings = Settings::read(environment, C::SOURCE, &mut faults);
        let collector = C::read(environment, &mut faults);
        faults.or(()).map_err(|faults| InvocationError::new("Config.Invalid", faults.to_string()))?;
        let is_lambda = environment.get("AWS_LAMBDA_FUNCTION_NAME").is_some();
        let function = environment.get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or(C::SOURCE.package);
        let version = environment.get("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or("$LATEST");
        let dates = Arc::new(ServiceDates::new(clock));
        let dynamodb = aws::dynamodb(&sdk, Arc::clone(&dates));
        C::prepare(&sdk);
        let name = format!("{function}:{version}");
        let pacers = Pacers::new(settings.rate_limits.clone());
        Ok(Self {
            collector,
            settings: Arc::new(settings),
            sdk,
            dynamodb,
            pacers,
            dates,
            name,
            own_account: OnceCell::new(),
            is_lambda,
            hooks: RunHooks::default(),
        })
    }

    /// The same with the hooks of a process that a person watches.
    #[must_use]
    pub fn with_hooks(mut self, hooks: RunHooks) -> Self {
        if let Some(table) = &hooks.table {
            self.dynamodb = aws::watched(table);
        }
        if let Some(dates) = hooks.dates.clone() {
            self.dates = dates;
        }
        Self { hooks, ..self }
    }

    /// When fetching ends.
    fn cancellation(&self, deadline: Option<Instant>, targets: usize) -> Cancellation {
        let until = deadline.map(|deadline| fetch_until(deadline, targets));
        Cancellation::new(until, self.hooks.cancellation.clone())
    }

    /// Works one payload.
    pub async fn invoke(
        &self,
        payload: impl AsRef<[u8]>,
        context: &Context,
    ) -> Result<Response, InvocationError> {
        let result = self.run(payload.as_ref(), context).await;
        if let Err(error) = &result {
            log::invocation_failed(error.error_type, &error.message);
        }
        result
    }

    async fn run(&self, payload: &[u8], context: &Context) -> Result<Response, InvocationError> {
        if self.hooks.dates.is_none() {
            self.dates.forget();
        }
        let machine_now = self.dates.machine().now();
        let begun = Instant::now();
        // What is in the future shows once a service has said what time it is; beside other faults the machine's word has to do.
        let read = |now| payload::read(payload, C::SOURCE, &self.settings.own_region, now);
        let payload = read(Timestamp::MAX).or_else(|_| read(machine_now)).map_err(payload_invalid)?;
        let mut plan = self.plan(payload, context).await?;
        let options = Options {
            table: self.settings.table_name.clone(),
            collected_by: format!("{}#{}", self.name, context.request_id),
            retention_days: self.settings.retention_days,
            concurrency: self.settings.concurrency,
            dry_run: plan.dry_run,
        };
        let mut targets = plan.targets;
        let count = targets.len();
        let store = Store::dated(self.dynamodb.clone(), Arc::clone(&self.dates), options);
        let store = store.until(context.deadline.map(|deadline| store_until(deadline, count)));
        let store = Arc::new(store.with_dry_run_sink(self.hooks.dry_run.clone()));
        let cancellation = self.cancellation(context.deadline, count);
        let states = if cancellation.is_over() {
            Found::default()
        } else {
            store.states(C::SOURCE, &targets, cancellation.deadline()).await
        };
        if let Some(error) = states.failed.values().next()
            && states.failed.len() == count
        {
            return Err(table_unavailable(error));
        }
        // From here on the time is known, be the machine's clock right or not.
        let started_at =
            machine_now.plus_millis(self.dates.clock().now().millis_since(self.dates.machine().now()));
        if let Work::Window(window) = &mut plan.work {
            *window = payload::settle_window(*window, started_at, machine_now).map_err(payload_invalid)?;
        }
        // Whoever waited longest comes first, so that an invocation too short for all starves none. A run that had no time
        // for a target leaves its state as it is. Those of which the state cannot be read come to nothing, and come last. An
        // instant in the future says nothing.
        targets.sort_by_key(|target| {
            let key = state_key(C::SOURCE, target);
            let last_begun = states.items.get(&key).and_then(|state| state.timestamp("last_begun_at"));
            (states.failed.contains_key(&key), last_begun.filter(|last_begun| *last_begun <= started_at))
        });
        let runs = targets.into_iter().map(|target| {
            let key = state_key(C::SOURCE, &target);
            let state = states
                .failed
                .get(&key)
                .map_or_else(|| Ok(states.items.get(&key).cloned()), |error| Err(error.clone()));
            let stamp = RunStamp {
                started_at,
                begun_at: started_at,
                ended_at: started_at,
                request_id: &context.request_id,
                trigger: plan.trigger,
                scheduled_time: plan.scheduled_time,
                in_future: InFuture::default(),
            };
            self.target(target, &plan.work, state, &store, &cancellation, stamp)
        });
        let mut outcomes = stream::iter(runs).buffer_unordered(TARGETS_AT_ONCE);
        let mut all = Outcomes::default();
        while let Some(outcome) = outcomes.next().await {
            all.add(outcome);
        }
        let units = store.units();
        if let Some(activity) = &self.hooks.activity {
            activity.used(units);
        }
        if all.not_begun > 0 {
            log::targets_not_begun(C::SOURCE.as_str(), all.not_begun);
        }
        let usage = Usage {
            api_calls: all.calls.sent,
            throttled: all.calls.throttled,
            read_units: units.read,
            write_units: units.write,
            duration_ms: i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX),
        };
        let response = Response::new(C::SOURCE, plan.dry_run, usage, all.targets, LARGEST_RESPONSE);
        if self.is_lambda {
            crate::metrics::emit(&response, plan.trigger, self.dates.clock().now());
        }
        if response.status == RunStatus::Failed {
            return Err(all_failed(&all.failures));
        }
        Ok(response)
    }

    /// One target, if there is time to begin it: otherwise it is asked nothing, and nothing is written of it, so that
    /// thousands of them take no time either.
    async fn target(
        &self,
        target: Target,
        work: &Work,
        state: Result<Option<Stored>, CallError>,
        store: &Arc<Store>,
        cancellation: &Cancellation,
        mut stamp: RunStamp<'_>,
    ) -> TargetOutcome {
        if cancellation.is_over() {
            return self.not_begun(&target, work);
        }
        // A role that takes all of the time was begun as well, or it would come first for ever.
        stamp.begun_at = self.dates.clock().now();
        let (state, failure) = match state {
            Ok(state) => (state, None),
            Err(error) => (None, Some((Stage::Write, "state".to_owned(), error))),
        };
        let setup = Setup {
            source: C::SOURCE,
            pacer: self.pacers.of(&target),
            target,
            work: work.clone(),
            state,
            sdk: self.sdk.clone(),
            cancellation: cancellation.clone(),
        };
        self.run_target(setup, Arc::clone(store), stamp, failure).await
    }

    /// A target that there was no time to begin.
    fn not_begun(&self, target: &Target, work: &Work) -> TargetOutcome {
        let report = TargetReport::default();
        let sink = report.sink();
        // Nothing moves for a target that was not begun.
        let _ = sink.not_reached(1);
        if let Some(window) = nothing_of(work) {
            sink.window(window);
        }
        let response = report.finish(target);
        if let Some(activity) = &self.hooks.activity {
            activity.begin(target, &Arc::default(), &report).end(response.status);
        }
        TargetOutcome {
            response,
            calls: Calls::default(),
            nothing_stored: false,
            first_failure: None,
            is_begun: false,
        }
    }

    /// Runs a target; `failure` is what makes it fail before it is asked anything.
    async fn run_target(
        &self,
        mut setup: Setup,
        store: Arc<Store>,
        mut stamp: RunStamp<'_>,
        mut failure: Option<(Stage, String, CallError)>,
    ) -> TargetOutcome {
        let target = setup.target.clone();
        let is_scheduled = setup.work == Work::Scheduled;
        let region = Region::new(target.region.clone());
        let mut sdk = self.sdk.to_builder().region(region).build();
        if let (Some(role), None) = (&target.role, &failure) {
            let assume = Box::pin(roles::assume(&self.sdk, role, &target.account_id, C::SOURCE, &self.dates));
            match within(&setup.cancellation, "AssumeRole", assume).await {
                Ok(credentials) => sdk = sdk.to_builder().credentials_provider(credentials).build(),
                Err(error) => failure = Some((Stage::Fetch, role.arn.clone(), error)),
            }
        }
        setup.sdk = sdk;
        let nothing_of_it = nothing_of(&setup.work);
        let calls = Arc::new(CallCounts::default());
        let counted = Arc::clone(&calls);
        let dates = Arc::clone(&self.dates);
        let report = TargetReport::default();
        let settings = Arc::clone(&self.settings);
        let run = TargetRun::new(setup, settings, Arc::clone(&store), dates, counted, report.sink());
        let activity = self.hooks.activity.as_ref();
        let activity = activity.map(|activity| activity.begin(&target, &calls, &report));
        let checkpoint = match failure {
            None if run.is_over() => Checkpoint::nothing_done(run.report.not_reached(1)),
            // Boxed, since a collector's future is large.
            None => Box::pin(self.collector.collect(&run)).await,
            Some((stage, subject, error)) => {
                Checkpoint::nothing_done(run.report.call_failed(stage, &subject, &error))
            }
        };
        if let Some(window) = checkpoint.window.or(nothing_of_it) {
            run.report.window(window);
        }
        if let Some(skew) = self.dates.skew() {
            run.report.clock_skewed(skew);
        }
        stamp.ended_at = self.dates.clock().now();
        let mut response = report.finish(&target);
        if let Err(error) = store.put_run(C::SOURCE, &target, &response, &stamp).await {
            response = not_written(&report, &target, "run", &error);
        }
        if is_scheduled {
            // One that has not moved would only fail its condition, and a failed condition is billed.
            let watermark = checkpoint.watermark.map(|watermark| watermark.min(run.limit()));
            let moved = watermark.filter(|watermark| run.watermark() < Some(*watermark));
            stamp.in_future = run.future();
            let written =
                store.put_state(C::SOURCE, &target, &response, &stamp, moved, &checkpoint.cursor).await;
            if let Err(error) = written {
                response = not_written(&report, &target, "state", &error);
            }
        }
        log::target_finished(C::SOURCE.as_str(), &response);
        if let Some(activity) = activity {
            activity.end(response.status);
        }
        TargetOutcome {
            response,
            calls: calls.calls(),
            nothing_stored: report.nothing_stored(),
            first_failure: report.first_failure(),
            is_begun: true,
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
                if let Some(event) = C::SOURCE.push {
                    (event.check)(&push.detail, &mut faults);
                }
                let time = push.time;
                Plan::new(Work::Push(push), "push", targets, time, false)
            }
        };
        check_accounts(&plan.targets, "targets", &own_account, &mut faults);
        faults.or(plan).map_err(payload_invalid)
    }

    /// The account of the function: its ARN's, or STS's answer where the ARN is invented or names none.
    async fn own_account(&self, context: &Context) -> Result<String, InvocationError> {
        let is_real = |account: &&str| !self.settings.is_sam_local && *account != FICTIONAL_ACCOUNT;
        let in_arn = target::account_of_arn(&context.function_arn).filter(is_real);
        if let Some(account) = in_arn {
            return Ok(account.to_owned());
        }
        let ask = || {
            // Boxed as a collector's future is: what the SDK makes of a request nests deep.
            let identity = Box::pin(roles::own_account(&self.sdk, &self.dates));
            async { within(&self.cancellation(context.deadline, 1), "GetCallerIdentity", identity).await }
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

/// What a backfill has worked that does not so much as begin: it is to be continued at its start.
fn nothing_of(work: &Work) -> Option<Window> {
    match work {
        Work::Window(window) => Some(Window { start: window.start, end: window.start }),
        Work::Scheduled | Work::Push(_) => None,
    }
}

/// A target without a role has to be the own account: its records would carry a wrong one.
fn check_accounts(targets: &[Target], field: &str, own_account: &str, faults: &mut Faults) {
    for target in targets.iter().filter(|target| target.role.is_none() && target.account_id != own_account) {
        faults.add(field, target, format!("needs a role_arn, since it is not the own account {own_account}"));
    }
}

/// What `call` of `operation` gives, if it completes before `cancellation`.
async fn within<T>(
    cancellation: &Cancellation,
    operation: &'static str,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    cancellation.before(call).await.unwrap_or_else(|| Err(CallError::not_reached(operation)))
}

fn not_written(report: &TargetReport, target: &Target, what: &str, error: &CallError) -> TargetResponse {
    log::state_not_written(target, what, &error.message);
    // The status says it; what the run stored stays stored.
    let _ = report.sink().call_failed(Stage::Write, what, error);
    report.finish(target)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn payload_invalid(faults: Faults) -> InvocationError {
    InvocationError::new("Payload.Invalid", faults.to_string())
}

fn table_unavailable(error: &CallError) -> InvocationError {
    let CallError { operation, code, message, .. } = error;
    InvocationError::new("Table.Unavailable", format!("dynamodb {operation}: {code}: {message}"))
}
