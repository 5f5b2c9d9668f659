//! Counts the elements of an answer, in its JSON and without code of the functions, and compares the number with what a run
//! stored, rejected or reported. `sources` contains the counts of each operation.

use insights_shared::issue::Stage;
use insights_shared::report::Response;
use insights_sources::Kind;
use serde_json::Value;
use std::collections::BTreeSet;

/// The result of a run with an answer of the fuzzer.
pub struct Outcome<'a> {
    /// The name of the operation.
    pub operation: &'a str,
    /// The items that were put, in the JSON of DynamoDB.
    pub puts: &'a [Value],
    /// The response of the function.
    pub response: &'a Response,
}

impl Outcome<'_> {
    /// The stored records of a kind.
    pub fn items(&self, kind: Kind) -> impl Iterator<Item = &Value> {
        self.puts.iter().filter(move |item| item["kind"]["S"] == *kind.name)
    }

    /// The number of stored records of a kind.
    pub fn puts(&self, kind: Kind) -> usize {
        self.items(kind).count()
    }

    /// The number of stored answers that were rejected.
    pub fn rejected(&self) -> usize {
        self.puts.iter().filter(|item| item["kind"]["S"] == *"rejected").count()
    }

    /// The number of issues in the response.
    pub fn issues(&self) -> usize {
        let counts = self.response.targets.iter().flat_map(|target| target.issue_counts.values());
        usize::try_from(counts.sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// Whether an issue states that the answer, or another answer of the operation, could not be used.
    fn has_fetch_issue(&self) -> bool {
        let mut issues = self.response.targets.iter().flat_map(|target| &target.issues);
        issues.any(|issue| issue.operation == self.operation && issue.stage == Stage::Fetch)
    }

    /// Panics unless everything in `answer` is stored, rejected or reported.
    pub fn check(&self, counts: fn(&Outcome, &Value) -> Option<(usize, usize)>, answer: &Value) {
        if self.has_fetch_issue() {
            return;
        }
        let Some((given, kept)) = counts(self, answer) else { return };
        assert!(
            given <= kept,
            "{} returned {given} elements, of which {kept} are stored, rejected or reported: {:?}",
            self.operation,
            self.response
        );
    }
}

/// The most issues that a response lists.
pub const MOST_ISSUES: usize = 50;

/// The objects in a list.
pub fn list<'a>(answer: &'a Value, member: &str) -> Vec<&'a Value> {
    let elements = answer.get(member).and_then(Value::as_array).into_iter().flatten();
    elements.filter(|element| element.is_object()).collect()
}

/// The number of different values of the members `names`.
pub fn distinct(elements: &[&Value], names: &[&str]) -> usize {
    let identity =
        |element: &Value| names.iter().map(|name| element[*name].as_str().map(str::to_owned)).collect();
    let identities: BTreeSet<Vec<Option<String>>> =
        elements.iter().map(|element| identity(element)).collect();
    identities.len()
}
