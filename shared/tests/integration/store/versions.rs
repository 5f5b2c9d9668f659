//! The version rule of every kind has two forms: a comparison in Rust and a condition of DynamoDB. Both give the same answer.

use super::{STALE, Version, WRITTEN, lab, second, valid};
use insights_shared::record::Stored;
use insights_shared::store::write::Guard;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Pairs for each kind. The times are from a small range, so that equal ones are common.
const PAIRS: usize = 150;

fn versions() -> impl Strategy<Value = Version> {
    let time = || 1_i64..4;
    (proptest::option::of(time()), time(), time(), any::<bool>(), time()).prop_map(
        |(summary, updated, answered, self_closed, covered_from)| Version {
            summary,
            updated,
            answered,
            self_closed,
            covered_from,
            content: "",
        },
    )
}

#[tokio::test]
async fn the_comparison_and_the_condition_of_every_kind_agree_on_random_pairs() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let mut runner = TestRunner::deterministic();
    for kind in insights_sources::kinds() {
        let mut replaced = 0;
        for pair in 0..PAIRS {
            let (mut old, mut new) = (versions(), versions()).new_tree(&mut runner).unwrap().current();
            // Only insights are closed.
            old.self_closed &= kind.is_insight();
            new.self_closed &= kind.is_insight();
            let id = format!("{kind}-{pair}");
            let old_record = valid(kind, &id, old.content("stored"));
            let new_record = valid(kind, &id, new.content("new"));
            let stored = Stored(old_record.to_map());
            let is_newer = kind.version.replaces(&new_record, &stored, None);
            replaced += usize::from(is_newer);
            assert_eq!(store.put(&old_record, Guard::Is(None)).await, WRITTEN);
            let written = store.put(&new_record, Guard::Older).await;
            let expected = if is_newer { WRITTEN } else { STALE };
            assert_eq!(written, expected, "{kind}: {old:?}, then {new:?}");
        }
        // A rule with a constant result would prove nothing.
        assert!((1..PAIRS).contains(&replaced), "{kind}: {replaced} of {PAIRS} replaced");
    }
}

#[test]
fn times_of_a_stored_item_after_the_allowed_latest_are_ignored() {
    let kind = insights_sources::cloudtrail::INSIGHT;
    let stored = Stored(valid(kind, "ahead", Version::new(50, 60).content("stored")).to_map());
    let new = valid(kind, "ahead", Version::new(10, 20).content("new"));
    for (latest, expected) in [(None, false), (Some(second(60)), false), (Some(second(30)), true)] {
        assert_eq!(kind.version.replaces(&new, &stored, latest), expected, "{latest:?}");
    }
}
