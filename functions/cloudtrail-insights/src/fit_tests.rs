//! Halves of any size, joined in any order: what is chosen is chosen again.

use super::*;
use crate::event::{Side, read};
use insights_shared::record::Stored;
use insights_shared::target::Target;
use insights_shared::time::Timestamp;
use insights_shared::validate::validate;
use proptest::prelude::*;

const ID: &str = "fccb064f-dd07-4822-97c0-11115d8b91d4";

/// A half with attributions, a look-up, and unknown members of these sizes.
fn half(state: &str, attributions: usize, resources: Option<usize>, unknown: &[usize]) -> (Side, Half) {
    let minute = if state == "Start" { "00" } else { "10" };
    let member = |(number, size): (usize, &usize)| format!(r#""m{number}":"{}","#, "u".repeat(*size));
    let members: String = unknown.iter().enumerate().map(member).collect();
    let text = format!(
        r#"{{{members}"eventTime":"2026-03-01T11:{minute}:00Z","eventID":"{state}","sharedEventID":"{ID}","insightDetails":{{
        "state":"{state}","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","insightType":"ApiCallRateInsight",
        "insightContext":{{"statistics":{{"insight":{{"average":6}},"baseline":{{"average":0.02}},"insightDuration":10}},
        "attributions":"{}"}}}}}}"#,
        "a".repeat(attributions)
    );
    let event = read(&text, "123456789012").unwrap();
    let mut half = event.half;
    if let Some(size) = resources {
        let lookup =
            Map::from([("resources".into(), "r".repeat(size).into()), ("username".into(), "ci".into())]);
        half.detail.insert(LOOKUP.into(), lookup.into());
    }
    (event.side, half)
}

fn pushed((side, half): &(Side, Half)) -> (Side, Half) {
    let mut half = half.clone();
    half.detail.remove(LOOKUP);
    (*side, half)
}

/// What is stored after these halves, joined one by one with what was stored before.
fn stored(halves: &[&(Side, Half)]) -> Map {
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let mut item = Map::new();
    for (side, half) in halves {
        let mut joined = Halves::from_stored(&Stored(item));
        joined.add(*side, half.clone());
        let record = validate(joined.into_record(&target, ID, now), 400).unwrap();
        assert!(record.size() <= LARGEST_ITEM);
        item = record.to_map();
    }
    item
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_same_is_left_whichever_way_the_halves_come(
        // Events up to the limit of 256 KB, with look-ups of any size.
        sizes in prop::array::uniform2((
            prop_oneof![Just(0_usize), 0_usize..4_000, 100_000_usize..200_000],
            prop::option::of(prop_oneof![0_usize..4_000, 10_000_usize..20_000, 100_000_usize..450_000]),
            prop::collection::vec(prop_oneof![0_usize..2_000, 10_000_usize..27_000], 0..3),
        )),
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
        again in prop::collection::vec(0_usize..4, 0..5),
    ) {
        let [start, end] = [("Start", &sizes[0]), ("End", &sizes[1])]
            .map(|(state, (attributions, resources, unknown))| half(state, *attributions, *resources, unknown));
        let all = [&start, &end, &pushed(&start), &pushed(&end)];
        let order: Vec<_> = order.into_iter().chain(again).map(|step| all[step]).collect();
        prop_assert_eq!(stored(&order), stored(&[&start, &end]));
    }
}

#[test]
fn what_just_fits_is_whole_and_one_byte_more_is_not() {
    let names = |attributions: usize| {
        let (start, end) = (half("Start", attributions, None, &[]), half("End", 1_000, None, &[]));
        let item = stored(&[&start, &end]);
        item["detail"].at(&[TRUNCATED]).and_then(Value::as_list).map_or(0, <[Value]>::len)
    };
    let (mut fits, mut too_large) = (0, 450_000);
    while too_large - fits > 1 {
        let middle = usize::midpoint(fits, too_large);
        *(if names(middle) == 0 { &mut fits } else { &mut too_large }) = middle;
    }
    // Beside it there are the rest of both halves, the keys, and what is kept for the stamps.
    assert!((403_000..406_000).contains(&fits), "{fits}");
    assert_eq!(names(too_large), 1);
}

#[test]
fn names_are_kept_whatever_comes_after_them() {
    let mut removed = Removed::default();
    for number in (0..30).rev() {
        removed.add(&format!("m{number:02}"));
    }
    removed.add(ATTRIBUTIONS);
    removed.add("lookup.resources");
    let texts: Vec<String> = removed.texts("end").collect();
    assert_eq!(texts[..3], ["end.lookup.resources", &format!("end.{ATTRIBUTIONS}"), "end.m00"]);
    assert_eq!((texts.len(), texts[20].as_str()), (21, "end: 12 more"));
    let value: Value = texts.into();
    assert_eq!(Removed::from_stored(Some(&value), "end"), removed);
    assert!(removed.has_lookup());
    assert!(Removed::from_stored(Some(&value), "start").is_empty());
}
