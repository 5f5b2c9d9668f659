//! The run of one target: its role, its collector, then its `run` and `state`.

use super::{Service, within};
use crate::aws::{CallCounts, Calls};
use crate::cancellation::Cancellation;
use crate::collector::{Checkpoint, Collector};
use crate::issue::{CallError, Class, Stage};
use crate::log;
use crate::outcome::TargetOutcome;
use crate::payload::Window;
use crate::record::Stored;
use crate::report::{TargetReport, TargetResponse};
use crate::roles;
use crate::store::Store;
use crate::store::recurrence::Recurrence;
use crate::store::state::RunStamp;
use crate::target::{Role, Target};
use crate::target_run::{Setup, TargetRun, Work};
use crate::time::Timestamp;
use aws_types::region::Region;
use std::sync::Arc;

impl<C: Collector> Service<C> {
    /// Runs one target, if there is still time. Otherwise it neither requests nor writes anything, so that thousands of such
    /// targets take no time.
    pub(super) async fn target(
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
        // The target counts as begun even if assuming its role takes all the time. Otherwise it would always come first.
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

    /// The role of `PUSH_ROLE_NAME` in the target's account, if the run processes an event.
    fn pushed_role(&self, setup: &Setup) -> Option<Role> {
        let Work::Push(push) = &setup.work else { return None };
        let role = self.settings.push_role.as_ref()?;
        Some(role.in_account(&push.account_id, &push.region))
    }

    /// The outcome of a target that a scheduled run skips until this instant. Nothing is requested and nothing is written, so that
    /// the `state` keeps the time of the last request.
    pub(super) fn skipped(&self, target: &Target, until: Timestamp) -> TargetOutcome {
        let report = TargetReport::default();
        report.sink().not_enabled();
        let response = TargetResponse { ask_again_at: Some(until), ..report.finish(target) };
        TargetOutcome { is_begun: true, ..self.without_run(target, &report, response) }
    }

    /// The outcome of a target that was not begun.
    fn not_begun(&self, target: &Target, work: &Work) -> TargetOutcome {
        let report = TargetReport::default();
        let sink = report.sink();
        // A target that was not begun has no checkpoint.
        let _ = sink.not_reached(1);
        if let Some(window) = nothing_of(work) {
            sink.window(window);
        }
        let response = report.finish(target);
        self.without_run(target, &report, response)
    }

    /// The outcome of a target that was neither requested nor begun.
    fn without_run(&self, target: &Target, report: &TargetReport, response: TargetResponse) -> TargetOutcome {
        if let Some(activity) = &self.hooks.activity {
            activity.begin(target, &Arc::default(), report).end(response.status);
        }
        TargetOutcome {
            response,
            calls: Calls::default(),
            nothing_stored: false,
            first_failure: None,
            is_begun: false,
        }
    }

    /// Runs a target. If there is a `failure`, the target fails before the first request.
    async fn run_target(
        &self,
        mut setup: Setup,
        store: Arc<Store>,
        mut stamp: RunStamp<'_>,
        mut failure: Option<(Stage, String, CallError)>,
    ) -> TargetOutcome {
        let target = setup.target.clone();
        let is_scheduled = setup.work == Work::Scheduled;
        let pushed_role = self.pushed_role(&setup);
        // Until the role is assumed, the account of the event may be any, and nothing may be stored about it.
        let mut is_unverified = pushed_role.is_some() && pushed_role == target.role;
        let region = Region::new(target.region.clone());
        let mut sdk = self.sdk.to_builder().region(region).build();
        if let (Some(role), None) = (&target.role, &failure) {
            let assume = Box::pin(roles::assume(&self.sdk, role, &target.account_id, C::SOURCE, &self.dates));
            match within(&setup.cancellation, "AssumeRole", assume).await {
                Ok(credentials) => {
                    sdk = sdk.to_builder().credentials_provider(credentials).build();
                    is_unverified = false;
                }
                Err(error) if is_unverified => {
                    failure = Some((Stage::Fetch, role.arn.clone(), not_accepted(error, &target.account_id)));
                }
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
            // Boxed, because the future of a collector is large.
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
        if !is_unverified && let Err(error) = store.put_run(C::SOURCE, &target, &response, &stamp).await {
            response = not_written(&report, &target, "run", &error);
        }
        if is_scheduled {
            // The condition of an unchanged watermark would fail, and DynamoDB charges for a failed condition.
            let watermark = checkpoint.watermark.map(|watermark| watermark.min(run.limit()));
            let moved = watermark.filter(|watermark| run.watermark() < Some(*watermark));
            stamp.in_future = run.future();
            let recheck_hours = run.settings.not_enabled_recheck_hours;
            stamp.recurrence = Recurrence::after(run.state.as_ref(), stamp.begun_at, recheck_hours);
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
}

/// The error of an event whose account does not let the function assume `PUSH_ROLE_NAME`.
fn not_accepted(mut error: CallError, account_id: &str) -> CallError {
    if error.class == Class::Denied {
        let reason = format!("account {account_id} is not in the organization, or does not have this role");
        error.message = format!("{reason}: {}", error.message);
    }
    error
}

/// The window of a backfill that was not begun: it is to be continued at its start.
fn nothing_of(work: &Work) -> Option<Window> {
    match work {
        Work::Window(window) => Some(Window { start: window.start, end: window.start }),
        Work::Scheduled | Work::Push(_) => None,
    }
}

/// The response of a target if its `run` or `state` could not be written.
fn not_written(report: &TargetReport, target: &Target, what: &str, error: &CallError) -> TargetResponse {
    log::state_not_written(target, what, &error.message);
    // The status changes to `partial`; the records of the run stay stored.
    let _ = report.sink().call_failed(Stage::Write, what, error);
    report.finish(target)
}
