//! The account of the credentials and the region. Errors here are reported with a remedy, before anything is collected.

use crate::aws::limits::CallLimits;
use crate::aws::{Configured, Requirements, of_collecting};
use crate::exit::Failure;
use crate::session::Session;
use aws_config::SdkConfig;
use insights_shared::aws::{MAX_ATTEMPTS, ServiceDates, Timeouts};
use insights_shared::issue::{CLOCK_SKEWED, CONNECTION, CallError, Class, TIMEOUT};
use insights_shared::roles;
use std::sync::Arc;
use std::time::Duration;

/// The account of the credentials, and its configuration.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account id.
    pub id: String,
    /// The region of the AWS configuration, where the table is; otherwise the first requested region.
    pub region: String,
    /// The SDK's configuration with the limits of a function.
    pub sdk: SdkConfig,
    /// The SDK's configuration for calls before collecting, while a person waits.
    pub asking: SdkConfig,
    /// The difference between this machine's clock and the `Date` of STS's response.
    pub dates: Arc<ServiceDates>,
}

impl Account {
    /// Loads credentials and region, and calls GetCallerIdentity.
    pub async fn load(profile: Option<&str>, regions: &[String], session: &Session) -> Result<Self, Failure> {
        let requirements = Requirements {
            profile,
            region: regions.first().map(String::as_str),
            services: &of_collecting(),
            limits: CallLimits::INTERACTIVE,
        };
        let configured = Configured::load(requirements, session).await?;
        let dates = Arc::new(ServiceDates::new(session.clock));
        let id = roles::own_account(&configured.sdk, &dates).await;
        let id = id.map_err(|error| unknown(&error, &configured))?;
        let sdk = configured.with(collecting());
        Ok(Self { id, region: configured.region, sdk, asking: configured.sdk, dates })
    }
}

/// The limits of a function. An attempt includes the wait for the rate limit.
fn collecting() -> CallLimits {
    let Timeouts { connect, read, operation } = Timeouts::default();
    let attempt = operation.saturating_sub(Duration::from_secs(1));
    CallLimits { connect, read, attempt, operation, attempts: MAX_ATTEMPTS, ..CallLimits::INTERACTIVE }
}

/// The error if GetCallerIdentity fails.
fn unknown(error: &CallError, configured: &Configured) -> Failure {
    let CallError { operation, code, message, class, .. } = error;
    let failure = Failure::Failed(format!(
        "identifying the account of the credentials: {operation}: {code}: {message}"
    ));
    match code.as_str() {
        CLOCK_SKEWED => failure.detail("correct this machine's clock: AWS does not accept its time"),
        "ExpiredToken" | "ExpiredTokenException" => {
            let failure = failure.detail("the credentials have expired: sign in again");
            match configured.profiles.sign_in() {
                Some(sign_in) => failure.hint(&sign_in.command()),
                None => failure,
            }
        }
        CONNECTION | TIMEOUT => {
            failure.detail("check the region, AWS_ENDPOINT_URL_STS and the network connection")
        }
        _ if *class == Class::Denied => failure.detail(
            "AWS does not know these credentials: check --profile, AWS_PROFILE and AWS_ACCESS_KEY_ID",
        ),
        _ => failure,
    }
}
