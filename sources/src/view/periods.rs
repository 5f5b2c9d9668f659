//! Periods of one failure: records that touch belong together. Pure.

use insights_records::record::Stored;
use insights_records::time::Timestamp;

/// The members that the periods of one failure have in common.
const SAME: [&str; 5] = ["kind", "account_id", "region", "entity", "id"];

/// The first period of the failure that `record` is a period of, among `others`: `record` itself, unless an earlier period ended
/// when it began, or later.
pub fn first<'a>(record: &'a Stored, others: impl IntoIterator<Item = &'a Stored>) -> &'a Stored {
    let Some(mut began) = record.timestamp("started_at") else { return record };
    let is_same = |other: &&Stored| SAME.iter().all(|name| other.text(name) == record.text(name));
    let span =
        |other: &'a Stored| Some((other.timestamp("started_at")?, other.timestamp("ended_at")?, other));
    let mut earlier: Vec<(Timestamp, Timestamp, &Stored)> =
        others.into_iter().filter(is_same).filter_map(span).filter(|(start, ..)| *start < began).collect();
    earlier.sort_by_key(|(start, end, _)| (*start, *end));
    let mut first = record;
    for (start, end, other) in earlier.into_iter().rev() {
        if end >= began {
            (began, first) = (start, other);
        }
    }
    first
}
