//! The stages without I/O: from values of the SDK to items of the SDK, including the hash, in one thread and without
//! requests.
//!
//! ```sh
//! cargo bench -p insights-stages                      # all of them, some seconds each
//! cargo bench -p insights-stages -- --test            # each once, so that they cannot rot
//! ```
//!
//! The benchmarked code is that of the functions. A measurement ends before the table is called, and does not include the
//! time to free the results.

use insights_shared::target::Target;
use insights_shared::time::Timestamp;

mod auditmanager;
mod cloudtrail;
mod xray;

fn main() {
    divan::main();
}

/// The number of records in one round: one page of a listing, or one batch of the table.
const ROUND: usize = 100;
/// 2023-11-14T22:13:20Z.
const BEGAN: i64 = 1_700_000_000;

fn target() -> Target {
    Target { account_id: "123456789012".to_owned(), region: "eu-west-1".to_owned(), role: None }
}

fn answered_at() -> Timestamp {
    Timestamp::from_seconds(BEGAN + 3_600)
}

/// An id in the format of X-Ray and CloudTrail.
fn id(number: usize) -> String {
    format!("7c4ee9a1-3f5b-4d2e-9a68-{number:012x}")
}

/// The common end of every stage.
mod table {
    use aws_sdk_dynamodb::types::AttributeValue;
    use insights_shared::record::Record;
    use insights_shared::validate::validate;
    use std::collections::HashMap;

    pub type Item = HashMap<String, AttributeValue>;

    /// Validates, completes and hashes a record, and converts it to an item.
    pub fn item(record: Record) -> Option<Item> {
        validate(record, 400).ok().map(|record| record.to_item())
    }

    /// Converts records, which must all be valid, to items.
    pub fn items(records: impl IntoIterator<Item = Record>, expected: usize) -> Vec<Item> {
        let items: Vec<Item> = records.into_iter().filter_map(item).collect();
        assert_eq!(items.len(), expected, "a record was rejected");
        items
    }
}
