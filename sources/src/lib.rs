//! The sources: each has one folder with a descriptor and a view, and one entry in `registry.rs`.
//!
//! A descriptor is data ([`Source`], [`Kind`]). Functions, simulator, command line, templates, tests and benchmarks use
//! descriptors and contain no names of services. This crate does not depend on the AWS SDK.
//!
//! ```
//! let source = insights_sources::source("xray").unwrap();
//! assert_eq!(source.package, "xray-insights");
//! assert!(source.kinds.iter().any(|kind| kind.is_insight()));
//! ```

pub mod auditmanager;
pub mod cloudtrail;
pub mod eks;
mod registry;
pub mod securityhub;
pub mod view;
pub mod xray;

pub use insights_records::descriptor::{Kind, Measure, Operation, Shape, Source};
pub use registry::{
    all, fast_rate_limits, insight_kinds, kind, kind_of, kinds, operations, rate_limits, source, source_ids,
    source_of,
};
