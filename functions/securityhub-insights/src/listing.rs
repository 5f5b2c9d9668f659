//! The insights of the listings. Each counts once, even if it is on two pages. No I/O.

use crate::detail;
use aws_sdk_securityhub::types::Insight;
use insights_shared::value::write_canonical_map;
use std::collections::BTreeMap;

/// The insights that were listed.
#[derive(Debug, Default)]
pub struct Listing {
    /// The insights by ARN.
    insights: BTreeMap<String, Insight>,
    /// Those without an ARN, whose counts cannot be requested.
    unusable: Vec<Insight>,
}

impl Listing {
    /// Adds the insights of a page. If two with the same ARN differ, the greater one counts, in any order, so that the next
    /// run finds the same version that this run stored.
    pub fn extend(&mut self, page: impl IntoIterator<Item = Insight>) {
        for insight in page {
            let Some(arn) = insight.insight_arn.as_deref().filter(|arn| !arn.trim().is_empty()) else {
                self.unusable.push(insight);
                continue;
            };
            match self.insights.get_mut(arn) {
                Some(known) if rank(known) < rank(&insight) => *known = insight,
                Some(_) => {}
                None => {
                    self.insights.insert(arn.to_owned(), insight);
                }
            }
        }
    }

    /// Whether nothing was listed.
    pub fn is_empty(&self) -> bool {
        self.insights.is_empty() && self.unusable.is_empty()
    }

    /// Whether an insight was listed.
    pub fn contains(&self, arn: &str) -> bool {
        self.insights.contains_key(arn)
    }

    /// The insights by ARN, and those without an ARN.
    pub fn into_parts(self) -> (BTreeMap<String, Insight>, Vec<Insight>) {
        (self.insights, self.unusable)
    }
}

fn rank(insight: &Insight) -> String {
    let mut text = String::new();
    write_canonical_map(&detail::insight(insight), &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insight(arn: &str, name: &str) -> Insight {
        Insight::builder().insight_arn(arn).name(name).build()
    }

    fn names(pages: Vec<Vec<Insight>>) -> Vec<String> {
        let mut listing = Listing::default();
        for page in pages {
            listing.extend(page);
        }
        listing.into_parts().0.into_values().filter_map(|insight| insight.name).collect()
    }

    #[test]
    fn an_insight_on_two_pages_counts_once_and_the_greater_one_wins_in_any_order() {
        let pages = |first, second| {
            vec![vec![insight("a", first), insight("b", "other")], vec![insight("a", second)]]
        };
        assert_eq!(names(pages("same", "same")), ["same", "other"]);
        assert_eq!(names(pages("former", "later")), ["later", "other"]);
        assert_eq!(names(pages("later", "former")), ["later", "other"]);
    }

    #[test]
    fn insights_without_an_arn_are_listed_separately() {
        let mut listing = Listing::default();
        assert!(listing.is_empty());
        listing.extend([
            Insight::builder().name("none").build(),
            insight("", "empty"),
            insight(" ", "blank"),
        ]);
        assert!(!listing.is_empty() && !listing.contains(""));
        let (insights, unusable) = listing.into_parts();
        assert_eq!((insights.len(), unusable.len()), (0, 3));
    }
}
