//! Whose credentials these are, and which region is meant. What goes wrong here goes wrong before anything is collected, and is
//! told with its remedy.

use crate::aws::limits::CallLimits;
use crate::aws::{Configured, Wanted, of_collecting};
use crate::exit::Failure;
use crate::session::Session;
use aws_config::SdkConfig;
use insights_shared::aws::{MAX_ATTEMPTS, ServiceDates, Timeouts};
use insights_shared::issue::{CLOCK_SKEWED, CONNECTION, CallError, Class, TIMEOUT};
use insights_shared::roles;
use std::sync::Arc;
use std::time::Duration;

/// The account of the credentials, and how to reach it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number.
    pub id: String,
    /// The region of the AWS configuration, where the table is; else the first that was asked for.
    pub region: String,
    /// The SDK, led to both, as patient as a function.
    pub sdk: SdkConfig,
    /// The same for what is asked before anything is collected, while a person waits.
    pub asking: SdkConfig,
    /// What STS's response says about this machine's clock.
    pub dates: Arc<ServiceDates>,
}

impl Account {
    /// Finds credentials and region, and asks whose the credentials are.
    pub async fn load(profile: Option<&str>, regions: &[String], session: &Session) -> Result<Self, Failure> {
        let wanted = Wanted {
            profile,
            region: regions.first().map(String::as_str),
            services: &of_collecting(),
            limits: CallLimits::INTERACTIVE,
        };
        let configured = Configured::load(wanted, session).await?;
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

/// STS does not say whose they are.
fn unknown(error: &CallError, configured: &Configured) -> Failure {
    let CallError { operation, code, message, class, .. } = error;
    let failure =
        Failure::Failed(format!("asking whose credentials these are: {operation}: {code}: {message}"));
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
