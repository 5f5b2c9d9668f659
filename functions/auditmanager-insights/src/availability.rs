//! Whether Audit Manager is available in a region. There is no list of its regions that stays right, so the service is asked in
//! every region, and a region counts as one without it only where that is certain: the resolver says that there is no such name
//! as the endpoint's, and
//!
//! - the region's STS answers, so that the network is up, or
//! - the region is in a partition that does not have the service.
//!
//! Every other failure stays a failure, that of the resolver included. Where the endpoint was chosen by the environment or the
//! caller, or a proxy resolves the names, nothing is concluded.

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

/// How long a name may take to resolve: as long as a connection may take.
const LONGEST_LOOKUP: Duration = Duration::from_millis(3_100);
/// How the C libraries say that there is no such name (`EAI_NONAME`), or no address of it (`EAI_NODATA`): glibc, then musl. Rust
/// gives the text, and the code only where it is the system's. Any other text, as of a server that fails, says nothing.
const NO_SUCH_NAME: [&str; 4] = [
    "Name or service not known",
    "No address associated with hostname",
    "Name does not resolve",
    "Name has no usable address",
];

/// Whether `region` is in a partition that does not have the service. A region that is new to us is not.
fn is_in_other_partition(region: &str) -> bool {
    auditmanager::SOURCE.availability.missing_partitions.iter().any(|prefix| region.starts_with(prefix))
}

/// What a resolver says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It has an address.
    Resolves,
    /// There is no such name, or it has no address.
    NoSuchName,
    /// The resolver did not answer, or failed.
    Unknown,
}

impl Lookup {
    /// What the system's answer means.
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

/// Tells whether a host name resolves.
#[derive(Clone)]
pub struct Resolver(Arc<dyn Fn(String) -> BoxFuture<'static, Lookup> + Send + Sync>);

impl Resolver {
    /// A resolver that asks `look_up`, in place of the system's.
    pub fn new(look_up: impl Fn(String) -> BoxFuture<'static, Lookup> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// A resolver that knows nothing, for a process whose names are resolved elsewhere.
    pub fn unknowing() -> Self {
        Self::new(|_| std::future::ready(Lookup::Unknown).boxed())
    }

    /// What is known of `host`. A lookup that takes too long leaves it open.
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

/// What the first call has shown.
#[derive(Debug)]
pub enum FirstCall {
    /// The service answered, or failed in a way that says nothing about the region.
    Ended(Result<Option<AccountStatus>, CallError>),
    /// The service is not available in the region, for this reason.
    NotAvailable(String),
}

/// Asks for the account's status, which tells at the same time whether the service is there.
///
/// Where the endpoint's name may tell something, a request that finds no connection is not repeated at once: a name that does
/// not resolve is not worth the SDK's retries, which take half a minute. If the name tells nothing, they follow.
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
        Lookup::Unknown => format!("whether {host} resolves is not known"),
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
    fn only_regions_of_other_partitions_are_known_to_lack_the_service() {
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
    fn only_the_answer_that_there_is_no_such_name_means_that() {
        // As the standard library words it; the texts are those of glibc and musl.
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
    async fn the_systems_resolver_knows_addresses() {
        // An address needs no network, and is no name.
        assert_eq!(Resolver::default().look_up("127.0.0.1").await, Lookup::Resolves);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lookup_without_an_end_leaves_it_open_whether_the_name_resolves() {
        let resolver = Resolver::new(|_| std::future::pending().boxed());
        assert_eq!(resolver.look_up("auditmanager.eu-west-1.amazonaws.com").await, Lookup::Unknown);
        assert_eq!(Resolver::unknowing().look_up("127.0.0.1").await, Lookup::Unknown);
    }
}
