//! The pure stages: from what the SDK gives to what the SDK puts, hash included, on one thread and without a call.
//!
//! ```sh
//! cargo bench -p insights-stages                      # all of them, some seconds each
//! cargo bench -p insights-stages -- --test            # each once, so that they cannot rot
//! ```
//!
//! Every stage is the functions' own. What is measured ends where the table would be asked, and what was made is dropped
//! outside of it.

use insights_shared::target::Target;
use insights_shared::time::Timestamp;

mod auditmanager;
mod cloudtrail;
mod xray;

fn main() {
    divan::main();
}

/// Records of one round: as many as a page of a listing, or a batch of the table.
const ROUND: usize = 100;
/// 2023-11-14T22:13:20Z.
const BEGAN: i64 = 1_700_000_000;

fn target() -> Target {
    Target { account_id: "123456789012".to_owned(), region: "eu-west-1".to_owned(), role: None }
}

fn answered_at() -> Timestamp {
    Timestamp::from_seconds(BEGAN + 3_600)
}

/// An id of the form that X-Ray and CloudTrail give.
fn id(number: usize) -> String {
    format!("7c4ee9a1-3f5b-4d2e-9a68-{number:012x}")
}

/// What every stage ends with.
mod table {
    use aws_sdk_dynamodb::types::AttributeValue;
    use insights_shared::record::Record;
    use insights_shared::validate::validate;
    use std::collections::HashMap;

    pub type Item = HashMap<String, AttributeValue>;

    /// Validates, completes and hashes a record, and makes an item of it.
    pub fn item(record: Record) -> Option<Item> {
        validate(record, 400).ok().map(|record| record.to_item())
    }

    /// The items of records, all of which must be sound.
    pub fn items(records: impl IntoIterator<Item = Record>, expected: usize) -> Vec<Item> {
        let items: Vec<Item> = records.into_iter().filter_map(item).collect();
        assert_eq!(items.len(), expected, "a record was rejected");
        items
    }
}
