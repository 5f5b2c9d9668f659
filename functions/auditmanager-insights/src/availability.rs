//! Whether Audit Manager is available in a region. There is no list of its regions that stays right, so the service is asked, and a
//! region counts as one without it only where that is certain:
//!
//! - the region is in a partition without the service, or
//! - the name of the service's endpoint does not resolve, while the region's STS answers.
//!
//! Every other failure stays a failure. Where the endpoint was chosen by the environment or the caller, its name says nothing about
//! the region, and nothing is concluded.

use crate::fetch::Fetch;
use aws_sdk_auditmanager::types::AccountStatus;
use futures_util::future::{BoxFuture, FutureExt};
use insights_shared::issue::{CONNECTION, CallError, Class};
use insights_shared::roles::sts_answers;
use insights_shared::target_run::TargetRun;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How the names of regions begin in partitions other than `aws`, which alone has the service: China, GovCloud, the isolated
/// partitions and the European Sovereign Cloud. <https://docs.aws.amazon.com/general/latest/gr/audit-manager.html>
const OTHER_PARTITIONS: [&str; 5] = ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"];
/// How long a name may take to resolve: as long as a connection may take.
const LONGEST_LOOKUP: Duration = Duration::from_millis(3_100);

/// Whether `region` is in a partition that does not have the service. A region that is new to us is not.
pub fn is_in_other_partition(region: &str) -> bool {
    OTHER_PARTITIONS.iter().any(|prefix| region.starts_with(prefix))
}

/// Tells whether a host name resolves.
#[derive(Clone)]
pub struct Resolver(Arc<dyn Fn(String) -> BoxFuture<'static, bool> + Send + Sync>);

impl Resolver {
    /// A resolver that asks `resolves`, in place of the system's.
    pub fn new(resolves: impl Fn(String) -> BoxFuture<'static, bool> + Send + Sync + 'static) -> Self {
        Self(Arc::new(resolves))
    }

    /// Whether `host` resolves. A lookup that takes too long leaves it open, and then the name counts as one that does.
    async fn resolves(&self, host: &str) -> bool {
        tokio::time::timeout(LONGEST_LOOKUP, (self.0)(host.to_owned())).await.unwrap_or(true)
    }
}

/// The system's resolver.
impl Default for Resolver {
    fn default() -> Self {
        Self::new(|host| async move { tokio::net::lookup_host((host, 443)).await.is_ok() }.boxed())
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
/// Where the endpoint's name may tell something, the first request is sent alone: a name that does not resolve is not worth the
/// SDK's retries, which take half a minute. Whatever else it fails of is asked again with retries.
pub async fn first_call(fetch: &Fetch<'_>, run: &TargetRun, resolver: &Resolver) -> FirstCall {
    let Some(host) = fetch.endpoint_host().await else {
        return FirstCall::Ended(fetch.account_status().await);
    };
    let failure = match fetch.account_status_once().await {
        Ok(status) => return FirstCall::Ended(Ok(status)),
        Err(error) if error.class == Class::NotReached => return FirstCall::Ended(Err(error)),
        Err(error) => error,
    };
    let region = &run.target.region;
    let is_unresolved = failure.is(CONNECTION)
        && run.in_time(resolver.resolves(&host)).await.is_some_and(|resolves| !resolves);
    if is_unresolved && run.in_time(sts_answers(run.sdk())).await == Some(true) {
        return FirstCall::NotAvailable(format!(
            "{host} does not resolve, while STS in {region} answers: the region does not have the service"
        ));
    }
    let mut answer = fetch.account_status().await;
    if let Err(error) = &mut answer
        && error.is(CONNECTION)
    {
        let conclusion = if is_unresolved {
            format!("{host} does not resolve, and STS in {region} does not answer: the network may be down")
        } else {
            format!("{host} resolves, so the region has the service")
        };
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

    #[tokio::test]
    async fn the_systems_resolver_knows_addresses_and_no_names_that_cannot_be() {
        let resolver = Resolver::default();
        // Neither needs a network: an address is no name, and a label has 63 letters at the most.
        assert!(resolver.resolves("127.0.0.1").await);
        assert!(!resolver.resolves(&format!("{}.invalid", "x".repeat(64))).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lookup_without_an_end_leaves_it_open_whether_the_name_resolves() {
        let resolver = Resolver::new(|_| std::future::pending().boxed());
        assert!(resolver.resolves("auditmanager.eu-west-1.amazonaws.com").await);
    }
}
