//! The AWS configuration of the machine (profile, credentials, region, endpoints) and the limits of calls. Errors in
//! the configuration are reported before the first call.

mod endpoint;
pub mod limits;
mod profiles;

use crate::exit::Failure;
use crate::http;
use crate::session::Session;
use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvideFuture;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::Client;
pub use endpoint::{OF_TABLE, of_collecting};
use insights_query::input::region;
use insights_shared::aws::time_source;
use insights_shared::issue::chain;
use insights_web::command::CommandLine;
use limits::{CallLimits, LimitedClient, with_notice};
pub use profiles::Profiles;
use std::sync::{Mutex, PoisonError};

/// What a command needs from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Requirements<'a> {
    /// The profile of the option `--profile`.
    pub profile: Option<&'a str>,
    /// The region if the configuration has none.
    pub region: Option<&'a str>,
    /// The services whose endpoints are checked.
    pub services: &'a [&'a str],
    /// The limits of the calls.
    pub limits: CallLimits,
}

/// The SDK's configuration with credentials and a region.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The SDK's configuration.
    pub sdk: SdkConfig,
    /// The region.
    pub region: String,
    /// The credentials.
    pub profiles: Profiles,
    client: LimitedClient,
}

impl Configured {
    /// Reads the configuration and loads the credentials.
    pub async fn load(requirements: Requirements<'_>, session: &Session) -> Result<Self, Failure> {
        let Requirements { limits, .. } = requirements;
        let profiles = Profiles::load(requirements.profile, session).await?;
        endpoint::check(&profiles, requirements.services, session)?;
        let client = LimitedClient::new(http::https(&session.environment)?, limits);
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            // The region is set explicitly, because the collectors read it from the configuration.
            .http_client(client.clone())
            .timeout_config(limits.timeouts())
            .time_source(time_source(session.clock))
            .identity_cache(IdentityCache::lazy().load_timeout(limits.credentials).build())
            .retry_config(RetryConfig::standard().with_max_attempts(limits.attempts));
        if let Some(profile) = requirements.profile {
            loader = loader.profile_name(profile);
        }
        let sdk = with_notice("the AWS configuration", loader.load()).await;
        let region = sdk.region().map(ToString::to_string).or_else(|| requirements.region.map(str::to_owned));
        let Some(region) = region else { return Err(no_region(requirements, session)) };
        if requirements.services == OF_TABLE {
            check_region(&region, &sdk, session)?;
        }
        client.in_region(&region);
        let mut sdk = sdk.to_builder().region(Region::new(region.clone())).build();
        if let Some(profile) = requirements.profile {
            sdk = sdk.to_builder().credentials_provider(of_profile(profile, &sdk)).build();
        }
        if let Some(provider) = sdk.credentials_provider() {
            let who = CredentialLoader { profiles: &profiles, session };
            let first = who.credentials(&provider, limits).await?;
            let known = LoadedCredentials { first: Mutex::new(Some(first)), provider };
            sdk = sdk.to_builder().credentials_provider(SharedCredentialsProvider::new(known)).build();
        }
        Ok(Self { sdk, region, profiles, client })
    }

    /// The same configuration with other limits.
    pub fn with(&self, limits: CallLimits) -> SdkConfig {
        self.sdk
            .to_builder()
            .http_client(self.client.with(limits))
            .timeout_config(limits.timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(limits.attempts))
            .build()
    }
}

/// The DynamoDB client of the AWS configuration.
pub async fn dynamodb(limits: CallLimits, session: &Session) -> Result<Client, Failure> {
    let requirements = Requirements { profile: None, region: None, services: &OF_TABLE, limits };
    Ok(Client::new(&Configured::load(requirements, session).await?.sdk))
}

/// Checks the region. It must be a region of AWS, unless the table has a custom endpoint.
fn check_region(given: &str, sdk: &SdkConfig, session: &Session) -> Result<(), Failure> {
    let own = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"];
    let is_own =
        sdk.endpoint_url().is_some() || own.into_iter().any(|name| session.environment.get(name).is_some());
    let Some(rule) = region(given).err().filter(|_| !is_own) else { return Ok(()) };
    let failure = Failure::usage(format!("the region of AWS_REGION or of the profile is {given}: {rule}"));
    Err(failure.hint(&session.repeated(None).variable("AWS_REGION", "eu-west-1")))
}

fn no_region(requirements: Requirements<'_>, session: &Session) -> Failure {
    let failure = if requirements.services == OF_TABLE {
        Failure::usage(
            "no region: set AWS_REGION, or choose a profile with a region by AWS_PROFILE; for a table in a file use --local FILE",
        )
    } else {
        Failure::usage(
            "no region: use --region, set AWS_REGION, or choose a profile with a region by --profile",
        )
    };
    failure.hint(&session.repeated(None).variable("AWS_REGION", "eu-west-1"))
}

/// The credentials of `profile` only. In the SDK's default order, credentials in the environment take precedence.
fn of_profile(profile: &str, sdk: &SdkConfig) -> SharedCredentialsProvider {
    let mut configuration = ProviderConfig::without_region().with_region(sdk.region().cloned());
    if let Some(client) = sdk.http_client() {
        configuration = configuration.with_http_client(client);
    }
    let provider =
        ProfileFileCredentialsProvider::builder().configure(&configuration).profile_name(profile).build();
    SharedCredentialsProvider::new(provider)
}

/// Returns the loaded credentials first, and then calls the provider, because the SDK requests credentials again when they
/// expire.
#[derive(Debug)]
struct LoadedCredentials {
    first: Mutex<Option<Credentials>>,
    provider: SharedCredentialsProvider,
}

impl ProvideCredentials for LoadedCredentials {
    fn provide_credentials<'a>(&'a self) -> ProvideFuture<'a>
    where
        Self: 'a,
    {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(first) => ProvideFuture::ready(Ok(first)),
            None => self.provider.provide_credentials(),
        }
    }
}

/// Loads credentials.
#[derive(Clone, Copy, Debug)]
struct CredentialLoader<'a> {
    profiles: &'a Profiles,
    session: &'a Session,
}

impl CredentialLoader<'_> {
    async fn credentials(
        self,
        provider: &SharedCredentialsProvider,
        limits: CallLimits,
    ) -> Result<Credentials, Failure> {
        let what = if self.profiles.is_chosen() {
            format!("the credentials of profile {}", self.profiles.name())
        } else {
            "AWS credentials".to_owned()
        };
        let asked = tokio::time::timeout(limits.credentials, provider.provide_credentials());
        match with_notice(&what, asked).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(self.without(&error)),
            Err(_) => {
                let seconds = limits.credentials.as_secs();
                Err(Failure::Failed(format!("loading {what}: no response within {seconds} seconds")))
            }
        }
    }

    /// The error if the credentials cannot be loaded.
    fn without(self, error: &CredentialsError) -> Failure {
        let reason = chain(error);
        let profile = self.profiles.name();
        let is_missing = matches!(error, CredentialsError::CredentialsNotLoaded(_));
        // The SDK has many errors for a session that has expired or does not exist.
        if let Some(sign_in) = self.profiles.sign_in().filter(|_| is_missing || is_about_session(&reason)) {
            let failure = Failure::Failed(format!("{}: {reason}", sign_in.lack()));
            return failure.hint(&sign_in.command());
        }
        match error {
            CredentialsError::CredentialsNotLoaded(_) if self.profiles.is_chosen() => {
                let message = format!(
                    "profile {profile} has no credentials: choose another by --profile or AWS_PROFILE ({reason})"
                );
                self.otherwise(Failure::usage(message))
            }
            CredentialsError::CredentialsNotLoaded(_) => self.otherwise(Failure::usage(format!(
                "no AWS credentials: choose a profile by --profile or AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({reason})"
            ))),
            CredentialsError::InvalidConfiguration(_) => {
                Failure::usage(format!("the AWS configuration of profile {profile} is wrong: {reason}"))
            }
            _ => Failure::Failed(format!("loading the credentials of profile {profile}: {reason}")),
        }
    }

    /// Adds hints: the same command with other profiles, or `aws configure`.
    fn otherwise(self, failure: Failure) -> Failure {
        const MOST: usize = 3;
        let others = self.profiles.others();
        if others.is_empty() {
            return failure.hint(&CommandLine::of("aws", &["configure"]));
        }
        others
            .into_iter()
            .take(MOST)
            .fold(failure, |failure, other| failure.hint(&self.profiles.repeated(other, self.session)))
    }
}

/// Whether `text` contains the word SSO or login, or a name of the SDK that begins with it.
fn is_about_session(text: &str) -> bool {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.any(|word| {
        word.eq_ignore_ascii_case("sso")
            || word.eq_ignore_ascii_case("login")
            || word.starts_with("Sso")
            || word.starts_with("Login")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_name_sso_or_login_are_about_sessions() {
        for (text, expected) in [
            ("the SSO session has expired", true),
            ("loading an SSO token: not found", true),
            ("SsoTokenProvider: no cached token", true),
            ("cached Login token is expired", true),
            ("vault: session not found for lessons", false),
            ("a processor lost its session", false),
        ] {
            assert_eq!(is_about_session(text), expected, "{text}");
        }
    }
}
