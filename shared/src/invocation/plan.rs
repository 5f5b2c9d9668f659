//! The work and the targets of an invocation, from the payload, the configuration and the own account.

use super::{Context, InvocationError, Service, payload_invalid, within};
use crate::collector::Collector;
use crate::descriptor::PushedEvent;
use crate::fields::Faults;
use crate::outcome::error_type_of;
use crate::payload::{Payload, Push};
use crate::roles;
use crate::target::{self, Target, is_account_id, is_region};
use crate::target_run::Work;
use crate::time::Timestamp;

/// The account in the ARN of every function in AWS's runtime emulator.
const FICTIONAL_ACCOUNT: &str = "012345678912";

/// The work of an invocation.
#[derive(Debug)]
pub(super) struct Plan {
    pub work: Work,
    pub trigger: &'static str,
    pub targets: Vec<Target>,
    pub scheduled_time: Option<Timestamp>,
    pub dry_run: bool,
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

impl<C: Collector> Service<C> {
    /// The work of an invocation, and its targets.
    pub(super) async fn plan(&self, payload: Payload, context: &Context) -> Result<Plan, InvocationError> {
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
                let target = self.pushed_target(&push, configured, &own_account, &mut faults);
                if let Some(event) = C::SOURCE.push {
                    let Push { account_id, region, detail, .. } = &*push;
                    (event.check)(&PushedEvent { account_id, region, detail }, &mut faults);
                }
                let time = push.time;
                Plan::new(Work::Push(push), "push", target.into_iter().collect(), time, false)
            }
        };
        check_accounts(&plan.targets, "targets", &own_account, &mut faults);
        faults.or(plan).map_err(payload_invalid)
    }

    /// The target of an event: the configured one of its account and region, otherwise one with `PUSH_ROLE_NAME`. Another region of
    /// the own account needs no role.
    fn pushed_target(
        &self,
        push: &Push,
        configured: Vec<Target>,
        own_account: &str,
        faults: &mut Faults,
    ) -> Option<Target> {
        let Push { account_id, region, .. } = push;
        let is_pushed = |target: &Target| target.account_id == *account_id && target.region == *region;
        if let Some(target) = configured.into_iter().find(is_pushed) {
            return Some(target);
        }
        let Some(push_role) = &self.settings.push_role else {
            let rule = "must be one of the function's targets, unless PUSH_ROLE_NAME is set";
            faults.add("account and region", format!("{account_id}/{region}"), rule);
            return None;
        };
        if !is_account_id(account_id) {
            faults.add("account", account_id, "must be 12 digits");
            return None;
        }
        if !is_region(region) {
            faults.add("region", region, "must be the name of a region, such as eu-west-1");
            return None;
        }
        let role = (account_id != own_account).then(|| push_role.in_account(account_id, region));
        Some(Target { account_id: account_id.clone(), region: region.clone(), role })
    }

    /// The account of the function: from its ARN, or from STS if the ARN has no account or a fictional one.
    async fn own_account(&self, context: &Context) -> Result<String, InvocationError> {
        let is_real = |account: &&str| !self.settings.is_sam_local && *account != FICTIONAL_ACCOUNT;
        let in_arn = target::account_of_arn(&context.function_arn).filter(is_real);
        if let Some(account) = in_arn {
            return Ok(account.to_owned());
        }
        let ask = || {
            // Boxed, because the future of an SDK request is large.
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

/// A target without a role must be in the own account. Otherwise its records would have a wrong account.
fn check_accounts(targets: &[Target], field: &str, own_account: &str, faults: &mut Faults) {
    for target in targets.iter().filter(|target| target.role.is_none() && target.account_id != own_account) {
        faults.add(field, target, format!("needs a role_arn, since it is not the own account {own_account}"));
    }
}
