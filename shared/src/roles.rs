//! The caller's identity, and roles in other accounts. Both answers are checked, so that no record has a wrong account.

use crate::aws::{ResponseObserver, ServiceDates};
use crate::issue::CallError;
use crate::record::Source;
use crate::target::{Role, account_of_arn, is_account_id};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvideFuture;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Builder;
use aws_sdk_sts::types::Credentials as Given;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// An STS client that adds the dates of its responses to `dates`.
fn client(sdk: &SdkConfig, dates: &Arc<ServiceDates>) -> Client {
    let observer = ResponseObserver::xml(Arc::clone(dates));
    Client::from_conf(Builder::from(sdk).interceptor(observer).build())
}

/// The account of the process's credentials.
pub async fn own_account(sdk: &SdkConfig, dates: &Arc<ServiceDates>) -> Result<String, CallError> {
    let client = client(sdk, dates);
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| CallError::from_sdk("GetCallerIdentity", &error))?;
    match answer.account.filter(|account| is_account_id(account)) {
        Some(account) => Ok(account),
        None => Err(CallError::malformed("GetCallerIdentity", "the answer names no account")),
    }
}

/// Whether STS in the SDK's region responds to a request at all.
pub async fn sts_answers(sdk: &SdkConfig) -> bool {
    let config = aws_sdk_sts::config::Builder::from(sdk).retry_config(RetryConfig::disabled()).build();
    let answer = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await;
    answer.as_ref().map_or_else(|error| error.raw_response().is_some(), |_| true)
}

/// Credentials of `role`, which must belong to `account`. They are valid for one hour, longer than any invocation of a
/// function. A run without a deadline renews them.
pub async fn assume(
    sdk: &SdkConfig,
    role: &Role,
    account: &str,
    source: Source,
    dates: &Arc<ServiceDates>,
) -> Result<SharedCredentialsProvider, CallError> {
    let (sdk, role, account) = (sdk.clone(), role.clone(), account.to_owned());
    let session = Session { sdk, role, account, source, dates: Arc::clone(dates) };
    let first = session.begin().await?;
    Ok(SharedCredentialsProvider::new(Renewed { session, first: Mutex::new(Some(first)) }))
}

/// The role, and the client with which it is assumed.
#[derive(Debug)]
struct Session {
    sdk: SdkConfig,
    role: Role,
    account: String,
    source: Source,
    dates: Arc<ServiceDates>,
}

impl Session {
    async fn begin(&self) -> Result<Credentials, CallError> {
        const OPERATION: &str = "AssumeRole";
        let answer = client(&self.sdk, &self.dates)
            .assume_role()
            .role_arn(&self.role.arn)
            .set_external_id(self.role.external_id.clone())
            .role_session_name(self.source.package)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, &error))?;
        let assumed = answer.assumed_role_user.as_ref().map(|user| user.arn.as_str()).unwrap_or_default();
        let account = &self.account;
        if account_of_arn(assumed) != Some(account) {
            let message = format!("the role's session {assumed} is not of the target's account {account}");
            return Err(CallError::malformed(OPERATION, message));
        }
        // The SDK accepts a truncated answer and replaces missing required members by an empty text or the year 1970.
        let is_whole = |given: &Given| {
            let texts = [&given.access_key_id, &given.secret_access_key, &given.session_token];
            texts.iter().all(|text| !text.is_empty()) && given.expiration.secs() > 0
        };
        let Some(given) = answer.credentials.filter(is_whole) else {
            return Err(CallError::malformed(
                OPERATION,
                "the answer contains no credentials, or not all of them",
            ));
        };
        // The SDK compares the expiry with the machine's clock. With a wrong clock, credentials would never expire or always
        // be expired.
        let expiry = SystemTime::try_from(given.expiration).ok();
        let expiry = expiry.and_then(|expiry| moved(expiry, self.dates.measured()));
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            expiry,
            "insights-assume-role",
        ))
    }
}

/// Converts an instant of the services' clocks to the machine's clock, which is behind them by `millis` milliseconds.
fn moved(instant: SystemTime, millis: i64) -> Option<SystemTime> {
    let difference = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { instant.checked_add(difference) } else { instant.checked_sub(difference) }
}

/// Returns the existing credentials first, and new ones at each further request, because the SDK requests credentials again
/// when they expire.
#[derive(Debug)]
struct Renewed {
    session: Session,
    first: Mutex<Option<Credentials>>,
}

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> ProvideFuture<'a>
    where
        Self: 'a,
    {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(first) = first {
            return ProvideFuture::ready(Ok(first));
        }
        ProvideFuture::new(async {
            // The original error, so that the issue names AssumeRole and its reason (`issue.rs`).
            self.session.begin().await.map_err(CredentialsError::provider_error)
        })
    }
}
