//! The known name that is most similar to an unknown one, for an error message.

/// The name of `known` that is most similar to `given`, if one is similar enough.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let largest = (given.chars().count() / 4).clamp(1, 3);
    let distances = known.into_iter().map(|name| {
        let lower = name.to_lowercase();
        // A part of the name, such as `soc` of `SOC 2`, counts as one typing error.
        let is_part = given.chars().count() >= 3 && (lower.contains(&given) || given.contains(&lower));
        (if is_part { 1 } else { strsim::levenshtein(&given, &lower) }, name)
    });
    distances
        .filter(|(distance, _)| *distance <= largest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_the_similar_name() {
        let known = ["xray", "cloudtrail", "auditmanager"];
        for (given, expected) in [
            ("xray", Some("xray")),
            ("x-ray", Some("xray")),
            ("cloudtrial", Some("cloudtrail")),
            ("CloudTrail", Some("cloudtrail")),
            ("audit", Some("auditmanager")),
            ("lambda", None),
            ("xraz", Some("xray")),
            ("xrzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), expected, "{given}");
        }
        assert_eq!(nearest("xray", []), None);
    }
}
