//! Hostile input: every way by which text from outside comes in, as a function of bytes that must not panic, must not
//! make a key that the table does not take, and must not lose what it was given without a word.
//!
//! [`TARGETS`] are the functions, [`seeds`] what their mutation begins with. `tests/short.rs` mutates blindly within
//! `cargo test`; the binary is guided by coverage (README.md).

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what is found has to end the run")]

mod answer;
mod canned;
mod event;
mod item;
mod seed;

pub use seed::seeds;

use insights_shared::payload;
use insights_shared::record::Source;
use insights_shared::time::Timestamp;
use insights_simulator::Scenario;

/// One way in.
pub type Target = fn(&[u8]);

/// Every way in, by name.
pub const TARGETS: [(&str, Target); 5] = [
    ("payload", payload),
    ("event", event::check),
    ("answer", answer::check),
    ("scenario", scenario),
    ("item", item::check),
];

/// The account of everything here.
pub const ACCOUNT: &str = "123456789012";
/// The region of everything here.
pub const REGION: &str = "eu-west-1";

/// The instant at which everything here happens.
///
/// # Panics
///
/// Never.
pub fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

/// What the function is invoked with: read, or every fault of it named.
fn payload(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for source in [Source::Xray, Source::Cloudtrail, Source::Auditmanager] {
        if let Err(faults) = payload::parse(text, source, REGION, now()) {
            assert!(!faults.is_empty(), "refused without a reason");
            assert!(!faults.to_string().is_empty(), "a reason without words");
        }
    }
}

/// A scenario file: read, or every fault of it named.
fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(faults) = Scenario::parse(text, now()) {
        assert!(!faults.to_string().is_empty(), "refused without a reason");
    }
}

/// Holds a key to what DynamoDB takes, and to the number of parts of its kind.
pub(crate) fn check_key(kind: &str, pk: &str, sk: &str) {
    assert!((1..=2_048).contains(&pk.len()), "a partition key of {} bytes: {pk}", pk.len());
    assert!((1..=1_024).contains(&sk.len()), "a sort key of {} bytes: {sk}", sk.len());
    let parts = match kind {
        "cloudtrail.metric" => 8,
        "auditmanager.domain" | "auditmanager.assessment" | "auditmanager.control" => return,
        _ => 4,
    };
    assert_eq!(pk.split('#').count(), parts, "the parts of the {kind} {pk}");
}
