//! Whose credentials these are, and which region is meant: profile, environment, single sign-on. What goes wrong here goes
//! wrong before anything is collected, and is told with its remedy.

use crate::exit::Failure;
use crate::http;
use crate::session::Session;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use insights_shared::aws::{MAX_ATTEMPTS, Timeouts};
use insights_shared::issue::{CONNECTION, CallError, Class, TIMEOUT};
use insights_shared::roles;
use std::error::Error;

/// The account of the credentials, and how to reach it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number.
    pub id: String,
    /// The region of the AWS configuration, where the table is; else the first that was asked for.
    pub region: String,
    /// The SDK, led to both.
    pub sdk: SdkConfig,
}

impl Account {
    /// Finds credentials and region, and asks whose the credentials are.
    pub async fn load(profile: Option<&str>, regions: &[String], session: &Session) -> Result<Self, Failure> {
        let mut loader = loader(Timeouts::default(), http::https(&session.environment)?);
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let mut sdk = loader.load().await;
        let Some(region) = sdk.region().map(ToString::to_string).or_else(|| regions.first().cloned()) else {
            return Err(Failure::usage(
                "no region: give --region, set AWS_REGION, or choose a profile that has one by --profile",
            ));
        };
        sdk = sdk.to_builder().region(Region::new(region.clone())).build();
        if let Some(profile) = profile {
            sdk = sdk.to_builder().credentials_provider(of_profile(profile, &sdk)).build();
        }
        let who = Who { profile: profile.or_else(|| session.environment.get("AWS_PROFILE")) };
        if let Some(provider) = sdk.credentials_provider() {
            provider.provide_credentials().await.map_err(|error| who.without(&error))?;
        }
        let id = roles::own_account(&sdk).await.map_err(|error| who.unknown(&error))?;
        Ok(Self { id, region, sdk })
    }
}

/// What the SDK finds on this machine, with as much patience as a function has.
fn loader(timeouts: Timeouts, client: SharedHttpClient) -> ConfigLoader {
    let timeout_config = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_timeout(timeouts.operation)
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        // Named, since one that is not named is in no configuration, and the collectors would find nothing to pace.
        .http_client(client)
        .timeout_config(timeout_config)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
}

/// The credentials of `profile` alone: in the SDK's usual order those of the environment would go before it.
fn of_profile(profile: &str, sdk: &SdkConfig) -> SharedCredentialsProvider {
    let mut configuration = ProviderConfig::without_region().with_region(sdk.region().cloned());
    if let Some(client) = sdk.http_client() {
        configuration = configuration.with_http_client(client);
    }
    let provider =
        ProfileFileCredentialsProvider::builder().configure(&configuration).profile_name(profile).build();
    SharedCredentialsProvider::new(provider)
}

/// Whose credentials were looked for.
#[derive(Clone, Copy, Debug)]
struct Who<'a> {
    /// The profile that `--profile` or `AWS_PROFILE` names.
    profile: Option<&'a str>,
}

impl Who<'_> {
    /// There are no credentials, for this reason.
    fn without(self, error: &CredentialsError) -> Failure {
        let reason = chain(error);
        let profile = self.profile.unwrap_or("default");
        // The SDK says in words alone that it was single sign-on that gave nothing.
        if names_sign_on(&reason) {
            return Failure::Failed(format!(
                "profile {profile} is not signed in: run `aws sso login --profile {profile}` ({reason})"
            ));
        }
        match error {
            CredentialsError::CredentialsNotLoaded(_) if self.profile.is_some() => Failure::usage(format!(
                "profile {profile} gives no credentials: choose another by --profile or AWS_PROFILE ({reason})"
            )),
            CredentialsError::CredentialsNotLoaded(_) => Failure::usage(format!(
                "no AWS credentials: choose a profile by --profile or AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({reason})"
            )),
            CredentialsError::InvalidConfiguration(_) => {
                Failure::usage(format!("the AWS configuration of profile {profile} is wrong: {reason}"))
            }
            _ => Failure::Failed(format!("asking for the credentials of profile {profile}: {reason}")),
        }
    }

    /// STS does not say whose they are.
    fn unknown(self, error: &CallError) -> Failure {
        let CallError { operation, code, message, class, .. } = error;
        let what = format!("asking whose credentials these are: {operation}: {code}: {message}");
        let sign_in = match self.profile {
            Some(profile) => format!("sign in again, as by `aws sso login --profile {profile}`"),
            None => "sign in again".to_owned(),
        };
        let remedy = match code.as_str() {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                format!("the credentials have expired: {sign_in}")
            }
            CONNECTION | TIMEOUT => "check the region, AWS_ENDPOINT_URL_STS and the way to it".to_owned(),
            _ if *class == Class::Denied => {
                "AWS does not know these credentials: check --profile, AWS_PROFILE and AWS_ACCESS_KEY_ID"
                    .to_owned()
            }
            _ => return Failure::Failed(what),
        };
        Failure::Failed(format!("{what}\n  {remedy}"))
    }
}

/// Whether `text` has the word SSO, or a name of the SDK's that begins with it.
fn names_sign_on(text: &str) -> bool {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("sso") || word.starts_with("Sso"))
}

/// An error and what led to it, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let further = error.to_string();
        // Some errors repeat what led to them.
        if !text.contains(&further) {
            text.push_str(": ");
            text.push_str(&further);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_sign_on_is_known_by_its_name_alone() {
        for (text, expected) in [
            ("the SSO session has expired", true),
            ("loading an SSO token: not found", true),
            ("SsoTokenProvider: no cached token", true),
            ("vault: session not found for lessons", false),
            ("a processor lost its session", false),
        ] {
            assert_eq!(names_sign_on(text), expected, "{text}");
        }
    }
}
