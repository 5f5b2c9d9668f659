//! Makes an answer fit into one item: keeps as many elements of its lists as fit, and names the lists that were shortened. Pure.
//!
//! The lists are sorted, so the same answer always keeps the same elements. CloudTrail's function does the same for events.

use insights_shared::validate::{LARGEST_ITEM, item_size};
use insights_shared::value::{Map, Value};

/// The most bytes of the rest of an item: keys, title, hash, times, index keys, stamps.
const OVERHEAD: usize = 8 * 1024;
/// The lists that are shortened, in this order, each with the object that it is in.
const LISTS: [(Option<&str>, &str); 3] = [
    (None, "resources"),
    (Some("category_specific_summary"), "addon_compatibility_details"),
    (Some("category_specific_summary"), "deprecation_details"),
];

/// The detail, with shortened lists and their names in `truncated` if it is too large.
pub fn fitted(mut detail: Map) -> Map {
    let limit = LARGEST_ITEM - OVERHEAD;
    let mut truncated = Vec::new();
    for (object, list) in LISTS {
        let size = item_size(&detail);
        if size <= limit {
            break;
        }
        if shorten(&mut detail, object, list, size - limit) {
            let name = object.map_or_else(|| list.to_owned(), |object| format!("{object}.{list}"));
            truncated.push(Value::from(name.as_str()));
        }
    }
    if !truncated.is_empty() {
        detail.insert("truncated".into(), Value::List(truncated));
    }
    detail
}

/// Removes the last elements of a list until `excess` bytes are gone. Whether there were any.
fn shorten(detail: &mut Map, object: Option<&str>, name: &str, excess: usize) -> bool {
    let Some(object) = object else { return shorten_in(detail, name, excess) };
    match detail.iter_mut().find(|(member, _)| member.as_str() == object) {
        Some((_, Value::Map(map))) => shorten_in(map, name, excess),
        _ => false,
    }
}

fn shorten_in(map: &mut Map, name: &str, excess: usize) -> bool {
    let Some((_, Value::List(list))) = map.iter_mut().find(|(member, _)| member.as_str() == name) else {
        return false;
    };
    let before = list.len();
    let mut removed = 0;
    while removed < excess
        && let Some(last) = list.pop()
    {
        removed += 1 + item_size([("", &last)]);
    }
    list.len() < before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(json: &str) -> Map {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        map
    }

    /// A list of `number` resources of about 100 bytes.
    fn resources(number: usize) -> String {
        let one = |nth: usize| format!(r#"{{"kubernetes_resource_uri":"/apis/apps/v1/{nth:0>60}"}}"#);
        format!("[{}]", (0..number).map(one).collect::<Vec<_>>().join(","))
    }

    fn length(detail: &Map, path: &[&str]) -> usize {
        let list = Value::Map(detail.clone()).at(path).and_then(Value::as_list).map(<[Value]>::len);
        list.unwrap_or_default()
    }

    #[test]
    fn an_answer_that_fits_stays_as_it_is() {
        let given = detail(&format!(r#"{{"id":"a","resources":{}}}"#, resources(1_000)));
        assert_eq!(fitted(given.clone()), given);
    }

    #[test]
    fn a_large_answer_keeps_the_first_resources_and_says_so() {
        let given = detail(&format!(
            r#"{{"id":"a","resources":{},"category_specific_summary":{{"deprecation_details":[{{"usage":"/apis"}}]}}}}"#,
            resources(10_000)
        ));
        let kept = fitted(given.clone());
        assert!(item_size(&kept) <= LARGEST_ITEM - OVERHEAD + 64, "{}", item_size(&kept));
        let number = length(&kept, &["resources"]);
        assert!((3_000..10_000).contains(&number), "{number}");
        let first =
            |map: &Map| map.get("resources").and_then(Value::as_list).map(|list| list[..number].to_vec());
        assert_eq!(first(&kept), first(&given));
        assert_eq!(kept.get("truncated"), Some(&Value::List(vec!["resources".into()])));
        assert_eq!(length(&kept, &["category_specific_summary", "deprecation_details"]), 1);
        // The same answer again gives the same record.
        assert_eq!(fitted(given), kept);
    }

    #[test]
    fn every_list_is_shortened_if_one_is_not_enough() {
        let text = "x".repeat(300_000);
        let given = detail(&format!(
            r#"{{"resources":[{{"arn":"a"}}],"category_specific_summary":{{
                "addon_compatibility_details":[{{"name":"{text}"}}],"deprecation_details":[{{"usage":"{text}"}}]}}}}"#
        ));
        let kept = fitted(given);
        let names = ["resources", "category_specific_summary.addon_compatibility_details"].map(Value::from);
        assert_eq!(kept.get("truncated"), Some(&Value::List(names.to_vec())));
        assert_eq!(length(&kept, &["category_specific_summary", "deprecation_details"]), 1);
    }
}
