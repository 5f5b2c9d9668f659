//! One invocation, from payload to response: a run for each target.

mod plan;
mod target;

use crate::aws::{self, ServiceDates};
use crate::cancellation::{Cancellation, fetch_until, store_until};
use crate::collector::Collector;
use crate::config::Settings;
use crate::environment::Environment;
use crate::fields::{Faults, LONGEST_TEXT, cut};
use crate::hooks::RunHooks;
use crate::issue::CallError;
use crate::log;
use crate::outcome::{Outcomes, all_failed};
use crate::pace::Pacers;
use crate::payload;
use crate::report::{Response, RunStatus, Usage};
use crate::response::LARGEST_RESPONSE;
use crate::store::read::Found;
use crate::store::recurrence::{Recurrence, skipped_until};
use crate::store::state::{InFuture, RunStamp, state_key};
use crate::store::{Options, Store};
use crate::target::Target;
use crate::target_run::Work;
use crate::time::{Clock, Timestamp};
use aws_types::SdkConfig;
use futures_util::stream::{self, StreamExt};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// The maximum number of concurrent targets. They have separate rate limits, but share the memory.
const TARGETS_AT_ONCE: usize = 8;
/// The error of a failed invocation. The message is for people, the type for alarms and retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationError {
    /// One of the error types in the README, section "Invocation".
    pub error_type: &'static str,
    /// All reasons.
    pub message: String,
}

impl InvocationError {
    /// Creates an error. The message is cut to the limit of a log event.
    pub(crate) fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        let message = cut(&message.into(), LONGEST_TEXT).into_owned();
        Self { error_type, message }
    }

    /// The error after a panic; the log has its message.
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

/// What the Lambda runtime states about an invocation.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The request id.
    pub request_id: String,
    /// The invoked ARN.
    pub function_arn: String,
    /// When the runtime ends the process.
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
    /// The machine's clock, compared with the dates of responses.
    dates: Arc<ServiceDates>,
    /// `function:version`.
    name: String,
    own_account: OnceCell<String>,
    /// Whether standard output goes to a log group, which extracts the metrics.
    is_lambda: bool,
    hooks: RunHooks,
}

impl<C: Collector> Service<C> {
    /// Reads the configuration. All faults are one `Config.Invalid`.
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

    /// The same function with the hooks of a process that a person watches.
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

    /// Handles one payload.
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
        // Whether a window is in the future is certain only after the first response. The machine's clock is used if the
        // payload has other faults.
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
        // From here on the correct time is known.
        let started_at =
            machine_now.plus_millis(self.dates.clock().now().millis_since(self.dates.machine().now()));
        if let Work::Window(window) = &mut plan.work {
            *window = payload::settle_window(*window, started_at, machine_now).map_err(payload_invalid)?;
        }
        // The target that waited longest comes first. In this way every target is reached, even if single invocations are too
        // short for all. A target that was not begun keeps its state. Targets whose state cannot be read fail, and come last.
        // A time in the future is ignored.
        targets.sort_by_key(|target| {
            let key = state_key(C::SOURCE, target);
            let last_begun = states.items.get(&key).and_then(|state| state.timestamp("last_begun_at"));
            (states.failed.contains_key(&key), last_begun.filter(|last_begun| *last_begun <= started_at))
        });
        let mut all = Outcomes::default();
        if plan.work == Work::Scheduled && !plan.dry_run {
            self.skip_not_enabled(&mut targets, &states, started_at, &mut all);
        }
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
                recurrence: Recurrence::default(),
            };
            self.target(target, &plan.work, state, &store, &cancellation, stamp)
        });
        let mut outcomes = stream::iter(runs).buffer_unordered(TARGETS_AT_ONCE);
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

    /// Removes the targets that a scheduled run skips from `targets`, and adds their outcomes to `all`.
    fn skip_not_enabled(
        &self,
        targets: &mut Vec<Target>,
        states: &Found,
        started_at: Timestamp,
        all: &mut Outcomes,
    ) {
        let count = targets.len();
        targets.retain(|target| {
            let state = states.items.get(&state_key(C::SOURCE, target));
            let hours = self.settings.not_enabled_recheck_hours;
            let until = state.and_then(|state| skipped_until(state, hours, started_at));
            if let Some(until) = until {
                all.add(self.skipped(target, until));
            }
            until.is_none()
        });
        let skipped = count - targets.len();
        if skipped > 0 {
            log::targets_skipped(C::SOURCE.as_str(), skipped);
        }
    }
}

/// The result of `call`, which sends `operation`, if it completes before `cancellation`.
async fn within<T>(
    cancellation: &Cancellation,
    operation: &'static str,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    cancellation.before(call).await.unwrap_or_else(|| Err(CallError::not_reached(operation)))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn payload_invalid(faults: Faults) -> InvocationError {
    InvocationError::new("Payload.Invalid", faults.to_string())
}

fn table_unavailable(error: &CallError) -> InvocationError {
    let CallError { operation, code, message, .. } = error;
    InvocationError::new("Table.Unavailable", format!("dynamodb {operation}: {code}: {message}"))
}
