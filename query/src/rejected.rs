//! Counts the rejected answers of a target by rule. `show` prints the answers themselves.

use crate::error::Error;
use crate::query::{AT_ONCE, Question};
use crate::reader::Reader;
use crate::targets::Place;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::record::{Source, Stored};
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The maximum number of rules that are counted per answer and named per target.
const MOST_RULES: usize = 20;

/// The rejected answers of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// The number of answers.
    pub count: usize,
    /// The time of the newest one.
    pub newest_at: Option<Timestamp>,
    /// The violated rules, each with the number of answers, the most frequent first.
    pub violations: Vec<(String, usize)>,
}

impl Rejected {
    fn of(items: &[Stored]) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for item in items {
            let all = item.0.get("violations").and_then(Value::as_list).unwrap_or_default();
            let mut rules: Vec<String> =
                all.iter().filter_map(Value::as_str).take(MOST_RULES).map(str::to_owned).collect();
            rules.sort_unstable();
            rules.dedup();
            for rule in rules {
                *counts.entry(rule).or_default() += 1;
            }
        }
        let mut violations: Vec<(String, usize)> = counts.into_iter().collect();
        violations.sort_by_key(|(rule, count)| (Reverse(*count), rule.clone()));
        violations.truncate(MOST_RULES);
        let newest_at = items.iter().filter_map(|item| item.timestamp("observed_at")).max();
        Self { count: items.len(), newest_at, violations }
    }
}

impl Place {
    /// The partition of the rejected answers of `source` in this account and region.
    pub fn rejected(&self, source: Source) -> String {
        insights_shared::record::target_partition("rejected", source, &self.account_id, &self.region)
    }
}

impl Reader {
    /// The rejected answers of each of `targets`, in their order, several queried concurrently.
    pub async fn rejected(&self, targets: Vec<(Source, Place)>) -> Result<Vec<Rejected>, Error> {
        let asked = targets.into_iter().map(|(source, place)| async move {
            let partition = ("pk", place.rejected(source));
            // Without `raw`, which is by far the largest attribute.
            let question =
                Question { partition, attributes: &["violations", "observed_at"], ..Question::default() };
            Ok(Rejected::of(&self.ask(question).await?))
        });
        stream::iter(asked).buffered(AT_ONCE).try_collect().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_counted_by_the_answers_that_broke_them() {
        let item = |json: &str| {
            let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
            Stored(map)
        };
        let items = [
            item(
                r#"{"observed_at":"2026-03-01T10:00:00.000Z","violations":["id: is required","id: is required"]}"#,
            ),
            item(
                r#"{"observed_at":"2026-03-01T11:00:00.000Z","violations":["start: is required","id: is required"]}"#,
            ),
            item(r#"{"violations":"no list"}"#),
        ];
        let expected = Rejected {
            count: 3,
            newest_at: Some("2026-03-01T11:00:00Z".parse().unwrap()),
            violations: vec![("id: is required".to_owned(), 2), ("start: is required".to_owned(), 1)],
        };
        assert_eq!(Rejected::of(&items), expected);
        assert_eq!(Rejected::of(&[]), Rejected::default());
    }
}
