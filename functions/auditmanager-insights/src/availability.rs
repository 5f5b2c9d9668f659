//! Determines whether Audit Manager is available in a region. A list of its regions would become outdated, so the service is
//! called in every region. A region counts as one without the service only if the DNS resolver states that the name of the
//! endpoint does not exist, and
//!
//! - STS in the region answers, so the network works, or
//! - the region is in a partition that does not have the service.
//!
//! Any other failure, including one of the resolver, stays a failure. If the environment or the caller set the endpoint, or
//! if a proxy resolves the names, there is no conclusion.

use crate::fetch::Fetch;
use aws_sdk_auditmanager::types::AccountStatus;
use futures_util::future::{BoxFuture, FutureExt};
use insights_shared::aws::is_endpoint_overridden;
use insights_shared::issue::{CONNECTION, CallError};
use insights_shared::roles::sts_answers;
use insights_shared::target_run::TargetRun;
use insights_sources::auditmanager;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The time limit of a name resolution, equal to that of a connection.
const LONGEST_LOOKUP: Duration = Duration::from_millis(3_100);
/// The messages of the C libraries for a name that does not exist (`EAI_NONAME`) or has no address (`EAI_NODATA`): glibc,
/// then musl. Rust returns the text, and a code only for errors of the operating system. Any other text, for example of a
/// server failure, allows no conclusion.
const NO_SUCH_NAME: [&str; 4] = [
    "Name or service not known",
    "No address associated with hostname",
    "Name does not resolve",
    "Name has no usable address",
];

/// Whether `region` is in a partition that does not have the service. An unknown region is not.
fn is_in_other_partition(region: &str) -> bool {
    auditmanager::SOURCE.availability.missing_partitions.iter().any(|prefix| region.starts_with(prefix))
}

/// The result of a name resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The name has an address.
    Resolves,
    /// The name does not exist or has no address.
    NoSuchName,
    /// The resolver did not answer, or failed.
    Unknown,
}

impl Lookup {
    /// Converts the result of the system's resolver.
    fn of(answer: &io::Result<()>) -> Self {
        match answer {
            Ok(()) => Self::Resolves,
            Err(error) => {
                let text = error.to_string();
                let is_final = NO_SUCH_NAME.iter().any(|reason| text.ends_with(reason));
                if is_final { Self::NoSuchName } else { Self::Unknown }
            }
        }
    }
}

/// Determines whether a host name resolves.
#[derive(Clone)]
pub struct Resolver(Arc<dyn Fn(String) -> BoxFuture<'static, Lookup> + Send + Sync>);

impl Resolver {
    /// A resolver that calls `look_up` instead of the system's resolver.
    pub fn new(look_up: impl Fn(String) -> BoxFuture<'static, Lookup> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// A resolver that always returns `Unknown`, for processes whose names are resolved elsewhere.
    pub fn unknowing() -> Self {
        Self::new(|_| std::future::ready(Lookup::Unknown).boxed())
    }

    /// Resolves `host`. If this takes too long, the result is `Unknown`.
    async fn look_up(&self, host: &str) -> Lookup {
        tokio::time::timeout(LONGEST_LOOKUP, (self.0)(host.to_owned())).await.unwrap_or(Lookup::Unknown)
    }
}

/// The system's resolver.
impl Default for Resolver {
    fn default() -> Self {
        Self::new(|host| {
            async move { Lookup::of(&tokio::net::lookup_host((host, 443)).await.map(|_| ())) }.boxed()
        })
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Resolver")
    }
}

/// The result of the first call.
#[derive(Debug)]
pub enum FirstCall {
    /// The service answered, or the failure allows no conclusion about the region.
    Ended(Result<Option<AccountStatus>, CallError>),
    /// The service is not available in the region; the text is the reason.
    NotAvailable(String),
}

/// Requests the account's status, which also shows whether the service is available.
///
/// If the name of the endpoint can be resolved here, a request without a connection is not repeated at once: the SDK's
/// retries take half a minute, and are not useful for a name that does not exist. If the name allows no conclusion, the
/// retries follow.
pub async fn first_call(fetch: &Fetch<'_>, run: &TargetRun, resolver: &Resolver) -> FirstCall {
    let Some(host) = fetch.endpoint_host().await else {
        return FirstCall::Ended(fetch.account_status().await);
    };
    match fetch.account_status_if_connected().await {
        Err(error) if error.is(CONNECTION) => {}
        answer => return FirstCall::Ended(answer),
    }
    let region = &run.target.region;
    let conclusion = match run.in_time(resolver.look_up(&host)).await.unwrap_or(Lookup::Unknown) {
        Lookup::Resolves => format!("{host} resolves, so the region has the service"),
        Lookup::Unknown => format!("it is not known whether {host} resolves"),
        Lookup::NoSuchName if is_in_other_partition(region) => {
            return FirstCall::NotAvailable(format!(
                "{host} does not resolve, and the partition of {region} does not have the service"
            ));
        }
        Lookup::NoSuchName if is_endpoint_overridden(run.sdk(), "STS") => {
            format!(
                "{host} does not resolve, and requests to STS do not go to {region}: the network may be down"
            )
        }
        Lookup::NoSuchName => {
            if run.in_time(sts_answers(run.sdk())).await == Some(true) {
                return FirstCall::NotAvailable(format!(
                    "{host} does not resolve, while STS in {region} answers: the region does not have the service"
                ));
            }
            format!("{host} does not resolve, and STS in {region} does not answer: the network may be down")
        }
    };
    let mut answer = fetch.account_status_after_first_request().await;
    if let Err(error) = &mut answer
        && error.is(CONNECTION)
    {
        error.message = format!("{}; {conclusion}", error.message);
    }
    FirstCall::Ended(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regions_of_other_partitions_have_no_service() {
        for (region, expected) in [
            ("cn-north-1", true),
            ("cn-northwest-1", true),
            ("us-gov-west-1", true),
            ("us-gov-east-1", true),
            ("us-iso-east-1", true),
            ("us-isob-east-1", true),
            ("us-isof-south-1", true),
            ("eu-isoe-west-1", true),
            ("eusc-de-east-1", true),
            ("eu-west-1", false),
            ("eu-west-3", false),
            ("ap-southeast-7", false),
            ("mx-central-1", false),
            ("il-central-1", false),
            ("us-east-1", false),
            ("xx-new-1", false),
            ("", false),
        ] {
            assert_eq!(is_in_other_partition(region), expected, "{region}");
        }
    }

    #[test]
    fn only_an_answer_for_a_missing_name_means_no_such_name() {
        // The text of the standard library; the parts come from glibc and musl.
        let error =
            |text: &str| Err(io::Error::other(format!("failed to lookup address information: {text}")));
        for (answer, expected) in [
            (Ok(()), Lookup::Resolves),
            (error("Name or service not known"), Lookup::NoSuchName),
            (error("No address associated with hostname"), Lookup::NoSuchName),
            (error("Name does not resolve"), Lookup::NoSuchName),
            (error("Name has no usable address"), Lookup::NoSuchName),
            (error("Temporary failure in name resolution"), Lookup::Unknown),
            (error("Try again"), Lookup::Unknown),
            (error("Non-recoverable failure in name resolution"), Lookup::Unknown),
            (error("Non-recoverable error"), Lookup::Unknown),
            (error("System error"), Lookup::Unknown),
            (error("Memory allocation failure"), Lookup::Unknown),
            (error("ai_family not supported"), Lookup::Unknown),
            (error("Device or resource busy"), Lookup::Unknown),
            (error(""), Lookup::Unknown),
            // Too many open files.
            (Err(io::Error::from_raw_os_error(24)), Lookup::Unknown),
            (Err(io::ErrorKind::TimedOut.into()), Lookup::Unknown),
        ] {
            assert_eq!(Lookup::of(&answer), expected, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn the_resolver_of_the_system_resolves_addresses() {
        // An address needs no resolution.
        assert_eq!(Resolver::default().look_up("127.0.0.1").await, Lookup::Resolves);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lookup_without_an_answer_is_unknown() {
        let resolver = Resolver::new(|_| std::future::pending().boxed());
        assert_eq!(resolver.look_up("auditmanager.eu-west-1.amazonaws.com").await, Lookup::Unknown);
        assert_eq!(Resolver::unknowing().look_up("127.0.0.1").await, Lookup::Unknown);
    }
}
