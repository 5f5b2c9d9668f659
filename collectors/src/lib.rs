//! All collectors, found by their source: for the command line, tests, fuzz targets and benchmarks, which run several
//! functions in one process. The functions themselves do not depend on this crate.
//!
//! [`with_collector`] is the registry: a new source needs one entry there, and one export here.

pub use auditmanager_insights::AuditmanagerInsights;
pub use cloudtrail_insights::CloudtrailInsights;
pub use eks_insights::EksInsights;
pub use insights_shared::collector::Collector;
pub use securityhub_insights::SecurityhubInsights;
pub use xray_insights::XrayInsights;

use aws_types::SdkConfig;
use futures_util::future::{FutureExt, LocalBoxFuture};
use insights_shared::environment::Environment;
use insights_shared::hooks::RunHooks;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::record::Source;
use insights_shared::report::Response;
use insights_shared::time::Clock;

/// Evaluates an expression with a name for the type of a source's collector. Returns `None` if the source has no collector.
///
/// ```
/// use insights_collectors::{Collector, with_collector};
///
/// let source = insights_sources::source("xray").unwrap();
/// assert_eq!(with_collector!(source, C => C::SOURCE), Some(source));
/// ```
#[macro_export]
macro_rules! with_collector {
    ($source:expr, $collector:ident => $body:expr) => {
        $crate::with_collector!(@among $source, $collector, $body,
            [
                $crate::XrayInsights,
                $crate::CloudtrailInsights,
                $crate::AuditmanagerInsights,
                $crate::EksInsights,
                $crate::SecurityhubInsights
            ])
    };
    (@among $source:expr, $collector:ident, $body:expr, []) => { None };
    (@among $source:expr, $collector:ident, $body:expr, [$first:path $(, $rest:path)*]) => {
        if $source == <$first as $crate::Collector>::SOURCE {
            type $collector = $first;
            Some($body)
        } else {
            $crate::with_collector!(@among $source, $collector, $body, [$($rest),*])
        }
    };
}

/// A configured function of any source.
pub trait Function: Send + Sync {
    /// Invokes it once; see [`Service::invoke`].
    fn invoke<'a>(
        &'a self,
        payload: &'a str,
        context: &'a Context,
    ) -> LocalBoxFuture<'a, Result<Response, InvocationError>>;
}

impl<C: Collector> Function for Service<C> {
    fn invoke<'a>(
        &'a self,
        payload: &'a str,
        context: &'a Context,
    ) -> LocalBoxFuture<'a, Result<Response, InvocationError>> {
        Self::invoke(self, payload, context).boxed_local()
    }
}

/// The function of `source`. The error contains every fault of its configuration.
///
/// # Panics
///
/// If the source is not registered, which a test excludes.
pub fn function(
    source: Source,
    environment: &Environment,
    sdk: SdkConfig,
    clock: Clock,
    hooks: RunHooks,
) -> Result<Box<dyn Function>, InvocationError> {
    let function = with_collector!(source, C => {
        let service: Service<C> = Service::new(environment, sdk, clock)?;
        Box::new(service.with_hooks(hooks)) as Box<dyn Function>
    });
    Ok(function.unwrap_or_else(|| unreachable!("{source} has no collector")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_own_collector() {
        for source in insights_sources::all() {
            assert_eq!(with_collector!(source, C => C::SOURCE), Some(source));
        }
    }
}
